//! Keyword arguments as settings of the library: each value becomes the text that the command
//! takes, so that there is one parser and one set of messages.

use crate::buffer::Pixels;
use crate::errors::{detached, invalid, raised};
use faceveil::redact::Sticker;
use faceveil::settings::Settings;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString};

/// Settings that are given once for each box, and what they are called here.
const LISTS: [(&str, &str); 2] = [("regions", "region"), ("ignore", "ignore")];

/// A setting whose name is a word of Python, and what it is called here.
const FROM: (&str, &str) = ("from_", "from");

/// The names of all keyword arguments with a few words on their values.
pub(crate) fn all() -> Vec<(String, String)> {
    let mut all: Vec<_> = Settings::ALL
        .iter()
        .map(|s| {
            let listed = LISTS.iter().find(|(_, setting)| *setting == s.name);
            match listed {
                Some((name, _)) => (
                    (*name).to_owned(),
                    "boxes (x, y, width, height) in pixels".to_owned(),
                ),
                None if s.name == FROM.1 => (FROM.0.to_owned(), s.value.to_owned()),
                None => (s.name.replace('-', "_"), s.value.to_owned()),
            }
        })
        .collect();
    let sticker = "RGBA pixels that the style image shows";
    all.push(("sticker".into(), sticker.into()));
    all
}

/// Reads keyword arguments; `None` leaves a default.
///
/// # Errors
/// `TypeError` for a name that is none, as Python raises it; `InvalidArgumentError` for values.
pub(crate) fn settings(options: Option<&Bound<'_, PyDict>>) -> PyResult<Settings> {
    let mut settings = Settings::default();
    let Some(options) = options else {
        return Ok(settings);
    };
    let py = options.py();
    for (name, value) in options {
        let name: String = name.extract()?;
        if !all().iter().any(|(known, _)| *known == name) {
            let message = format!("Anonymizer() got an unexpected keyword argument '{name}'");
            return Err(PyTypeError::new_err(message));
        }
        if value.is_none() {
            continue;
        }
        if name == "sticker" {
            let pixels = Pixels::copied(&value, "rgba")?;
            let made = detached(py, || Sticker::new(pixels.size(), pixels.data()))?;
            settings.set_sticker(made);
            continue;
        }
        let mut set = |name: &str, text: &str| settings.set(name, text).map_err(|e| raised(py, &e));
        match LISTS.iter().find(|(known, _)| *known == name) {
            Some((_, setting)) => {
                for area in boxes(&value)? {
                    set(setting, &area.map(|v| v.to_string()).join(","))?;
                }
            }
            None if name == FROM.0 => set(FROM.1, &text(&name, &value)?)?,
            None => set(&name, &text(&name, &value)?)?,
        }
    }
    Ok(settings)
}

/// A list of boxes: x, y, width, height.
pub(crate) fn boxes(value: &Bound<'_, PyAny>) -> PyResult<Vec<[f32; 4]>> {
    let read = |item: PyResult<Bound<'_, PyAny>>| {
        let (x, y, width, height) = item?.extract()?;
        Ok([x, y, width, height])
    };
    let all: PyResult<Vec<_>> = value.try_iter().and_then(|items| items.map(read).collect());
    all.map_err(|_| {
        let message = "boxes are given as [(x, y, width, height), ...] in pixels";
        invalid(value.py(), message)
    })
}

fn text(name: &str, value: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(text.to_string());
    }
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(truth.is_true().to_string());
    }
    if value.is_instance_of::<PyInt>() || value.is_instance_of::<PyFloat>() {
        return Ok(value.str()?.to_string());
    }
    if let Ok(path) = value.call_method0("__fspath__") {
        return path.extract();
    }
    if name == "color"
        && let Ok((red, green, blue)) = value.extract::<(u8, u8, u8)>()
    {
        return Ok(format!("{red:02x}{green:02x}{blue:02x}"));
    }
    if matches!(name, "keep" | "model_classes" | "model_names")
        && let Ok(names) = value.extract::<Vec<String>>()
    {
        return Ok(names.join(","));
    }
    let message = format!("{name} cannot be {}", value.repr()?);
    Err(PyTypeError::new_err(message))
}
