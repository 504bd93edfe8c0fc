//! Parity: whether the stacks of both regions that come from one template are alike, but for what the manifest and the
//! template themselves make different.
//!
//! A stack without a counterpart from the same template (an environment's `global`, say) can't be compared; whether its
//! template is the bundle's own is looked at all the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::environment::{Environment, StackSpec};
use crate::domain::observation::Observation;
use crate::domain::observed::{FailureKind, Observed};
use crate::domain::region::{PerRole, Role};
use crate::domain::stack::{Phase, Stack, StackId, StackResource, StackState};

mod compare;

/// What a deployed stack's template comes to; read once for each version of the stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateSeen {
    /// The stack that it was read of, and when that was last changed.
    pub arn: String,
    pub updated: Option<Timestamp>,
    /// Of the template as JSON with sorted keys and without blanks: SHA-256 in hexadecimal digits.
    pub digest: String,
    /// The same of the bundle's own file.
    pub bundled: String,
    /// What it makes with the stack's parameters, or why that can't be told.
    pub contents: Result<Contents, String>,
}

/// What a template makes in one region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Parameters whose values AWS hides.
    pub hidden: BTreeSet<String>,
    /// How many resources of each type.
    pub types: BTreeMap<String, usize>,
    /// Reserved concurrency of each function by logical id; none where none is reserved.
    pub concurrency: BTreeMap<String, Option<String>>,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aspect {
    Stack,
    Template,
    Parameter,
    Resources,
    ReservedConcurrency,
}

impl Aspect {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Stack => "stack",
            Self::Template => "template",
            Self::Parameter => "parameter",
            Self::Resources => "resources",
            Self::ReservedConcurrency => "reserved concurrency",
        }
    }
}

/// What one comparison shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    Same,
    /// Different because the manifest or the template says so.
    ByDesign,
    Differs,
    /// AWS hides the value.
    Hidden,
}

/// One thing as both sides have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    pub aspect: Aspect,
    /// A parameter, a type of resources, a function; empty where there is one of it.
    pub name: String,
    pub sides: PerRole<String>,
    pub agreement: Agreement,
}

impl Compared {
    /// One line: `parameter checkInterval: 10 / 30`, the primary's value first.
    pub fn words(&self) -> String {
        let what = self.aspect.words();
        let gap = if self.name.is_empty() { "" } else { " " };
        let PerRole { primary, standby } = &self.sides;
        format!("{what}{gap}{}: {primary} / {standby}", self.name)
    }
}

/// Two stacks from one template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    pub stacks: PerRole<StackId>,
    pub compared: Vec<Compared>,
    /// What could not be read, in words.
    pub unread: Vec<String>,
}

/// Whether two sides are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParityVerdict {
    Same,
    Differs,
    Unknown,
}

impl Pair {
    pub fn differences(&self) -> impl Iterator<Item = &Compared> {
        let all = self.compared.iter();
        all.filter(|c| c.agreement == Agreement::Differs)
    }

    /// When the older of both stacks was last read.
    pub fn as_of(&self, seen: &Observation) -> Option<Timestamp> {
        let at = |role: Role| {
            let stacks = &seen.regions.get(role).stacks;
            stacks.get(self.stacks.get(role))?.at()
        };
        Some(at(Role::Primary)?.min(at(Role::Standby)?))
    }

    /// Whether it was alike when both sides were last read, though it can't be told now.
    pub fn was_alike(&self) -> bool {
        self.verdict() == ParityVerdict::Unknown && !self.compared.is_empty()
    }

    /// A difference that was seen counts even where something else could not be read.
    pub fn verdict(&self) -> ParityVerdict {
        if self.differences().next().is_some() {
            ParityVerdict::Differs
        } else if self.unread.is_empty() {
            ParityVerdict::Same
        } else {
            ParityVerdict::Unknown
        }
    }
}

