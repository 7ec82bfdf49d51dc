//! What the page asks for, and the report behind it.
//!
//! Invariant: pictures are never written, and the report is replaced whole, by lines that the
//! strict reader took, and only while it is the one that was read.

use super::apply_run::{ApplyRun, Progress};
use super::cache::lock;
use super::draft::{Change, Draft, Line, Refused};
use super::follow::{self, Followers};
use super::pictures::{LARGEST, Pictures, Side, THUMB, Wanted};
use super::response::Response;
use super::risk::{self, Risk};
use super::server;
use crate::cli::ui::show;
use faceveil::FileReport;
use faceveil::report::Verdict;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// The parts of the page: name, type, content.
const PARTS: &[(&str, &str, &str)] = &[
    (
        "",
        "text/html; charset=utf-8",
        include_str!("page/index.html"),
    ),
    (
        "style.css",
        "text/css; charset=utf-8",
        include_str!("page/style.css"),
    ),
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("app.js", SCRIPT, include_str!("page/app.js")),
    ("actions.js", SCRIPT, include_str!("page/actions.js")),
    ("api.js", SCRIPT, include_str!("page/api.js")),
    ("cover.js", SCRIPT, include_str!("page/cover.js")),
    ("dialogs.js", SCRIPT, include_str!("page/dialogs.js")),
    ("edits.js", SCRIPT, include_str!("page/edits.js")),
    ("follow.js", SCRIPT, include_str!("page/follow.js")),
    ("grid.js", SCRIPT, include_str!("page/grid.js")),
    ("keys.js", SCRIPT, include_str!("page/keys.js")),
    ("list.js", SCRIPT, include_str!("page/list.js")),
    ("marks.js", SCRIPT, include_str!("page/marks.js")),
    ("choice.js", SCRIPT, include_str!("page/choice.js")),
    ("listing.js", SCRIPT, include_str!("page/listing.js")),
    ("page.js", SCRIPT, include_str!("page/page.js")),
    ("picture.js", SCRIPT, include_str!("page/picture.js")),
    ("panel.js", SCRIPT, include_str!("page/panel.js")),
    ("stage.js", SCRIPT, include_str!("page/stage.js")),
    ("sync.js", SCRIPT, include_str!("page/sync.js")),
    ("timeline.js", SCRIPT, include_str!("page/timeline.js")),
    ("tracks.js", SCRIPT, include_str!("page/tracks.js")),
];
/// How often requests for a run are looked for.
const LOOK: Duration = Duration::from_millis(50);
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// One run's page.
pub(super) struct Site {
    pub(super) report: Mutex<Draft>,
    pub(super) pictures: Pictures,
    /// The command that covers what the report says.
    pub(super) apply: String,
    /// How much larger than a face the run's masks are.
    pub(super) margin: f32,
    /// How often the address for one visit was used again.
    pub(super) repeated: AtomicUsize,
    /// The run of `apply` that the page asked for.
    pub(super) apply_run: ApplyRun,
    pub(super) followers: Followers,
    /// What it is started with, and the report that it writes.
    pub(super) arguments: (Vec<OsString>, PathBuf),
}

/// A row of the list.
#[derive(Serialize)]
struct Row<'a> {
    id: usize,
    revision: u32,
    name: &'a str,
    width: u32,
    video: bool,
    regions: usize,
    reviewed: bool,
    output: bool,
    /// Whether it has changes that are not saved.
    changed: bool,
    /// Whether the output shows something else than the line says.
    outdated: bool,
    /// Findings of `verify` that nothing covers.
    findings: usize,
    /// Spans of a video in which a face may show.
    spans: usize,
    #[serde(flatten)]
    risk: Risk,
}

