//! What goes back, always with the headers that keep a browser from storing, sharing or framing it.
//!
//! Invariant: every answer carries [`SHIELD`], and writing it ends by its deadline.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Nothing may be loaded from elsewhere, nothing framed, nothing kept on disk, no referrer sent.
const SHIELD: &str = "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; \
img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
Cache-Control: no-store\r\n\
Cross-Origin-Opener-Policy: same-origin\r\n\
Cross-Origin-Resource-Policy: same-origin\r\n\
Permissions-Policy: camera=(), microphone=(), geolocation=()\r\n\
Referrer-Policy: no-referrer\r\n\
X-Content-Type-Options: nosniff\r\n\
X-Frame-Options: DENY\r\n";

/// How long an answer may take to be taken.
const WITHIN: Duration = Duration::from_secs(30);
/// Bytes handed to the system at a time, between looks at the clock.
const PART: usize = 64 << 10;

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct Response {
    status: u16,
    content_type: &'static str,
    location: Option<String>,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    Static(&'static [u8]),
    Owned(Vec<u8>),
    Shared(Arc<Vec<u8>>),
}

impl Response {
    fn new(status: u16, content_type: &'static str, body: Body) -> Self {
        Self {
            status,
            content_type,
            location: None,
            body,
        }
    }

    /// A part of the page.
    pub(super) fn part(content_type: &'static str, body: &'static str) -> Self {
        Self::new(200, content_type, Body::Static(body.as_bytes()))
    }

    /// A sentence, for people and for the page.
    pub(super) fn text(status: u16, sentence: impl Into<String>) -> Self {
        let body = Body::Owned(sentence.into().into_bytes());
        Self::new(status, "text/plain; charset=utf-8", body)
    }

    /// JSON.
    pub(super) fn json(value: &impl serde::Serialize) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => Self::new(200, "application/json", Body::Owned(body)),
            Err(e) => Self::text(500, format!("writing JSON: {e}")),
        }
    }

    /// A picture.
    pub(super) fn jpeg(body: Arc<Vec<u8>>) -> Self {
        Self::new(200, "image/jpeg", Body::Shared(body))
    }

    /// Go and look there.
    pub(super) fn see_other(location: String) -> Self {
        Self {
            location: Some(location),
            ..Self::text(303, "")
        }
    }

    /// Its status.
    #[cfg(test)]
    pub(super) const fn status(&self) -> u16 {
        self.status
    }

    /// Sends it.
    ///
    /// # Errors
    /// If the other side went away or is too slow.
    pub(super) fn send(&self, to: &TcpStream, goes_on: bool) -> io::Result<()> {
        let body = match &self.body {
            Body::Static(bytes) => bytes,
            Body::Owned(bytes) => bytes.as_slice(),
            Body::Shared(bytes) => bytes.as_slice(),
        };
        let mut head = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: \
             {}\r\n{SHIELD}",
            self.status,
            reason(self.status),
            self.content_type,
            body.len(),
            if goes_on { "keep-alive" } else { "close" },
        );
        if let Some(location) = &self.location {
            head += &format!("Location: {location}\r\n");
        }
        if self.status == 405 {
            head += "Allow: GET, POST\r\n";
        }
        head += "\r\n";
        let deadline = Instant::now() + WITHIN;
        for part in [head.as_bytes(), body] {
            send_by(to, part, deadline)?;
        }
        Ok(())
    }
}

fn send_by(mut to: &TcpStream, mut bytes: &[u8], deadline: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        to.set_write_timeout(Some(left))?;
        match to.write(&bytes[..bytes.len().min(PART)]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => bytes = &bytes[n..],
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

const fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        303 => "See Other",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}
