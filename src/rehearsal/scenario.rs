//! Scenarios: an initial world, faults over time, a script, and the end state to be reached.

use std::collections::BTreeMap;

use include_dir::{Dir, include_dir};
use serde::{Deserialize, Serialize};

use crate::domain::lever::LeverKind;
use crate::domain::observation::Serving;
use crate::domain::operation::{OperationKind, Outcome};
use crate::domain::region::Role;
use crate::domain::repair::{Repair, Wish};
use crate::domain::stack::Phase;
use crate::domain::text::clean;
use crate::rehearsal::faults::{Fault, TimedFault};

/// The scenarios that ship.
static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/rehearsal/scenarios");

/// What is wrong with a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    #[error("there is no scenario `{name}`; there are {}", .known.join(", "))]
    Unknown { name: String, known: Vec<String> },
    #[error("{file}: {path}: {reason}")]
    Invalid {
        file: String,
        path: String,
        reason: String,
    },
}

/// A rehearsal that can be played, by hand or by its script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The file's name without `.toml`.
    #[serde(skip)]
    pub name: String,
    pub title: String,
    pub story: String,
    /// Whether the environment is there at the start.
    pub deployed: bool,
    #[serde(default)]
    pub faults: Vec<TimedFault>,
    #[serde(default)]
    pub script: Vec<ScriptStep>,
    pub expect: Expectation,
    /// Things added for load.
    #[serde(default)]
    pub load: Load,
}

/// An operation that a headless run starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptStep {
    /// Seconds after the first look.
    pub at: u64,
    pub run: OperationKind,
    pub lever: Option<LeverKind>,
    /// The way out, where a stack is repaired; the mildest without it.
    pub by: Option<Repair>,
    /// Types of failed resources that a repair leaves out.
    #[serde(default)]
    pub skip: Vec<String>,
    /// Guards overridden with the scenario's title as the reason.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// How the operation must end.
    #[serde(default = "succeeded")]
    pub outcome: Outcome,
    /// The guard that must refuse, where the outcome is `refused`.
    pub refused_by: Option<String>,
}

impl ScriptStep {
    /// What is to be repaired, and how: the stack that is stuck.
    pub fn wish(&self) -> Option<Wish> {
        (self.run == OperationKind::Repair).then(|| Wish {
            stack: None,
            repair: self.by,
            skip: self.skip.clone(),
        })
    }
}

const fn succeeded() -> Outcome {
    Outcome::Succeeded
}

/// The end state to be reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expectation {
    /// Seconds after the first look by which it must hold.
    pub within: u64,
    pub serving: Option<Serving>,
    pub held: Option<bool>,
    /// The phase of every stack of the role.
    #[serde(default)]
    pub stacks: BTreeMap<Role, Phase>,
}

/// What a world holds besides the environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Load {
    /// Further alarms in each region.
    pub alarms: usize,
    /// Further stacks in each region.
    pub stacks: usize,
}

/// The names of the scenarios that ship, in order.
pub fn names() -> Vec<String> {
    let stem = |f: &include_dir::File<'_>| Some(f.path().file_stem()?.to_str()?.to_owned());
    let mut names: Vec<String> = SHIPPED.files().filter_map(stem).collect();
    names.sort();
    names
}

impl Scenario {
    /// A scenario that ships.
    pub fn shipped(name: &str) -> Result<Self, ScenarioError> {
        let file = format!("{name}.toml");
        let text = SHIPPED
            .get_file(&file)
            .and_then(include_dir::File::contents_utf8);
        let Some(text) = text else {
            return Err(ScenarioError::Unknown {
                name: clean(name),
                known: names(),
            });
        };
        Self::parse(&file, text)
    }

