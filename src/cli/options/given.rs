//! One option that was not typed, and where it comes from.

use crate::cli::ui::show;
use anyhow::{Result, bail};
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

const PREFIX: &str = "FACEVEIL_";
const CONFIG: &str = "FACEVEIL_CONFIG";
/// A variable that differs from an option's in more letters is for something else.
const MOST_WRONG: usize = 2;

/// Where an option comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A variable.
    Environment,
    /// A config file.
    File(PathBuf),
}

impl Origin {
    /// One option there, for a message.
    pub(super) fn of(&self, key: &str) -> String {
        match self {
            Self::Environment => variable(key),
            Self::File(path) => format!("{}: {key}", show::path(path)),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("the environment"),
            Self::File(path) => f.write_str(&show::path(path)),
        }
    }
}

/// One option.
#[derive(Debug)]
pub(super) struct Given {
    /// As it is typed, without hyphens before it.
    pub(super) key: String,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// What it is set to.
#[derive(Debug)]
pub(super) enum Value {
    Truth(bool),
    Texts(Vec<OsString>),
}

impl Value {
    /// For options without a value.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Truth(truth) => Some(*truth),
            Self::Texts(texts) => match texts.first()?.to_str()? {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
        }
    }

    /// For options with one.
    pub(super) fn texts(&self) -> Vec<&OsStr> {
        match self {
            Self::Truth(true) => vec![OsStr::new("true")],
            Self::Truth(false) => vec![OsStr::new("false")],
            Self::Texts(texts) => texts.iter().map(OsString::as_os_str).collect(),
        }
    }
}

/// `min-face` to `FACEVEIL_MIN_FACE`.
fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('-', "_").to_uppercase())
}

/// The config file that the environment names.
pub(super) fn config_in_environment() -> Option<PathBuf> {
    let value = env::var_os(CONFIG).filter(|value| !value.is_empty());
    value.map(PathBuf::from)
}

/// The options that the environment gives. An empty variable gives none.
///
/// # Errors
/// If a variable is a misspelt option.
pub(super) fn environment(known: &[String]) -> Result<Vec<Given>> {
    let mut all = Vec::new();
    for (name, value) in env::vars_os() {
        let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else {
            continue;
        };
        if value.is_empty() {
            continue;
        }
        let key = rest.to_lowercase().replace('_', "-");
        if known.contains(&key) {
            all.push(Given {
                key,
                value: Value::Texts(vec![value]),
                origin: Origin::Environment,
            });
        } else if let Some(meant) = misspelt(&key, known) {
            bail!(
                "there is no {PREFIX}{rest}; did you mean {}?",
                variable(meant)
            );
        }
    }
    all.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(all)
}

/// The option that a variable may have meant. Others are not ours: `FACEVEIL_HOME` of a script.
fn misspelt<'a>(key: &str, known: &'a [String]) -> Option<&'a String> {
    const LEAST: usize = 5;
    if key.len() < LEAST || key == "config" || key == "token" {
        return None;
    }
    let near =
        |name: &&String| strsim::osa_distance(key, name) <= MOST_WRONG && name.len() >= LEAST;
    known.iter().find(near)
}

/// The option that is most like a name.
pub(super) fn nearest<'a>(key: &str, known: &'a [String]) -> Option<&'a String> {
    const LEAST: f64 = 0.7;
    let likeness = |name: &String| strsim::jaro_winkler(key, name);
    let best = known
        .iter()
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    best.filter(|name| likeness(name) > LEAST)
}
