//! Boxes by hand: `--region` and `--ignore`, given one by one or as files of many, for every file
//! or for one.
//!
//! Invariant: a box that is for a file that is not there keeps the run from starting; it would
//! leave open what somebody wanted covered.

use super::inputs::Input;
use crate::cli::args::value_parsers::Boxes;
use crate::cli::files::read;
use crate::cli::ui::show;
use anyhow::{Context, Result, bail, ensure};
use faceveil::settings::values::{moving_region, rectangle};
use faceveil::{MovingRegion, Rect};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// Largest file of boxes.
const MOST_BYTES: u64 = 16 << 20;

/// What is given by hand for one file, besides what is for all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ByHand {
    /// Always covered.
    pub(crate) regions: Vec<Rect>,
    /// Always covered, while they move through a video.
    pub(crate) moving: Vec<MovingRegion>,
    /// Never covered.
    pub(crate) ignore: Vec<Rect>,
}

/// Nothing is given.
pub(crate) static NOTHING_BY_HAND: ByHand = ByHand {
    regions: Vec::new(),
    moving: Vec::new(),
    ignore: Vec::new(),
};

impl ByHand {
    pub(crate) fn is_empty(&self) -> bool {
        *self == NOTHING_BY_HAND
    }
}

/// All boxes of one flag.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ManualBoxes {
    /// For every file.
    pub(crate) always: Vec<Rect>,
    /// For every video.
    pub(crate) moving: Vec<MovingRegion>,
    /// For one file, by its name in the report.
    by_name: BTreeMap<String, Vec<Drawn>>,
}

/// A box that stays where it is, or one that moves.
#[derive(Clone, Debug, PartialEq)]
enum Drawn {
    Still(Rect),
    Moving(MovingRegion),
}

impl ManualBoxes {
    /// Reads the files among what was given.
    ///
    /// # Errors
    /// A file that cannot be read, and a line that is none of boxes.
    pub(crate) fn gather(given: &[Boxes], flag: &str) -> Result<Self> {
        let mut all = Self::default();
        for one in given {
            match one {
                Boxes::One(area) => all.always.push(*area),
                Boxes::Moving(region) => all.moving.push(region.clone()),
                Boxes::Listed(path) => all
                    .read(path)
                    .with_context(|| format!("reading {flag} @{}", show::path(path)))?,
            }
        }
        Ok(all)
    }

    fn read(&mut self, path: &Path) -> Result<()> {
        let bytes = read::file(path, MOST_BYTES)?;
        let text = std::str::from_utf8(&bytes).context("it is no text")?;
        // Some editors mark a text as Unicode by its first character.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (drawn, name) = boxed(line).with_context(|| format!("line {}", number + 1))?;
            match (name, drawn) {
                ("", Drawn::Still(area)) => self.always.push(area),
                ("", Drawn::Moving(region)) => self.moving.push(region),
                (name, drawn) => self.by_name.entry(name.to_owned()).or_default().push(drawn),
            }
        }
        Ok(())
    }

    /// Those for one file alone: boxes that stay, and boxes that move.
    pub(crate) fn for_input(&self, input: &Input) -> (Vec<Rect>, Vec<MovingRegion>) {
        let (mut still, mut moving) = (Vec::new(), Vec::new());
        let own = self.by_name.get(&show::in_report(&input.name));
        for drawn in own.into_iter().flatten() {
            match drawn {
                Drawn::Still(area) => still.push(*area),
                Drawn::Moving(region) => moving.push(region.clone()),
            }
        }
        (still, moving)
    }

    /// Whether some boxes move.
    pub(crate) fn has_moving(&self) -> bool {
        let is_moving = |drawn: &Drawn| matches!(drawn, Drawn::Moving(_));
        !self.moving.is_empty() || self.by_name.values().flatten().any(is_moving)
    }

    /// Refuses a name that no input has, and boxes that move where there is no video.
    ///
    /// # Errors
    /// The first such name.
    pub(crate) fn check(&self, list: &[Input], flag: &str) -> Result<()> {
        let is_photo = |input: &Input| !input.kind().is_video();
        let of_photo = list.iter().filter(|i| is_photo(i));
        if let Some(input) = of_photo.clone().find(|i| !self.for_input(i).1.is_empty()) {
            bail!(
                "{flag} has a box with times for {}, which is no video",
                input.shown()
            );
        }
        ensure!(
            self.moving.is_empty() || list.is_empty() || of_photo.count() < list.len(),
            "{flag} has a box with times, and none of the inputs is a video"
        );
        let names: HashSet<String> = list.iter().map(|i| show::in_report(&i.name)).collect();
        if let Some(name) = self.by_name.keys().find(|name| !names.contains(*name)) {
            bail!(
                "{flag} has a box for {}, which is none of the inputs; names are those of the \
                 report",
                show::text(name)
            );
        }
        Ok(())
    }
}

