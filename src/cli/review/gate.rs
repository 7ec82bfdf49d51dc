//! Who may ask. Any web page that is open in the same browser, and any account on the same machine,
//! can send requests to a port of 127.0.0.1; only the page that was opened with this run's address
//! may see the pictures.
//!
//! Invariant: a request that passes names this address as its host, was sent by our own page or
//! typed by a person, and knows the token. Only our own page can change anything.

use super::request::Head;
use super::response::Response;
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempPath;

/// The gate of one run.
pub(super) struct Gate {
    /// `127.0.0.1:PORT`.
    host: String,
    origin: String,
    token: String,
    /// Leads to the page once: the browser is given a file with it.
    once: String,
    entry: Mutex<Entry>,
    /// How often the address was used after its one visit.
    repeated: AtomicUsize,
}

/// Whether the address for one visit is still good.
enum Entry {
    /// Not used yet. The file holds the address, if one was written.
    Open {
        #[expect(dead_code, reason = "it is held, and removed when it is dropped")]
        file: Option<TempPath>,
    },
    Used,
}

/// What a request that passed asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked<'a> {
    /// A path below the token, without it, and the query.
    Read(&'a str, &'a str),
    /// The same, with a body of JSON.
    Change(&'a str),
    /// The page, by the address that is good for one visit.
    Enter,
}

impl Gate {
    /// A gate with new tokens.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub(super) fn new(address: SocketAddr) -> Result<Self> {
        Ok(Self {
            host: address.to_string(),
            origin: format!("http://{address}"),
            token: token()?,
            once: token()?,
            entry: Mutex::new(Entry::Open { file: None }),
            repeated: AtomicUsize::new(0),
        })
    }

    /// The page's address, for as long as the run lasts.
    pub(super) fn address(&self) -> String {
        format!("{}/{}/", self.origin, self.token)
    }

    /// The address that is good for one visit.
    pub(super) fn address_once(&self) -> String {
        format!("{}/once/{}", self.origin, self.once)
    }

    /// Keeps the file with the address for one visit until that visit.
    pub(super) fn keep_until_visit(&self, file: TempPath) {
        if let Ok(mut entry) = self.entry.lock()
            && matches!(*entry, Entry::Open { .. })
        {
            *entry = Entry::Open { file: Some(file) };
        }
    }

    /// How often the address for one visit was used after that visit: somebody else has it.
    pub(super) fn repeated_visits(&self) -> usize {
        self.repeated.load(Ordering::Relaxed)
    }

    /// Where whoever came by [`Asked::Enter`] goes on.
    pub(super) fn home(&self) -> String {
        format!("/{}/", self.token)
    }

    /// Lets a request pass or says why not.
    ///
    /// # Errors
    /// The answer.
    pub(super) fn check<'a>(&self, head: &'a Head) -> std::result::Result<Asked<'a>, Response> {
        let refuse = |why: &str| Response::text(403, why);
        // A name that was pointed at 127.0.0.1 after the fact (DNS rebinding) stands here.
        if head.header("host") != Ok(Some(&self.host)) {
            return Err(refuse("another host was asked for"));
        }
        let origin = head.header("origin");
        let is_own = origin == Ok(Some(&self.origin));
        if !is_own && origin != Ok(None) {
            return Err(refuse("the request comes from another page"));
        }
        let (path, query) = head.target.split_once('?').unwrap_or((&head.target, ""));
        let site = head.header("sec-fetch-site");
        let is_visit = head.header("sec-fetch-mode") == Ok(Some("navigate"))
            && head.header("sec-fetch-dest") == Ok(Some("document"));
        if !matches!(site, Ok(None | Some("same-origin" | "none"))) && !is_visit {
            return Err(refuse("the request comes from another page"));
        }
        if head.method == "GET" && self.is_once(path) {
            if self.enter() {
                return Ok(Asked::Enter);
            }
            self.repeated.fetch_add(1, Ordering::Relaxed);
            return Err(refuse(
                "this address was used before, and it is good for one visit. If that was not you, \
                 somebody else sees the page: end faceveil in its terminal",
            ));
        }
        let below = path
            .strip_prefix('/')
            .and_then(|p| p.split_once('/'))
            .filter(|(token, _)| same(token, &self.token));
        let Some((_, below)) = below else {
            return Err(refuse(
                "the address is not the one that faceveil printed, or the run is over",
            ));
        };
        match head.method.as_str() {
            "GET" => Ok(Asked::Read(below, query)),
            "POST" if !is_own => Err(refuse("the request comes from no page")),
            // A form cannot send this type, and a foreign script not without asking first.
            "POST" if head.header("content-type") != Ok(Some("application/json")) => {
                Err(Response::text(415, "JSON is needed"))
            }
            "POST" => Ok(Asked::Change(below)),
            _ => Err(Response::text(405, "GET and POST are understood")),
        }
    }

    fn is_once(&self, path: &str) -> bool {
        path.strip_prefix("/once/")
            .is_some_and(|given| same(given, &self.once))
    }

    /// Whether this is the first visit; removes the file that led to it.
    fn enter(&self) -> bool {
        self.entry.lock().is_ok_and(|mut entry| {
            matches!(
                std::mem::replace(&mut *entry, Entry::Used),
                Entry::Open { .. }
            )
        })
    }
}

