//! The service: photos in, covered photos out, and nothing that one client does harms another.
#![cfg(unix)]

use crate::sandbox::{ASTRONAUT, COFFEE, Ran, Sandbox, sample};
use crate::shard::small_picture;
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

struct Service {
    child: Child,
    address: String,
    stderr: BufReader<std::process::ChildStderr>,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Service {
    fn start(dir: &Sandbox, more: &[&str], token: Option<&str>) -> Self {
        let args = ["serve", "--bind", "127.0.0.1:0"];
        let jobs = if more.contains(&"-j") {
            &[][..]
        } else {
            &["-j", "2"]
        };
        let mut command = dir.command(&[&args[..], jobs, more].concat());
        command
            .env("TMPDIR", dir.path("tmp"))
            .env_remove("FACEVEIL_TOKEN");
        fs::create_dir_all(dir.path("tmp")).unwrap();
        if let Some(token) = token {
            command.env("FACEVEIL_TOKEN", token);
        }
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let (_, address) = line
            .split_once("http://")
            .unwrap_or_else(|| panic!("{line}"));
        let address = address.split(' ').next().unwrap().to_owned();
        Self {
            child,
            address,
            stderr,
        }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        let mut stream = self.connect();
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \
             {length}\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        // A service that refuses does not read on.
        let _ = stream.write_all(body);
        answer(stream)
    }

    fn post(&self, path: &str, body: &[u8]) -> Answer {
        self.send("POST", path, "", body)
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([name, &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    fn ended(mut self) -> Ran {
        let mut stderr = String::new();
        self.stderr.read_to_string(&mut stderr).unwrap();
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        Ran {
            code,
            stdout: Vec::new(),
            stderr,
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(mut stream: TcpStream) -> Answer {
    let mut all = Vec::new();
    let _ = stream.read_to_end(&mut all);
    let split = all
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .unwrap_or_else(|| {
            panic!("no head in {:?}", String::from_utf8_lossy(&all));
        });
    let head = String::from_utf8(all[..split].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head,
        body: all[split + 4..].to_vec(),
    }
}

fn photo(name: &str) -> Vec<u8> {
    fs::read(sample(name)).unwrap()
}

#[test]
fn a_photo_comes_back_as_blur_would_write_it_and_nothing_of_it_stays() {
    let dir = Sandbox::new();
    dir.sample(ASTRONAUT, "a.jpg");
    dir.run(&["blur", "a.jpg", "-o", "b.jpg", "--report", "r.jsonl"])
        .exits(0);
    let before = dir.tree();
    let service = Service::start(&dir, &[], None);
    let astronaut = photo(ASTRONAUT);
    let done = service.post("/v1/photo", &astronaut);
    assert_eq!(
        (done.status, done.header("content-type")),
        (200, Some("image/jpeg"))
    );
    assert!(done.body == dir.read("b.jpg"), "the bytes that blur writes");
    assert_eq!(done.header("faceveil-faces"), Some("1"));
    assert_eq!(done.header("cache-control"), Some("no-store"));
    let report: Value = serde_json::from_str(done.header("faceveil-report").unwrap()).unwrap();
    crate::schema::assert_valid(&report);
    assert_eq!(report["outcome"], "redacted");
    // As a form, with the report in a part of its own.
    let mut form = b"--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"secret name.jpg\"\r\n\r\n".to_vec();
    form.extend(&astronaut);
    form.extend(b"\r\n--x--\r\n");
    let headers = "Content-Type: multipart/form-data; boundary=x\r\nAccept: multipart/mixed\r\n";
    let mixed = service.send("POST", "/v1/photo", headers, &form);
    assert_eq!(mixed.status, 200);
    let kind = mixed.header("content-type").unwrap();
    let boundary = kind.strip_prefix("multipart/mixed; boundary=").unwrap();
    assert!(
        mixed
            .body
            .starts_with(format!("--{boundary}\r\nContent-Type: application/json").as_bytes())
    );
    assert!(mixed.body.windows(done.body.len()).any(|w| w == done.body));
    let found = service.post("/v1/detect", &photo(COFFEE));
    assert_eq!(
        (found.status, &found.json()["outcome"]),
        (200, &"no-faces".into())
    );
    crate::schema::assert_valid(&found.json());
    let png = service.post("/v1/photo", &small_picture(1));
    assert_eq!(
        (png.status, png.header("content-type")),
        (200, Some("image/png"))
    );
    service.signal("-TERM");
    let ran = service.ended().exits(0);
    assert_eq!(ran.stderr, "", "nothing is logged");
    let after: Vec<String> = dir
        .tree()
        .into_iter()
        .filter(|n| !before.contains(n))
        .collect();
    assert!(
        after.iter().all(|name| name.trim_end_matches('/') == "tmp"),
        "{after:?}"
    );
}

#[test]
fn what_is_wrong_with_a_request_is_said_and_harms_no_other() {
    let dir = Sandbox::new();
    let service = Service::start(&dir, &["--max-bytes", "1M", "--max-pixels", "1M"], None);
    let mut broken = photo(ASTRONAUT);
    broken.truncate(20_000);
    let too_long = vec![0xFF; 3 << 20];
    for (path, headers, body, status) in [
        ("/v1/photo", "", &b""[..], 400),
        ("/v1/photo", "", b"hello", 415),
        ("/v1/photo", "", b"%PDF-1.7 hello", 415),
        (
            "/v1/photo",
            "Content-Type: text/plain\r\n",
            b"\xFF\xD8\xFF",
            415,
        ),
        ("/v1/photo", "", &broken, 422),
        ("/v1/detect", "", b"\x89PNG\r\n\x1a\n", 422),
        ("/v1/photo", "", &too_long, 413),
        (
            "/v1/photo",
            "Content-Type: multipart/form-data\r\n",
            b"x",
            400,
        ),
        (
            "/v1/photo",
            "Content-Type: multipart/form-data; boundary=x\r\n",
            b"--x--\r\n",
            400,
        ),
        ("/v2/photo", "", b"", 404),
        ("/healthz", "", b"", 405),
    ] {
        let answer = service.send("POST", path, headers, body);
        assert_eq!(answer.status, status, "{path} {headers}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.json()["status"], status);
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
    }
    // Too many pixels, in few bytes.
    let mut wide = Vec::new();
    let mut encoder = png::Encoder::new(&mut wide, 2000, 1000);
    encoder.set_color(png::ColorType::Grayscale);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&vec![0; 2_000_000])
        .unwrap();
    assert_eq!(service.post("/v1/photo", &wide).status, 422);
    // More than was said, in pieces.
    let mut stream = service.connect();
    stream
        .write_all(b"POST /v1/photo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    for _ in 0..3 {
        let _ = stream.write_all(format!("{:x}\r\n", 1 << 20).as_bytes());
        let _ = stream.write_all(&vec![1; 1 << 20]);
        let _ = stream.write_all(b"\r\n");
    }
    let _ = stream.write_all(b"0\r\n\r\n");
    assert_eq!(answer(stream).status, 413);
    // Whoever goes away in the middle leaves nothing.
    let mut gone = service.connect();
    gone.write_all(b"POST /v1/photo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        .unwrap();
    drop(gone);
    assert_eq!(
        service.send("GET", "/healthz", "", b"").json()["status"],
        "ok"
    );
    assert_eq!(service.post("/v1/photo", &small_picture(1)).status, 200);
    let text = service.send("GET", "/metrics", "", b"").body;
    let text = String::from_utf8(text).unwrap();
    for line in [
        "faceveil_requests_total{path=\"/v1/photo\",code=\"200\"} 1",
        "faceveil_requests_total{path=\"other\",code=\"404\"} 1",
        "faceveil_photo_seconds_count 1",
        "faceveil_crashes_total 0",
        "faceveil_slots_used 0",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    let document = service.send("GET", "/openapi.json", "", b"").json();
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_token_is_asked_for_where_there_is_one() {
    let dir = Sandbox::new();
    let service = Service::start(&dir, &[], Some("0123456789abcdef0123"));
    let picture = small_picture(1);
    let with = |value: &str| {
        let headers = format!("Authorization: {value}\r\n");
        service.send("POST", "/v1/photo", &headers, &picture).status
    };
    assert_eq!(with("Bearer 0123456789abcdef0123"), 200);
    assert_eq!(with("Bearer 0123456789abcdef0124"), 401);
    let refused = service.post("/v1/photo", &picture);
    assert_eq!(
        (refused.status, refused.header("www-authenticate")),
        (401, Some("Bearer"))
    );
    assert_eq!(service.send("GET", "/metrics", "", b"").status, 401);
    assert_eq!(service.send("GET", "/healthz", "", b"").status, 200);
    drop(service);
    dir.file("short", b"abc")
        .file("odd", b"0123456789 abcdef0123\n");
    for (args, why) in [
        (&["serve", "--token-file", "short"][..], "can be guessed"),
        (&["serve", "--token-file", "odd"], "no HTTP header takes"),
        (&["serve", "--token-file", "gone"], "gone"),
        (&["serve", "--bind", "nowhere"], "such as 127.0.0.1:8080"),
        (
            &["serve", "--bind", "192.0.2.1:80"],
            "listening on 192.0.2.1:80",
        ),
        (&["serve", "--color", "000000"], "--color would not be used"),
        (&["serve", "--max-seconds", "0"], "invalid value"),
        (&["serve", "photo.jpg"], "unexpected argument"),
    ] {
        dir.run(args).exits(2).says(why);
    }
}

#[test]
fn whoever_comes_when_all_places_are_taken_is_asked_to_come_back() {
    let dir = Sandbox::new();
    let service = Service::start(&dir, &["-j", "1", "--queue", "1"], None);
    // They hold their places as long as their photos are on the way.
    let mut slow: Vec<TcpStream> = (0..2).map(|_| service.connect()).collect();
    for stream in &mut slow {
        stream
            .write_all(b"POST /v1/photo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
            .unwrap();
    }
    let start = Instant::now();
    let refused = loop {
        let answer = service.post("/v1/photo", &small_picture(1));
        if answer.status != 200 || start.elapsed() > Duration::from_secs(20) {
            break answer;
        }
    };
    assert_eq!(refused.status, 503);
    assert!(
        refused
            .header("retry-after")
            .unwrap()
            .parse::<u64>()
            .unwrap()
            >= 1
    );
    assert_eq!(service.send("GET", "/healthz", "", b"").status, 200);
    drop(slow);
    let start = Instant::now();
    while service.post("/v1/photo", &small_picture(1)).status != 200 {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "the places are free again"
        );
    }
}

/// Many clients send all of a request before they read a byte of its answer.
#[test]
fn a_refusal_reaches_a_client_that_sends_its_whole_photo_first() {
    let dir = Sandbox::new();
    let more = ["-j", "1", "--queue", "1", "--max-bytes", "16M"];
    let token = "0123456789abcdef0123";
    let service = Service::start(&dir, &more, Some(token));
    let head = |headers: &str, length: usize| {
        format!("POST /v1/photo HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n")
    };
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let refused = |headers: &str, length: usize| {
        let mut stream = service.connect();
        let headers = format!("Connection: close\r\n{headers}");
        stream.write_all(head(&headers, length).as_bytes()).unwrap();
        stream.write_all(&vec![0; length]).unwrap();
        answer(stream).status
    };
    assert_eq!(refused("", 12 << 20), 401);
    assert_eq!(refused(&bearer, 40 << 20), 413);
    let text = format!("{bearer}Content-Type: text/plain\r\n");
    assert_eq!(refused(&text, 12 << 20), 415);
    let taken: Vec<TcpStream> = (0..2).map(|_| service.connect()).collect();
    for mut stream in &taken {
        stream.write_all(head(&bearer, 9).as_bytes()).unwrap();
    }
    let start = Instant::now();
    while refused(&bearer, 12 << 20) != 503 {
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn a_signal_lets_answers_be_sent_and_ends_within_ten_seconds() {
    let dir = Sandbox::new();
    let service = Service::start(&dir, &[], None);
    let body = photo(ASTRONAUT);
    let mut stream = service.connect();
    let head = format!(
        "POST /v1/photo HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&body[..1000]).unwrap();
    let idle = service.connect();
    std::thread::sleep(Duration::from_millis(300));
    service.signal("-TERM");
    std::thread::sleep(Duration::from_millis(300));
    stream.write_all(&body[1000..]).unwrap();
    assert_eq!(answer(stream).status, 200);
    drop(idle);
    service.ended().exits(0);
    // One that never sends its photo is cut off.
    let service = Service::start(&dir, &[], None);
    let mut stream = service.connect();
    stream
        .write_all(b"POST /v1/photo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        .unwrap();
    std::thread::sleep(Duration::from_millis(300));
    service.signal("-TERM");
    let start = Instant::now();
    service.ended().exits(1);
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn whoever_still_waits_when_the_service_ends_is_asked_to_come_back() {
    let dir = Sandbox::new();
    let service = Service::start(&dir, &["-j", "1", "--preset", "thorough"], None);
    let body = photo(ASTRONAUT);
    let head = format!(
        "POST /v1/photo HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    // More than can be done in the time that is left.
    let all: Vec<TcpStream> = (0..60)
        .map(|_| {
            let mut stream = service.connect();
            stream.write_all(head.as_bytes()).unwrap();
            stream.write_all(&body).unwrap();
            stream
        })
        .collect();
    std::thread::sleep(Duration::from_millis(500));
    service.signal("-TERM");
    let start = Instant::now();
    let reading = std::thread::spawn(move || all.into_iter().map(answer).collect::<Vec<_>>());
    service.ended().exits(0);
    assert!(start.elapsed() < Duration::from_secs(10));
    let answers = reading.join().unwrap();
    assert!(answers.iter().all(|a| a.status == 200 || a.status == 503));
    for one in answers.iter().filter(|a| a.status == 503) {
        assert_eq!(one.header("retry-after"), Some("1"));
    }
    assert!(answers.iter().any(|a| a.status == 200));
}

#[cfg(target_os = "linux")]
#[test]
fn a_worker_that_ends_is_one_failed_request() {
    let dir = Sandbox::new();
    let service = Service::start(&dir, &["-j", "1", "--max-memory", "64M"], None);
    let mut wide = Vec::new();
    let mut encoder = png::Encoder::new(&mut wide, 7000, 7000);
    encoder.set_color(png::ColorType::Rgb);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&vec![0; 147_000_000])
        .unwrap();
    let refused = service.post("/v1/photo", &wide);
    assert_eq!(
        refused.status,
        413,
        "{}",
        String::from_utf8_lossy(&refused.body)
    );
    assert_eq!(service.post("/v1/photo", &small_picture(1)).status, 200);
}
