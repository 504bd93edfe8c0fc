//! The manifest of a bundle, `bundle.json`, read strictly: what it does not know, it refuses.
//!
//! The same shape is described for editors in `stacks/bundle.schema.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::bundle::error::{BundleError, Problem};
use crate::bundle::json;
use crate::domain::placeholder::Placeholder;
use crate::domain::region::{PerRole, RegionId, Role};
use crate::domain::signal::{Direction, SignalId, SignalKind};
use crate::domain::stack::StackId;
use crate::domain::text::clean;

/// The version of the manifest's shape that this program reads.
pub const SCHEMA: u32 = 1;

/// Everything the console must be told about a system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Where an editor finds the JSON Schema; means nothing to the program.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema_location: Option<String>,
    pub schema: u32,
    pub name: String,
    pub title: String,
    pub regions: Sides<RegionId>,
    pub suffix: Suffix,
    pub objectives: Objectives,
    #[serde(default)]
    pub policy: Policy,
    pub parameters: Vec<Parameter>,
    pub stacks: Vec<Stack>,
    pub delete_order: Vec<StackId>,
    #[serde(default)]
    pub alarms: Alarms,
    pub signals: Vec<Signal>,
    pub traffic: Traffic,
}

/// One value per role; [`PerRole`], but strict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sides<T> {
    pub primary: T,
    pub standby: T,
}

impl<T: Clone> Sides<T> {
    pub fn per_role(&self) -> PerRole<T> {
        PerRole {
            primary: self.primary.clone(),
            standby: self.standby.clone(),
        }
    }
}

/// The text that tells environments of one bundle apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suffix {
    /// The template parameter that takes it.
    pub parameter: String,
    pub pattern: String,
}

/// Recovery objectives in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objectives {
    pub rto_seconds: u64,
    pub rpo_seconds: u64,
}

/// What the templates of this bundle promise; `stacks check` holds them to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    pub retain: Retain,
    /// Tags that every resource carries that can carry tags.
    pub tags: Vec<String>,
    /// Reserved concurrency of every function by default; 0: none is reserved. Absent: not looked at.
    pub reserved_concurrency: Option<u64>,
    /// The runtime of every function by default. Absent: not looked at.
    pub runtime: Option<String>,
    /// Physical names that may go without the suffix.
    pub fixed_names: Vec<String>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            retain: Retain::Never,
            tags: vec!["Environment".into(), "Region".into()],
            reserved_concurrency: None,
            runtime: Some("python3.11".into()),
            fixed_names: Vec::new(),
        }
    }
}

/// Whether resources outlive their stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Retain {
    #[default]
    Never,
    Always,
}

/// A value that the operator gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    pub name: String,
    pub label: String,
    #[serde(default)]
    pub pattern: Option<String>,
    pub required: bool,
    /// Needed where the operator need not give a value.
    #[serde(default)]
    pub default: Option<String>,
    /// What a rehearsal uses where nothing is given.
    #[serde(default)]
    pub example: Option<String>,
    #[serde(default)]
    pub sensitive: bool,
}

/// One stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stack {
    pub id: StackId,
    #[serde(rename = "region")]
    pub role: Role,
    /// A file of the bundle's folder.
    pub template: String,
    /// The stack's name in AWS; knows only the suffix and the regions.
    pub name: Placeholder,
    #[serde(default)]
    pub capabilities: Vec<String>,
    pub parameters: BTreeMap<String, Placeholder>,
    /// Stacks that must be deployed before this one.
    #[serde(default)]
    pub after: Vec<StackId>,
    /// The `StackSet` that makes this stack; absent: the console deploys it.
    #[serde(default)]
    pub made_by: Option<MadeBy>,
}

/// Who makes a stack that the console only watches; its `name` is then the beginning of its name in AWS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MadeBy {
    pub stack: StackId,
    /// Logical id of the `StackSet` in that stack's template.
    pub resource: String,
}

/// Alarms that mean more than others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alarms {
    /// Alarms that make the standby unfit to take over.
    pub critical: Vec<Placeholder>,
    /// Beginnings of the names of alarms that no stack of this bundle owns.
    #[serde(default)]
    pub prefixes: AlarmPrefixes,
}

/// Beginnings of alarm names by role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlarmPrefixes {
    pub primary: Vec<Placeholder>,
    pub standby: Vec<Placeholder>,
}

/// A number to watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    pub id: SignalId,
    pub kind: SignalKind,
    /// Of a replication lag.
    #[serde(default)]
    pub direction: Direction,
    pub label: String,
    #[serde(default)]
    pub pair: Option<String>,
    #[serde(rename = "region")]
    pub role: Role,
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, Placeholder>,
    pub statistic: String,
    /// Seconds.
    #[serde(default = "one_minute")]
    pub period: u32,
    pub unit: String,
    #[serde(default)]
    pub warn: Option<f64>,
    #[serde(default)]
    pub breach: Option<f64>,
    /// What a period without a datum means; must agree with the kind.
    #[serde(default)]
    pub missing: Option<Missing>,
}

const fn one_minute() -> u32 {
    60
}

/// What silence means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    Zero,
    Unknown,
}

