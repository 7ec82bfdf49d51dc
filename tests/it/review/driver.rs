//! A browser that a test drives through its WebDriver, spoken to over plain HTTP: Debian's Chromium,
//! or Firefox where `FACEVEIL_BROWSER` is `firefox`. Where there is none a test says so and passes,
//! unless `FACEVEIL_REQUIRE_CHROMIUM` is set. What only Chromium's own protocol can do is left out
//! in Firefox.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Keys by their code points in WebDriver.
pub(super) const SHIFT: char = '\u{e008}';
pub(super) const CONTROL: char = '\u{e009}';
pub(super) const RIGHT: char = '\u{e014}';
pub(super) const DOWN: char = '\u{e015}';
pub(super) const DELETE: char = '\u{e017}';

pub(super) struct Browser {
    driver: Child,
    is_firefox: bool,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
}

fn is_firefox() -> bool {
    std::env::var_os("FACEVEIL_BROWSER").is_some_and(|name| name == "firefox")
}

fn spawn(program: &str) -> std::io::Result<Child> {
    Command::new(program)
        .arg("--port=0")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
}

/// What the driver says when it listens.
fn port_of(driver: &mut Child) -> Option<u16> {
    let mut lines = BufReader::new(driver.stdout.take()?).lines();
    let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
        let port = ["successfully on port ", "Listening on 127.0.0.1:"];
        let (_, port) = port.iter().find_map(|before| line.split_once(before))?;
        port.trim_end_matches('.').parse().ok()
    });
    // Firefox's driver ends when nobody reads what it says.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    port
}

impl Browser {
    /// A window of this size, or nothing if there is no browser.
    pub(super) fn start(width: u32, height: u32) -> Option<Self> {
        let is_firefox = is_firefox();
        let program = if is_firefox {
            "geckodriver"
        } else {
            "chromedriver"
        };
        let mut attempts = 0;
        let (driver, port) = loop {
            let Ok(mut driver) = spawn(program) else {
                assert!(
                    std::env::var_os("FACEVEIL_REQUIRE_CHROMIUM").is_none(),
                    "no {program} on the PATH"
                );
                eprintln!("skipped: no {program} on the PATH");
                return None;
            };
            if let Some(port) = port_of(&mut driver) {
                break (driver, port);
            }
            // Several that start at once may want one port.
            attempts += 1;
            let _ = driver.kill();
            let _ = driver.wait();
            assert!(attempts < 5, "{program} does not say its port");
        };
        let profile = tempfile::tempdir().unwrap();
        let mut browser = Self {
            driver,
            is_firefox,
            port,
            session: String::new(),
            _profile: profile,
        };
        let options = match is_firefox {
            true => json!({"moz:firefoxOptions": {
                "args": ["-headless"],
                // Boxes on a page lie where they are at one pixel a point.
                "prefs": {"layout.css.devPixelsPerPx": "1.0"},
            }}),
            false => browser.chromium_options(width, height),
        };
        let new = json!({"capabilities": {"alwaysMatch": options}});
        let session = browser.call("POST", "/session", &new);
        browser.session = format!("/session/{}", session["sessionId"].as_str().unwrap());
        browser.resize(width, height, false);
        Some(browser)
    }

    /// The same in Chromium alone, for what only its own protocol can do.
    pub(super) fn start_chromium(width: u32, height: u32) -> Option<Self> {
        if is_firefox() {
            eprintln!("skipped: Firefox cannot be asked for this");
            return None;
        }
        Self::start(width, height)
    }

    fn chromium_options(&self, width: u32, height: u32) -> Value {
        let folder = self._profile.path().display().to_string();
        let args = [
            "--headless=new".to_owned(),
            // Tests run as root in a container; the pages are our own.
            "--no-sandbox".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            // There is no network for the page.
            "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1".to_owned(),
            format!("--user-data-dir={folder}"),
            format!("--window-size={width},{height}"),
        ];
        json!({"goog:chromeOptions": {"args": args}, "goog:loggingPrefs": {"browser": "ALL"}})
    }

