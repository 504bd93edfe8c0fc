//! An environment: one deployed instance of a bundle, with everything about it that is known beforehand.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::drill::DrillWindow;
use crate::domain::lever::{LeverKind, LeverSpec};
use crate::domain::observation::Observation;
use crate::domain::placeholder::{Bindings, Placeholder, PlaceholderError};
use crate::domain::region::{PerRole, RegionPair, Role};
use crate::domain::signal::{SignalKind, SignalSpec};
use crate::domain::stack::StackId;

/// The name that is typed to confirm an operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnvironmentName(pub String);

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which world the console talks to; journals of different worlds never mix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum Mode {
    Live,
    Rehearsal { scenario: String, seed: u64 },
    Endpoint { host: String },
}

impl Mode {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Rehearsal { .. } => "rehearsal",
            Self::Endpoint { .. } => "endpoint",
        }
    }

    /// The badge in the header.
    pub fn badge(&self) -> String {
        match self {
            Self::Live => "LIVE".into(),
            Self::Rehearsal { .. } => "REHEARSAL".into(),
            Self::Endpoint { host } => format!("ENDPOINT {host}"),
        }
    }
}

/// One deployed (or deployable) instance of a bundle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    pub name: EnvironmentName,
    pub bundle: String,
    pub title: String,
    pub suffix: String,
    pub regions: RegionPair,
    pub mode: Mode,
    pub production: bool,
    /// When drills may move its traffic, if it is production.
    #[serde(default)]
    pub drill_windows: Vec<DrillWindow>,
    pub read_only: bool,
    pub objectives: Objectives,
    pub stacks: Vec<StackSpec>,
    pub delete_order: Vec<StackId>,
    pub signals: Vec<SignalSpec>,
    /// Alarms in the standby that make it unfit to take over.
    pub critical_alarms: Vec<Placeholder>,
    /// Beginnings of the names of alarms that no stack of the bundle owns.
    #[serde(default)]
    pub alarm_prefixes: PerRole<Vec<Placeholder>>,
    pub traffic: Option<TrafficSpec>,
    pub parameters: Vec<ParameterSpec>,
    /// What is known before anything was observed: suffix, regions, parameters given.
    pub given: Bindings,
    /// Values of parameters that are neither given nor known from a deployed stack.
    #[serde(default)]
    pub defaults: Bindings,
}

/// Recovery objectives in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objectives {
    #[serde(rename = "rto_seconds")]
    pub rto: u64,
    #[serde(rename = "rpo_seconds")]
    pub rpo: u64,
}

/// A parameter that the operator gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterSpec {
    pub name: String,
    pub label: String,
    pub pattern: Option<String>,
    pub required: bool,
    pub default: Option<String>,
    /// Never shown, never journalled.
    pub sensitive: bool,
}

impl ParameterSpec {
    /// Whether the value fits; the reason is a sentence for the form.
    pub fn check(&self, value: &str) -> Result<(), String> {
        if value.len() > 4096 {
            return Err("is longer than 4,096 bytes".to_owned());
        }
        if value.chars().any(char::is_control) {
            return Err("has control characters".to_owned());
        }
        let Some(pattern) = &self.pattern else {
            return Ok(());
        };
        match regex_lite::Regex::new(pattern) {
            Ok(regex) if regex.is_match(value) => Ok(()),
            Ok(_) if self.sensitive => Err(format!("does not fit {pattern}")),
            Ok(_) => Err(format!("`{value}` does not fit {pattern}")),
            Err(error) => Err(format!("the bundle's pattern {pattern} is broken: {error}")),
        }
    }
}

/// A stack of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackSpec {
    pub id: StackId,
    pub role: Role,
    /// The stack's name in AWS.
    pub name: String,
    /// Minified template body.
    pub template: String,
    pub capabilities: Vec<String>,
    pub parameters: BTreeMap<String, Placeholder>,
    pub after: Vec<StackId>,
    /// The `StackSet` that makes this stack. It is then watched, never deployed or deleted by itself, and `name`
    /// is the beginning of its name in AWS.
    #[serde(default)]
    pub made_by: Option<MadeBy>,
}