/// The comparison of an environment's regions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parity {
    pub pairs: Vec<Pair>,
    /// Stacks whose template is not the bundle's own.
    pub outdated: Vec<StackId>,
}

impl Parity {
    /// None where nothing can be compared: no template makes a stack on both sides.
    pub fn verdict(&self) -> Option<ParityVerdict> {
        let has = |wanted| self.pairs.iter().any(|p| p.verdict() == wanted);
        let worst = [
            ParityVerdict::Differs,
            ParityVerdict::Unknown,
            ParityVerdict::Same,
        ];
        worst.into_iter().find(|verdict| has(*verdict))
    }

    pub fn differences(&self) -> impl Iterator<Item = &Compared> {
        self.pairs.iter().flat_map(Pair::differences)
    }

    pub fn unread(&self) -> impl Iterator<Item = &str> {
        let all = self.pairs.iter().flat_map(|p| &p.unread);
        all.map(String::as_str)
    }

    /// The pair that a stack is one of.
    pub fn pair_of(&self, id: &StackId) -> Option<&Pair> {
        let has = |p: &&Pair| p.stacks.primary == *id || p.stacks.standby == *id;
        self.pairs.iter().find(has)
    }
}

/// A stack's id without the words for the role: what it is of both sides.
pub fn pair_key(id: &StackId) -> String {
    let words = id.0.split(['-', '_', '.']);
    let kept = words.filter(|w| !matches!(*w, "primary" | "standby" | "secondary"));
    kept.collect::<Vec<_>>().join("-")
}

/// Stacks of both sides from the same template; those with like ids first.
pub fn pairs(env: &Environment) -> Vec<PerRole<&StackSpec>> {
    let mut by_key: BTreeMap<String, Vec<&StackSpec>> = BTreeMap::new();
    for spec in env.stacks_of(Role::Standby) {
        by_key.entry(pair_key(&spec.id)).or_default().push(spec);
    }
    let mut taken: BTreeSet<&StackId> = BTreeSet::new();
    let mut found = Vec::new();
    for primary in env.stacks_of(Role::Primary) {
        let alike = by_key.get(&pair_key(&primary.id));
        let candidates = alike.into_iter().flatten().copied();
        let free = |s: &&StackSpec| s.template == primary.template && !taken.contains(&s.id);
        if let Some(standby) = candidates.into_iter().find(free) {
            taken.insert(&standby.id);
            found.push(PerRole { primary, standby });
        }
    }
    for primary in env.stacks_of(Role::Primary) {
        if found.iter().any(|p| p.primary.id == primary.id) {
            continue;
        }
        let mut rest = env.stacks_of(Role::Standby);
        let free = |s: &&StackSpec| !taken.contains(&s.id) && s.template == primary.template;
        if let Some(standby) = rest.find(free) {
            taken.insert(&standby.id);
            found.push(PerRole { primary, standby });
        }
    }
    found
}

/// Compares both regions by what was last read.
pub fn parity(env: &Environment, seen: &Observation) -> Parity {
    Parity {
        pairs: pairs(env).iter().map(|p| pair(env, seen, p)).collect(),
        outdated: env
            .stacks
            .iter()
            .filter(|spec| is_outdated(seen, spec))
            .map(|spec| spec.id.clone())
            .collect(),
    }
}

/// What is needed of one side.
#[derive(Clone, Copy)]
struct Side<'a> {
    spec: &'a StackSpec,
    stack: &'a Stack,
    template: &'a TemplateSeen,
    contents: &'a Contents,
    resources: &'a [StackResource],
}

