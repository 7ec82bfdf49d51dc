//! The published schema of reports, checked against real lines by the part of JSON Schema that it
//! uses.

use faceveil::FileReport;
use faceveil::report::{
    FileDigests, FormatChange, ReportFace, ReportRegion, ReportStyle, RunSummary, ShardSummary,
    StageTimings, TrackSummary, UncoveredSpan, Verification, VerifyFinding,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// `docs/report.schema.json`.
pub(crate) fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Fails for a line that the schema does not allow.
#[track_caller]
pub(crate) fn assert_valid(line: &Value) {
    let root = schema();
    let part = match line.get("summary") {
        Some(_) => &root["$defs"]["last"],
        None => &root["$defs"]["file"],
    };
    let wrong = faults(&root, part, line, "");
    assert!(wrong.is_empty(), "{wrong:#?}\nin {line}");
    assert!(faults(&root, &root, line, "").is_empty());
}

/// Every place where a value differs from a schema. A keyword that is not known here is a fault.
fn faults(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (keyword, asked) in schema.as_object().unwrap() {
        let fine = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let name = asked.as_str().unwrap().trim_start_matches("#/$defs/");
                wrong.extend(faults(root, &root["$defs"][name], value, at));
                true
            }
            "anyOf" => {
                let mut any = asked.as_array().unwrap().iter();
                any.any(|one| faults(root, one, value, at).is_empty())
            }
            "const" => value == asked,
            "enum" => asked.as_array().unwrap().contains(value),
            "type" => match asked.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_u64() || value.is_i64(),
                "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                "null" => value.is_null(),
                other => panic!("type {other}"),
            },
            "properties" => {
                let known = asked.as_object().unwrap();
                for (name, inner) in value.as_object().into_iter().flatten() {
                    if let Some(part) = known.get(name) {
                        wrong.extend(faults(root, part, inner, &format!("{at}.{name}")));
                    }
                }
                true
            }
            "required" => {
                let mut names = asked.as_array().unwrap().iter();
                !value.is_object() || names.all(|n| value.get(n.as_str().unwrap()).is_some())
            }
            "additionalProperties" => {
                assert_eq!(asked, &Value::Bool(false));
                let known = schema["properties"].as_object().unwrap();
                let mut names = value.as_object().into_iter().flatten();
                names.all(|(name, _)| known.contains_key(name))
            }
            "items" => {
                for (i, inner) in value.as_array().into_iter().flatten().enumerate() {
                    wrong.extend(faults(root, asked, inner, &format!("{at}[{i}]")));
                }
                true
            }
            "minItems" => value
                .as_array()
                .is_none_or(|a| a.len() as u64 >= asked.as_u64().unwrap()),
            "maxItems" => value
                .as_array()
                .is_none_or(|a| a.len() as u64 <= asked.as_u64().unwrap()),
            "minLength" => value
                .as_str()
                .is_none_or(|s| s.len() as u64 >= asked.as_u64().unwrap()),
            "minimum" => value.as_f64().is_none_or(|n| n >= asked.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|n| n <= asked.as_f64().unwrap()),
            "pattern" => value
                .as_str()
                .is_none_or(|s| matches(asked.as_str().unwrap(), s)),
            other => panic!("keyword {other}"),
        };
        if !fine {
            wrong.push(format!("{at}: {value} is not {keyword} {asked}"));
        }
    }
    wrong
}

/// The patterns of the schema.
fn matches(pattern: &str, text: &str) -> bool {
    let hexadecimal = |n| text.len() == n && text.bytes().all(|b| b.is_ascii_hexdigit());
    match pattern {
        "^[^/]" => !text.is_empty() && !text.starts_with('/'),
        "^[0-9a-fA-F]{64}$" => hexadecimal(64),
        "^[0-9a-fA-F]{6}$" => hexadecimal(6),
        other => panic!("pattern {other}"),
    }
}