/// How traffic is routed and moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    pub routing: Routing,
    pub record: Placeholder,
    pub marker: Placeholder,
    #[serde(default)]
    pub zone: Option<Placeholder>,
    pub endpoints: Sides<Placeholder>,
    pub checks: BTreeMap<String, Placeholder>,
    pub levers: Vec<Lever>,
    #[serde(default)]
    pub promotion: Option<Promotion>,
}

/// What a region must become before it can take writes, done by a state machine that waits for approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promotion {
    #[serde(rename = "region")]
    pub role: Role,
    pub namespace: String,
    pub dimensions: BTreeMap<String, Placeholder>,
    /// The metric that the console publishes: the command number, negative to return.
    pub approval: String,
    /// The metric that the state machine publishes.
    pub progress: String,
    /// What its states do, in order.
    pub steps: Vec<String>,
    /// The same for the way back.
    #[serde(default)]
    pub return_steps: Vec<String>,
    /// What may be lost, in one sentence.
    pub loss: String,
}

/// The routing policy of the service's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Routing {
    Weighted,
    Failover,
}

/// A way to move traffic.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Lever {
    Metric {
        #[serde(rename = "region")]
        role: Role,
        namespace: String,
        dimensions: BTreeMap<String, Placeholder>,
        alarm: Placeholder,
    },
    Endpoint {
        #[serde(rename = "region")]
        role: Role,
        stack: StackId,
        parameter: String,
        #[serde(default)]
        url: Option<Placeholder>,
    },
    Force {
        check: String,
    },
    Records {},
}

impl Manifest {
    /// Reads a manifest; `file` is what errors call it.
    pub fn parse(file: &str, text: &str) -> Result<Self, BundleError> {
        let mut json = serde_json::Deserializer::from_str(text);
        let manifest: Self = serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let path = error.path().to_string();
            BundleError::one(file, &path, &error.into_inner().to_string())
        })?;
        json.end()
            .map_err(|error| BundleError::one(file, "", &error.to_string()))?;
        let value =
            json::parse(text).map_err(|error| BundleError::one(file, "", &error.to_string()))?;
        let mut hidden = Vec::new();
        find_unclean(file, &value, "", &mut hidden);
        BundleError::unless_empty(hidden)?;
        Ok(manifest)
    }

    pub fn stack(&self, id: &StackId) -> Option<&Stack> {
        self.stacks.iter().find(|stack| stack.id == *id)
    }
}

/// Reports texts that would change when made safe to show: a manifest has no use for control characters.
fn find_unclean(file: &str, value: &serde_json::Value, path: &str, found: &mut Vec<Problem>) {
    match value {
        serde_json::Value::String(text) if clean(text) != *text => found.push(Problem::new(
            file,
            path,
            "has control characters (line ends and direction marks included)",
        )),
        serde_json::Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                find_unclean(file, item, &format!("{path}[{index}]"), found);
            }
        }
        serde_json::Value::Object(members) => {
            for (key, item) in members {
                let dot = if path.is_empty() { "" } else { "." };
                find_unclean(file, item, &format!("{path}{dot}{}", clean(key)), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::samples;

    fn refused(change: impl Fn(&mut serde_json::Value)) -> String {
        let mut value = samples::manifest();
        change(&mut value);
        Manifest::parse("b/bundle.json", &value.to_string())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn an_unknown_variant_is_named_with_its_place_and_the_alternatives() {
        let error = refused(|m| m["signals"][1]["kind"] = "lagg".into());
        assert!(
            error.starts_with(
                "b/bundle.json: signals[1].kind: unknown variant `lagg`, expected one of `replication_lag`"
            ),
            "{error}"
        );
    }

    #[test]
    fn an_unknown_or_missing_field_is_named() {
        let error = refused(|m| m["traffic"]["colour"] = "red".into());
        assert!(
            error.contains("traffic.colour: unknown field `colour`"),
            "{error}"
        );
        let error = refused(|m| m["traffic"]["levers"][0]["colour"] = "red".into());
        assert!(
            error.contains("traffic.levers[0]: unknown field `colour`"),
            "{error}"
        );
        let error = refused(|m| {
            m["stacks"][0].as_object_mut().unwrap().remove("template");
        });
        assert!(
            error.contains("stacks[0]: missing field `template`"),
            "{error}"
        );
    }

    #[test]
    fn what_follows_the_manifest_is_refused() {
        let text = format!("{} {{}}", samples::manifest());
        let error = Manifest::parse("b", &text).unwrap_err().to_string();
        assert!(error.contains("trailing characters"), "{error}");
    }

    #[test]
    fn a_member_that_is_there_twice_is_refused() {
        let text = samples::manifest().to_string().replacen(
            "\"suffix\":\"${suffix}\"",
            "\"suffix\":\"a\",\"suffix\":\"b\"",
            1,
        );
        let error = Manifest::parse("b", &text).unwrap_err().to_string();
        assert!(error.contains("`suffix` is there twice"), "{error}");
    }

    #[test]
    fn control_characters_are_refused() {
        let error = refused(|m| m["signals"][0]["label"] = "a\u{1b}[2J".into());
        assert!(
            error.contains("signals[0].label: has control characters"),
            "{error}"
        );
    }
}
