//! Options by name, as text.

use crate::border::{Error, Failure, Status, bytes, call, exclusive, free, text};
use library::detect::{ModelFile, ModelSource};
use library::redact::Sticker;
use library::settings::Settings;
use library::{Limits, Photo, ReadOptions};
use std::ffi::c_char;

/// What is to be done, by names and values. Used by one thread at a time.
#[derive(Default)]
pub struct Options {
    pub(crate) settings: Settings,
    models: Vec<ModelFile>,
}

impl Options {
    /// The settings, with the models that were given from memory.
    pub(crate) fn settings(&self) -> Settings {
        let mut settings = self.settings.clone();
        if !self.models.is_empty() {
            settings.set_models(ModelSource::Files(self.models.clone()));
        }
        settings
    }
}

/// Options with the defaults of the `faceveil` command. NULL only without memory. Freed with
/// faceveil_options_free.
#[unsafe(no_mangle)]
pub extern "C" fn faceveil_options_new() -> *mut Options {
    Box::into_raw(Box::default())
}

/// Frees options; what was made from them stays. NULL is ignored.
///
/// # Safety
/// `options` is NULL, or is from faceveil_options_new and was not freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_options_free(options: *mut Options) {
    // SAFETY: the caller's promise.
    unsafe { free(options) }
}

/// Sets an option, by the name and the value that the command takes: "preset" "thorough", "style"
/// "solid", "max-pixels" "50M". "region" and "ignore" may be set several times. docs/c.md lists them.
///
/// # Safety
/// `options` is from faceveil_options_new; `name` and `value` end with a zero byte.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_options_set(
    options: *mut Options,
    name: *const c_char,
    value: *const c_char,
    error: *mut Error,
) -> Status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        call(error, || {
            let options = exclusive(options, "options")?;
            let (name, value) = (text(name, "the name")?, text(value, "the value")?);
            Ok(options.settings.set(name, value)?)
        })
    }
}

/// Sets the picture of the style "image": a photo file of `size` bytes, of any format that is read,
/// at most 4096 pixels a side. Its opacity is used.
///
/// # Safety
/// `options` is from faceveil_options_new; `data` points to `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_options_set_image(
    options: *mut Options,
    data: *const u8,
    size: usize,
    error: *mut Error,
) -> Status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        call(error, || {
            let options = exclusive(options, "options")?;
            let side = u64::from(Sticker::MAX_SIDE);
            let limits = ReadOptions::new().limits(Limits::max_pixels(side * side));
            let (size, rgba) = Photo::read(bytes(data, size)?, &limits)?.to_rgba();
            options.settings.set_sticker(Sticker::new(size, &rgba)?);
            Ok(())
        })
    }
}

/// Gives a network as an ONNX file in memory, which is copied. `name` is that of the bundled one it
/// stands for: "centerface.onnx". Once one is given, the bundled ones are not used.
///
/// # Safety
/// `options` is from faceveil_options_new; `name` ends with a zero byte; `data` points to `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn faceveil_options_add_model(
    options: *mut Options,
    name: *const c_char,
    data: *const u8,
    size: usize,
    error: *mut Error,
) -> Status {
    // SAFETY: the caller's promises, passed on.
    unsafe {
        call(error, || {
            let options = exclusive(options, "options")?;
            let (name, bytes) = (text(name, "the name")?, bytes(data, size)?);
            if name.is_empty() || bytes.is_empty() {
                return Err(Failure::argument("a model without a name or without bytes"));
            }
            options.models.retain(|model| model.name != name);
            options.models.push(ModelFile {
                name: name.to_owned(),
                bytes: bytes.into(),
            });
            Ok(())
        })
    }
}