impl<'a> Row<'a> {
    fn new(id: usize, line: &'a Line) -> Self {
        let now = line.now.as_ref();
        let is_found = now
            .verify
            .as_ref()
            .is_some_and(|v| v.verdict == Verdict::Found);
        Self {
            id,
            revision: line.revision,
            name: &now.input,
            width: now.width,
            video: now.is_video(),
            regions: now.regions.len(),
            reviewed: now.reviewed,
            output: now.output.is_some(),
            changed: line.is_unsaved(),
            outdated: line.is_outdated(),
            findings: match is_found {
                true => risk::open_findings(now).len(),
                false => 0,
            },
            spans: now.spans.len(),
            risk: Risk::of(now),
        }
    }
}

#[derive(Serialize)]
struct List<'a> {
    apply: &'a str,
    margin: f32,
    latest: u64,
    repeated: usize,
    /// Pictures with unsaved changes of an earlier run, and how many of those were made on another
    /// version of their line.
    offered: (usize, usize),
    items: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Since<'a> {
    latest: u64,
    repeated: usize,
    run: Progress,
    items: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    /// As it is now.
    line: &'a FileReport,
    /// Regions in the report, if they are others.
    saved: Option<&'a FileReport>,
    revision: u32,
    rate: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    changes: Vec<Change>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Offer {
    take: bool,
}

#[derive(Serialize)]
struct Revisions {
    revisions: Vec<u32>,
}

impl server::Site for Site {
    fn read(&self, path: &str, query: &str) -> Response {
        if let Some((_, content_type, content)) = PARTS.iter().find(|(name, ..)| *name == path) {
            return Response::part(content_type, content);
        }
        let nothing = || Response::text(404, "there is nothing here");
        match path.split_once('/') {
            None if path == "list" => self.list(),
            None if path == "since" => number(query).map_or_else(nothing, |n| self.since(n as u64)),
            Some(("item", id)) => number(id).map_or_else(nothing, |id| self.item(id)),
            Some(("thumb", id)) => number(id).map_or_else(nothing, |id| {
                self.picture(&Wanted {
                    id,
                    side: Side::Original,
                    frame: 0,
                    longest: THUMB,
                    revision: 0,
                })
            }),
            Some(("picture", id)) => match number(id).zip(Asked::parse(query)) {
                Some((id, asked)) => self.picture(&Wanted {
                    id,
                    side: asked.side,
                    frame: asked.frame,
                    longest: asked.longest,
                    revision: 0,
                }),
                None => nothing(),
            },
            _ => nothing(),
        }
    }

    fn change(&self, path: &str, body: &[u8]) -> Response {
        let done = match path {
            "edit" | "save" => match serde_json::from_slice::<Changes>(body) {
                Err(e) => return Response::text(400, format!("no changes: {e}")),
                Ok(Changes { changes }) => {
                    let mut report = lock(&self.report);
                    let done = match path {
                        "save" => report.save(changes, &self.pictures.interrupt),
                        _ => report.edit(changes),
                    };
                    done.map(|revisions| Response::json(&Revisions { revisions }))
                }
            },
            "offer" => match serde_json::from_slice::<Offer>(body) {
                Err(e) => return Response::text(400, format!("no answer: {e}")),
                Ok(Offer { take }) => {
                    let done = lock(&self.report).settle_offer(take);
                    done.map(|()| Response::json(&serde_json::json!({})))
                }
            },
            "follow" => return self.follow(body),
            // All that the server has is saved first.
            "apply" => {
                let mut report = lock(&self.report);
                let saved = report.save(Vec::new(), &self.pictures.interrupt);
                saved.map(|_| {
                    self.apply_run.request(report.lines().len());
                    Response::json(&self.apply_run.progress())
                })
            }
            _ => return Response::text(404, "there is nothing here"),
        };
        done.unwrap_or_else(|refused| match refused {
            Refused::Stale(why) => Response::text(409, why),
            Refused::Wrong(why) => Response::text(422, show::chain(&why)),
            Refused::Unwritten(why) => Response::text(500, show::chain(&why)),
        })
    }
}

impl Site {
    /// Runs `apply` whenever the page asks for it.
    pub(super) fn work(&self) {
        while !self.pictures.interrupt.requested() {
            if self.apply_run.take_request() {
                let (arguments, report) = &self.arguments;
                let interrupt = &self.pictures.interrupt;
                self.apply_run
                    .run(arguments, report, &self.report, interrupt);
            }
            std::thread::sleep(LOOK);
        }
    }

