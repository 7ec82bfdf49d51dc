//! Options from the command line, the environment and a config file become one command line.
//!
//! Invariant: what is typed wins over a variable, a variable over a file, and an option that is
//! known nowhere is an error.

mod config_file;
mod found;
mod given;

pub(crate) use self::given::Origin;
use self::given::{Given, Value};
use super::args::config_file::ConfigFile;
use super::args::help::first_line;
use super::args::{Cli, Command};
use super::ui::show;
use anyhow::{Result, anyhow, bail};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, CommandFactory, FromArgMatches};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Commands whose options may come from elsewhere: those that search, cover and write.
const COMMANDS: [&str; 6] = ["blur", "detect", "apply", "watch", "live", "serve"];
/// Options that must be typed: what is replaced is gone, and a list of inputs is an input.
const TYPED_ONLY: [&str; 6] = [
    "help",
    "version",
    "config",
    "no-config",
    "in-place",
    "files-from",
];
/// Options that say more about another one, and mean nothing once that is given anew.
const DETAILS: [(&str, &[&str]); 5] = [
    ("style", &["color", "cells", "image"]),
    ("cover", &["text-min-height"]),
    (
        "model",
        &["model-classes", "model-names", "model-threshold"],
    ),
    ("engine", &["device", "onnxruntime"]),
    ("isolate", &["max-memory"]),
];

/// Why nothing can run.
pub(crate) enum Refusal {
    /// What was typed is wrong, or is help.
    Typed(clap::Error),
    /// A variable or a file is.
    Elsewhere(anyhow::Error),
}

/// What was typed, with all that comes from elsewhere; and a sentence about that.
///
/// # Errors
/// If any of it is wrong.
pub(crate) fn parse(typed: &[OsString]) -> Result<(Cli, Option<String>), Refusal> {
    let parsed = |words: &[OsString]| {
        let matches = Cli::command().try_get_matches_from(words)?;
        let cli = Cli::from_arg_matches(&matches)?;
        Ok::<_, clap::Error>((cli, matches))
    };
    let (cli, matches) = parsed(typed).map_err(Refusal::Typed)?;
    let (Some((name, matches)), Some((config, inputs, _))) = (matches.subcommand(), files(&cli))
    else {
        return Ok((cli, None));
    };
    let all = layers(config, inputs).map_err(Refusal::Elsewhere)?;
    let mut root = Cli::command();
    root.build();
    let Some(command) = root.find_subcommand(name) else {
        return Ok((cli, None));
    };
    let mut taken = typed_options(command, matches);
    // Before what was typed, since a `--` may be there.
    let (head, tail) = typed.split_at(typed.len().min(2));
    let mut words = head.to_vec();
    let (mut cli, mut used) = (cli, Vec::new());
    for given in &all {
        let Some(arg) = options(command).find(|arg| arg.get_long() == Some(&given.key)) else {
            continue;
        };
        if taken.iter().any(|other| excludes(command, other, arg)) {
            continue;
        }
        taken.push(arg);
        let wrong =
            |why: String| Refusal::Elsewhere(anyhow!("{}: {why}", given.origin.of(&given.key)));
        let Some(more) = words_of(arg, &given.value).map_err(wrong)? else {
            continue;
        };
        words.extend(more);
        let whole = [&words[..], tail].concat();
        (cli, _) = parsed(&whole).map_err(|e| wrong(first_line(&e)))?;
        used.push(given);
    }
    let is_quiet = files(&cli).is_some_and(|(.., is_quiet)| is_quiet);
    Ok((cli, sentence(&used).filter(|_| !is_quiet)))
}

/// All that is given besides the command line, the strongest first.
fn layers(config: &ConfigFile, inputs: &[OsString]) -> Result<Vec<Given>> {
    let known = names();
    let mut all = given::environment(&known)?;
    let named = config.config.clone().or_else(given::config_in_environment);
    if config.no_config {
        return Ok(all);
    }
    match named {
        Some(path) => all.extend(config_file::read(&path, &known)?),
        None => {
            if let Some(path) = config_beside(inputs)? {
                let options = config_file::read(&path, &known)?;
                found::check(&path, &options)?;
                all.extend(options);
            }
        }
    }
    Ok(all)
}

/// What is in force where nothing is typed.
pub(crate) struct InForce {
    /// The config file, if there is one.
    pub(crate) file: Option<PathBuf>,
    /// Each option with its origin.
    pub(crate) options: Vec<(String, Origin)>,
}

/// What is in force for inputs in this folder.
///
/// # Errors
/// If some of it is wrong.
pub(crate) fn in_force(folder: &Path) -> Result<InForce> {
    let none = ConfigFile {
        config: None,
        no_config: false,
    };
    let inputs = [folder.as_os_str().to_owned()];
    let all = layers(&none, &inputs)?;
    let file = match given::config_in_environment() {
        Some(file) => Some(file),
        None => config_beside(&inputs)?,
    };
    let options = all.into_iter().map(|given| (given.key, given.origin));
    Ok(InForce {
        file,
        options: options.collect(),
    })
}

