//! Reading a resource's evaluated properties: CloudFormation takes numbers and booleans as text too.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::bundle::template::text_of;

pub(super) fn text(props: &Value, key: &str) -> Option<String> {
    text_of(props.get(key))
}

pub(super) fn number(props: &Value, key: &str) -> Option<f64> {
    text(props, key)?.parse().ok()
}

pub(super) fn integer(props: &Value, key: &str) -> Option<i64> {
    text(props, key)?.parse().ok()
}

pub(super) fn small(props: &Value, key: &str) -> Option<i32> {
    text(props, key)?.parse().ok()
}

pub(super) fn count(props: &Value, key: &str) -> Option<u32> {
    text(props, key)?.parse().ok()
}

pub(super) fn flag(props: &Value, key: &str) -> bool {
    text(props, key).is_some_and(|t| t == "true")
}

pub(super) fn list<'a>(props: &'a Value, key: &str) -> &'a [Value] {
    props
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

pub(super) fn texts(props: &Value, key: &str) -> Vec<String> {
    list(props, key)
        .iter()
        .filter_map(|v| text_of(Some(v)))
        .collect()
}

/// A list of `{key: …, value: …}` as a map, for example dimensions (`Name`) or tags (`Key`).
pub(super) fn pairs(props: &Value, list_key: &str, name: &str) -> BTreeMap<String, String> {
    list(props, list_key)
        .iter()
        .filter_map(|pair| Some((text(pair, name)?, text(pair, "Value")?)))
        .collect()
}