    fn list(&self) -> Response {
        let report = lock(&self.report);
        let rows = report.all().iter().enumerate();
        let mut items: Vec<Row<'_>> = rows.map(|(id, line)| Row::new(id, line)).collect();
        items.sort_by(|a, b| a.risk.order(&b.risk));
        Response::json(&List {
            apply: &self.apply,
            margin: self.margin,
            latest: report.latest(),
            repeated: self.repeated.load(Ordering::Relaxed),
            offered: report.offered(),
            items,
        })
    }

    /// What was changed after change number `after`, in this window or another.
    fn since(&self, after: u64) -> Response {
        let report = lock(&self.report);
        let rows = report.all().iter().enumerate();
        let changed = rows.filter(|(_, line)| line.changed_at > after);
        Response::json(&Since {
            run: self.apply_run.progress(),
            latest: report.latest(),
            repeated: self.repeated.load(Ordering::Relaxed),
            items: changed.map(|(id, line)| Row::new(id, line)).collect(),
        })
    }

    fn item(&self, id: usize) -> Response {
        let report = lock(&self.report);
        let (Some((line, revision)), Some(saved), Some(shown)) =
            (report.line(id), report.saved(id), report.with_all_spans(id))
        else {
            return Response::text(404, "the report has no such line");
        };
        // Opening a video takes a while.
        drop(report);
        Response::json(&Item {
            rate: self.pictures.rate(id, &line),
            saved: (line != saved).then_some(saved.as_ref()),
            line: &shown,
            revision,
        })
    }

    fn follow(&self, body: &[u8]) -> Response {
        let request = match serde_json::from_slice(body) {
            Ok(request) => request,
            Err(e) => return Response::text(400, format!("no box to follow: {e}")),
        };
        let line = match &request {
            follow::Request::Begin(begin) => lock(&self.report).line(begin.id),
            follow::Request::GoOn(_) => None,
        };
        let line = line.as_ref().map(|(line, _)| line.as_ref());
        match self.followers.follow(request, line, &self.pictures) {
            Ok(piece) => Response::json(&piece),
            Err(why) => Response::text(422, show::chain(&why)),
        }
    }

    fn picture(&self, wanted: &Wanted) -> Response {
        // Not held while the picture is made.
        let Some((line, revision)) = lock(&self.report).line(wanted.id) else {
            return Response::text(404, "the report has no such line");
        };
        let revision = match wanted.side {
            Side::Preview => revision,
            _ => 0,
        };
        let wanted = Wanted {
            revision,
            ..wanted.clone()
        };
        match self.pictures.jpeg(&line, &wanted) {
            Ok(jpeg) => Response::jpeg(jpeg),
            Err(why) => Response::text(404, format!("{}: {}", line.input, show::chain(&why))),
        }
    }
}

/// The query of a picture.
struct Asked {
    side: Side,
    frame: usize,
    longest: u32,
}

impl Asked {
    fn parse(query: &str) -> Option<Self> {
        let mut asked = Self {
            side: Side::Original,
            frame: 0,
            longest: LARGEST,
        };
        for part in query.split('&').filter(|p| !p.is_empty()) {
            match part.split_once('=')? {
                ("side", "original") => asked.side = Side::Original,
                ("side", "output") => asked.side = Side::Output,
                ("side", "preview") => asked.side = Side::Preview,
                // Makes the addresses of two previews differ.
                ("revision", n) => {
                    number(n)?;
                }
                ("frame", n) => asked.frame = number(n)?,
                ("longest", n) => {
                    asked.longest = u32::try_from(number(n)?).ok()?.clamp(THUMB, LARGEST);
                }
                _ => return None,
            }
        }
        Some(asked)
    }
}

/// Digits and nothing else.
fn number(text: &str) -> Option<usize> {
    let digits = (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}
