//! Who is turned away.

use super::http::Serving;
use super::*;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

#[test]
fn only_the_page_with_the_token_sees_anything() {
    let dir = Sandbox::new();
    three(&dir);
    let serving = Serving::start(&dir, &USUAL);
    let (home, host) = (serving.home(), serving.host().to_owned());
    let page = serving.get("");
    assert_eq!(page.status, 200);
    for line in [
        "content-security-policy: default-src 'none'",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "x-frame-options: deny",
        "referrer-policy: no-referrer",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(page.head.to_lowercase().contains(line), "{line}");
    }
    assert!(!page.head.to_lowercase().contains("access-control"));
    assert!(!page.text().contains("http://") && !page.text().contains("https://"));
    assert_eq!(serving.get("thumb/0").body[..2], [0xff, 0xd8]);

    let wrong = "/".to_owned() + &"0".repeat(32) + "/";
    for target in [
        "/",
        "/list",
        "//list",
        "/favicon.ico",
        &wrong,
        &format!("{wrong}thumb/0"),
        &format!("/.{home}list"),
        &format!("/x/..{home}list"),
        &home.to_uppercase(),
        &format!("http://{host}{home}list"),
        "/once/",
        "/once/00000000000000000000000000000000",
    ] {
        let answer = serving.request("GET", target, "", b"");
        assert_eq!(answer.status, 403, "{target}");
        assert!(answer.body.len() < 200, "{target}");
    }
    let list = format!("{home}list");
    for headers in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Origin: http://localhost\r\n",
        "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n",
        "Sec-Fetch-Site: same-site\r\n",
    ] {
        let answer = serving.request("GET", &list, headers, b"");
        assert_eq!(answer.status, 403, "{headers}");
    }
    // DNS rebinding: a name of another's that leads here.
    for other in ["evil.example", "localhost", "127.0.0.1", "127.0.0.1:1"] {
        let request = format!("GET {list} HTTP/1.1\r\nHost: {other}\r\nConnection: close\r\n\r\n");
        assert_eq!(serving.send(request.as_bytes()).status, 403, "{other}");
    }
    for method in ["PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"] {
        let answer = serving.request(method, &list, "", b"");
        assert_eq!(answer.status, 405, "{method}");
    }
    let nonsense: [&[u8]; 4] = [
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n\0\r\n\r\n",
    ];
    for nonsense in nonsense {
        assert_eq!(serving.send(nonsense).status, 400);
    }
    let long = format!("{list}?{}", "a".repeat(20_000));
    assert_eq!(serving.request("GET", &long, "", b"").status, 431);
}

#[test]
fn no_path_leads_out_of_the_page() {
    let dir = Sandbox::new();
    three(&dir);
    dir.file("secret.png", &png(4, 4, [1, 2, 3]));
    let serving = Serving::start(&dir, &USUAL);
    for path in [
        "../r.jsonl",
        "..%2fr.jsonl",
        "%2e%2e/r.jsonl",
        "..\\r.jsonl",
        "page/index.html",
        "/etc/passwd",
        "thumb/../../secret.png",
        "thumb/3",
        "thumb/-1",
        "thumb/0x0",
        "thumb/99999999999999999999",
        "thumb/",
        "item/0/../1",
        "picture/0?side=secret",
        "picture/0?frame=-1",
        "picture/0?frame=7",
        "picture/0?longest=1&path=../secret.png",
        "picture/0?frame",
        "list/",
        "style.css/",
    ] {
        let answer = serving.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(!answer.body.starts_with(&[0xff, 0xd8]), "{path}");
    }
    // What is too large is made smaller, and what is asked for is what comes.
    assert_eq!(serving.get("picture/0?longest=99999999").status, 200);
}

#[test]
fn a_report_that_lies_about_paths_shows_nothing() {
    let dir = Sandbox::new();
    let secret = png(4, 4, [1, 2, 3]);
    dir.file("secret.png", &secret);
    dir.file("in/a.png", &png(4, 4, [9, 9, 9]));
    for name in ["../secret.png", "/etc/passwd", "a/../../secret.png", ""] {
        write(&dir, &[line(name, 4, 4, &secret, Some(&secret))]);
        dir.run(&["review", "--no-browser", "r.jsonl", "--originals", "in"])
            .exits(2)
            .says("line 1: input");
    }
    let mut other = line("a.png", 4, 4, &secret, Some(&secret));
    // Another file than the report's, as original and as output.
    let mut all = vec![other.clone()];
    // An output that is the original itself, by the name of the input in the folder of the inputs.
    other["sha256"] =
        json!({"input": Digest::of(&png(4, 4, [9, 9, 9])), "output": Digest::of(&secret)});
    all.push(other);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("../secret.png", dir.path("in/link.png")).unwrap();
        std::os::unix::fs::symlink("..", dir.path("in/up")).unwrap();
        all.push(line("link.png", 4, 4, &secret, Some(&secret)));
        all.push(line("up/secret.png", 4, 4, &secret, Some(&secret)));
    }
    write(&dir, &all);
    let serving = Serving::start(&dir, &["r.jsonl", "--originals", "in"]);
    let shown = |id: usize, side: &str| {
        let answer = serving.get(&format!("picture/{id}?side={side}"));
        (answer.status, answer.text())
    };
    for id in 0..all.len() {
        for side in ["original", "output"] {
            let (status, said) = shown(id, side);
            if (id, side) == (1, "original") {
                assert_eq!(status, 200);
                continue;
            }
            assert_eq!(status, 404, "{id} {side}");
            let why = if id > 1 {
                "a link leads out"
            } else {
                "SHA-256"
            };
            assert!(said.contains(why), "{id} {side}: {said}");
            assert!(!said.contains(dir.path("").to_str().unwrap()), "{said}");
        }
    }
}

