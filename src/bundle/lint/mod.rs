//! The rules that templates are held to, beyond what CloudFormation and cfn-lint catch.
//!
//! Each rule comes from something that was seen to go wrong unnoticed (facts/aws.md §5, last paragraph).
//! A template is looked at as each stack of the manifest deploys it, so that a rule knows the region,
//! the role and the values that the manifest passes.

mod agreement;
mod alarms;
mod body;
mod context;
mod databases;
mod functions;
mod names;
mod replication;
mod retention;
mod routing;
mod stack_sets;
mod tables;
#[cfg(test)]
mod tests;
mod value;

use std::fmt;

use serde::Serialize;

use crate::bundle::Bundle;

pub use body::{Body, bodies};
pub use context::Context;

/// CloudFormation takes no larger template in a request (`TemplateBody` of `CreateStack`), in bytes.
pub const MAX_BODY_BYTES: usize = 51_200;

/// A rule and where it comes from.
pub struct Rule {
    pub id: &'static str,
    /// What holds where the rule is kept.
    pub title: &'static str,
    pub source: &'static str,
    look: fn(&Context<'_>) -> Vec<Found>,
}

/// A place in a file, and what is wrong there.
pub(super) type Found = (String, String);

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    pub rule: &'static str,
    /// File and JSON path, such as `region.json: Resources.Topic.Properties.Tags`.
    pub path: String,
    pub message: String,
}

impl Rule {
    pub fn check(&self, context: &Context<'_>) -> Vec<Finding> {
        (self.look)(context)
            .into_iter()
            .map(|(path, message)| Finding {
                rule: self.id,
                path: crate::domain::text::clean(&path),
                message: crate::domain::text::clean(&message),
            })
            .collect()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.rule, self.path, self.message)
    }
}

/// Every rule, by number.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    body::RULES
        .iter()
        .chain(agreement::RULES)
        .chain(routing::RULES)
        .chain(alarms::RULES)
        .chain(replication::RULES)
        .chain(names::RULES)
        .chain(retention::RULES)
        .chain(functions::RULES)
        .chain(databases::RULES)
        .chain(stack_sets::RULES)
}

/// Everything that is wrong with a bundle's templates; the same place is reported once per rule and reason.
pub fn check(bundle: &Bundle) -> Vec<Finding> {
    let context = Context::new(bundle);
    let mut all: Vec<Finding> = rules().flat_map(|rule| rule.check(&context)).collect();
    all.sort();
    all.dedup();
    all
}
