//! A deployed template made comparable: its digest, and what it makes with its stack's parameters.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::bundle::template::eval::Scope;
use crate::bundle::template::{Template, TemplateError};
use crate::domain::parity::{Contents, TemplateSeen};
use crate::domain::stack::Stack;
use crate::domain::text::clean;

/// What the template of a stack in a region comes to, beside the bundle's own file.
pub fn comparable(body: &str, bundled: &str, stack: &Stack, region: &str) -> TemplateSeen {
    TemplateSeen {
        arn: stack.arn.clone(),
        updated: stack.updated,
        digest: digest(body),
        bundled: digest(bundled),
        contents: contents(body, stack, region).map_err(|why| clean(&why)),
    }
}

/// SHA-256 of the JSON with sorted keys and without blanks; of the text itself where it is no JSON.
fn digest(body: &str) -> String {
    let normal = match serde_json::from_str(body) {
        Ok(tree) => sorted(tree).to_string(),
        Err(_not_json) => body.trim().to_owned(),
    };
    format!("{:x}", Sha256::digest(normal.as_bytes()))
}

fn sorted(tree: Value) -> Value {
    match tree {
        Value::Object(map) => {
            let sorted: BTreeMap<String, Value> =
                map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            Value::Object(sorted.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => other,
    }
}

fn contents(body: &str, stack: &Stack, region: &str) -> Result<Contents, String> {
    if serde_json::from_str(body).is_ok_and(|tree: Value| tree.get("Transform").is_some()) {
        return Err("has a transform, so what it makes can't be told from here".to_owned());
    }
    let template = Template::parse(body).map_err(|e| e.to_string())?;
    let account = stack.arn.split(':').nth(4).unwrap_or_default();
    let scope = Scope {
        template: &template,
        parameters: &stack.parameters,
        region,
        account,
        stack_name: &stack.name,
        stack_arn: &stack.arn,
        attribute: &|_, _| None,
        import: &|_| None,
    };
    let hidden = template.parameters.iter().filter(|(_, p)| p.no_echo);
    let hidden: BTreeSet<String> = hidden.map(|(name, _)| name.clone()).collect();
    made(&scope, hidden).map_err(|e| e.to_string())
}

fn made(scope: &Scope<'_>, hidden: BTreeSet<String>) -> Result<Contents, TemplateError> {
    let mut contents = Contents {
        hidden,
        ..Contents::default()
    };
    for (id, resource) in &scope.template.resources {
        if !scope.holds(resource.condition.as_deref())? {
            continue;
        }
        *contents.types.entry(resource.kind.clone()).or_default() += 1;
        if resource.kind == "AWS::Lambda::Function" {
            let reserved = match resource.properties.get("ReservedConcurrentExecutions") {
                Some(value) => scope.value(value)?,
                None => None,
            };
            let reserved = crate::bundle::template::text_of(reserved.as_ref());
            contents.concurrency.insert(id.clone(), reserved);
        }
    }
    Ok(contents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures;
    use crate::domain::stack::StackId;

    const BODY: &str = r#"{"Parameters":{"role":{"Type":"String"},"key":{"Type":"String","NoEcho":true},"reserve":{"Type":"Number"}},
        "Conditions":{"Standby":{"Fn::Equals":[{"Ref":"role"},"standby"]},"Reserves":{"Fn::Not":[{"Fn::Equals":[{"Ref":"reserve"},"0"]}]}},
        "Resources":{"A":{"Type":"AWS::Lambda::Function","Properties":{"ReservedConcurrentExecutions":{"Fn::If":["Reserves",{"Ref":"reserve"},{"Ref":"AWS::NoValue"}]}}},
        "B":{"Type":"AWS::Lambda::Function","Condition":"Standby","Properties":{}},"Q":{"Type":"AWS::SQS::Queue"}}}"#;

    fn seen(body: &str, role: &str, reserve: &str) -> TemplateSeen {
        let model = fixtures::steady();
        let mut stack = model
            .seen
            .stack(&StackId("standby".into()))
            .unwrap()
            .clone();
        let pairs = [("role", role), ("key", "****"), ("reserve", reserve)];
        stack.parameters = pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        comparable(body, BODY, &stack, "us-west-2")
    }

    #[test]
    fn a_template_is_counted_as_its_conditions_say() {
        let primary = seen(BODY, "primary", "100").contents.unwrap();
        assert_eq!(primary.types["AWS::Lambda::Function"], 1);
        assert_eq!(primary.concurrency["A"].as_deref(), Some("100"));
        let standby = seen(BODY, "standby", "0").contents.unwrap();
        assert_eq!(standby.types["AWS::Lambda::Function"], 2);
        assert_eq!(standby.concurrency["A"], None);
        assert!(standby.hidden.contains("key"));
    }

    #[test]
    fn blanks_and_the_order_of_keys_do_not_count_but_words_do() {
        let again = serde_json::from_str::<Value>(BODY).unwrap();
        let mut turned = serde_json::Map::new();
        for (key, value) in again.as_object().unwrap().iter().rev() {
            turned.insert(key.clone(), value.clone());
        }
        let turned = serde_json::to_string_pretty(&turned).unwrap();
        let read = seen(&turned, "primary", "0");
        assert_eq!(read.digest, read.bundled);
        let other = seen(&BODY.replace("SQS", "SNS"), "primary", "0");
        assert_ne!(other.digest, other.bundled);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let yaml = seen("Resources:\n  A: {Type: B}\n", "primary", "0");
        assert!(yaml.contents.unwrap_err().contains("JSON"));
        let transform =
            r#"{"Transform":"AWS::Serverless-2016-10-31","Resources":{"A":{"Type":"B"}}}"#;
        let why = seen(transform, "primary", "0").contents.unwrap_err();
        assert!(why.contains("transform"), "{why}");
    }
}