/// Where a command's config file is given, its inputs, and whether it says errors only.
fn files(cli: &Cli) -> Option<(&ConfigFile, &[OsString], bool)> {
    let (processing, inputs): (_, &[OsString]) = match &cli.command {
        Command::Blur(typed) => (&typed.common.processing, &typed.common.inputs),
        Command::Watch(typed) => (&typed.blur.common.processing, &typed.blur.common.inputs),
        Command::Detect(typed) => (&typed.common.processing, &typed.common.inputs),
        Command::Apply(typed) => (&typed.processing, &[]),
        #[cfg(feature = "serve")]
        Command::Serve(typed) => return Some((&typed.config_file, &[], typed.quiet)),
        _ => return None,
    };
    Some((&processing.config_file, inputs, processing.running.quiet))
}

/// The config file in the folders of the inputs.
///
/// # Errors
/// If there are several.
fn config_beside(inputs: &[OsString]) -> Result<Option<PathBuf>> {
    let mut files: Vec<PathBuf> = Vec::new();
    for input in inputs.iter().filter(|input| *input != "-") {
        let path = Path::new(input);
        let folder = match path.is_dir() {
            true => path,
            false => path.parent().unwrap_or(Path::new("")),
        };
        let file = folder.join(super::args::config_file::NAME);
        if !files.contains(&file) && file.symlink_metadata().is_ok() {
            files.push(file);
        }
    }
    let is_same = |a: &Path, b: &Path| same_file::is_same_file(a, b).unwrap_or(false);
    match &files[..] {
        [] => Ok(None),
        [first, rest @ ..] => match rest.iter().find(|other| !is_same(first, other)) {
            None => Ok(Some(first.clone())),
            Some(other) => bail!(
                "{} and {} both lie beside inputs; choose one with --config, or none with \
                 --no-config",
                show::path(first),
                show::path(other)
            ),
        },
    }
}

/// The options of a command that need not be typed.
fn options(command: &clap::Command) -> impl Iterator<Item = &Arg> {
    let is_option = |arg: &&Arg| {
        let name = arg.get_long().filter(|_| !arg.is_hide_set());
        name.is_some_and(|name| !TYPED_ONLY.contains(&name))
    };
    command.get_arguments().filter(is_option)
}

/// The names of all such options of all commands.
fn names() -> Vec<String> {
    let root = Cli::command();
    let commands = COMMANDS
        .iter()
        .filter_map(|name| root.find_subcommand(name));
    let longs = commands.flat_map(options).filter_map(Arg::get_long);
    let mut names: Vec<String> = longs.map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

fn typed_options<'a>(command: &'a clap::Command, matches: &ArgMatches) -> Vec<&'a Arg> {
    let is_typed = |arg: &&Arg| {
        let id = arg.get_id().as_str();
        matches!(matches.try_contains_id(id), Ok(true))
            && matches.value_source(id) == Some(ValueSource::CommandLine)
    };
    command.get_arguments().filter(is_typed).collect()
}

/// Whether an option that is given leaves no place for another one.
fn excludes(command: &clap::Command, given: &Arg, other: &Arg) -> bool {
    let forbids = |a: &Arg, b: &Arg| {
        let all = command.get_arg_conflicts_with(a);
        all.iter().any(|arg| arg.get_id() == b.get_id())
    };
    let is_detail = |(name, details): &(&str, &[&str])| {
        given.get_long() == Some(name) && other.get_long().is_some_and(|o| details.contains(&o))
    };
    given.get_id() == other.get_id()
        || forbids(given, other)
        || forbids(other, given)
        || DETAILS.iter().any(is_detail)
}

/// What would be typed; `None` for a flag that is not set.
///
/// # Errors
/// If the value does not suit the option.
fn words_of(arg: &Arg, value: &Value) -> Result<Option<Vec<OsString>>, String> {
    let flag = format!("--{}", arg.get_long().unwrap_or_default());
    if !arg.get_action().takes_values() {
        let is_set = value.truth().ok_or("it is true or false")?;
        return Ok(is_set.then(|| vec![flag.into()]));
    }
    let word = |text: &OsStr| {
        let mut word = OsString::from(format!("{flag}="));
        word.push(text);
        word
    };
    let texts = value.texts();
    let joins = arg.get_value_delimiter().is_some();
    match (&texts[..], arg.get_action()) {
        ([one], _) => Ok(Some(vec![word(one)])),
        (_, ArgAction::Append) if joins => Ok(Some(vec![word(&texts.join(OsStr::new(",")))])),
        (_, ArgAction::Append) => Ok(Some(texts.iter().map(|t| word(t)).collect())),
        _ => Err("it has one value".into()),
    }
}

/// Says which options were not typed.
fn sentence(used: &[&Given]) -> Option<String> {
    let mut parts: Vec<(&Origin, Vec<&str>)> = Vec::new();
    for given in used {
        match parts
            .iter_mut()
            .find(|(origin, _)| **origin == given.origin)
        {
            Some((_, keys)) => keys.push(&given.key),
            None => parts.push((&given.origin, vec![&given.key])),
        }
    }
    let part = |(origin, keys): &(&Origin, Vec<&str>)| format!("{} from {origin}", keys.join(", "));
    let parts: Vec<String> = parts.iter().map(part).collect();
    (!parts.is_empty()).then(|| format!("options: {}", parts.join("; ")))
}
