//! Reports that were edited, well and badly.

use super::*;
use crate::digest::Digest;
use crate::error::ErrorKind;
use proptest::prelude::*;

/// A line with every field that a photo's can have.
fn line() -> String {
    let hash = Digest::of(b"");
    format!(
        concat!(
            r#"{{"schema":1,"input":"a/b.jpg","output":"a/b.jpg","outcome":"redacted","sha256":{{"input":"{hash}","output":null}},"#,
            r#""width":40,"height":30,"frames":9,"faces":[{{"frame":0,"box":[-2,5,6,7],"score":0.5,"landmarks":null,"found_by":["x"]}}],"#,
            r#""regions":[{{"frames":[0,3],"shape":"ellipse","box":[-2,5,6,7]}}],"style":{{"name":"blur","irreversible":true}},"#,
            r#""verify":{{"verdict":"not-checked","findings":[{{"kind":"face","box":[0,0,1,1],"reason":"r"}}]}},"dropped":[],"kept":[],"#,
            r#""warnings":[],"engine":"e","ms":{{"decode":0,"detect":0,"redact":0,"encode":0,"inspect":0}},"error":null}}"#
        ),
        hash = hash
    )
}

fn read(text: &str) -> Vec<Result<FileReport, crate::error::Error>> {
    read_report(text.as_bytes()).collect()
}

/// The error of a line that differs from a good one by `from` becoming `to`.
fn error_of(from: &str, to: &str) -> String {
    let good = line();
    assert!(good.contains(from), "{from}");
    let text = format!("\n{}\n{good}", good.replace(from, to));
    let mut all = read(&text);
    assert_eq!(all.len(), 2, "{to}");
    assert!(all.pop().expect("two").is_ok(), "the next line is read");
    let error = all.pop().expect("one").expect_err(to);
    assert_eq!(error.kind(), ErrorKind::Malformed);
    error.to_string()
}

#[test]
fn a_line_comes_back_as_it_was_written() {
    let report = read(&line()).pop().expect("a line").expect("good");
    let again = serde_json::to_string(&report).expect("written");
    let read_again = read(&again).pop().expect("a line").expect("good");
    assert_eq!(read_again, report);
    assert_eq!(report.regions_of(3).len(), 1);
    assert!(report.regions_of(4).is_empty());
}

#[test]
fn what_is_not_understood_is_refused_with_line_and_field() {
    for (from, to, says) in [
        (
            "\"schema\":1",
            "\"schema\":2",
            "line 2: schema: version 2 is not read here, only 1",
        ),
        (
            "\"width\"",
            "\"widht\"",
            "line 2: widht: unknown field `widht`",
        ),
        (
            "\"shape\":\"ellipse\"",
            "\"shape\":\"star\"",
            "line 2: regions[0].shape: unknown variant `star`",
        ),
        (
            "\"shape\"",
            "\"color\":1,\"shape\"",
            "regions[0].color: unknown field",
        ),
        (
            "\"box\":[-2,5,6,7]}]",
            "\"box\":[-2,5,6]}]",
            "regions[0].box",
        ),
        (
            "\"box\":[-2,5,6,7]}]",
            "\"box\":[NaN,5,6,7]}]",
            "regions[0].box[0]",
        ),
        (
            "\"box\":[-2,5,6,7]}]",
            "\"box\":[1e39,5,6,7]}]",
            "regions[0].box[0]: number out of range",
        ),
        (
            "\"box\":[-2,5,6,7]}]",
            "\"box\":[1,5,-6,7]}]",
            "regions[0]: [1,5,-6,7] is no box",
        ),
        (
            "\"box\":[-2,5,6,7]}]",
            "\"box\":[1,5,0,7]}]",
            "regions[0]: [1,5,0,7] is no box",
        ),
        (
            "\"box\":[-2,5,6,7]}]",
            "\"box\":[40,5,6,7]}]",
            "regions[0]: [40,5,6,7] lies outside the picture of 40x30",
        ),
        (
            "\"frames\":[0,3]",
            "\"frames\":[3,0]",
            "end before they begin",
        ),
        (
            "\"frames\":[0,3]",
            "\"frames\":[0,9]",
            "frame 9 is outside 0..9",
        ),
        (
            "\"frames\":[0,3]",
            "\"frame\":1,\"frames\":[0,3]",
            "both `frame` and `frames`",
        ),
        (
            "\"score\":0.5",
            "\"score\":1.5",
            "faces[0]: score 1.5 is outside 0..=1",
        ),
        (
            "\"irreversible\":true",
            "\"irreversible\":false",
            "style: blur is irreversible",
        ),
        (
            "\"input\":\"a/b.jpg\"",
            "\"input\":\"../b.jpg\"",
            "input: it has `..` in it",
        ),
        (
            "\"input\":\"a/b.jpg\"",
            "\"input\":\"/b.jpg\"",
            "input: it is absolute",
        ),
        (
            "\"input\":\"a/b.jpg\"",
            "\"input\":\"\"",
            "input: it is empty",
        ),
        (
            "\"output\":\"a/b.jpg\"",
            "\"output\":\"a/../../b\"",
            "output: it has `..` in it",
        ),
        (
            "\"input\":\"e3b0",
            "\"input\":\"g3b0",
            "sha256.input: a SHA-256 has 64 hexadecimal digits",
        ),
        ("\"ms\":", "\"sm\":", "unknown field"),
        ("\"error\":null}", "\"error\":null}{", "trailing characters"),
        ("\"error\":null}", "\"error\":null", "EOF"),
    ] {
        let message = error_of(from, to);
        assert!(message.contains(says), "{to}: {message}");
    }
}

