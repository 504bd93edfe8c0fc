//! What a manifest must hold beyond its shape: names that exist, limits in order, patterns that compile.

#[cfg(test)]
mod tests;
mod watch;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::bundle::load::stays_inside;
use crate::bundle::manifest::{MadeBy, Manifest, SCHEMA, Stack};
use crate::domain::placeholder::Placeholder;
use crate::domain::region::{RegionPair, Role};
use crate::domain::stack::StackId;

/// What a template may be allowed to do.
const CAPABILITIES: [&str; 3] = [
    "CAPABILITY_IAM",
    "CAPABILITY_NAMED_IAM",
    "CAPABILITY_AUTO_EXPAND",
];

/// A JSON path and what is wrong there.
pub(super) type Wrong = (String, String);

/// Everything that is wrong with a manifest, given its templates.
pub(super) fn problems(manifest: &Manifest, templates: &BTreeMap<String, Value>) -> Vec<Wrong> {
    let mut verifier = Verifier {
        manifest,
        templates,
        found: Vec::new(),
    };
    verifier.head();
    verifier.parameters();
    verifier.stacks();
    verifier.signals();
    verifier.alarms();
    verifier.traffic();
    verifier.found
}

struct Verifier<'a> {
    manifest: &'a Manifest,
    templates: &'a BTreeMap<String, Value>,
    found: Vec<Wrong>,
}

/// Which references a text may make.
#[derive(Clone, Copy)]
enum Known<'a> {
    /// The suffix and the regions: what never waits for an operator or for AWS.
    Names,
    /// Also parameters, and outputs of these stacks.
    OutputsOf(&'a [StackId]),
    /// Also parameters, and outputs of every stack.
    Everything,
}

