//! The contact sheet: one file for an archive or a colleague, with small pictures of the OUTPUTS.
//!
//! Invariant: no pixel of an original is in it. A picture gets in only if the file's SHA-256 is the
//! one that the report gives for its output; every other line says why it has no picture.

use super::draft::Draft;
use super::pictures::{Pictures, Side, Wanted};
use crate::cli::args::library;
use crate::cli::files::path_identity::PathIdentities;
use crate::cli::files::write;
use crate::cli::files::write::Existing;
use crate::cli::plan::base_dir::BaseDir;
use crate::cli::report::report_file;
use crate::cli::run::batch;
use crate::cli::ui::exit::Exit;
use crate::cli::ui::show;
use crate::cli::ui::terminal::Terminal;
use anyhow::{Context, Result, anyhow, ensure};
use data_encoding::BASE64;
use faceveil::report::{Outcome, ReportFace, RunSummary, TrackSummary, Verdict};
use faceveil::{FileReport, Subject};
use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Longest side of a picture in the sheet.
const LONGEST: u32 = 320;
/// A video is shown by the frame in its middle, or by this one if that comes first.
const FURTHEST: usize = 250;

/// Up to the style: it lets in pictures and the style of the page itself, and nothing else.
const HEAD: &str = include_str!("page/sheet.html");
const STYLE: &str = include_str!("page/sheet.css");

/// Refuses a place for the sheet where anything else lies, or is to lie; `origins`: of the inputs
/// and of the outputs.
///
/// # Errors
/// What is there; no picture was read yet.
pub(super) fn check(
    to: &Path,
    overwrite: bool,
    draft: &Draft,
    [inputs, outputs]: [&BaseDir; 2],
) -> Result<()> {
    ensure!(
        to != Path::new("-"),
        "--export needs a file; standard output is for results"
    );
    let shown = show::path(to);
    let mut places = PathIdentities::default();
    let key = places.key(to);
    for line in draft.lines() {
        let output = line.output.as_deref().map(|name| outputs.join(name));
        let mut files = [Some(inputs.join(&line.input)), output]
            .into_iter()
            .flatten();
        ensure!(
            !files.any(|file| places.key(&file) == key),
            "--export {shown} is a file of the report, {}; choose another name",
            show::text(&line.input)
        );
    }
    if fs::symlink_metadata(to).is_err() {
        return Ok(());
    }
    ensure!(
        to.is_file(),
        "--export {shown} is no file; choose another name"
    );
    report_file::ensure_ours(to, HEAD.as_bytes(), "contact sheet")
        .with_context(|| format!("--export {shown}"))?;
    ensure!(
        overwrite,
        "--export {shown} exists; --overwrite replaces it"
    );
    Ok(())
}

/// Writes the sheet, and says what is missing from it.
pub(super) fn export(
    draft: &Draft,
    pictures: &Pictures,
    terminal: &Terminal,
    to: &Path,
    existing: Existing,
) -> Exit {
    let lines: Vec<&FileReport> = draft.lines().collect();
    let cards = RefCell::new(Cards::default());
    let emit = |index: usize, made: batch::Outcome<Result<Vec<u8>>>| {
        let line = lines[index];
        let made = made.unwrap_or_else(|bug| Err(anyhow!("a bug in faceveil: {bug}")));
        if let (Err(why), Some(output)) = (&made, &line.output) {
            terminal.error(format_args!("{output}: {}", show::chain(why)));
        }
        cards.borrow_mut().add(line, &made);
    };
    let make = |index: usize| picture(lines[index], index, pictures);
    let interrupt = &pictures.interrupt;
    let ran = batch::run(lines.len(), library::cores(), interrupt, make, |_| (), emit);
    let cards = cards.into_inner();
    if interrupt.heard() {
        return Exit::Interrupted;
    }
    let page = page(&lines, draft.summary(), &cards.html);
    let written = ran.context("starting threads").and_then(|()| {
        let doing = || format!("writing the contact sheet {}", show::path(to));
        write::atomically(to, page.as_bytes(), existing, interrupt).with_context(doing)
    });
    if let Err(why) = written {
        terminal.error(show::chain(&why));
        return Exit::SomeFailed;
    }
    terminal.print(format_args!(
        "{} of {} in {}",
        show::count(cards.shown, "output"),
        show::count(lines.len(), "file"),
        show::path(to)
    ));
    match cards.missing {
        0 => Exit::Done,
        _ => Exit::SomethingFound,
    }
}

/// What the sheet shows.
#[derive(Default)]
struct Cards {
    html: String,
    shown: usize,
    missing: usize,
}

impl Cards {
    fn add(&mut self, line: &FileReport, made: &Result<Vec<u8>>) {
        self.html += &card(line, made);
        self.shown += usize::from(made.is_ok());
        self.missing += usize::from(made.is_err() && line.output.is_some());
    }
}