/// The fields that a type reads, as its refusal of any other names them.
fn fields<T: DeserializeOwned>() -> BTreeSet<String> {
    let Err(refusal) = serde_json::from_str::<T>("{\"no field of ours\": 0}") else {
        panic!("an unknown field was taken");
    };
    let refusal = refusal.to_string();
    let (_, expected) = refusal.split_once("expected").unwrap();
    let names = expected.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

#[test]
fn the_schema_has_the_fields_that_are_read_and_written_and_no_others() {
    let root = schema();
    let at = |pointer: &str| root.pointer(&format!("/$defs/{pointer}")).unwrap();
    let file = "file/properties";
    for (part, fields) in [
        (at("file"), fields::<FileReport>()),
        (
            at(&format!("{file}/sha256/anyOf/0")),
            fields::<FileDigests>(),
        ),
        (at(&format!("{file}/formats")), fields::<FormatChange>()),
        (
            at(&format!("{file}/tracks/items")),
            fields::<TrackSummary>(),
        ),
        (
            at(&format!("{file}/spans/items")),
            fields::<UncoveredSpan>(),
        ),
        (
            at(&format!("{file}/part")),
            fields::<faceveil::report::SearchedPart>(),
        ),
        (at("frames"), fields::<faceveil::report::FrameSpan>()),
        (at(&format!("{file}/ms")), fields::<StageTimings>()),
        (at("face"), fields::<ReportFace>()),
        (at("region"), fields::<ReportRegion>()),
        (at("style"), fields::<ReportStyle>()),
        (at("verify"), fields::<Verification>()),
        (
            at("verify/properties/findings/items"),
            fields::<VerifyFinding>(),
        ),
        (at("summary"), fields::<RunSummary>()),
        (at("summary/properties/shard"), fields::<ShardSummary>()),
    ] {
        let known = part["properties"].as_object().unwrap();
        let known: BTreeSet<String> = known.keys().cloned().collect();
        assert_eq!(known, fields);
    }
}

#[test]
fn a_line_with_every_optional_field_is_read_written_again_and_valid() {
    let face = json!({
        "frame": 1, "track": 0, "box": [1.0, 2.0, 3.0, 4.0], "score": 0.5,
        "landmarks": [[1.0, 2.0], [3.0, 2.0], [2.0, 3.0], [1.0, 4.0], [3.0, 4.0]], "found_by": ["centerface@1"]
    });
    let digest = "0".repeat(64);
    let line = json!({
        "schema": 1, "input": "a.heic", "output": "a.jpg", "outcome": "redacted",
        "sha256": {"input": digest, "output": null},
        "formats": {"input": "heic", "output": "jpeg"},
        "width": 64, "height": 48, "frames": 3,
        "tracks": [{"first": 0, "last": 2, "seen": 1, "between": 1, "beyond": 1}],
        "spans": [{"first": 0, "last": 1, "seconds": [0.0, 0.5], "box": [1.0, 2.0, 3.0, 4.0]}],
        "times": digest, "backend": "embedded",
        "faces": [face], "rejected": [face],
        "regions": [
            {"frame": 1, "track": 0, "shape": "box", "box": [1.0, 2.0, 3.0, 4.0]},
            {"frames": [0, 2], "shape": "ellipse", "box": [1.0, 2.0, 3.0, 4.0]}
        ],
        "ignored": [[1.0, 2.0, 3.0, 4.0]],
        "style": {"name": "solid", "irreversible": true, "color": "0A141E"},
        "verify": {"verdict": "found", "findings": [
            {"kind": "face", "frame": 1, "box": [1.0, 2.0, 3.0, 4.0], "score": 0.5, "place": "byte 7", "reason": "a face shows"}
        ]},
        "reviewed": true, "panorama": true, "dropped": ["gps"], "kept": ["icc"], "warnings": ["a sentence"],
        "engine": "none", "ms": {"decode": 0.0, "detect": 0.0, "redact": 0.0, "encode": 0.0, "inspect": 0.0},
        "error": null
    });
    assert_valid(&line);
    let read = faceveil::report::read_report(line.to_string().as_bytes()).next();
    assert_eq!(serde_json::to_value(read.unwrap().unwrap()).unwrap(), line);
    for style in [
        json!({"name": "mosaic", "irreversible": false, "cells": 6}),
        json!({"name": "image", "irreversible": true, "image": digest}),
    ] {
        let mut line = line.clone();
        line["style"] = style;
        assert_valid(&line);
    }
}
