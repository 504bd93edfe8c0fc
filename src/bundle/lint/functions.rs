//! Rules on Lambda functions: their code, runtime, concurrency and doors.

use std::borrow::Cow;

use super::context::Resource;
use super::value::{number, referred};
use super::{Context, Found, Rule};
use crate::bundle::inline;

const FUNCTION: &str = "AWS::Lambda::Function";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "SB801",
        title: "a function, or a stack set, holds the text of the file that it names",
        source: "Metadata.Source; what is tested must be what is deployed",
        look: sources,
    },
    Rule {
        id: "SB802",
        title: "a function runs on the runtime of the policy",
        source: "policy.runtime of the manifest",
        look: runtimes,
    },
    Rule {
        id: "SB803",
        title: "a function reserves the concurrency of the policy",
        source: "policy.reserved_concurrency of the manifest",
        look: concurrency,
    },
    Rule {
        id: "SB804",
        title: "a public function URL has both permissions",
        source: "since October 2025 lambda:InvokeFunctionUrl alone answers 403",
        look: urls,
    },
];

fn sources(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for resource in context.resources() {
        let Some(code) = inline::coded(resource.value) else {
            if resource.kind == FUNCTION && resource.property("Code.ZipFile").is_some() {
                found.push((
                    format!("{}.Metadata.Source", resource.path()),
                    "is missing: where does the code come from?".to_owned(),
                ));
            }
            continue;
        };
        let reason = match context.bundle.sources.get(code.source) {
            None => format!("{} cannot be read", code.source),
            Some(text) if code.text != Some(&wanted(resource.kind, text)) => {
                format!("is not the text of {}", code.source)
            }
            Some(_) => continue,
        };
        found.push((resource.at(&code.path.join(".")), reason));
    }
    found
}

/// The text that a resource of this type holds of its source.
fn wanted<'t>(kind: &str, source: &'t str) -> Cow<'t, str> {
    if kind == inline::STACK_SET {
        inline::minified(source).map_or(Cow::Borrowed(source), Cow::Owned)
    } else {
        Cow::Borrowed(source)
    }
}

fn runtimes(context: &Context<'_>) -> Vec<Found> {
    let Some(wanted) = &context.bundle.manifest.policy.runtime else {
        return Vec::new();
    };
    context
        .of_type(FUNCTION)
        .filter(|f| f.property("PackageType").is_none())
        .filter(|f| f.texts("Runtime").first() != Some(wanted))
        .map(|f| (f.at("Runtime"), format!("must be {wanted} by default")))
        .collect()
}

fn concurrency(context: &Context<'_>) -> Vec<Found> {
    let Some(wanted) = context.bundle.manifest.policy.reserved_concurrency else {
        return Vec::new();
    };
    let path = "ReservedConcurrentExecutions";
    let default = |function: &Resource<'_>| {
        let values = function.values(path);
        // Absent, or a parameter whose 0 leaves it out: nothing is reserved.
        values.first().map_or(Some(0.0), number)
    };
    #[expect(
        clippy::cast_precision_loss,
        reason = "a concurrency is far below 2^52"
    )]
    let number = wanted as f64;
    context
        .of_type(FUNCTION)
        .filter(|function| default(function) != Some(number))
        .map(|function| (function.at(path), format!("must be {wanted} by default")))
        .collect()
}

fn urls(context: &Context<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for url in context.of_type("AWS::Lambda::Url") {
        if !url.may_be("AuthType", "NONE") {
            continue;
        }
        let target = url
            .property("TargetFunctionArn")
            .and_then(referred)
            .map(|(id, _)| id);
        for action in ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"] {
            let mut permissions = url
                .unit
                .resources()
                .filter(|r| r.kind == "AWS::Lambda::Permission");
            let granted = permissions.any(|permission| {
                let named = permission.property("FunctionName").and_then(referred);
                named.map(|(id, _)| id) == target
                    && permission.may_be("Action", action)
                    && permission.may_be("Principal", "*")
            });
            if !granted {
                found.push((url.path(), format!("nobody is permitted {action}")));
            }
        }
    }
    found
}