/// A `StackSet` among the resources of another stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeBy {
    pub stack: StackId,
    /// Logical id of the `StackSet`.
    pub resource: String,
}

/// How traffic is routed and moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrafficSpec {
    pub record: Placeholder,
    pub marker: Placeholder,
    /// The hosted zone's id, for looking at the records and for the records lever.
    #[serde(default)]
    pub zone: Option<Placeholder>,
    pub endpoints: PerRole<Placeholder>,
    pub checks: BTreeMap<String, Placeholder>,
    pub levers: Vec<LeverSpec>,
    /// What the standby must become before it can take writes.
    #[serde(default)]
    pub promotion: Option<PromotionSpec>,
}

/// A promotion: with the pull, the console publishes `approval` (the command number; negative: return to the
/// primary); a state machine in `role` publishes `progress`: 0 waits for approval, k has begun step k,
/// `steps.len() + 1` is done, -k has failed in step k.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionSpec {
    pub role: Role,
    pub namespace: String,
    pub dimensions: BTreeMap<String, Placeholder>,
    /// Name of the metric that approves.
    pub approval: String,
    /// Name of the metric that tells how far it is.
    pub progress: String,
    pub steps: Vec<String>,
    pub return_steps: Vec<String>,
    /// What may be lost by a promotion: one sentence.
    pub loss: String,
}

impl TrafficSpec {
    pub fn lever(&self, kind: LeverKind) -> Option<&LeverSpec> {
        self.levers.iter().find(|lever| lever.kind() == kind)
    }
}

impl Environment {
    pub fn stack(&self, id: &StackId) -> Option<&StackSpec> {
        self.stacks.iter().find(|stack| stack.id == *id)
    }

    pub fn stacks_of(&self, role: Role) -> impl Iterator<Item = &StackSpec> {
        self.stacks.iter().filter(move |stack| stack.role == role)
    }

    pub fn signals_of(&self, role: Role) -> impl Iterator<Item = &SignalSpec> {
        self.signals
            .iter()
            .filter(move |signal| signal.role == role)
    }

    pub fn signal_of_kind(&self, kind: SignalKind, role: Role) -> Option<&SignalSpec> {
        self.signals_of(role).find(|signal| signal.kind == kind)
    }

    /// The text with its references replaced, as far as they are known: given values, else those that the stacks were
    /// deployed with or output, else defaults. Looks up only what the text names.
    pub fn resolve(
        &self,
        seen: &Observation,
        text: &Placeholder,
    ) -> Result<String, PlaceholderError> {
        text.resolve_with(|name| self.value(seen, name))
    }

    /// One value by its name: `suffix`, `region.primary`, a parameter, or `<stack>.<output>`.
    pub fn value<'a>(&'a self, seen: &'a Observation, name: &str) -> Option<&'a str> {
        if let Some(given) = self.given.get(name) {
            return Some(given);
        }
        if let Some((stack, output)) = name.split_once('.') {
            let spec = self.stacks.iter().find(|spec| spec.id.0 == stack)?;
            return seen
                .stack(&spec.id)?
                .outputs
                .get(output)
                .map(String::as_str);
        }
        let deployed = [Role::Standby, Role::Primary].into_iter().find_map(|role| {
            let mut stacks = self.stacks_of(role);
            stacks.find_map(|spec| {
                let stack = seen.stack(&spec.id)?;
                let mut passed = spec.parameters.iter();
                let (own, _) = passed.find(|(_, text)| self.passed_on(text) == Some(name))?;
                stack.parameters.get(own).map(String::as_str)
            })
        });
        deployed.or_else(|| self.defaults.get(name))
    }