/// `x,y,w,h` or `x,y,w,h@time;x,y,w,h@time` and, behind white space, the name of the only file that
/// it is for.
fn boxed(line: &str) -> Result<(Drawn, &str)> {
    let is_moving = |area: &str| rectangle(area).is_ok();
    if line
        .split_once('@')
        .is_some_and(|(area, _)| is_moving(area))
    {
        let (text, name) = line.split_at(end_of_times(line));
        let region = moving_region(text).map_err(anyhow::Error::msg)?;
        return Ok((Drawn::Moving(region), name.trim()));
    }
    let commas: Vec<usize> = line.match_indices(',').map(|(i, _)| i).collect();
    ensure!(
        commas.len() >= 3,
        "a box is x,y,width,height, and a name may follow"
    );
    let last = &line[commas[2] + 1..];
    let digits = last.len() - last.trim_start().len();
    let length = last[digits..]
        .find(char::is_whitespace)
        .map_or(last.len(), |n| n + digits);
    let area = rectangle(&line[..commas[2] + 1 + length]).map_err(anyhow::Error::msg)?;
    Ok((Drawn::Still(area), last[length..].trim()))
}

/// Where the times of a box that moves end and a name may begin.
fn end_of_times(line: &str) -> usize {
    let mut from = 0;
    while let Some(at) = line[from..].find('@').map(|n| from + n) {
        let stop = |c: char| c == ';' || c.is_whitespace();
        let end = line[at..].find(stop).map_or(line.len(), |n| at + n);
        let rest = line[end..].trim_start();
        if !rest.starts_with(';') {
            return end;
        }
        from = line.len() - rest.len() + 1;
    }
    line.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::plan::inputs::Source;

    #[test]
    fn a_box_that_moves_is_told_from_a_name_with_the_same_signs() {
        let moving = |line: &str| match boxed(line).expect(line) {
            (Drawn::Moving(region), name) => (region.key_frames().len(), name.to_owned()),
            (Drawn::Still(_), name) => (0, name.to_owned()),
        };
        let two = "1,2,3,4@1.5;2,2,3,4@0:03";
        assert_eq!(moving(two), (2, String::new()));
        assert_eq!(moving(&format!("{two} 7@8;9.mp4")), (2, "7@8;9.mp4".into()));
        assert_eq!(
            moving("1, 2, 3, 4@1 ; 2,2,3,4@2.5;\t3,2,3,4@3  a b.mp4"),
            (3, "a b.mp4".into())
        );
        assert_eq!(moving("1,2,3,4 me@home.jpg"), (0, "me@home.jpg".into()));
        assert_eq!(moving("1,2,3,4 5@6.jpg"), (0, "5@6.jpg".into()));
        for bad in [
            "1,2,3,4@1",
            "1,2,3,4@2;1,2,3,4@1",
            "1,2,3,4@1;1,2,3,4",
            "1,2,3,4@;5",
        ] {
            assert!(boxed(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_file_of_boxes_is_for_every_file_or_for_one() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("boxes.txt");
        let text = "# a comment\n\n1,2,3,4\r\n 1, 2, 3, 5  a/b, c.jpg \n-1,2.5,3,6\ta/b, c.jpg\n";
        std::fs::write(&path, text).expect("written");
        let given = [
            Boxes::Listed(path.clone()),
            Boxes::One(Rect::new(9.0, 9.0, 9.0, 9.0).expect("a box")),
        ];
        let all = ManualBoxes::gather(&given, "--region").expect("read");
        let heights = |all: &[Rect]| all.iter().map(Rect::height).collect::<Vec<_>>();
        assert_eq!(heights(&all.always), [4.0, 9.0]);
        let input = |name: &str| Input::new(Source::Stdin, name.into());
        assert_eq!(heights(&all.for_input(&input("a/b, c.jpg")).0), [5.0, 6.0]);
        assert!(all.for_input(&input("c.jpg")).0.is_empty());
        assert!(all.check(&[input("a/b, c.jpg")], "--region").is_ok());
        assert!(all.check(&[input("c.jpg")], "--region").is_err());
        for bad in [
            "1,2,3",
            "x",
            "1,2,3,0 a.jpg",
            "1,2,3, a.jpg",
            "a.jpg: 1,2,3,4",
            "1,2,3,4,5",
        ] {
            std::fs::write(&path, format!("1,2,3,4\n{bad}")).expect("written");
            let error = ManualBoxes::gather(&given[..1], "--region").expect_err(bad);
            assert!(show::chain(&error).contains("line 2"), "{error:#}");
        }
    }
}
