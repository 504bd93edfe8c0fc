//! CloudFormation templates: parsing, and (in [`eval`]) what their intrinsic functions come to.

pub mod eval;
mod parts;
mod refers;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// A parsed template (JSON, format version 2010-09-09).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Template {
    pub description: Option<String>,
    pub parameters: BTreeMap<String, Parameter>,
    pub rules: Map<String, Value>,
    pub mappings: Map<String, Value>,
    pub conditions: Map<String, Value>,
    pub resources: BTreeMap<String, Resource>,
    pub outputs: BTreeMap<String, Output>,
}

/// A template's parameter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Parameter {
    /// `String`, `Number`, `CommaDelimitedList`, …
    pub kind: String,
    pub description: Option<String>,
    pub default: Option<String>,
    pub allowed_values: Vec<String>,
    pub allowed_pattern: Option<String>,
    pub min_length: Option<usize>,
    pub max_length: Option<usize>,
    pub min_value: Option<f64>,
    pub max_value: Option<f64>,
    pub no_echo: bool,
}

/// A template's resource, its properties unevaluated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    pub kind: String,
    pub condition: Option<String>,
    pub depends_on: Vec<String>,
    pub properties: Value,
    pub metadata: Value,
    pub deletion_policy: Option<String>,
    pub update_replace_policy: Option<String>,
}

/// A template's output, its value unevaluated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    pub description: Option<String>,
    pub condition: Option<String>,
    pub value: Value,
    pub export: Option<Value>,
}

/// What is wrong with a template or with what it was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("Template format error: JSON not well-formed. ({0})")]
    Json(String),
    #[error("Template format error: {path}: {reason}")]
    Shape { path: String, reason: String },
    #[error("Template format error: Unresolved resource dependencies [{name}] in {place}")]
    Unresolved { name: String, place: String },
    #[error("Template error: {0}")]
    Intrinsic(String),
    #[error("{0}")]
    Parameter(String),
    #[error("Template error: {0}")]
    Rule(String),
}

const SECTIONS: [&str; 10] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
];

impl Template {
    /// Parses the text of a JSON template.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let root: Value =
            serde_json::from_str(text).map_err(|e| TemplateError::Json(e.to_string()))?;
        let root = object(&root, "template")?;
        if let Some(key) = root.keys().find(|k| !SECTIONS.contains(&k.as_str())) {
            return Err(shape(key, "invalid template property"));
        }
        let resources = entries(root, "Resources", resource)?;
        if resources.is_empty() {
            return Err(shape("Resources", "at least one member must be defined"));
        }
        let template = Self {
            description: text_of(root.get("Description")),
            parameters: entries(root, "Parameters", parameter)?,
            rules: section(root, "Rules")?,
            mappings: section(root, "Mappings")?,
            conditions: section(root, "Conditions")?,
            resources,
            outputs: entries(root, "Outputs", output)?,
        };
        template.check_names()?;
        Ok(template)
    }

    /// Conditions and dependencies must name something that exists.
    fn check_names(&self) -> Result<(), TemplateError> {
        for (id, resource) in &self.resources {
            if let Some(name) = resource
                .depends_on
                .iter()
                .find(|d| !self.resources.contains_key(*d))
            {
                return Err(TemplateError::Unresolved {
                    name: name.clone(),
                    place: "the Resources block of the template".to_owned(),
                });
            }
            self.check_condition(id, resource.condition.as_ref())?;
        }
        for (id, output) in &self.outputs {
            self.check_condition(id, output.condition.as_ref())?;
        }
        Ok(())
    }

    fn check_condition(&self, at: &str, condition: Option<&String>) -> Result<(), TemplateError> {
        match condition.filter(|c| !self.conditions.contains_key(*c)) {
            Some(name) => Err(shape(at, &format!("the condition {name} is not defined"))),
            None => Ok(()),
        }
    }

    /// The values that the parameters have: given ones, else defaults; each checked against its constraints.
    pub fn bind(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, TemplateError> {
        if let Some(name) = given.keys().find(|n| !self.parameters.contains_key(*n)) {
            return Err(TemplateError::Parameter(format!(
                "Parameters: [{name}] do not exist in the template"
            )));
        }
        let mut bound = BTreeMap::new();
        let mut missing = Vec::new();
        for (name, parameter) in &self.parameters {
            match given.get(name).or(parameter.default.as_ref()) {
                Some(value) => {
                    parameter.check(name, value)?;
                    bound.insert(name.clone(), value.clone());
                }
                None => missing.push(name.as_str()),
            }
        }
        if missing.is_empty() {
            Ok(bound)
        } else {
            let list = missing.join(", ");
            Err(TemplateError::Parameter(format!(
                "Parameters: [{list}] must have values"
            )))
        }
    }

    /// The capabilities that CloudFormation asks the caller to acknowledge.
    pub fn needed_capability(&self) -> Option<&'static str> {
        let iam = |r: &&Resource| r.kind.starts_with("AWS::IAM::");
        let named = |r: &Resource| {
            [
                "RoleName",
                "UserName",
                "GroupName",
                "ManagedPolicyName",
                "InstanceProfileName",
            ]
            .iter()
            .any(|name| r.properties.get(name).is_some())
        };
        let mut all = self.resources.values().filter(iam).peekable();
        all.peek()?;
        Some(if all.any(named) {
            "CAPABILITY_NAMED_IAM"
        } else {
            "CAPABILITY_IAM"
        })
    }
}