    /// What is given, else what the stacks were deployed with, else defaults; and what the stacks output.
    ///
    /// A user parameter that was not given is taken from a stack's own parameters, the standby's before the
    /// primary's, so that a first start with a dead primary and no configuration knows its names.
    pub fn bindings(&self, seen: &Observation) -> Bindings {
        let mut all = self.defaults.clone();
        for role in [Role::Primary, Role::Standby] {
            for spec in self.stacks_of(role) {
                let Some(stack) = seen.stack(&spec.id) else {
                    continue;
                };
                let passed = spec.parameters.iter().filter_map(|(name, text)| {
                    Some((self.passed_on(text)?, stack.parameters.get(name)?))
                });
                for (own, value) in passed {
                    all.insert(own, value);
                }
                for (name, value) in &stack.outputs {
                    all.insert(format!("{}.{name}", spec.id), value);
                }
            }
        }
        for (name, value) in self.given.iter() {
            all.insert(name, value);
        }
        all
    }

    /// Whether a parameter was given a value. An empty text for a sensitive one gives none: nobody can see what is there.
    pub fn is_given(&self, name: &str) -> bool {
        let sensitive = self
            .parameters
            .iter()
            .any(|p| p.sensitive && p.name == name);
        let given = self.given.get(name);
        given.is_some_and(|value| !sensitive || !value.is_empty())
    }

    /// The sensitive parameters that a stack takes in one of its own.
    pub fn secrets_in<'a>(&'a self, text: &'a Placeholder) -> impl Iterator<Item = &'a str> {
        let names = text.names().unwrap_or_default();
        let ours = self.parameters.iter().filter(|p| p.sensitive);
        ours.map(|p| p.name.as_str())
            .filter(move |name| names.contains(name))
    }

    /// Whether a deployed stack keeps what it has in one of its parameters: a sensitive value that is not given. AWS
    /// never tells it, so that anything else would take its place unseen.
    pub fn keeps(&self, seen: &Observation, spec: &StackSpec, parameter: &str) -> bool {
        let text = spec.parameters.get(parameter);
        has_deployed(seen, spec, parameter)
            && text.is_some_and(|text| self.secrets_in(text).any(|name| !self.is_given(name)))
    }

    /// Whether a secret that is given takes the place of the one that a stack has: whether they differ can't be told.
    pub fn gives_anew(&self, seen: &Observation, spec: &StackSpec, parameter: &str) -> bool {
        let text = spec.parameters.get(parameter);
        has_deployed(seen, spec, parameter)
            && text.is_some_and(|text| self.secrets_in(text).any(|name| self.is_given(name)))
    }

    /// The stacks that take a sensitive parameter, each with whether it keeps what it has.
    pub fn takers<'a>(
        &'a self,
        seen: &'a Observation,
        secret: &'a str,
    ) -> impl Iterator<Item = (&'a StackSpec, bool)> {
        self.stacks.iter().flat_map(move |spec| {
            let takes = move |text: &Placeholder| self.secrets_in(text).any(|name| name == secret);
            let own = spec.parameters.iter().filter(move |(_, text)| takes(text));
            own.map(move |(own, _)| (spec, self.keeps(seen, spec, own)))
        })
    }

    /// Whether every stack that takes a sensitive parameter keeps what it has.
    pub fn is_kept(&self, seen: &Observation, secret: &str) -> bool {
        let mut takers = self.takers(seen, secret).peekable();
        takers.peek().is_some() && takers.all(|(_, keeps)| keeps)
    }

    /// The user parameter that a stack parameter's text hands on unchanged. Sensitive ones are not known from a
    /// stack: AWS shows asterisks.
    fn passed_on<'a>(&self, text: &'a Placeholder) -> Option<&'a str> {
        let name = text.as_str().strip_prefix("${")?.strip_suffix('}')?;
        let is_ours = |p: &&ParameterSpec| p.name == name && !p.sensitive;
        self.parameters.iter().find(is_ours).map(|_| name)
    }
}

/// Whether a stack that an update would change has a value for one of its parameters.
fn has_deployed(seen: &Observation, spec: &StackSpec, parameter: &str) -> bool {
    seen.stack(&spec.id).is_some_and(|stack| {
        !stack.status.phase().is_created_anew() && stack.parameters.contains_key(parameter)
    })
}
