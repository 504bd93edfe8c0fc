//! The small change of evaluation: recognising functions, cutting patterns, reading arguments.

use serde_json::{Map, Value};

use crate::bundle::template::{TemplateError, text_of};

/// Conditions may name conditions, functions may hold functions: neither deeper than this.
const DEEPEST: u8 = 40;

pub(super) enum Piece<'a> {
    Plain(&'a str),
    Name(&'a str),
}

/// Cuts a `Fn::Sub` pattern; `${!x}` stands for a literal `${x}`.
pub(super) fn pieces(pattern: &str) -> Result<Vec<Piece<'_>>, TemplateError> {
    let mut out = Vec::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        let (inner, tail) = after
            .split_once('}')
            .ok_or_else(|| intrinsic(format!("Fn::Sub has a ${{ without its }}: {pattern}")))?;
        out.push(Piece::Plain(before));
        match inner.strip_prefix('!') {
            Some(literal) => {
                out.extend([Piece::Plain("${"), Piece::Plain(literal), Piece::Plain("}")]);
            }
            None => out.push(Piece::Name(inner.trim())),
        }
        rest = tail;
    }
    out.push(Piece::Plain(rest));
    Ok(out)
}

pub(super) fn sub_parts<'a>(
    argument: &'a Value,
    empty: &'a Map<String, Value>,
) -> Result<(&'a str, &'a Map<String, Value>), TemplateError> {
    match argument {
        Value::String(pattern) => Ok((pattern, empty)),
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(pattern), Value::Object(own)] => Ok((pattern, own)),
            _ => Err(bad("Fn::Sub")),
        },
        _ => Err(bad("Fn::Sub")),
    }
}

/// The function that a value calls: an object with exactly one key, `Ref`, `Condition` or `Fn::…`.
pub(super) fn function(value: &Value) -> Option<(&str, &Value)> {
    let map = value.as_object().filter(|m| m.len() == 1)?;
    let (name, argument) = map.iter().next()?;
    let is_condition = name == "Condition" && argument.is_string();
    (name == "Ref" || is_condition || name.starts_with("Fn::")).then_some((name.as_str(), argument))
}

pub(super) fn single(name: &str, argument: &Value) -> Value {
    Value::Object(Map::from_iter([(name.to_owned(), argument.clone())]))
}

pub(super) fn list<'v>(name: &str, argument: &'v Value) -> Result<&'v Vec<Value>, TemplateError> {
    argument.as_array().ok_or_else(|| bad(name))
}

pub(super) fn pair<'v>(name: &str, argument: &'v Value) -> Result<[&'v Value; 2], TemplateError> {
    match list(name, argument)?.as_slice() {
        [left, right] => Ok([left, right]),
        _ => Err(bad(name)),
    }
}

/// A list, or one value as a list.
pub(super) fn list_of(value: Option<Value>) -> Vec<Value> {
    match value {
        Some(Value::Array(list)) => list,
        other => other.into_iter().collect(),
    }
}

pub(super) fn loosely(value: &Value) -> Value {
    text_of(Some(value)).map_or_else(|| value.clone(), Value::String)
}

pub(super) fn scalar(value: Option<&Value>, what: &str) -> Result<String, TemplateError> {
    text_of(value).ok_or_else(|| intrinsic(format!("{what} needs a text where it has none")))
}

pub(super) fn intrinsic(reason: String) -> TemplateError {
    TemplateError::Intrinsic(reason)
}

pub(super) fn bad(name: &str) -> TemplateError {
    intrinsic(format!("{name} has the wrong arguments"))
}

pub(super) fn deeper(depth: u8) -> Result<u8, TemplateError> {
    if depth >= DEEPEST {
        return Err(intrinsic(
            "functions or conditions are nested too deeply".to_owned(),
        ));
    }
    Ok(depth + 1)
}

/// The first blocks of an IPv4 range: range, how many, host bits of each.
pub(super) fn blocks(parts: &[String]) -> Option<Value> {
    let (range, count, bits) = match parts {
        [range, count] => (range, count, "8"),
        [range, count, bits] => (range, count, bits.as_str()),
        _ => return None,
    };
    let (address, _) = range.split_once('/')?;
    let base = u32::from(address.parse::<std::net::Ipv4Addr>().ok()?);
    let bits: u32 = bits.parse().ok().filter(|b| *b < 32)?;
    let count: u32 = count.parse().ok().filter(|c| *c <= 256)?;
    let block = |n: u32| {
        let first = std::net::Ipv4Addr::from(base.wrapping_add(n << bits));
        Value::String(format!("{first}/{}", 32 - bits))
    };
    Some(Value::Array((0..count).map(block).collect()))
}