impl Parameter {
    fn check(&self, name: &str, value: &str) -> Result<(), TemplateError> {
        let fail = |why: String| Err(TemplateError::Parameter(why));
        if !self.allowed_values.is_empty() && !self.allowed_values.iter().any(|a| a == value) {
            let list = self.allowed_values.join(", ");
            return fail(format!(
                "Parameter '{name}' must be one of AllowedValues [{list}]"
            ));
        }
        if let Some(pattern) = &self.allowed_pattern {
            let whole = format!("^(?:{pattern})$");
            if regex_lite::Regex::new(&whole).is_ok_and(|r| !r.is_match(value)) {
                return fail(format!(
                    "Parameter {name} failed to satisfy constraint: must match pattern {pattern}"
                ));
            }
        }
        let length = value.chars().count();
        if self.min_length.is_some_and(|m| length < m)
            || self.max_length.is_some_and(|m| length > m)
        {
            return fail(format!("Parameter '{name}' has a length out of its limits"));
        }
        if self.kind == "Number" {
            return self.check_number(name, value);
        }
        Ok(())
    }

    fn check_number(&self, name: &str, value: &str) -> Result<(), TemplateError> {
        let number: Option<f64> = value.parse().ok();
        let inside = number.is_some_and(|n| {
            self.min_value.is_none_or(|m| n >= m) && self.max_value.is_none_or(|m| n <= m)
        });
        if inside {
            Ok(())
        } else {
            Err(TemplateError::Parameter(format!(
                "Parameter '{name}' must be a number within its limits"
            )))
        }
    }
}