/// An output, small.
fn picture(line: &FileReport, id: usize, pictures: &Pictures) -> Result<Vec<u8>> {
    let frame = match line.is_video() {
        true => (line.frames / 2).min(FURTHEST),
        false => 0,
    };
    let wanted = Wanted {
        id,
        side: Side::Output,
        frame,
        longest: LONGEST,
        revision: 0,
    };
    Ok(pictures.jpeg(line, &wanted)?.to_vec())
}

fn page(lines: &[&FileReport], run: Option<&RunSummary>, cards: &str) -> String {
    let with = |outcome| lines.iter().filter(|l| l.outcome == outcome).count();
    let verdicts = |verdict| {
        let verdict_of = |l: &&&FileReport| l.verify.as_ref().map(|v| v.verdict) == Some(verdict);
        lines.iter().filter(verdict_of).count()
    };
    let mut numbers = vec![
        show::count(lines.len(), "file"),
        format!("{} covered", with(Outcome::Redacted)),
        format!("{} without faces", with(Outcome::NoFaces)),
        format!("{} left alone", with(Outcome::Skipped)),
        format!("{} failed", with(Outcome::Failed)),
    ];
    let (passed, found) = (verdicts(Verdict::Passed), verdicts(Verdict::Found));
    match passed + found + verdicts(Verdict::NotChecked) {
        0 => numbers.push("not verified".into()),
        _ => numbers.push(format!("{passed} verified, {found} to look at")),
    }
    let by = run.map_or_else(
        || format!("faceveil {}", env!("CARGO_PKG_VERSION")),
        |run| format!("{} {}", run.program, run.version),
    );
    format!(
        "{HEAD}<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>Contact sheet of outputs</h1>\n<p>{}</p>\n<p>Covered by {}. The pictures are small versions of the covered files; no original is in this page.</p></header>\n\
         <main>\n{}</main>\n</body>\n</html>\n",
        escaped(&numbers.join(" · ")),
        escaped(&by),
        cards,
    )
}

/// One file.
fn card(line: &FileReport, made: &Result<Vec<u8>>) -> String {
    let mut out = String::from("<article>\n");
    let name = escaped(line.output.as_deref().unwrap_or(&line.input));
    match (made, &line.output) {
        (Ok(jpeg), _) => {
            let _ = writeln!(
                out,
                "<img src=\"data:image/jpeg;base64,{}\" alt=\"{name}\">",
                BASE64.encode(jpeg)
            );
        }
        (Err(why), Some(_)) => {
            let _ = writeln!(
                out,
                "<p class=\"none bad\">{}</p>",
                escaped(&show::chain(why))
            );
        }
        (Err(_), None) => out.push_str("<p class=\"none\">No output was written.</p>\n"),
    }
    let _ = writeln!(out, "<h2>{name}</h2>");
    let _ = writeln!(out, "<p>{}</p>", escaped(&outcome(line)));
    let (class, verdict) = verdict(line);
    let _ = writeln!(out, "<p class=\"{class}\">{}</p>", escaped(&verdict));
    out.push_str("</article>\n");
    out
}

fn outcome(line: &FileReport) -> String {
    let faces = if line.is_video() {
        let is_face = |t: &&TrackSummary| t.subject == Subject::Face;
        line.tracks.iter().filter(is_face).count()
    } else {
        let is_face = |f: &&ReportFace| f.subject == Subject::Face;
        line.faces.iter().filter(is_face).count()
    };
    match line.outcome {
        Outcome::Redacted => {
            let style = line.style.as_ref().map_or("", |s| s.name.name());
            let kind = match line.style.as_ref().is_some_and(|s| s.irreversible) {
                true => "",
                false => ", may be undone",
            };
            let regions = show::count(line.regions.len(), "region");
            let faces = show::count(faces, "face");
            format!("{regions} covered, {faces} found; style {style}{kind}")
        }
        Outcome::NoFaces => "nothing to cover was found".into(),
        Outcome::Skipped => "left alone".into(),
        _ => format!(
            "failed: {}",
            line.error.as_deref().unwrap_or("no reason is given")
        ),
    }
}

fn verdict(line: &FileReport) -> (&'static str, String) {
    let Some(verify) = &line.verify else {
        return ("soft", "not verified".into());
    };
    let reasons: Vec<&str> = verify.findings.iter().map(|f| f.reason.as_str()).collect();
    match verify.verdict {
        Verdict::Passed => ("good", "verified".into()),
        Verdict::Found => ("bad", format!("verify found: {}", reasons.join("; "))),
        _ => (
            "bad",
            format!("verify could not check: {}", reasons.join("; ")),
        ),
    }
}

/// Text in HTML, also between quotation marks. Characters that turn the reading direction go, too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in show::text(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_place_in_the_page() {
        assert_eq!(
            escaped("<img src=x onerror=\"a()\">'&\u{202e}"),
            "&lt;img src=x onerror=&quot;a()&quot;&gt;&#39;&amp;\\u{202e}"
        );
    }
}
