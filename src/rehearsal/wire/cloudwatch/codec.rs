//! One model, three ways to write it.
//!
//! The models of the wire crate mark a time as `{"__cbor_epoch_seconds": N}`, which only its CBOR writer
//! understands; here JSON gets the number and XML the ISO date.

use http::HeaderValue;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use winterbaume_core::MockResponse;
use winterbaume_core::protocol::xml_escape;

use super::super::form::Params;
use super::super::route::{Call, Protocol};
use super::super::{Response, iso};
use super::NAMESPACE;
use crate::rehearsal::world::ApiError;

const TIME: &str = "__cbor_epoch_seconds";

/// Reads the request in the protocol that it came in.
pub(super) fn decode<T: DeserializeOwned>(
    call: &Call,
    cbor: fn(&[u8]) -> Result<T, String>,
    query: fn(&Params) -> Result<T, String>,
) -> Result<T, ApiError> {
    let read = match call.protocol {
        Protocol::Cbor => cbor(&call.body),
        Protocol::Query { .. } => query(&with_epoch_times(&call.params)),
        Protocol::Json | Protocol::RestXml => {
            let body: &[u8] = if call.body.is_empty() {
                b"{}"
            } else {
                &call.body
            };
            serde_json::from_slice(body).map_err(|cause| cause.to_string())
        }
    };
    read.map_err(|cause| {
        let message = format!("{} can't be read: {cause}", call.operation);
        ApiError::new(400, "SerializationException", message)
    })
}

/// Writes the answer in the protocol of its request.
pub(super) fn encode<T: Serialize>(
    call: &Call,
    output: &T,
    cbor: fn(&T) -> MockResponse,
) -> Response {
    match call.protocol {
        Protocol::Cbor => cbor(output).into(),
        Protocol::Query { .. } => query_document(call, &value(output)),
        Protocol::Json | Protocol::RestXml => {
            MockResponse::json(200, plain(value(output)).to_string()).into()
        }
    }
}

/// The answer of an operation that returns nothing.
pub(super) fn empty(call: &Call, cbor: fn() -> MockResponse) -> Response {
    match call.protocol {
        Protocol::Cbor => cbor().into(),
        Protocol::Query { .. } => query_document(call, &Value::Null),
        Protocol::Json | Protocol::RestXml => MockResponse::json(200, "{}").into(),
    }
}

fn value<T: Serialize>(output: &T) -> Value {
    serde_json::to_value(output).unwrap_or_default()
}

/// The value with its times as numbers, as awsJson writes them.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => match time(&fields) {
            Some(seconds) => seconds.clone(),
            None => Value::Object(fields.into_iter().map(|(k, v)| (k, plain(v))).collect()),
        },
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        other => other,
    }
}

fn time(fields: &Map<String, Value>) -> Option<&Value> {
    fields.get(TIME)
}

fn query_document(call: &Call, value: &Value) -> Response {
    let operation = &call.operation;
    let mut inner = String::new();
    element(&mut inner, value);
    let result = if value.is_null() {
        String::new()
    } else {
        format!("<{operation}Result>{inner}</{operation}Result>")
    };
    let mut response = MockResponse::xml(
        200,
        format!(
            "<{operation}Response xmlns=\"{NAMESPACE}\">{result}<ResponseMetadata><RequestId>\
             00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata></{operation}Response>"
        ),
    );
    response.headers.insert(
        http::header::CONTENT_TYPE,
        HeaderValue::from_static("text/xml"),
    );
    response.into()
}

/// Lists as `<member>`, fields as elements, times as ISO dates.
fn element(out: &mut String, value: &Value) {
    match value {
        Value::Null => {}
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => out.push_str(&xml_escape(text)),
        Value::Array(items) => {
            for item in items {
                wrapped(out, "member", item);
            }
        }
        Value::Object(fields) => match time(fields) {
            Some(seconds) => out.push_str(&date(seconds)),
            None => fields.iter().for_each(|(name, v)| wrapped(out, name, v)),
        },
    }
}

fn wrapped(out: &mut String, name: &str, value: &Value) {
    if !value.is_null() {
        out.push('<');
        out.push_str(name);
        out.push('>');
        element(out, value);
        out.push_str("</");
        out.push_str(name);
        out.push('>');
    }
}

fn date(seconds: &Value) -> String {
    seconds
        .as_f64()
        .and_then(|seconds| super::timestamp(seconds, "time").ok())
        .map(iso)
        .unwrap_or_default()
}

/// The form with its ISO dates as seconds, which is what the wire crate's reader expects.
fn with_epoch_times(params: &Params) -> Params {
    let is_time = |name: &str| {
        let leaf = name.rsplit('.').next().unwrap_or_default();
        matches!(
            leaf,
            "StartTime" | "EndTime" | "StartDate" | "EndDate" | "Timestamp"
        )
    };
    params
        .iter()
        .map(|(name, value)| match value.parse::<Timestamp>() {
            Ok(at) if is_time(name) => (name.clone(), super::seconds(at).to_string()),
            _ => (name.clone(), value.clone()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_numbers_in_json_and_dates_in_xml() {
        let value = json!({ "A": [{ "T": { TIME: 1_700_000_000.5 } }], "B": "<&>", "C": null });
        assert_eq!(
            plain(value.clone()),
            json!({ "A": [{ "T": 1_700_000_000.5 }], "B": "<&>", "C": null })
        );
        let mut out = String::new();
        element(&mut out, &value);
        assert_eq!(
            out,
            "<A><member><T>2023-11-14T22:13:20.500Z</T></member></A><B>&lt;&amp;&gt;</B>"
        );
    }

    #[test]
    fn dates_of_a_form_become_seconds() {
        let params = [
            ("StartTime", "2023-11-14T22:13:20Z"),
            ("AlarmName", "2023-11-14T22:13:20Z"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()));
        let times = with_epoch_times(&params.into());
        assert_eq!(times["StartTime"], "1700000000");
        assert_eq!(times["AlarmName"], "2023-11-14T22:13:20Z");
    }
}
