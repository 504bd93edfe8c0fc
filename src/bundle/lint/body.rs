//! Rules on a template as a whole: its size, what it carries inside, names that can never work.

use serde::Serialize;
use serde_json::Value;

use super::value::text;
use super::{Context, Found, MAX_BODY_BYTES, Rule};
use crate::bundle::{Bundle, inline};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "SB101",
        title: "a minified body has at most 51,200 bytes",
        source: "CreateStack, TemplateBody; cfn-lint does not count",
        look: body_size,
    },
    Rule {
        id: "SB102",
        title: "the template inside a StackSet is JSON, and small enough too",
        source: "cfn-lint does not look inside (observed)",
        look: inner_body,
    },
    Rule {
        id: "SB103",
        title: "no name of example.com and its like",
        source: "Route 53 rejects them with InvalidDomainName",
        look: example_names,
    },
];

/// How large a body is that CloudFormation gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Body {
    /// The template's file, or the property of a stack set.
    pub place: String,
    /// Of the minified text.
    pub bytes: usize,
    /// What CloudFormation takes.
    pub limit: usize,
}

/// Every body of a bundle, those inside stack sets included.
pub fn bodies(bundle: &Bundle) -> Vec<Body> {
    let context = Context::new(bundle);
    let body = |place: String, text: &str| Body {
        place,
        bytes: text.len(),
        limit: MAX_BODY_BYTES,
    };
    let files = bundle.templates.iter();
    let mut all: Vec<Body> = files.map(|(name, text)| body(name.clone(), text)).collect();
    for set in context.of_type("AWS::CloudFormation::StackSet") {
        if let Some(Value::String(text)) = set.property("TemplateBody") {
            all.push(body(set.at("TemplateBody"), text));
        }
    }
    all
}

fn body_size(context: &Context<'_>) -> Vec<Found> {
    let sizes = context.bundle.templates.iter();
    sizes
        .filter(|(_, body)| body.len() > MAX_BODY_BYTES)
        .map(|(name, body)| {
            let bytes = body.len();
            (
                format!("{name}: "),
                format!("has {bytes} bytes minified, {MAX_BODY_BYTES} at most"),
            )
        })
        .collect()
}

fn inner_body(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for set in context.of_type("AWS::CloudFormation::StackSet") {
        let place = set.at("TemplateBody");
        let reason = match (
            set.property("TemplateBody"),
            inline::inner_template(set.value),
        ) {
            (None, _) => continue,
            (Some(Value::String(body)), Some(_)) if body.len() > MAX_BODY_BYTES => {
                format!("has {} bytes, {MAX_BODY_BYTES} at most", body.len())
            }
            (Some(_), Some(inner)) if inner.get("Resources").is_some() => continue,
            _ => "is not the text of a JSON template".to_owned(),
        };
        found.push((place, reason));
    }
    found
}

fn example_names(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for unit in &context.units {
        for (name, spec) in unit.section("Parameters").into_iter().flatten() {
            let default = spec.get("Default").and_then(text).unwrap_or_default();
            if is_example(&default) {
                found.push((
                    format!("{}: Parameters.{name}.Default", unit.place),
                    format!("`{default}` can never be deployed"),
                ));
            }
        }
        for resource in unit
            .resources()
            .filter(|r| r.kind.starts_with("AWS::Route53::"))
        {
            for name in resource.texts("Name").iter().filter(|n| is_example(n)) {
                found.push((
                    resource.at("Name"),
                    format!("`{name}` can never be deployed"),
                ));
            }
        }
    }
    found
}

fn is_example(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    ["example.com", "example.net", "example.org"]
        .iter()
        .any(|known| name == *known || name.ends_with(&format!(".{known}")))
}
