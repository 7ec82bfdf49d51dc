//! Questions to ffprobe, and what is read from its answers.

use super::super::failure::{failed, malformed};
use super::super::timeline::TimeBase;
use crate::error::Result;
use serde_json::Value;
use std::ffi::OsString;
use std::process::{Command, Stdio};

/// What ffprobe gets as standard input, and the file that it is asked about.
pub(super) type Input = (Stdio, OsString);

pub(super) fn ask(input: Input, what: &[&str]) -> Result<Value> {
    let mut arguments = what.to_vec();
    arguments.extend(["-of", "json"]);
    let out = run(input, &arguments)?;
    serde_json::from_str(&out).map_err(|e| failed("reading what ffprobe says").because(e))
}

pub(super) fn run((stdin, file): Input, what: &[&str]) -> Result<String> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-protocol_whitelist", "file,pipe"])
        .args(what)
        .arg(file)
        .stdin(stdin)
        .output()
        .map_err(|e| failed("starting ffprobe").because(e))?;
    if !output.status.success() {
        return Err(malformed(
            "ffprobe cannot read it; it is damaged or no video",
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

pub(super) fn time_base(stream: &Value) -> Option<TimeBase> {
    let (num, den) = text(stream, "time_base")?.split_once('/')?;
    TimeBase::new(num.parse().ok()?, den.parse().ok()?)
}

pub(super) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value[key].as_str()
}

/// A text that is a decimal number.
pub(super) fn number_text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    text(value, key).filter(|t| t.parse::<f64>().is_ok_and(f64::is_finite))
}

pub(super) fn is_name(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

pub(super) fn ratio(text: &str) -> Option<f64> {
    let (a, b) = text.split_once(['/', ':'])?;
    let (a, b): (f64, f64) = (a.parse().ok()?, b.parse().ok()?);
    (b != 0.0).then(|| a / b)
}
