//! One HTTP request off a connection, within bounds of size and time.
//!
//! Invariant: reading ends by its deadline however slowly the other side sends, and a body is read
//! only after the caller has seen who asks for what.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Longest request line and headers together.
const MOST_HEAD: usize = 16 << 10;
/// Most headers; browsers send about 20.
const MOST_HEADERS: usize = 64;
/// Largest body: the regions of a long video with a crowd in it.
pub(super) const MOST_BODY: u64 = 64 << 20;

/// A request without its body.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) method: String,
    /// As sent: path and query.
    pub(super) target: String,
    headers: Vec<(String, String)>,
}

/// Why no request was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// Nothing more is coming, or it took too long: say nothing.
    Gone,
    /// To be answered with this status, and the connection closed.
    Bad(u16, &'static str),
}

impl From<io::Error> for Unread {
    fn from(_: io::Error) -> Self {
        Self::Gone
    }
}

impl Head {
    /// A header that is there at most once; `Err` if it is there twice.
    pub(super) fn header(&self, name: &str) -> Result<Option<&str>, ()> {
        let mut found = self.headers.iter().filter(|(n, _)| n == name);
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(()),
            (one, None) => Ok(one.map(|(_, value)| value.as_str())),
        }
    }

    /// Bytes of the body.
    ///
    /// # Errors
    /// If it is too long, or its length is not said in the one way that is understood.
    pub(super) fn body_length(&self) -> Result<u64, Unread> {
        const UNCLEAR: Unread = Unread::Bad(400, "an unclear length");
        if self.header("transfer-encoding") != Ok(None) {
            return Err(Unread::Bad(501, "a body needs Content-Length"));
        }
        let length = match self.header("content-length").map_err(|()| UNCLEAR)? {
            None => return Ok(0),
            Some(text) if text.bytes().all(|b| b.is_ascii_digit()) => text.parse(),
            Some(_) => return Err(UNCLEAR),
        };
        match length {
            Ok(length @ ..=MOST_BODY) => Ok(length),
            _ => Err(Unread::Bad(413, "more than can be taken in one request")),
        }
    }

    /// Whether the other side wants to go on with this connection.
    pub(super) fn goes_on(&self) -> bool {
        !matches!(self.header("connection"), Ok(Some(v)) if v.eq_ignore_ascii_case("close"))
    }
}

/// A connection that is read against the clock.
pub(super) struct Reader<'a> {
    stream: &'a TcpStream,
    /// Bytes that came with the last request and belong to the next.
    rest: Vec<u8>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(stream: &'a TcpStream) -> Self {
        let rest = Vec::new();
        Self { stream, rest }
    }

    /// The next request.
    pub(super) fn head(&mut self, within: Duration) -> Result<Head, Unread> {
        let deadline = Instant::now() + within;
        loop {
            if let Some((head, length)) = parse(&self.rest)? {
                self.rest.drain(..length);
                return Ok(head);
            }
            if self.rest.len() >= MOST_HEAD {
                return Err(Unread::Bad(431, "the headers are too long"));
            }
            self.more(deadline, MOST_HEAD - self.rest.len())?;
        }
    }

    /// The body of a request.
    pub(super) fn body(&mut self, length: u64, within: Duration) -> Result<Vec<u8>, Unread> {
        let deadline = Instant::now() + within;
        let length = usize::try_from(length).map_err(|_| Unread::Gone)?;
        while self.rest.len() < length {
            self.more(deadline, length - self.rest.len())?;
        }
        let after = self.rest.split_off(length);
        Ok(std::mem::replace(&mut self.rest, after))
    }

    fn more(&mut self, deadline: Instant, most: usize) -> Result<(), Unread> {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Unread::Gone);
        }
        self.stream.set_read_timeout(Some(left))?;
        let mut buffer = [0; 16 << 10];
        let room = most.min(buffer.len());
        match (&mut &*self.stream).read(&mut buffer[..room]) {
            Ok(0) => Err(Unread::Gone),
            Ok(n) => {
                self.rest.extend_from_slice(&buffer[..n]);
                Ok(())
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => Ok(()),
            Err(e) => Err(e.into()),
        }
    }
}

/// A whole head and its length, or `None` while it is not whole.
fn parse(bytes: &[u8]) -> Result<Option<(Head, usize)>, Unread> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let length = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => {
            return Err(Unread::Bad(431, "too many headers"));
        }
        Err(_) => return Err(Unread::Bad(400, "no HTTP request")),
    };
    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
    let mut head = Head {
        method: text(request.method),
        target: text(request.path),
        headers: Vec::with_capacity(request.headers.len()),
    };
    for header in request.headers {
        let value = std::str::from_utf8(header.value);
        let value = value.map_err(|_| Unread::Bad(400, "a header that is no text"))?;
        head.headers
            .push((header.name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(Some((head, length)))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A head as a browser would send it.
    pub(in super::super) fn head(text: &str) -> Head {
        parse(text.replace('\n', "\r\n").as_bytes())
            .expect("understood")
            .expect("whole")
            .0
    }

    #[test]
    fn a_request_is_whole_or_waited_for_or_refused() {
        assert!(parse(b"GET / HT").expect("begun").is_none());
        let whole = b"GET /a?b HTTP/1.1\r\nHost: x\r\nCONNECTION: Close\r\n\r\nrest";
        let (head, length) = parse(whole).expect("understood").expect("whole");
        assert_eq!(
            (head.method.as_str(), head.target.as_str()),
            ("GET", "/a?b")
        );
        assert_eq!(head.header("host"), Ok(Some("x")));
        assert!(!head.goes_on());
        assert_eq!(&whole[length..], b"rest");
        assert!(parse(b"\x16\x03\x01 no HTTP\r\n\r\n").is_err());
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(65));
        assert_eq!(
            parse(many.as_bytes()).expect_err("refused"),
            Unread::Bad(431, "too many headers")
        );
    }

    #[test]
    fn a_body_has_one_length_and_that_is_bounded() {
        let length = |headers: &str| {
            let text = format!("POST /x HTTP/1.1\n{headers}\n\n");
            head(&text).body_length()
        };
        assert_eq!(length("Content-Length: 12"), Ok(12));
        assert_eq!(length("Host: x"), Ok(0));
        for bad in [
            "Content-Length: 12\nContent-Length: 12",
            "Content-Length: +12",
            "Content-Length: 99999999999",
            "Content-Length: 99999999999999999999999",
            "Content-Length: 3\nTransfer-Encoding: chunked",
            "Transfer-Encoding: identity",
        ] {
            assert!(matches!(length(bad), Err(Unread::Bad(..))), "{bad}");
        }
    }
}
