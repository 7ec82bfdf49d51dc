//! What the page asks for, and the report behind it.
//!
//! Invariant: pictures are never written, and the report is replaced whole, by lines that the strict
//! reader took, and only while it is the one that was read.

use super::cache::lock;
use super::draft::{Change, Draft, Refused};
use super::pictures::{LARGEST, Pictures, Side, THUMB, Wanted};
use super::response::Response;
use super::risk::Risk;
use super::server;
use crate::cli::ui::show;
use faceveil::FileReport;
use serde::{Deserialize, Serialize};
use std::sync::Mutex;

/// The parts of the page: name, type, content.
const PARTS: [(&str, &str, &str); 12] = [
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
    ("api.js", SCRIPT, include_str!("page/api.js")),
    ("edits.js", SCRIPT, include_str!("page/edits.js")),
    ("keys.js", SCRIPT, include_str!("page/keys.js")),
    ("list.js", SCRIPT, include_str!("page/list.js")),
    ("marks.js", SCRIPT, include_str!("page/marks.js")),
    ("panel.js", SCRIPT, include_str!("page/panel.js")),
    ("stage.js", SCRIPT, include_str!("page/stage.js")),
    ("timeline.js", SCRIPT, include_str!("page/timeline.js")),
];
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// One run's page.
pub(super) struct Site {
    pub(super) report: Mutex<Draft>,
    pub(super) pictures: Pictures,
    /// The command that covers what the report says.
    pub(super) apply: String,
}

/// A row of the list.
#[derive(Serialize)]
struct Row<'a> {
    id: usize,
    name: &'a str,
    width: u32,
    video: bool,
    regions: usize,
    reviewed: bool,
    output: bool,
    #[serde(flatten)]
    risk: &'a Risk,
}

#[derive(Serialize)]
struct List<'a> {
    apply: &'a str,
    items: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    line: &'a FileReport,
    revision: u32,
    rate: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Save {
    changes: Vec<Change>,
}

#[derive(Serialize)]
struct Saved {
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
            Some(("item", id)) => number(id).map_or_else(nothing, |id| self.item(id)),
            Some(("thumb", id)) => number(id).map_or_else(nothing, |id| {
                self.picture(&Wanted {
                    id,
                    side: Side::Original,
                    frame: 0,
                    longest: THUMB,
                })
            }),
            Some(("picture", id)) => match number(id).zip(Asked::parse(query)) {
                Some((
                    id,
                    Asked {
                        side,
                        frame,
                        longest,
                    },
                )) => self.picture(&Wanted {
                    id,
                    side,
                    frame,
                    longest,
                }),
                None => nothing(),
            },
            _ => nothing(),
        }
    }

    fn change(&self, path: &str, body: &[u8]) -> Response {
        if path != "save" {
            return Response::text(404, "there is nothing here");
        }
        let save: Save = match serde_json::from_slice(body) {
            Ok(save) => save,
            Err(e) => return Response::text(400, format!("no changes: {e}")),
        };
        match lock(&self.report).save(save.changes, &self.pictures.interrupt) {
            Ok(revisions) => Response::json(&Saved { revisions }),
            Err(Refused::Stale(why)) => Response::text(409, why),
            Err(Refused::Wrong(why)) => Response::text(422, show::chain(&why)),
            Err(Refused::Unwritten(why)) => Response::text(500, show::chain(&why)),
        }
    }
}

impl Site {
    fn list(&self) -> Response {
        let report = lock(&self.report);
        let mut ranked: Vec<(usize, &FileReport, Risk)> = report
            .lines()
            .enumerate()
            .map(|(id, line)| (id, line, Risk::of(line)))
            .collect();
        ranked.sort_by(|a, b| a.2.order(&b.2));
        let items = ranked.iter().map(|(id, line, risk)| Row {
            id: *id,
            name: &line.input,
            width: line.width,
            video: line.is_video(),
            regions: line.regions.len(),
            reviewed: line.reviewed,
            output: line.output.is_some(),
            risk,
        });
        Response::json(&List {
            apply: &self.apply,
            items: items.collect(),
        })
    }

    fn item(&self, id: usize) -> Response {
        let Some((line, revision)) = lock(&self.report).line(id) else {
            return Response::text(404, "the report has no such line");
        };
        Response::json(&Item {
            rate: self.pictures.rate(id, &line),
            line: &line,
            revision,
        })
    }

    fn picture(&self, wanted: &Wanted) -> Response {
        // Not held while the picture is made.
        let Some((line, _)) = lock(&self.report).line(wanted.id) else {
            return Response::text(404, "the report has no such line");
        };
        match self.pictures.jpeg(&line, wanted) {
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
