//! What stacks export to other stacks of their region, and what these take.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::Value;

use crate::bundle::template::eval::Scope;
use crate::rehearsal::faults::ApiError;
use crate::rehearsal::world::World;
use crate::rehearsal::world::cloudformation::diff::Site;
use crate::rehearsal::world::cloudformation::record::{StackRecord, Version};

/// One exported value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportView {
    pub name: String,
    pub value: String,
    /// The ARN of the stack that exports it.
    pub stack: String,
}

impl World {
    /// Every export of the region, by name.
    pub fn exports(&self, region: &str) -> Vec<ExportView> {
        let of = |stack: &StackRecord| -> Vec<ExportView> {
            let pairs = stack.exports.iter().filter_map(|(output, name)| {
                Some(ExportView {
                    name: name.clone(),
                    value: stack.outputs.get(output)?.clone(),
                    stack: stack.arn.clone(),
                })
            });
            pairs.collect()
        };
        let mut all: Vec<ExportView> = self.live_stacks(region).flat_map(of).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// The names of the stacks that import a value.
    pub fn imports(&self, region: &str, export: &str) -> Result<Vec<String>, ApiError> {
        let takes = |stack: &&StackRecord| self.imports_of(region, stack).contains(export);
        let names: Vec<String> = self
            .live_stacks(region)
            .filter(takes)
            .map(|stack| stack.name.clone())
            .collect();
        if names.is_empty() {
            let why = format!("Export '{export}' is not imported by any stack.");
            return Err(ApiError::validation(why));
        }
        Ok(names)
    }

    /// The value of an export of the region.
    pub(super) fn export(&self, region: &str, name: &str) -> Option<String> {
        let all = self.exports(region);
        all.into_iter()
            .find(|e| e.name == name)
            .map(|export| export.value)
    }

    /// Why a stack can't be deleted, in CloudFormation's words: the first of its exports that others import.
    pub(super) fn export_in_use(&self, region: &str, stack: &StackRecord) -> Option<String> {
        let mut names: Vec<&String> = stack.exports.values().collect();
        names.sort();
        names.into_iter().find_map(|name| {
            let users = self.imports(region, name).ok()?;
            Some(format!(
                "Export {name} cannot be deleted as it is in use by {}",
                users.join(" and ")
            ))
        })
    }

    /// The exports that a stack's template takes, in its resources that are there.
    fn imports_of(&self, region: &str, stack: &StackRecord) -> BTreeSet<String> {
        let taken = RefCell::new(BTreeSet::new());
        let imports = |v: &&Version| v.body.contains("Fn::ImportValue");
        let Some(version) = stack.current.as_ref().filter(imports) else {
            return BTreeSet::new();
        };
        let site = Site {
            region,
            stack: &stack.name,
            arn: &stack.arn,
            version,
            resources: &stack.resources,
        };
        self.with_scope(&site, |scope| {
            let listening = Scope {
                import: &|name| {
                    taken.borrow_mut().insert(name.to_owned());
                    (scope.import)(name)
                },
                ..*scope
            };
            let alive = stack.resources.values().filter(|r| r.alive);
            let declared = alive.filter_map(|r| version.template.resources.get(&r.logical_id));
            for resource in declared {
                listen(&listening, &resource.properties);
            }
        });
        taken.into_inner()
    }
}

/// Evaluates, for what is asked on the way.
fn listen(scope: &Scope<'_>, value: &Value) {
    if let Err(error) = scope.value(value) {
        tracing::debug!(%error, "an import was looked for in what can't be evaluated");
    }
}
