//! The bearer token that clients must send, if one is asked for.
//!
//! Invariant: how long a comparison takes says nothing about the token.

use crate::cli::files::read;
use crate::cli::ui::show;
use anyhow::{Context, Result, bail, ensure};
use axum::http::{HeaderMap, header};
use std::path::Path;
use subtle::ConstantTimeEq;

/// The environment variable that holds one.
const VARIABLE: &str = "FACEVEIL_TOKEN";
/// A shorter one can be guessed.
const LEAST: usize = 16;
const MOST_BYTES: u64 = 4096;

/// A secret.
pub(super) struct Token(Vec<u8>);

impl Token {
    /// From the file that is given, or from the environment.
    ///
    /// # Errors
    /// If both are given, or what is given is no token.
    pub(super) fn choose(file: Option<&Path>) -> Result<Option<Self>> {
        let (text, from) = match (file, std::env::var_os(VARIABLE)) {
            (Some(_), Some(_)) => bail!("--token-file and {VARIABLE} are both given; give one"),
            (Some(path), None) => {
                let from = format!("--token-file {}", show::path(path));
                let bytes = read::file(path, MOST_BYTES);
                (bytes.with_context(|| format!("reading {from}"))?, from)
            }
            (None, Some(value)) => (value.into_encoded_bytes(), VARIABLE.to_owned()),
            (None, None) => return Ok(None),
        };
        let token = text.trim_ascii();
        ensure!(
            token.iter().all(u8::is_ascii_graphic),
            "the token of {from} has characters that no HTTP header takes"
        );
        ensure!(
            token.len() >= LEAST,
            "the token of {from} has {} characters; fewer than {LEAST} can be guessed",
            token.len()
        );
        Ok(Some(Self(token.to_vec())))
    }

    /// Whether a request has it.
    pub(super) fn is_in(&self, headers: &HeaderMap) -> bool {
        let value = headers.get(header::AUTHORIZATION).map(|v| v.as_bytes());
        let Some((scheme, sent)) = value.and_then(|v| v.split_at_checked("Bearer ".len())) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(b"Bearer ") && bool::from(self.0.ct_eq(sent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        let token = Token(b"0123456789abcdef".to_vec());
        let sent = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::AUTHORIZATION, value.parse().expect("a value"));
            token.is_in(&headers)
        };
        assert!(sent("Bearer 0123456789abcdef") && sent("bearer 0123456789abcdef"));
        for wrong in [
            "Bearer 0123456789abcde",
            "Bearer 0123456789abcdef0",
            "Bearer 0123456789abcdeF",
            "Basic 0123456789abcdef",
            "0123456789abcdef",
            "Bearer ",
            "",
        ] {
            assert!(!sent(wrong), "{wrong}");
        }
        assert!(!token.is_in(&HeaderMap::new()));
    }
}