impl Verifier<'_> {
    fn wrong(&mut self, path: impl Into<String>, reason: impl Into<String>) {
        self.found.push((path.into(), reason.into()));
    }

    fn head(&mut self) {
        let manifest = self.manifest;
        if manifest.schema != SCHEMA {
            self.wrong(
                "schema",
                format!("is {}, this program reads {SCHEMA}", manifest.schema),
            );
        }
        self.identifier("name", &manifest.name);
        if manifest.title.trim().is_empty() {
            self.wrong("title", "is empty");
        }
        let pair = manifest.regions.clone();
        if let Err(error) = RegionPair::new(pair.primary, pair.standby) {
            self.wrong("regions", error.to_string());
        }
        self.pattern("suffix.pattern", &manifest.suffix.pattern);
        let objectives = manifest.objectives;
        if objectives.rto_seconds == 0 || objectives.rpo_seconds == 0 {
            self.wrong("objectives", "must be a second at least");
        }
    }

    fn identifier(&mut self, path: &str, name: &str) {
        let good = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !good {
            self.wrong(
                path,
                format!(
                    "`{name}` must begin with a lower-case letter and be of those, digits and `-`"
                ),
            );
        }
    }

    fn pattern(&mut self, path: &str, pattern: &str) {
        if let Err(error) = regex_lite::Regex::new(pattern) {
            self.wrong(path, format!("is not a pattern: {error}"));
        } else if !(pattern.starts_with('^') && pattern.ends_with('$')) {
            self.wrong(
                path,
                "must begin with ^ and end with $, or it would match a part only",
            );
        }
    }

    fn unique<'n>(&mut self, list: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen = BTreeSet::new();
        for (index, name) in names.enumerate() {
            if !seen.insert(name) {
                self.wrong(
                    format!("{list}[{index}]"),
                    format!("`{name}` is there twice"),
                );
            }
        }
    }

    fn parameters(&mut self) {
        let manifest = self.manifest;
        self.unique(
            "parameters",
            manifest.parameters.iter().map(|p| p.name.as_str()),
        );
        for (index, parameter) in manifest.parameters.iter().enumerate() {
            let path = format!("parameters[{index}]");
            let plain = parameter.name.bytes().all(|b| b.is_ascii_alphanumeric());
            if !plain || parameter.name.is_empty() || parameter.name == "suffix" {
                self.wrong(
                    format!("{path}.name"),
                    format!(
                        "`{}` must be of letters and digits, and not `suffix`",
                        parameter.name
                    ),
                );
            }
            if let Some(pattern) = &parameter.pattern {
                self.pattern(&format!("{path}.pattern"), pattern);
            }
            if parameter.required == parameter.default.is_some() {
                self.wrong(
                    format!("{path}.default"),
                    "there must be one, except for a required parameter",
                );
            }
            let Some(default) = &parameter.default else {
                continue;
            };
            if let Err(reason) =
                crate::bundle::choose::check_value(parameter.pattern.as_deref(), default)
            {
                self.wrong(format!("{path}.default"), reason);
            }
        }
    }

    fn stacks(&mut self) {
        let manifest = self.manifest;
        self.unique("stacks", manifest.stacks.iter().map(|s| s.id.0.as_str()));
        for role in Role::BOTH {
            if !manifest.stacks.iter().any(|stack| stack.role == role) {
                self.wrong("stacks", format!("no stack is in the {role} region"));
            }
        }
        for (index, stack) in manifest.stacks.iter().enumerate() {
            self.stack(&format!("stacks[{index}]"), stack);
        }
        self.delete_order();
    }

    fn stack(&mut self, path: &str, stack: &Stack) {
        self.identifier(&format!("{path}.id"), &stack.id.0);
        if stack.id.0 == "region" {
            self.wrong(format!("{path}.id"), "`region` is taken: ${region.primary}");
        }
        let plain = stays_inside(&stack.template) && !stack.template.contains('/');
        if !plain || stack.template.strip_suffix(".json").is_none() {
            self.wrong(
                format!("{path}.template"),
                format!(
                    "`{}` must be a .json file beside the manifest",
                    stack.template
                ),
            );
        }
        self.text(&format!("{path}.name"), &stack.name, Known::Names);
        for name in &stack.capabilities {
            if !CAPABILITIES.contains(&name.as_str()) {
                self.wrong(
                    format!("{path}.capabilities"),
                    format!("`{name}` is none of {}", CAPABILITIES.join(", ")),
                );
            }
        }
        for (index, id) in stack.after.iter().enumerate() {
            if self.manifest.stack(id).is_none() {
                self.wrong(format!("{path}.after[{index}]"), self.no_stack(id));
            }
        }
        let before = self.before(&stack.id);
        if before.contains(&stack.id) {
            self.wrong(format!("{path}.after"), "leads back to this stack");
        }
        for (name, text) in &stack.parameters {
            let path = format!("{path}.parameters.{name}");
            self.text(&path, text, Known::OutputsOf(&before));
        }
        if let Some(maker) = &stack.made_by {
            self.made_by(path, stack, maker);
        }
    }

    /// What a stack that is only watched may say.
    fn made_by(&mut self, path: &str, stack: &Stack, maker: &MadeBy) {
        let given = [
            ("parameters", stack.parameters.is_empty()),
            ("capabilities", stack.capabilities.is_empty()),
            ("after", stack.after.is_empty()),
        ];
        for (name, empty) in given {
            if !empty {
                self.wrong(
                    format!("{path}.{name}"),
                    format!(
                        "the stack set `{}` decides that: leave it empty",
                        maker.resource
                    ),
                );
            }
        }
        if stack.name.as_str().is_empty() {
            self.wrong(
                format!("{path}.name"),
                "an empty one would match every stack",
            );
        }
        let Some(other) = self.manifest.stack(&maker.stack) else {
            self.wrong(format!("{path}.made_by.stack"), self.no_stack(&maker.stack));
            return;
        };
        if other.made_by.is_some() {
            self.wrong(
                format!("{path}.made_by.stack"),
                format!("`{}` is made by another one itself", maker.stack),
            );
        }
        let templates = self.templates;
        let resource = templates
            .get(&other.template)
            .and_then(|tree| tree.get("Resources")?.get(&maker.resource)?.get("Type"));
        if resource.and_then(Value::as_str) != Some("AWS::CloudFormation::StackSet") {
            self.wrong(
                format!("{path}.made_by.resource"),
                format!("{} has no stack set `{}`", other.template, maker.resource),
            );
        }
    }

    /// Every stack that is deployed before this one.
    fn before(&self, id: &StackId) -> Vec<StackId> {
        let mut all: Vec<StackId> = Vec::new();
        let mut open = vec![id.clone()];
        while let Some(next) = open.pop() {
            let Some(stack) = self.manifest.stack(&next) else {
                continue;
            };
            for other in &stack.after {
                if !all.contains(other) {
                    all.push(other.clone());
                    open.push(other.clone());
                }
            }
            if let Some(maker) = &stack.made_by
                && !all.contains(&maker.stack)
            {
                all.push(maker.stack.clone());
                open.push(maker.stack.clone());
            }
        }
        all
    }

    fn delete_order(&mut self) {
        let manifest = self.manifest;
        self.unique(
            "delete_order",
            manifest.delete_order.iter().map(|id| id.0.as_str()),
        );
        for (index, id) in manifest.delete_order.iter().enumerate() {
            match manifest.stack(id) {
                None => self.wrong(format!("delete_order[{index}]"), self.no_stack(id)),
                Some(stack) if stack.made_by.is_some() => self.wrong(
                    format!("delete_order[{index}]"),
                    format!("`{id}` is deleted by its stack set, never by itself"),
                ),
                Some(_) => {}
            }
        }
        for stack in &manifest.stacks {
            if stack.made_by.is_none() && !manifest.delete_order.contains(&stack.id) {
                self.wrong("delete_order", format!("`{}` is missing", stack.id));
            }
        }
    }

    fn no_stack(&self, id: &StackId) -> String {
        let known: Vec<&str> = self
            .manifest
            .stacks
            .iter()
            .map(|s| s.id.0.as_str())
            .collect();
        format!("no stack `{id}`; there are: {}", known.join(", "))
    }

    fn has(&self, template: &str, section: &str, name: &str) -> bool {
        self.templates
            .get(template)
            .and_then(|tree| tree.get(section)?.get(name))
            .is_some()
    }

    /// Checks that every reference of a text names something that will be known.
    fn text(&mut self, path: &str, text: &Placeholder, known: Known<'_>) {
        match text.names() {
            Err(error) => self.wrong(path, error.to_string()),
            Ok(names) => {
                for name in names {
                    if let Err(reason) = self.reference(name, known) {
                        self.wrong(path, reason);
                    }
                }
            }
        }
    }

    fn reference(&self, name: &str, known: Known<'_>) -> Result<(), String> {
        if matches!(name, "suffix" | "region.primary" | "region.standby") {
            return Ok(());
        }
        if let Known::Names = known {
            return Err(format!(
                "`${{{name}}}` may not be used here, only ${{suffix}} and ${{region.…}}"
            ));
        }
        let Some((stack, output)) = name.split_once('.') else {
            let declared = self.manifest.parameters.iter().any(|p| p.name == name);
            return if declared {
                Ok(())
            } else {
                Err(format!("`${{{name}}}` is not a declared parameter"))
            };
        };
        let id = StackId(stack.to_owned());
        let Some(spec) = self.manifest.stack(&id) else {
            return Err(format!("`${{{name}}}`: {}", self.no_stack(&id)));
        };
        if let Known::OutputsOf(before) = known
            && !before.contains(&id)
        {
            return Err(format!(
                "`${{{name}}}` is not known yet: `{id}` is not in `after`"
            ));
        }
        if self.has(&spec.template, "Outputs", output) {
            Ok(())
        } else {
            Err(format!(
                "`${{{name}}}`: {} has no output `{output}`",
                spec.template
            ))
        }
    }
}