/// 128 random bits.
fn token() -> Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).context("asking the system for random numbers")?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

/// Compares in a time that does not tell where the first difference is.
fn same(a: &str, b: &str) -> bool {
    let differences = a
        .bytes()
        .zip(b.bytes())
        .fold(0, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::super::request::tests::head;
    use super::*;

    fn gate() -> Gate {
        Gate {
            host: "127.0.0.1:4000".into(),
            origin: "http://127.0.0.1:4000".into(),
            token: "abc".into(),
            once: "xyz".into(),
            entry: Mutex::new(Entry::Open { file: None }),
            repeated: AtomicUsize::new(0),
        }
    }

    fn status(request: &str) -> u16 {
        let head = head(request);
        match gate().check(&head) {
            Ok(_) => 200,
            Err(response) => response.status(),
        }
    }

    #[test]
    fn only_this_host_this_page_and_this_token_pass() {
        let host = "Host: 127.0.0.1:4000\n";
        for (line, headers, expected) in [
            ("GET /abc/", "Sec-Fetch-Site: none\n", 200),
            ("GET /abc/list?x=/../y", "", 200),
            ("GET /abc/list", "Sec-Fetch-Site: same-origin\n", 200),
            // A link in a web mail or a terminal in a browser.
            (
                "GET /abc/",
                "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: document\n",
                200,
            ),
            // Pictures, frames and scripts of another page, even one that knows the token.
            (
                "GET /abc/thumb/1",
                "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: no-cors\nSec-Fetch-Dest: image\n",
                403,
            ),
            ("GET /abc/", "Sec-Fetch-Site: same-site\n", 403),
            (
                "GET /abc/",
                "Sec-Fetch-Site: cross-site\nSec-Fetch-Mode: navigate\nSec-Fetch-Dest: iframe\n",
                403,
            ),
            ("GET /abc/list", "Origin: http://evil.example\n", 403),
            ("GET /abc/list", "Origin: null\n", 403),
            ("GET /abc/list", "Origin: http://localhost:4000\n", 403),
            ("GET /abd/list", "", 403),
            ("GET /ab/list", "", 403),
            ("GET //list", "", 403),
            ("GET /list", "", 403),
            ("GET /", "", 403),
            ("GET /../abc/list", "", 403),
            ("GET /%61bc/list", "", 403),
            ("GET http://127.0.0.1:4000/abc/list", "", 403),
            ("DELETE /abc/list", "", 405),
            ("OPTIONS /abc/save", "", 405),
            ("POST /abc/save", "Content-Type: application/json\n", 403),
            (
                "POST /abc/save",
                "Origin: http://127.0.0.1:4000\nContent-Type: application/json\n",
                200,
            ),
            // What a form can send.
            (
                "POST /abc/save",
                "Origin: http://127.0.0.1:4000\nContent-Type: text/plain\n",
                415,
            ),
            ("POST /abc/save", "Origin: http://127.0.0.1:4000\n", 415),
        ] {
            let request = format!("{line} HTTP/1.1\n{host}{headers}\n");
            assert_eq!(status(&request), expected, "{request}");
        }
        for host in [
            "",
            "Host: evil.example:4000\n",
            "Host: 127.0.0.1\n",
            "Host: 127.0.0.1:4001\n",
            "Host: 127.0.0.1:4000\nHost: evil.example\n",
        ] {
            assert_eq!(
                status(&format!("GET /abc/ HTTP/1.1\n{host}\n")),
                403,
                "{host}"
            );
        }
    }

    #[test]
    fn the_address_in_the_browsers_file_is_good_for_one_visit() {
        let gate = gate();
        let request = "GET /once/xyz HTTP/1.1\nHost: 127.0.0.1:4000\n\n";
        let wrong = "GET /once/xyy HTTP/1.1\nHost: 127.0.0.1:4000\n\n";
        assert!(gate.check(&head(wrong)).is_err());
        assert_eq!(gate.check(&head(request)).expect("lets in"), Asked::Enter);
        assert_eq!(gate.repeated_visits(), 0);
        assert!(gate.check(&head(request)).is_err());
        assert!(gate.check(&head(wrong)).is_err());
        assert_eq!(gate.repeated_visits(), 1);
    }

    #[test]
    fn tokens_differ() {
        let (a, b) = (token().expect("random"), token().expect("random"));
        assert!(a != b && a.len() == 32);
    }
}