#[test]
fn lists_have_an_end() {
    let region = r#"{"shape":"box","box":[0,0,1,1]},"#;
    let many = region.repeat(10_000) + r#"{"shape":"ellipse""#;
    let message = error_of(r#"{"frames":[0,3],"shape":"ellipse""#, &many);
    assert!(message.contains("regions: 10001 in one frame"), "{message}");
    // Spread over frames they are fine.
    let spread: String = (0..9)
        .map(|f| format!(r#"{{"frame":{f},"shape":"box","box":[0,0,1,1]}},"#).repeat(2000))
        .collect();
    let fine = line().replace("\"regions\":[", &format!("\"regions\":[{spread}"));
    assert!(read(&fine)[0].is_ok());
}

#[test]
fn the_summary_comes_apart_from_the_files_and_last() {
    let run = RunSummary {
        files: 3,
        ..RunSummary::default()
    };
    let summary = serde_json::to_string(&run.line()).expect("written");
    assert!(summary.starts_with("{\"schema\":1,\"summary\":{"));
    let text = format!("{}\n{summary}\n", line());
    let mut reader = read_report(text.as_bytes());
    assert!(reader.next().is_some_and(|r| r.is_ok()));
    assert!(reader.next().is_none());
    assert_eq!(reader.summary(), Some(&run));
    let behind = format!("{summary}\n{}", line());
    let error = read(&behind).remove(0).expect_err("behind it");
    assert_eq!(error.to_string(), "line 2: it comes behind the summary");
    let cut = &summary[..summary.len() - 9];
    assert!(read(cut)[0].is_err());
    assert!(read("\u{0}\u{ffff} no report")[0].is_err());
    assert!(read("").is_empty());
}

proptest! {
    /// Whatever is changed in a line, it is read or refused, and what is read can be acted upon.
    #[test]
    fn a_damaged_line_is_read_or_refused(
        edits in prop::collection::vec((0usize..900, any::<u8>(), 0usize..4), 1..6)
    ) {
        let mut text = line().into_bytes();
        for (at, byte, what) in edits {
            let at = at % text.len();
            match what {
                0 => text[at] = byte,
                1 => text.insert(at, byte),
                2 => { text.remove(at); }
                _ => text[at] = b"0123456789-e.\"{}[],:"[usize::from(byte) % 20],
            }
        }
        for report in read_report(&text[..]).flatten() {
            for region in &report.regions {
                prop_assert!(region.region().is_some());
            }
            prop_assert!(!report.input.contains("..") || !report.input.split('/').any(|p| p == ".."));
            let mut schedule = Schedule::new(&report.regions);
            (0..4).for_each(|_| { schedule.next(); });
        }
    }
}
