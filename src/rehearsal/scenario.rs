//! Scenarios: an initial world, faults over time, a script, and the end state to be reached.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::lever::LeverKind;
use crate::domain::observation::Serving;
use crate::domain::operation::{OperationKind, Outcome};
use crate::domain::region::Role;
use crate::domain::stack::Phase;
use crate::rehearsal::faults::TimedFault;

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
    /// Guards overridden with the scenario's title as the reason.
    #[serde(default)]
    pub overrides: Vec<String>,
    /// How the operation must end.
    #[serde(default = "succeeded")]
    pub outcome: Outcome,
    /// The guard that must refuse, where the outcome is `refused`.
    pub refused_by: Option<String>,
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
