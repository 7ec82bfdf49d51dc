//! The names of a network's classes: from the property `names` of its file, which Ultralytics
//! writes as Python shows a dictionary, `{0: 'person', 1: 'bicycle'}`.
//!
//! Invariant: a text of another form gives no names rather than some of them.

/// More classes than any network has.
const MOST: usize = 100_000;

/// The names by number; `None` if the text is no dictionary of numbers and names, or no list of
/// names.
pub(super) fn parse(text: &str) -> Option<Vec<String>> {
    let text = text.trim();
    let (inside, keyed) = match text.strip_prefix('{') {
        Some(rest) => (rest.strip_suffix('}')?, true),
        None => (text.strip_prefix('[')?.strip_suffix(']')?, false),
    };
    let mut names: Vec<String> = Vec::new();
    let mut rest = inside.trim_start();
    while !rest.is_empty() {
        if keyed {
            let (key, behind) = rest.split_once(':')?;
            let key = key.trim().trim_matches(['\'', '"']);
            if key.parse() != Ok(names.len()) {
                return None;
            }
            rest = behind.trim_start();
        }
        let (name, behind) = quoted(rest)?;
        names.push(name);
        rest = behind.trim_start();
        rest = match rest.strip_prefix(',') {
            Some(behind) => behind.trim_start(),
            None if rest.is_empty() => rest,
            None => return None,
        };
        if names.len() > MOST {
            return None;
        }
    }
    (!names.is_empty()).then_some(names)
}

/// A text between quotation marks of either kind, and what is behind it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut all = text.char_indices();
    let (_, mark) = all.next().filter(|(_, c)| matches!(c, '\'' | '"'))?;
    let mut name = String::new();
    while let Some((at, c)) = all.next() {
        match c {
            '\\' => name.push(all.next()?.1),
            c if c == mark => return Some((name, &text[at + c.len_utf8()..])),
            c => name.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionaries_and_lists_of_names_are_read_and_nothing_else() {
        let names = |text| parse(text).map(|names| names.join("|"));
        for (text, expected) in [
            ("{0: 'person', 1: 'traffic light'}", "person|traffic light"),
            (
                r#"{0: "rider's bike", 1: 'a, b: {c}', }"#,
                "rider's bike|a, b: {c}",
            ),
            (r#"{"0": "face", "1": "plate"}"#, "face|plate"),
            (r#"['it\'s', "two"]"#, "it's|two"),
        ] {
            assert_eq!(names(text).as_deref(), Some(expected), "{text}");
        }
        for wrong in [
            "",
            "{}",
            "person",
            "{1: 'person'}",
            "{0: 'a', 2: 'b'}",
            "{0: 'a' 1: 'b'}",
            "{0: 'a",
            "{0: a}",
            "[1, 2]",
            "{0: 'a\\",
            "{0:",
            "['a'",
        ] {
            assert_eq!(names(wrong), None, "{wrong}");
        }
    }
}
