//! What may be saved, and that nothing else is written.

use super::http::Serving;
use super::*;

fn change(id: usize, revision: u32, regions: &str) -> String {
    format!(
        r#"{{"changes":[{{"id":{id},"revision":{revision},"regions":{regions},"reviewed":true}}]}}"#
    )
}

#[test]
fn a_line_is_changed_and_the_rest_of_the_report_stays_as_it_was() {
    let dir = Sandbox::new();
    three(&dir);
    let summary = r#"{"schema":1,"summary":{"program":"faceveil blur","version":"0.1.0","engine":null,"files":3,"written":3,"faces":2,"without_faces":1,"failed":0,"skipped":0,"up_to_date":0,"not_started":0,"open_spans":0,"interrupted":false,"seconds":1.5}}"#;
    let mut text = dir.read("r.jsonl");
    text.extend(summary.as_bytes());
    dir.file("r.jsonl", &text);
    let (before, tree) = (lines(&dir), dir.tree());
    let serving = Serving::start(&dir, &USUAL);
    let item = serving.get("item/0").json();
    assert_eq!((&item["line"], &item["revision"]), (&before[0], &json!(0)));
    let regions = r#"[{"shape":"box","box":[-5.5,10.0,40.0,50.25]}]"#;
    let saved = serving.save(&change(0, 0, regions)).json();
    assert_eq!(saved, json!({"revisions": [1]}));
    let after = lines(&dir);
    assert_eq!(after[1..], before[1..]);
    let mut expected = before[0].clone();
    expected["regions"] = serde_json::from_str(regions).unwrap();
    expected["reviewed"] = true.into();
    assert_eq!(after[0], expected);
    lines(&dir).iter().for_each(crate::schema::assert_valid);
    assert_eq!(dir.tree(), tree);
    // The same again, with what it is now.
    assert_eq!(serving.save(&change(0, 0, "[]")).status, 409);
    assert_eq!(serving.save(&change(0, 1, "[]")).status, 200);
    assert_eq!(lines(&dir)[0]["regions"], json!([]));
    assert_eq!(serving.get("item/0").json()["line"], lines(&dir)[0]);
    // A place on a picture without faces is one that `apply` is to cover.
    assert_eq!(before[2]["outcome"], "no-faces");
    assert_eq!(serving.save(&change(2, 0, regions)).status, 200);
    assert_eq!(lines(&dir)[2]["outcome"], "redacted");
}