fn shape(path: &str, reason: &str) -> TemplateError {
    TemplateError::Shape {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, TemplateError> {
    value
        .as_object()
        .ok_or_else(|| shape(path, "expected an object"))
}

fn section(root: &Map<String, Value>, name: &str) -> Result<Map<String, Value>, TemplateError> {
    root.get(name)
        .map_or_else(|| Ok(Map::new()), |v| object(v, name).cloned())
}

fn entries<T>(
    root: &Map<String, Value>,
    name: &str,
    read: impl Fn(&Map<String, Value>, &str) -> Result<T, TemplateError>,
) -> Result<BTreeMap<String, T>, TemplateError> {
    section(root, name)?
        .iter()
        .map(|(key, value)| {
            let path = format!("{name}/{key}");
            Ok((key.clone(), read(object(value, &path)?, &path)?))
        })
        .collect()
}

/// A scalar as text, as CloudFormation reads parameters and defaults.
pub fn text_of(value: Option<&Value>) -> Option<String> {
    match value? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn texts_of(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(|v| text_of(Some(v))).collect(),
        other => text_of(other).into_iter().collect(),
    }
}

fn parameter(map: &Map<String, Value>, path: &str) -> Result<Parameter, TemplateError> {
    let number = |key: &str| text_of(map.get(key)).and_then(|t| t.parse::<f64>().ok());
    let size = |key: &str| text_of(map.get(key)).and_then(|t| t.parse::<usize>().ok());
    Ok(Parameter {
        kind: text_of(map.get("Type"))
            .ok_or_else(|| shape(path, "every Parameters object must contain a Type member"))?,
        description: text_of(map.get("Description")),
        default: text_of(map.get("Default")),
        allowed_values: texts_of(map.get("AllowedValues")),
        allowed_pattern: text_of(map.get("AllowedPattern")),
        min_length: size("MinLength"),
        max_length: size("MaxLength"),
        min_value: number("MinValue"),
        max_value: number("MaxValue"),
        no_echo: text_of(map.get("NoEcho")).is_some_and(|t| t == "true"),
    })
}

const RESOURCE_KEYS: [&str; 9] = [
    "Type",
    "Condition",
    "DependsOn",
    "Properties",
    "Metadata",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "UpdatePolicy",
    "CreationPolicy",
];

fn resource(map: &Map<String, Value>, path: &str) -> Result<Resource, TemplateError> {
    if let Some(key) = map.keys().find(|k| !RESOURCE_KEYS.contains(&k.as_str())) {
        return Err(shape(
            path,
            &format!("encountered unsupported property {key}"),
        ));
    }
    Ok(Resource {
        kind: text_of(map.get("Type"))
            .ok_or_else(|| shape(path, "every Resources object must contain a Type member"))?,
        condition: text_of(map.get("Condition")),
        depends_on: texts_of(map.get("DependsOn")),
        properties: map
            .get("Properties")
            .cloned()
            .unwrap_or(Value::Object(Map::new())),
        metadata: map.get("Metadata").cloned().unwrap_or(Value::Null),
        deletion_policy: text_of(map.get("DeletionPolicy")),
        update_replace_policy: text_of(map.get("UpdateReplacePolicy")),
    })
}

fn output(map: &Map<String, Value>, path: &str) -> Result<Output, TemplateError> {
    Ok(Output {
        description: text_of(map.get("Description")),
        condition: text_of(map.get("Condition")),
        value: map
            .get("Value")
            .cloned()
            .ok_or_else(|| shape(path, "every Outputs object must contain a Value member"))?,
        export: map.get("Export").and_then(|e| e.get("Name")).cloned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_path() {
        let error = |text: &str| Template::parse(text).unwrap_err().to_string();
        assert!(error("{").starts_with("Template format error: JSON not well-formed."));
        assert_eq!(
            error(r#"{"Resources":{"A":{}}}"#),
            "Template format error: Resources/A: every Resources object must contain a Type member"
        );
        assert_eq!(
            error(r#"{"Resources":{"A":{"Type":"T","DependsOn":"B"}}}"#),
            "Template format error: Unresolved resource dependencies [B] in the Resources block of the template"
        );
        assert!(error(r#"{"Resource":{}}"#).contains("invalid template property"));
    }

    #[test]
    fn parameters_are_bound_and_checked() {
        let template = Template::parse(
            r#"{"Parameters":{"a":{"Type":"String","AllowedPattern":"[a-z]+"},"n":{"Type":"Number","Default":3,"MinValue":1}},
                "Resources":{"R":{"Type":"T"}}}"#,
        )
        .unwrap();
        let bind = |pairs: &[(&str, &str)]| {
            let given = pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect();
            template.bind(&given)
        };
        assert_eq!(bind(&[("a", "x")]).unwrap().get("n").unwrap(), "3");
        assert_eq!(
            bind(&[]).unwrap_err().to_string(),
            "Parameters: [a] must have values"
        );
        assert!(bind(&[("a", "X")]).is_err());
        assert!(bind(&[("a", "x"), ("n", "0")]).is_err());
        assert!(bind(&[("a", "x"), ("z", "0")]).is_err());
    }

    #[test]
    fn named_roles_need_the_named_capability() {
        let with = |properties: &str| {
            let text = format!(
                r#"{{"Resources":{{"R":{{"Type":"AWS::IAM::Role","Properties":{properties}}}}}}}"#
            );
            Template::parse(&text).unwrap().needed_capability()
        };
        assert_eq!(with("{}"), Some("CAPABILITY_IAM"));
        assert_eq!(with(r#"{"RoleName":"x"}"#), Some("CAPABILITY_NAMED_IAM"));
    }
}
