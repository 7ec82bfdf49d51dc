//! A second backend for what the first one cannot write: encoders and containers differ in what
//! they hold.

use crate::error::{ErrorKind, Result};
use crate::video::{self, Backend};

/// Runs with a backend, and if it was free to choose and ffmpeg cannot do it, with the built-in
/// one. Gives what a person should know about it, too.
///
/// # Errors
/// The first one, if the built-in backend cannot do it either.
pub(in crate::anonymize) fn with_fallback<T>(
    backend: Backend,
    run: &mut dyn FnMut(Backend) -> Result<T>,
) -> Result<(T, Option<String>)> {
    let first = match run(backend) {
        Ok(done) => return Ok((done, None)),
        Err(e) => e,
    };
    let could_choose = backend == Backend::Auto && first.kind() == ErrorKind::Unsupported;
    if !could_choose || video::ffmpeg().is_err() {
        return Err(first);
    }
    match run(Backend::Embedded) {
        Ok(done) => {
            let what = format!("the built-in backend wrote it, since ffmpeg could not: {first}");
            Ok((done, Some(what)))
        }
        Err(second) if second.kind() == ErrorKind::Interrupted => Err(second),
        Err(_) => Err(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn only_what_ffmpeg_cannot_do_is_tried_otherwise() {
        let mut tried = Vec::new();
        let mut attempt = |backend, kind: ErrorKind| {
            tried.clear();
            let done = with_fallback(backend, &mut |with| {
                tried.push(with);
                match with {
                    Backend::Embedded => Ok(7),
                    _ => Err(Error::new(kind, "no encoder")),
                }
            });
            (done.map_err(|e| e.kind()), tried.len())
        };
        let damaged = attempt(Backend::Auto, ErrorKind::Malformed);
        assert_eq!(damaged, (Err(ErrorKind::Malformed), 1));
        let asked_for = attempt(Backend::Ffmpeg, ErrorKind::Unsupported);
        assert_eq!(asked_for, (Err(ErrorKind::Unsupported), 1));
        let (done, tried) = attempt(Backend::Auto, ErrorKind::Unsupported);
        if video::ffmpeg().is_ok() {
            let (done, said) = done.expect("done");
            assert_eq!((done, tried), (7, 2));
            assert!(said.is_some_and(|s| s.contains("no encoder")));
        }
    }
}
