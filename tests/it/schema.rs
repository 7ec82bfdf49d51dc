//! The published schema of reports, checked against real lines.

use faceveil::FileReport;
use faceveil::report::{
    FileDigests, FormatChange, ReportFace, ReportRegion, ReportStyle, RunSummary, ShardSummary,
    StageTimings, TrackSummary, UncoveredSpan, Verification, VerifyFinding,
};
use jsonschema::Validator;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

/// `docs/report.schema.json`.
pub(crate) fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/report.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Fails for a line that the schema does not allow.
#[track_caller]
pub(crate) fn assert_valid(line: &Value) {
    static SCHEMA: LazyLock<[Validator; 3]> = LazyLock::new(|| {
        let root = schema();
        // What `anyOf` refuses is said better by the part that the line should fit.
        let part = |name: &str| {
            let defs = &root["$defs"];
            json!({"$schema": root["$schema"], "$defs": defs, "$ref": format!("#/$defs/{name}")})
        };
        let all = [part("file"), part("last"), root.clone()];
        all.map(|schema| jsonschema::validator_for(&schema).unwrap())
    });
    let [file, last, root] = &*SCHEMA;
    let part = match line.get("summary") {
        Some(_) => last,
        None => file,
    };
    let wrong: Vec<String> = part.iter_errors(line).map(|e| e.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}\nin {line}");
    assert!(root.is_valid(line));
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