    #[track_caller]
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let value = self.request(method, path, body).unwrap();
        assert!(value.get("error").is_none(), "{path}: {value}");
        value
    }

    /// The driver's answer, which may be an error.
    fn request(&self, method: &str, path: &str, body: &Value) -> std::io::Result<Value> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        let body = match method {
            "POST" => body.to_string(),
            _ => String::new(),
        };
        let request = format!(
            "{method} {}{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: \
             close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.session,
            self.port,
            body.len()
        );
        stream.write_all(request.as_bytes())?;
        let mut reader = BufReader::new(stream);
        let (mut length, mut line) = (0, String::new());
        while reader.read_line(&mut line)? > 2 {
            let (name, value) = line.split_once(':').unwrap_or_default();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().map_err(std::io::Error::other)?;
            }
            line.clear();
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer)?;
        let mut answer: Value = serde_json::from_slice(&answer)?;
        Ok(answer["value"].take())
    }

    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        let body = json!({"cmd": command, "params": parameters});
        self.call("POST", "/goog/cdp/execute", &body)
    }

    pub(super) fn open(&self, address: &str) {
        self.call("POST", "/url", &json!({"url": address}));
    }

    /// What an expression is in the page.
    #[track_caller]
    pub(super) fn eval(&self, expression: &str) -> Value {
        let body = json!({"script": format!("return ({expression})"), "args": []});
        self.call("POST", "/execute/sync", &body)
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub(super) fn until(&self, expression: &str) {
        let start = Instant::now();
        while self.eval(&format!("!!({expression})")) != Value::Bool(true) {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "never: {expression}\n{}\n{}",
                self.eval("document.body.innerText"),
                self.log()
            );
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Presses keys one after the other; those of `held` are down meanwhile.
    pub(super) fn keys(&self, held: &[char], keys: &str) {
        let press = |kind: &str, key: char| json!({"type": kind, "value": key.to_string()});
        let down = held.iter().map(|k| press("keyDown", *k));
        let up = held.iter().rev().map(|k| press("keyUp", *k));
        let each = keys
            .chars()
            .flat_map(|k| [press("keyDown", k), press("keyUp", k)]);
        let all: Vec<Value> = down.chain(each).chain(up).collect();
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": all});
        self.call("POST", "/actions", &json!({"actions": [keyboard]}));
    }

    /// Presses the mouse at one place of the window and lets go at another.
    pub(super) fn drag(&self, from: [f64; 2], to: [f64; 2]) {
        self.drag_in(2, from, to);
    }

    /// The same in so many moves.
    pub(super) fn drag_in(&self, moves: usize, from: [f64; 2], to: [f64; 2]) {
        let go = |[x, y]: [f64; 2]| json!({"type": "pointerMove", "x": x.round() as i64, "y": y.round() as i64, "duration": 40});
        let mut actions = vec![go(from), json!({"type": "pointerDown", "button": 0})];
        actions.extend((1..=moves).map(|i| {
            let t = i as f64 / moves as f64;
            go([0, 1].map(|k| from[k] + (to[k] - from[k]) * t))
        }));
        actions.push(json!({"type": "pointerUp", "button": 0}));
        let mouse = json!({"type": "pointer", "id": "mouse", "parameters": {"pointerType": "mouse"}, "actions": actions});
        self.call("POST", "/actions", &json!({"actions": [mouse]}));
    }

    /// Another size of the window; `touch`: with a screen that fingers work on.
    pub(super) fn resize(&self, width: u32, height: u32, touch: bool) {
        if self.is_firefox {
            // The window is larger than the page by its frame.
            for _ in 0..2 {
                let frame: [i64; 2] = serde_json::from_value(
                    self.eval("[outerWidth - innerWidth, outerHeight - innerHeight]"),
                )
                .unwrap();
                let [width, height] = [i64::from(width) + frame[0], i64::from(height) + frame[1]];
                self.call(
                    "POST",
                    "/window/rect",
                    &json!({"width": width, "height": height}),
                );
            }
            return;
        }
        let metrics =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": touch});
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
        let fingers = json!({"enabled": touch, "maxTouchPoints": 5});
        self.devtools("Emulation.setTouchEmulationEnabled", &fingers);
    }

    /// Moves fingers, each from one place of the window to another, all at once.
    pub(super) fn fingers(&self, moves: &[([f64; 2], [f64; 2])]) {
        let points = |kind: &str, t: f64| {
            let all: Vec<Value> = moves
                .iter()
                .enumerate()
                .map(|(id, (a, b))| {
                    let at = |i: usize| a[i] + (b[i] - a[i]) * t;
                    json!({"x": at(0), "y": at(1), "id": id})
                })
                .collect();
            let all = if kind == "touchEnd" { Vec::new() } else { all };
            let event = json!({"type": kind, "touchPoints": all});
            self.devtools("Input.dispatchTouchEvent", &event);
        };
        points("touchStart", 0.0);
        for step in 1..=5 {
            points("touchMove", f64::from(step) / 5.0);
        }
        points("touchEnd", 1.0);
    }

    /// Turns the wheel over a place.
    pub(super) fn wheel(&self, at: [f64; 2], by: f64) {
        let [x, y] = at.map(|v| v.round() as i64);
        let turn = json!({"type": "scroll", "x": x, "y": y, "deltaX": 0, "deltaY": by as i64});
        let wheel = json!({"type": "wheel", "id": "wheel", "actions": [turn]});
        self.call("POST", "/actions", &json!({"actions": [wheel]}));
    }

    /// What a key sends that is held down: one press, then repetitions.
    pub(super) fn hold(&self, key: char, times: usize) {
        if self.is_firefox {
            let down = json!({"type": "keyDown", "value": key.to_string()});
            let mut all = vec![down; times];
            all.push(json!({"type": "keyUp", "value": key.to_string()}));
            let keyboard = json!({"type": "key", "id": "keyboard", "actions": all});
            self.call("POST", "/actions", &json!({"actions": [keyboard]}));
            return;
        }
        for i in 0..times {
            let event = json!({"type": "keyDown", "key": key.to_string(), "text": key.to_string(), "autoRepeat": i > 0});
            self.devtools("Input.dispatchKeyEvent", &event);
        }
        let event = json!({"type": "keyUp", "key": key.to_string()});
        self.devtools("Input.dispatchKeyEvent", &event);
    }

    /// As if the person had asked the system for less motion.
    pub(super) fn reduced_motion(&self) {
        let feature = json!({"name": "prefers-reduced-motion", "value": "reduce"});
        self.devtools(
            "Emulation.setEmulatedMedia",
            &json!({"features": [feature]}),
        );
    }

    /// Shows the page as it is printed.
    pub(super) fn print_media(&self, on: bool) {
        let media = if on { "print" } else { "" };
        self.devtools("Emulation.setEmulatedMedia", &json!({"media": media}));
    }

    /// The window that is driven.
    pub(super) fn window(&self) -> String {
        let handle = self.call("GET", "/window", &Value::Null);
        handle.as_str().unwrap().to_owned()
    }

    /// Opens another one and drives that.
    pub(super) fn new_window(&self) -> String {
        let new = self.call("POST", "/window/new", &json!({"type": "tab"}));
        let handle = new["handle"].as_str().unwrap().to_owned();
        self.drive(&handle);
        handle
    }

    pub(super) fn drive(&self, window: &str) {
        self.call("POST", "/window", &json!({"handle": window}));
    }

    /// Errors and warnings of the page, such as what its policy refused.
    pub(super) fn log(&self) -> Value {
        if self.is_firefox {
            return json!([]);
        }
        self.call("POST", "/se/log", &json!({"type": "browser"}))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A driver that is killed leaves its browser running. After a failed test nothing is
        // unwrapped.
        if !self.session.is_empty() {
            let _ = self.request("DELETE", "", &Value::Null);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
