//! The shipped manifests satisfy the shipped JSON Schema, and schema and program agree about mistakes.
//!
//! The validator below knows exactly the keywords that our schema uses and fails on any other, so that it
//! cannot pass something by not looking. It saves two dozen crates that would serve this file alone.

use regex_lite::Regex;
use serde_json::{Map, Value, json};
use switchback::bundle;

fn schema() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/stacks/bundle.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn manifest() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/stacks/payment-standby/bundle.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Why a value does not satisfy a schema, as `path: keyword`.
fn violations(root: &Value, schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let keywords = schema.as_object().expect("a schema is an object");
    let mut found = Vec::new();
    for (keyword, argument) in keywords {
        let broken = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "default" | "format" => {
                continue;
            }
            "properties"
            | "additionalProperties"
            | "items"
            | "allOf"
            | "$ref"
            | "then"
            | "else" => {
                found.extend(below(root, keywords, keyword, value, path));
                continue;
            }
            "if" => {
                let holds = violations(root, argument, value, path).is_empty();
                let branch = keywords.get(if holds { "then" } else { "else" });
                let branch = branch.map(|schema| violations(root, schema, value, path));
                found.extend(branch.unwrap_or_default());
                continue;
            }
            "not" => violations(root, argument, value, path).is_empty(),
            "oneOf" => {
                let options = argument.as_array().unwrap().iter();
                options
                    .filter(|s| violations(root, s, value, path).is_empty())
                    .count()
                    != 1
            }
            "contains" => value.as_array().is_some_and(|items| {
                !items
                    .iter()
                    .any(|item| violations(root, argument, item, path).is_empty())
            }),
            simple => breaks(simple, argument, value),
        };
        if broken {
            found.push(format!("{path}: {keyword}"));
        }
    }
    found
}

/// Violations of the keywords that hand over to other schemas.
fn below(
    root: &Value,
    all: &Map<String, Value>,
    keyword: &str,
    value: &Value,
    path: &str,
) -> Vec<String> {
    let argument = &all[keyword];
    let known = all.get("properties").and_then(Value::as_object);
    match (keyword, value) {
        ("$ref", _) => {
            let pointer = argument.as_str().unwrap().trim_start_matches('#');
            violations(root, root.pointer(pointer).unwrap(), value, path)
        }
        ("allOf", _) => {
            let parts = argument.as_array().unwrap().iter();
            parts
                .flat_map(|part| violations(root, part, value, path))
                .collect()
        }
        ("properties", Value::Object(members)) => members
            .iter()
            .filter_map(|(key, inner)| Some((key, argument.get(key)?, inner)))
            .flat_map(|(key, schema, inner)| {
                violations(root, schema, inner, &format!("{path}.{key}"))
            })
            .collect(),
        ("additionalProperties", Value::Object(members)) => members
            .iter()
            .filter(|(key, _)| !known.is_some_and(|known| known.contains_key(*key)))
            .flat_map(|(key, inner)| match argument {
                Value::Bool(false) => vec![format!("{path}.{key}: additionalProperties")],
                schema => violations(root, schema, inner, &format!("{path}.{key}")),
            })
            .collect(),
        ("items", Value::Array(items)) => items
            .iter()
            .enumerate()
            .flat_map(|(index, item)| violations(root, argument, item, &format!("{path}[{index}]")))
            .collect(),
        // `then` and `else` are looked at with their `if`.
        _ => Vec::new(),
    }
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("type {other} is not known here"),
    }
}

