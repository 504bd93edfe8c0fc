//! What a value of a template may become: enough of the intrinsic functions to judge names and numbers.

use serde_json::Value;

use super::context::Unit;

/// How deep conditions may name conditions, so that a circle of them ends.
const MAX_DEPTH: u8 = 16;

/// The text of a plain value; numbers and booleans as CloudFormation passes them.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The number of a plain value; CloudFormation takes numbers as texts too.
pub(super) fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// The one member of an object that is an intrinsic function.
pub(super) fn intrinsic(value: &Value) -> Option<(&str, &Value)> {
    let object = value.as_object()?;
    let (name, argument) = object.iter().next()?;
    let known = object.len() == 1 && (name == "Ref" || name.starts_with("Fn::"));
    known.then_some((name.as_str(), argument))
}

/// The logical id that a value refers to, by `Ref` or `Fn::GetAtt`, with the attribute.
pub(super) fn referred(value: &Value) -> Option<(&str, Option<&str>)> {
    match intrinsic(value)? {
        ("Ref", id) => Some((id.as_str()?, None)),
        ("Fn::GetAtt", Value::Array(parts)) => {
            Some((parts.first()?.as_str()?, parts.get(1)?.as_str()))
        }
        ("Fn::GetAtt", Value::String(both)) => {
            let (id, attribute) = both.split_once('.')?;
            Some((id, Some(attribute)))
        }
        _ => None,
    }
}

/// Whether all hold: one that does not decides, one that is unknown leaves it open.
fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut result = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            Some(true) => {}
            None => result = None,
        }
    }
    result
}

impl Unit<'_> {
    /// Whether a condition holds; none where that depends on the operator.
    pub(super) fn condition(&self, name: &str) -> Option<bool> {
        self.condition_to(name, MAX_DEPTH)
    }

    fn condition_to(&self, name: &str, depth: u8) -> Option<bool> {
        let depth = depth.checked_sub(1)?;
        self.holds(self.section("Conditions")?.get(name)?, depth)
    }

    fn holds(&self, rule: &Value, depth: u8) -> Option<bool> {
        let depth = depth.checked_sub(1)?;
        let (name, argument) = rule.as_object()?.iter().next()?;
        let parts = argument.as_array().map_or(&[][..], Vec::as_slice);
        let each = parts.iter().map(|part| self.holds(part, depth));
        match (name.as_str(), parts) {
            ("Condition", _) => self.condition_to(argument.as_str()?, depth),
            ("Fn::Equals", [a, b]) => Some(self.fixed_text(a)? == self.fixed_text(b)?),
            ("Fn::Not", [one]) => self.holds(one, depth).map(|holds| !holds),
            ("Fn::And", _) => all(each),
            ("Fn::Or", _) => all(each.map(|one| one.map(|holds| !holds))).map(|none| !none),
            _ => None,
        }
    }

    /// The text of a value that does not depend on the operator.
    pub(super) fn fixed_text(&self, value: &Value) -> Option<String> {
        match intrinsic(value) {
            None => text(value),
            Some(("Ref", name)) => {
                let name = name.as_str()?;
                self.fixed.get(name).cloned().or_else(|| self.pseudo(name))
            }
            Some(("Fn::Sub", Value::String(pattern))) => substitute(pattern, &|name| {
                self.fixed.get(name).cloned().or_else(|| self.pseudo(name))
            }),
            Some(_) => None,
        }
    }

    fn pseudo(&self, name: &str) -> Option<String> {
        match name {
            "AWS::Region" => Some(self.region.clone()),
            "AWS::AccountId" => Some("123456789012".into()),
            "AWS::Partition" => Some("aws".into()),
            "AWS::URLSuffix" => Some("amazonaws.com".into()),
            _ => None,
        }
    }

    /// Everything a value may become. What cannot be known is shown by its name in braces; `AWS::NoValue`
    /// becomes nothing.
    pub(super) fn possible(&self, value: &Value) -> Vec<Value> {
        match intrinsic(value) {
            None => vec![value.clone()],
            Some(("Ref", name)) => self.possible_ref(name.as_str().unwrap_or_default()),
            Some(("Fn::If", argument)) => self.possible_if(argument),
            Some(("Fn::Sub", argument)) => vec![Value::String(self.sub(argument))],
            Some(("Fn::Join", argument)) => self.join(argument).into_iter().collect(),
            Some(("Fn::GetAtt", _)) => {
                let (id, attribute) = referred(value).unwrap_or_default();
                vec![Value::String(format!(
                    "{{{id}.{}}}",
                    attribute.unwrap_or_default()
                ))]
            }
            Some((name, _)) => vec![Value::String(format!("{{{name}}}"))],
        }
    }

    fn possible_ref(&self, name: &str) -> Vec<Value> {
        if name == "AWS::NoValue" {
            return Vec::new();
        }
        if let Some(known) = self.fixed.get(name).cloned().or_else(|| self.pseudo(name)) {
            return vec![Value::String(known)];
        }
        match self.open.get(name) {
            Some(values) if !values.is_empty() => values.clone(),
            _ => vec![Value::String(format!("{{{name}}}"))],
        }
    }

    fn possible_if(&self, argument: &Value) -> Vec<Value> {
        let Some([Value::String(condition), yes, no]) = argument.as_array().map(Vec::as_slice)
        else {
            return Vec::new();
        };
        match self.condition(condition) {
            Some(true) => self.possible(yes),
            Some(false) => self.possible(no),
            None => [self.possible(yes), self.possible(no)].concat(),
        }
    }

    fn sub(&self, argument: &Value) -> String {
        let (pattern, own) = match argument {
            Value::Array(parts) => (parts.first(), parts.get(1)),
            other => (Some(other), None),
        };
        let pattern = pattern.and_then(Value::as_str).unwrap_or_default();
        let named = |name: &str| {
            let values = own
                .and_then(|own| own.get(name))
                .map_or_else(|| self.possible_ref(name), |value| self.possible(value));
            values.iter().find_map(text)
        };
        substitute(pattern, &named).unwrap_or_default()
    }

    fn join(&self, argument: &Value) -> Option<Value> {
        let [Value::String(glue), Value::Array(parts)] = argument.as_array()?.as_slice() else {
            return Some(Value::String("{Fn::Join}".into()));
        };
        let parts: Vec<String> = parts
            .iter()
            .filter_map(|part| self.possible(part).iter().find_map(text))
            .collect();
        Some(Value::String(parts.join(glue)))
    }
}

/// Replaces `${name}`; `${!name}` stays as `${name}`. None if a name is not known.
fn substitute(pattern: &str, named: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, tail) = after.split_once('}')?;
        out.push_str(before);
        match name.strip_prefix('!') {
            Some(literal) => {
                out.push_str("${");
                out.push_str(literal);
                out.push('}');
            }
            None => out.push_str(&named(name)?),
        }
        rest = tail;
    }
    out.push_str(rest);
    Some(out)
}
