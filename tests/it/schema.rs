//! The published schema of reports, checked against real lines by the part of JSON Schema that it uses.

use serde_json::Value;
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
