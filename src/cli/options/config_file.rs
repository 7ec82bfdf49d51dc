//! Reads a config file: TOML with an option a line, named as it is typed.

use super::given::{Given, Origin, Value, nearest};
use crate::cli::files::read;
use crate::cli::ui::show;
use anyhow::{Context, Result, anyhow, bail};
use std::ffi::OsString;
use std::path::Path;

/// Nobody has more options than that.
const MOST_BYTES: u64 = 64 << 10;

/// The options in a file.
///
/// # Errors
/// If it cannot be read, or has anything in it that is no option.
pub(super) fn read(path: &Path, known: &[String]) -> Result<Vec<Given>> {
    let reading = || format!("reading the config file {}", show::path(path));
    let bytes = read::file(path, MOST_BYTES).with_context(reading)?;
    let text = String::from_utf8(bytes).with_context(reading)?;
    let table: toml::Table = text
        .parse()
        .map_err(|e| syntax(&text, &e))
        .with_context(reading)?;
    let one = |(name, value): (String, toml::Value)| given(path, &name, value, known);
    let options: Result<Vec<Given>> = table.into_iter().map(one).collect();
    options.with_context(reading)
}

fn given(path: &Path, name: &str, value: toml::Value, known: &[String]) -> Result<Given> {
    let key = name.replace('_', "-");
    if !known.contains(&key) {
        match nearest(&key, known) {
            Some(meant) => bail!("there is no option {name}; did you mean {meant}?"),
            None => bail!("there is no option {name}"),
        }
    }
    let value = match value {
        toml::Value::Boolean(truth) => Value::Truth(truth),
        toml::Value::Array(all) => {
            let texts: Option<Vec<OsString>> = all.iter().map(text).collect();
            Value::Texts(texts.with_context(|| no_value(name))?)
        }
        other => Value::Texts(vec![text(&other).with_context(|| no_value(name))?]),
    };
    let origin = Origin::File(path.to_owned());
    Ok(Given { key, value, origin })
}

fn no_value(name: &str) -> String {
    format!("{name} is a text, a number, true or false, or a list of these")
}

fn text(value: &toml::Value) -> Option<OsString> {
    Some(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.to_string().into(),
        toml::Value::Float(number) => number.to_string().into(),
        _ => return None,
    })
}

/// What is no TOML, with its line, in one sentence.
fn syntax(text: &str, e: &toml::de::Error) -> anyhow::Error {
    let before = e.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    anyhow!("line {line}: {}", e.message().replace('\n', " "))
}
