//! Requests as they stand on the wire, so that a test can send what no browser would.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::sandbox::Sandbox;

/// A running `faceveil review`.
pub(super) struct Serving {
    pub(super) child: Child,
    /// As it was printed: `http://127.0.0.1:PORT/TOKEN/`.
    pub(super) address: String,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Serving {
    /// Starts it in a sandbox and waits for the address.
    #[track_caller]
    pub(super) fn start(dir: &Sandbox, args: &[&str]) -> Self {
        let mut all = vec!["review", "--no-browser"];
        all.extend(args);
        Self::wait(dir.command(&all))
    }

    /// Starts this and waits for the address.
    #[track_caller]
    pub(super) fn wait(command: Command) -> Self {
        Self::wait_saying(command, Stdio::null())
    }

    /// The same, with what it says in `errors`.
    #[track_caller]
    pub(super) fn wait_saying(mut command: Command, errors: Stdio) -> Self {
        let mut child = command.stderr(errors).spawn().unwrap();
        let mut address = String::new();
        let out = child.stdout.as_mut().unwrap();
        BufReader::new(out).read_line(&mut address).unwrap();
        let address = address.trim().to_owned();
        assert!(address.starts_with("http://127.0.0.1:"), "{address:?}");
        Self { child, address }
    }

    /// `127.0.0.1:PORT`.
    pub(super) fn host(&self) -> &str {
        self.address
            .trim_start_matches("http://")
            .split('/')
            .next()
            .unwrap()
    }

    /// `/TOKEN/`.
    pub(super) fn home(&self) -> String {
        format!("/{}/", self.address.split('/').nth(3).unwrap())
    }

    /// Sends bytes and reads until the other side closes.
    pub(super) fn send(&self, request: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        // The other side may refuse in mid-request.
        let _ = stream.write_all(request);
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let end = all.windows(4).position(|w| w == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {}", String::from_utf8_lossy(&all)));
        let head = String::from_utf8(all[..end].to_vec()).unwrap();
        Answer {
            status: head[9..12].parse().unwrap(),
            body: all[end + 4..].to_vec(),
            head,
        }
    }

    /// GET of a path below the token.
    pub(super) fn get(&self, path: &str) -> Answer {
        self.request("GET", &(self.home() + path), "", b"")
    }

    /// What the page would send to save.
    pub(super) fn save(&self, body: &str) -> Answer {
        self.post("save", body)
    }

    /// What the page would send.
    pub(super) fn post(&self, path: &str, body: &str) -> Answer {
        let headers = format!(
            "Origin: http://{}\r\nContent-Type: application/json\r\n",
            self.host()
        );
        self.request("POST", &(self.home() + path), &headers, body.as_bytes())
    }

    /// A request with its host, these headers, and a body.
    pub(super) fn request(&self, method: &str, target: &str, headers: &str, body: &[u8]) -> Answer {
        let mut request = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}",
            self.host()
        );
        if !body.is_empty() {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        request += "\r\n";
        let mut bytes = request.into_bytes();
        bytes.extend(body);
        self.send(&bytes)
    }
}

impl Answer {
    pub(super) fn json(&self) -> serde_json::Value {
        assert_eq!(self.status, 200, "{}", self.text());
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