#[test]
fn what_is_no_change_of_this_report_is_refused_and_nothing_is_written() {
    let dir = Sandbox::new();
    three(&dir);
    let before = dir.read("r.jsonl");
    let serving = Serving::start(&dir, &USUAL);
    let good = change(0, 0, "[]");
    // What a form, a foreign script and a page without an origin can send.
    let (save, own) = (
        serving.home() + "save",
        format!("Origin: http://{}\r\n", serving.host()),
    );
    let json = "Content-Type: application/json\r\n";
    for (headers, status) in [
        (String::new(), 403),
        (json.to_owned(), 403),
        (format!("Origin: http://evil.example\r\n{json}"), 403),
        (format!("Origin: null\r\n{json}"), 403),
        (own.clone(), 415),
        (format!("{own}Content-Type: text/plain\r\n"), 415),
        (
            format!("{own}Content-Type: application/x-www-form-urlencoded\r\n"),
            415,
        ),
        (format!("{own}Content-Type: multipart/form-data\r\n"), 415),
    ] {
        let answer = serving.request("POST", &save, &headers, good.as_bytes());
        assert_eq!(answer.status, status, "{headers}");
    }
    assert_eq!(serving.request("GET", &save, "", b"").status, 404);
    let elsewhere = serving.home() + "list";
    let headers = own.clone() + json;
    let answer = serving.request("POST", &elsewhere, &headers, good.as_bytes());
    assert_eq!(answer.status, 404);

    let crowd = format!(
        "[{}]",
        [r#"{"shape":"box","box":[1,1,9,9]}"#; 10_001].join(",")
    );
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("[]", 400),
        (r#"{"changes":[{"id":0}]}"#, 400),
        (r#"{"changes":[],"path":"../x"}"#, 400),
        (&change(0, 0, r#"[{"shape":"star","box":[1,1,9,9]}]"#), 400),
        (
            &change(0, 0, r#"[{"shape":"box","box":[1,1,9,9],"x":1}]"#),
            400,
        ),
        (&change(0, 0, r#"[{"shape":"box","box":[1,1,9]}]"#), 400),
        (&change(0, 0, r#"[{"shape":"box","box":[1,1,NaN,9]}]"#), 400),
        (
            &change(0, 0, r#"[{"shape":"box","box":[1,1,1e99,9]}]"#),
            400,
        ),
        (&change(0, 0, r#"[{"shape":"box","box":[1,1,-9,9]}]"#), 422),
        (&change(0, 0, r#"[{"shape":"box","box":[1,1,0,9]}]"#), 422),
        (&change(0, 0, r#"[{"shape":"box","box":[400,1,9,9]}]"#), 422),
        (
            &change(0, 0, r#"[{"shape":"box","box":[1,1,9,9],"frame":1}]"#),
            422,
        ),
        (
            &change(0, 0, r#"[{"shape":"box","box":[1,1,9,9],"frames":[0,9]}]"#),
            422,
        ),
        (&change(0, 0, &crowd), 422),
        (&change(3, 0, "[]"), 409),
        (&change(0, 1, "[]"), 409),
    ] {
        let answer = serving.save(body);
        let shown = &body[..body.len().min(120)];
        assert_eq!(answer.status, status, "{shown}: {}", answer.text());
    }
    let twice = r#"{"id":0,"revision":0,"regions":[],"reviewed":true}"#;
    let twice = format!(r#"{{"changes":[{twice},{twice}]}}"#);
    assert_eq!(serving.save(&twice).status, 409);
    let head = |length: &str| {
        let request = format!(
            "POST {save} HTTP/1.1\r\nHost: {}\r\n{headers}{length}\r\n\r\n",
            serving.host()
        );
        serving.send(request.as_bytes()).status
    };
    assert_eq!(head("Content-Length: 99999999999"), 413);
    assert_eq!(head("Content-Length: 2\r\nContent-Length: 3"), 400);
    assert_eq!(head("Content-Length: -1"), 400);
    assert_eq!(head("Transfer-Encoding: chunked"), 501);
    assert!(dir.read("r.jsonl") == before);
    assert_eq!(serving.save(&good).status, 200);
}

#[test]
fn a_report_that_another_program_changed_is_not_written_over() {
    let dir = Sandbox::new();
    three(&dir);
    let serving = Serving::start(&dir, &USUAL);
    let theirs = [dir.read("r.jsonl"), b"\n".to_vec()].concat();
    dir.file("r.jsonl", &theirs);
    let answer = serving.save(&change(0, 0, "[]"));
    assert_eq!(answer.status, 409);
    assert!(answer.text().contains("by another program"));
    assert!(dir.read("r.jsonl") == theirs);
}

#[cfg(unix)]
#[test]
fn a_report_that_cannot_be_replaced_stays_whole() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let dir = Sandbox::new();
    three(&dir);
    std::fs::create_dir(dir.path("reports")).unwrap();
    std::fs::rename(dir.path("r.jsonl"), dir.path("reports/r.jsonl")).unwrap();
    symlink("reports/r.jsonl", dir.path("r.jsonl")).unwrap();
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(dir.path("reports/r.jsonl"), private).unwrap();
    let serving = Serving::start(&dir, &USUAL);
    assert_eq!(serving.save(&change(0, 0, "[]")).status, 200);
    // A link stays a link, and a private file private.
    assert!(dir.path("r.jsonl").is_symlink());
    let mode = std::fs::metadata(dir.path("reports/r.jsonl")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o600);
    // The folder goes away meanwhile.
    std::fs::rename(dir.path("reports"), dir.path("elsewhere")).unwrap();
    assert_eq!(serving.save(&change(1, 0, "[]")).status, 409);
    assert_eq!(dir.tree().iter().filter(|n| n.contains("tmp")).count(), 0);
}
