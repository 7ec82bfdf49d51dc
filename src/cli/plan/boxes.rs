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
use faceveil::Rect;
use faceveil::settings::values::rectangle;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// Largest file of boxes.
const MOST_BYTES: u64 = 16 << 20;

/// All boxes of one flag.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct ManualBoxes {
    /// For every file.
    pub(crate) always: Vec<Rect>,
    /// For one file, by its name in the report.
    by_name: BTreeMap<String, Vec<Rect>>,
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
            let (area, name) = boxed(line).with_context(|| format!("line {}", number + 1))?;
            match name {
                "" => self.always.push(area),
                name => self.by_name.entry(name.to_owned()).or_default().push(area),
            }
        }
        Ok(())
    }

    /// Those for one file alone.
    pub(crate) fn for_input(&self, input: &Input) -> Vec<Rect> {
        let name = show::in_report(&input.name);
        self.by_name.get(&name).cloned().unwrap_or_default()
    }

    /// Refuses a name that no input has.
    ///
    /// # Errors
    /// The first such name.
    pub(crate) fn check(&self, list: &[Input], flag: &str) -> Result<()> {
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

/// `x,y,w,h` and, behind white space, the name of the only file that it is for.
fn boxed(line: &str) -> Result<(Rect, &str)> {
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
    Ok((area, last[length..].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::plan::inputs::Source;

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
        assert_eq!(heights(&all.for_input(&input("a/b, c.jpg"))), [5.0, 6.0]);
        assert!(all.for_input(&input("c.jpg")).is_empty());
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