fn pair(env: &Environment, seen: &Observation, specs: &PerRole<&StackSpec>) -> Pair {
    let state = |role| observed(seen, specs.get(role));
    let mut pair = Pair {
        stacks: PerRole::from_fn(|role| specs.get(role).id.clone()),
        compared: Vec::new(),
        unread: Vec::new(),
    };
    let last = PerRole::from_fn(|role| state(role).and_then(Observed::last));
    if let (Some(a), Some(b)) = (last.primary, last.standby)
        && (a.phase() == Phase::Absent) != (b.phase() == Phase::Absent)
    {
        pair.compared.push(Compared {
            aspect: Aspect::Stack,
            name: String::new(),
            sides: PerRole {
                primary: a.label().to_owned(),
                standby: b.label().to_owned(),
            },
            agreement: Agreement::Differs,
        });
    }
    // what was last read is compared all the same
    pair.unread.extend(
        [specs.primary, specs.standby]
            .into_iter()
            .filter_map(|s| trouble(seen, s)),
    );
    match (side(seen, specs.primary), side(seen, specs.standby)) {
        (Ok(primary), Ok(standby)) => {
            let sides = PerRole { primary, standby };
            pair.compared.extend(compare::all(env, &sides));
        }
        (a, b) => {
            let missing = a.err().into_iter().chain(b.err());
            pair.unread.extend(missing);
        }
    }
    pair
}

/// Why a stack can't be read now. To be told to come back later says nothing about it.
fn trouble(seen: &Observation, spec: &StackSpec) -> Option<String> {
    let failure = observed(seen, spec)?.failure()?;
    let is_trouble = failure.kind != FailureKind::Throttled;
    is_trouble.then(|| format!("stack {}: {}", spec.id, failure.kind.as_str()))
}

fn observed<'a>(seen: &'a Observation, spec: &StackSpec) -> Option<&'a Observed<StackState>> {
    seen.regions.get(spec.role).stacks.get(&spec.id)
}

fn is_outdated(seen: &Observation, spec: &StackSpec) -> bool {
    let stack = observed(seen, spec).and_then(|o| o.last()?.stack());
    let read = seen.regions.get(spec.role).templates.get(&spec.id);
    stack
        .and_then(|stack| of_this_version(read, &spec.id, stack).ok())
        .is_some_and(|template| template.digest != template.bundled)
}

/// Everything of one side, or what is missing.
fn side<'a>(seen: &'a Observation, spec: &'a StackSpec) -> Result<Side<'a>, String> {
    let id = &spec.id;
    let region = seen.regions.get(spec.role);
    let stack = match observed(seen, spec).and_then(Observed::last) {
        None => return Err(format!("stack {id} was not read yet")),
        Some(StackState::Absent) => return Err(format!("stack {id} is not deployed")),
        Some(StackState::Present(stack)) => stack,
    };
    if matches!(stack.status.phase(), Phase::InProgress | Phase::Review) {
        return Err(format!("stack {id} is {}", stack.status));
    }
    let template = of_this_version(region.templates.get(id), id, stack)?;
    let listed = region.resources.get(id);
    let resources = listed
        .filter(|_| !region.relist.contains(id))
        .and_then(Observed::last)
        .ok_or_else(|| missing("resources", id, listed))?;
    let contents = template.contents.as_ref();
    Ok(Side {
        spec,
        stack,
        template,
        contents: contents.map_err(|why| format!("template of stack {id}: {why}"))?,
        resources,
    })
}

/// The template, if it was read since the stack was last changed.
fn of_this_version<'a>(
    read: Option<&'a Observed<TemplateSeen>>,
    id: &StackId,
    stack: &Stack,
) -> Result<&'a TemplateSeen, String> {
    let current = |t: &&TemplateSeen| t.arn == stack.arn && t.updated == stack.updated;
    let last = read.and_then(Observed::last).filter(current);
    last.ok_or_else(|| missing("template", id, read))
}

fn missing<T>(what: &str, id: &StackId, read: Option<&Observed<T>>) -> String {
    match read.and_then(Observed::failure) {
        Some(failure) => format!("{what} of stack {id}: {}", failure.kind.as_str()),
        None => format!("{what} of stack {id}: not read yet"),
    }
}

#[cfg(test)]
mod tests;