    /// Parses a scenario; `file` is named in errors, and gives the scenario its name.
    pub fn parse(file: &str, text: &str) -> Result<Self, ScenarioError> {
        let invalid = |path: &str, reason: &str| ScenarioError::Invalid {
            file: clean(file),
            path: clean(path),
            reason: clean(reason),
        };
        let document =
            toml::Deserializer::parse(text).map_err(|e| invalid("the file", e.message()))?;
        let mut scenario: Self = serde_path_to_error::deserialize(document)
            .map_err(|e| invalid(&e.path().to_string(), e.inner().message()))?;
        let stem = file.rsplit('/').next().unwrap_or(file);
        stem.strip_suffix(".toml")
            .unwrap_or(stem)
            .clone_into(&mut scenario.name);
        scenario.story = clean(scenario.story.trim());
        scenario
            .check()
            .map_err(|(path, reason)| invalid(&path, reason))?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), (String, &'static str)> {
        for (index, fault) in self.faults.iter().enumerate() {
            let at = |field: &str| format!("faults[{index}].{field}");
            if fault.until.is_some_and(|until| until <= fault.at) {
                return Err((at("until"), "ends before it begins"));
            }
            if fault.at > 0 && matches!(fault.fault, Fault::ClockSkew { .. }) {
                return Err((at("at"), "our clock can only be wrong from the start"));
            }
            if let Some((field, reason)) = fault.fault.nonsense() {
                return Err((at(field), reason));
            }
        }
        let mut last = 0;
        for (index, step) in self.script.iter().enumerate() {
            if step.at < last {
                return Err((
                    format!("script[{index}].at"),
                    "comes before the step above it",
                ));
            }
            if step.refused_by.is_some() && step.outcome != Outcome::Refused {
                return Err((
                    format!("script[{index}].refused_by"),
                    "only means something with outcome = \"refused\"",
                ));
            }
            last = step.at;
        }
        if self.expect.within < last {
            return Err((
                "expect.within".to_owned(),
                "comes before the last step of the script",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
title = "T"
story = "S"
deployed = true
[[faults]]
kind = "region-grey"
region = "primary"
until = 60
[[script]]
at = 10
run = "failover"
lever = "metric"
[expect]
within = 600
serving = "standby"
stacks = { standby = "settled" }
"#;

    fn error(change: impl Fn(&str) -> String) -> String {
        Scenario::parse("some/odd.toml", &change(GOOD))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_scenario_is_read() {
        let scenario = Scenario::parse("some/good.toml", GOOD).unwrap();
        assert_eq!(scenario.name, "good");
        assert_eq!(
            scenario.expect.stacks.get(&Role::Standby),
            Some(&Phase::Settled)
        );
        assert_eq!(scenario.script.first().unwrap().outcome, Outcome::Succeeded);
    }

    #[test]
    fn errors_name_file_path_and_reason() {
        let told = error(|t| t.replace("within", "withn"));
        assert!(told.starts_with("some/odd.toml: expect.withn: "), "{told}");
        assert!(told.contains("withn"), "{told}");
        let told = error(|t| t.replace("run = \"failover\"", "run = \"dance\""));
        assert!(told.starts_with("some/odd.toml: script[0].run: "), "{told}");
        let told = error(|t| t.replace("until = 60", "until = 0"));
        assert_eq!(
            told,
            "some/odd.toml: faults[0].until: ends before it begins"
        );
        assert!(error(|t| t.replace("region-grey", "region-gray")).contains("region-gray"));
        assert!(error(|t| t.replace("until = 60", "untill = 60")).contains("untill"));
        assert!(error(|t| t.replace("within = 600", "within = 5")).contains("expect.within"));
        assert!(error(|t| t.replace("title", "=")).contains("some/odd.toml"));
    }

    #[test]
    fn every_shipped_scenario_is_sound() {
        let names = names();
        assert!(names.len() >= 18, "{names:?}");
        for name in &names {
            let scenario = Scenario::shipped(name).unwrap();
            assert_eq!(&scenario.name, name);
            assert!(
                !scenario.story.is_empty() && !scenario.script.is_empty()
                    || scenario.name == "large",
                "{name}"
            );
        }
        let unknown = Scenario::shipped("moon").unwrap_err().to_string();
        assert!(unknown.contains("steady"), "{unknown}");
    }
}