/// Asserts that a value satisfies a schema of `assets/schema`.
#[track_caller]
pub(crate) fn satisfies(name: &str, value: &Value) {
    let path = format!("{}/assets/schema/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let found = violations(&schema, &schema, value, "$");
    assert!(found.is_empty(), "{found:?} in {value:#}");
}

/// Whether a value breaks a keyword that needs no other schema.
fn breaks(keyword: &str, argument: &Value, value: &Value) -> bool {
    let limit = argument
        .as_u64()
        .and_then(|limit| usize::try_from(limit).ok());
    match (keyword, value) {
        ("type", _) => match argument {
            Value::Array(types) => types.iter().all(|one| !is_a(one.as_str().unwrap(), value)),
            one => !is_a(one.as_str().unwrap(), value),
        },
        ("const", _) => value != argument,
        ("enum", _) => !argument.as_array().unwrap().contains(value),
        ("required", Value::Object(members)) => {
            let names = argument.as_array().unwrap().iter();
            names
                .filter_map(Value::as_str)
                .any(|name| !members.contains_key(name))
        }
        ("pattern", Value::String(text)) => !Regex::new(argument.as_str().unwrap())
            .unwrap()
            .is_match(text),
        ("minLength", Value::String(text)) => text.chars().count() < limit.unwrap(),
        ("maxLength", Value::String(text)) => text.chars().count() > limit.unwrap(),
        ("minItems", Value::Array(items)) => items.len() < limit.unwrap(),
        ("maxProperties", Value::Object(members)) => members.len() > limit.unwrap(),
        ("uniqueItems", Value::Array(items)) => {
            (1..items.len()).any(|i| items[..i].contains(&items[i]))
        }
        ("minimum", Value::Number(number)) => number.as_f64() < argument.as_f64(),
        ("multipleOf", Value::Number(number)) => number
            .as_u64()
            .is_none_or(|n| n % argument.as_u64().unwrap() != 0),
        (
            "required" | "pattern" | "minLength" | "maxLength" | "minItems" | "maxProperties"
            | "uniqueItems" | "minimum" | "multipleOf",
            _,
        ) => false,
        (other, _) => panic!("keyword {other} is not known here"),
    }
}

fn against_schema(manifest: &Value) -> Vec<String> {
    let schema = schema();
    violations(&schema, &schema, manifest, "")
}

/// Loads a manifest the way an operator's own is loaded: beside the shipped templates.
fn by_the_program(manifest: &Value) -> Result<(), String> {
    let dir = tempfile::tempdir().unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/stacks/payment-standby");
    for template in ["region.json", "global.json"] {
        std::fs::copy(format!("{shipped}/{template}"), dir.path().join(template)).unwrap();
    }
    std::fs::write(dir.path().join("bundle.json"), manifest.to_string()).unwrap();
    bundle::catalogue(Some(dir.path()))
        .map(drop)
        .map_err(|error| error.to_string())
}

#[test]
fn every_shipped_manifest_satisfies_the_schema() {
    let stacks = concat!(env!("CARGO_MANIFEST_DIR"), "/stacks");
    let mut seen = 0;
    for entry in std::fs::read_dir(stacks).unwrap() {
        let path = entry.unwrap().path().join("bundle.json");
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let manifest: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            against_schema(&manifest),
            Vec::<String>::new(),
            "{}",
            path.display()
        );
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn schema_and_program_accept_the_same() {
    let mut with_policy = manifest();
    with_policy["policy"] = json!({"retain": "never", "tags": [], "reserved_concurrency": 100, "runtime": "python3.11", "fixed_names": ["x"]});
    with_policy["$schema"] = "../bundle.schema.json".into();
    with_policy["alarms"]["prefixes"] = json!({"standby": ["x-${suffix}"]});
    for manifest in [manifest(), with_policy] {
        assert_eq!(against_schema(&manifest), Vec::<String>::new());
        assert_eq!(by_the_program(&manifest), Ok(()));
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn schema_and_program_refuse_the_same() {
    for (pointer, value) in [
        ("/schema", json!(2)),
        ("/colour", json!("red")),
        ("/name", json!("Payment Standby")),
        ("/title", json!("")),
        ("/regions/primary", json!("virginia")),
        ("/objectives/rto_seconds", json!(0)),
        ("/objectives/rto_seconds", json!("900")),
        ("/parameters", Value::Null),
        ("/parameters/0/required", Value::Null),
        ("/parameters/0/default", json!("pay.test")),
        ("/parameters/1/default", Value::Null),
        ("/policy", json!({"retain": "sometimes"})),
        ("/policy", json!({"colour": "red"})),
        ("/stacks/0/region", json!("spare")),
        ("/stacks/0/template", json!("../region.json")),
        ("/stacks/0/parameters", Value::Null),
        ("/stacks/0/capabilities", json!(["CAPABILITY_EVERYTHING"])),
        ("/stacks/0/after", json!("primary")),
        ("/delete_order", json!([])),
        ("/signals/0/kind", json!("lag")),
        ("/signals/0/statistic", json!("Max")),
        ("/signals/0/period", json!(90)),
        ("/signals/0/unit", json!("minutes")),
        ("/signals/0/warn", json!("60000")),
        ("/signals/0/missing", json!("ignore")),
        ("/signals/0/label", json!("a label of many words")),
        ("/signals/0/dimensions", Value::Null),
        ("/signals", json!([])),
        ("/traffic", Value::Null),
        ("/traffic/routing", json!("simple")),
        ("/traffic/endpoints/primary", json!("http://x")),
        ("/traffic/checks/combined", Value::Null),
        ("/traffic/checks/colour", json!("x")),
        ("/traffic/levers", json!([])),
        ("/traffic/levers/0/colour", json!("red")),
        ("/traffic/levers/0/alarm", Value::Null),
        ("/traffic/levers/2/check", json!("primary")),
        ("/traffic/levers/3/kind", json!("wish")),
        ("/alarms/colour", json!("red")),
    ] {
        let mut manifest = manifest();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let members = manifest
            .pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap();
        if value.is_null() {
            members
                .remove(key)
                .unwrap_or_else(|| panic!("no {pointer}"));
        } else {
            members.insert(key.to_owned(), value.clone());
        }
        assert!(
            !against_schema(&manifest).is_empty(),
            "the schema accepts {pointer} = {value}"
        );
        assert!(
            by_the_program(&manifest).is_err(),
            "the program accepts {pointer} = {value}"
        );
    }
}