#[test]
fn a_slow_client_keeps_nobody_waiting() {
    let dir = Sandbox::new();
    three(&dir);
    let serving = Serving::start(&dir, &USUAL);
    let slow: Vec<TcpStream> = (0..40)
        .map(|_| {
            let mut stream = TcpStream::connect(serving.host()).unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nHos").unwrap();
            stream
        })
        .collect();
    let start = Instant::now();
    assert_eq!(serving.get("list").status, 200);
    assert!(start.elapsed() < Duration::from_secs(5));
    // Connections beyond the limit are refused at once.
    let more: Vec<TcpStream> = (0..20)
        .map(|_| TcpStream::connect(serving.host()).unwrap())
        .collect();
    assert_eq!(serving.get("list").status, 503);
    drop((slow, more));
    let start = Instant::now();
    while TcpStream::connect(serving.host()).is_err() || serving.get("list").status != 200 {
        assert!(start.elapsed() < Duration::from_secs(20), "no room again");
        std::thread::sleep(Duration::from_millis(50));
    }
    // Who says nothing is left alone after a while.
    let mut silent = TcpStream::connect(serving.host()).unwrap();
    silent
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    // Goes on where a signal interrupts it, as a single read does not.
    assert_eq!(silent.read_to_end(&mut Vec::new()).unwrap(), 0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_at_once_and_cleanly() {
    let dir = Sandbox::new();
    three(&dir);
    let before = dir.tree();
    let mut serving = Serving::start(&dir, &USUAL);
    assert_eq!(serving.get("list").status, 200);
    let _idle = TcpStream::connect(serving.host()).unwrap();
    let start = Instant::now();
    let id = serving.child.id().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &id])
        .status();
    assert!(sent.unwrap().success());
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(dir.tree(), before);
}

#[test]
fn what_cannot_be_reviewed_is_said_before_anything_starts() {
    let dir = Sandbox::new();
    three(&dir);
    dir.file("bad.jsonl", b"{\"schema\":1,\"input\":7}\n");
    for (args, says) in [
        (&["gone.jsonl"][..], "gone.jsonl"),
        (&["bad.jsonl"], "line 1"),
        (&["in"], "folder"),
        (
            &["r.jsonl", "--originals", "nowhere"],
            "--originals nowhere",
        ),
        (
            &["r.jsonl", "--outputs", "r.jsonl"],
            "--outputs r.jsonl is no folder",
        ),
        (&["r.jsonl", "--overwrite"], "--export"),
        (
            &["r.jsonl", "--export", "s.html", "--no-browser"],
            "cannot be used with",
        ),
        (&[], "REPORT"),
    ] {
        let args: Vec<&str> = ["review"].iter().chain(args).copied().collect();
        let ran = dir.run(&args).exits(2).says(says);
        assert!(ran.stdout.is_empty());
    }
}

/// Arguments of a program can be seen by every account of a machine.
#[cfg(target_os = "linux")]
#[test]
fn the_browser_gets_a_private_file_that_leads_to_the_page_once() {
    use std::os::unix::fs::PermissionsExt;
    let dir = Sandbox::new();
    three(&dir);
    dir.file(
        "bin/xdg-open",
        b"#!/bin/sh\ncp \"$1\" copied.html && stat -c %a \"$1\" > mode && printf %s \"$*\" > asked.tmp && mv asked.tmp asked\n",
    );
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(dir.path("bin/xdg-open"), executable).unwrap();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", dir.path("bin").display());
    let args: Vec<&str> = ["review"].iter().chain(&USUAL).copied().collect();
    let mut command = dir.command(&args);
    std::fs::create_dir(dir.path("session")).unwrap();
    command
        .env("PATH", path)
        .env("DISPLAY", ":0")
        .env("XDG_RUNTIME_DIR", dir.path("session"));
    let errors = std::fs::File::create(dir.path("errors")).unwrap();
    let serving = Serving::wait_saying(command, errors.into());
    let until = |what: &str, is: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !is() {
            assert!(start.elapsed() < Duration::from_secs(30), "never: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until("the browser is started", &|| dir.path("asked").exists());
    let asked = String::from_utf8(dir.read("asked")).unwrap();
    assert!(!asked.contains("http") && !asked.contains(serving.home().trim_matches('/')));
    assert!(asked.starts_with(&dir.path("session").display().to_string()));
    assert_eq!(dir.read("mode"), b"600\n");
    let page = String::from_utf8(dir.read("copied.html")).unwrap();
    assert!(!page.contains(serving.home().trim_matches('/')));
    let (_, after) = page.split_once("url=").unwrap();
    let address = after.split('"').next().unwrap();
    let target = address
        .strip_prefix(&format!("http://{}", serving.host()))
        .unwrap();
    let first = serving.request("GET", target, "", b"");
    assert_eq!(first.status, 303);
    assert!(
        first
            .head
            .contains(&format!("Location: {}", serving.home()))
    );
    // Nobody needs the file any more.
    until("the file is removed", &|| !Path::new(&asked).exists());
    // Somebody else has the address: the second one gets a message, and so does the terminal.
    let second = serving.request("GET", target, "", b"");
    assert_eq!(second.status, 403);
    assert!(second.text().contains("somebody else sees the page"));
    until("the terminal warns", &|| {
        String::from_utf8(dir.read("errors"))
            .unwrap()
            .contains("used a second time")
    });
    assert_eq!(serving.get("since?0").json()["repeated"], 1);
    assert_eq!(serving.get("").status, 200);
}
