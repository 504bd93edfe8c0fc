//! Makes plans: an operation and the observed world in, ordered steps out.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::assess::{Assessment, limit};
use crate::domain::environment::{Environment, StackSpec};
use crate::domain::guard::{
    GuardId, GuardResult, GuardVerdict, firm_refusal, result, situation_of,
};
use crate::domain::lever::LeverKind;
use crate::domain::observation::Observation;
use crate::domain::observed::Observed;
use crate::domain::operation::{OperationId, OperationKind};
use crate::domain::plan::{Action, Plan, Step};
use crate::domain::region::Role;
use crate::domain::repair::Repair;
use crate::domain::stack::{Phase, StackId, StackResource, StackState};

mod blockers;
mod forecast;
pub mod left;
pub mod repair;
pub mod stacks;
pub mod standing;
pub mod traffic;

/// Why no plan can be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotPlan {
    #[error("the bundle {0} steers no traffic, so there is nothing to fail over")]
    NoTraffic(String),
    #[error("the bundle has no {0} lever; it has: {1}")]
    NoLever(LeverKind, String),
    #[error(
        "{stack} in {region} could not be read lately ({why}), so nothing can be planned for it: check the region and your credentials, then try again"
    )]
    NotRead {
        stack: String,
        region: String,
        why: String,
    },
    #[error("{stack} in {region} is being read: try again in a moment")]
    BeingRead { stack: String, region: String },
    #[error("{0} is needed to deploy: give it with --parameter {0}=… or in the form")]
    MissingParameter(String),
    #[error("{name}: {why}")]
    BadParameter { name: String, why: String },
    #[error("there is nothing to delete: no stack of the environment exists")]
    NothingThere,
    #[error("the records lever can't be planned: {0}")]
    Records(String),
    #[error("the bundle has no stack {0}; it has: {1}")]
    NoStack(StackId, String),
    #[error("there is no stack {0}, so there is nothing to repair")]
    Absent(String),
    #[error("no stack is stuck, so there is nothing to repair")]
    NothingStuck,
    #[error("several stacks are stuck: say which one to repair: {0}")]
    SeveralStuck(String),
    #[error("{stack} is {status} ({means}); what can be done about it: {offered}")]
    NotOffered {
        stack: String,
        status: String,
        means: &'static str,
        offered: String,
    },
    #[error("{repair} takes no resources to leave out of a stack in {status}")]
    TakesNoResources { repair: Repair, status: String },
    #[error("the resources of {0} were not read yet, so none can be left out: try again")]
    ResourcesUnknown(String),
    #[error("{resource} has not failed, so it can't be left out; failed: {failed}")]
    NotFailed { resource: String, failed: String },
}

/// What every plan starts from.
#[derive(Clone, Copy, Debug)]
pub struct Basis<'a> {
    pub env: &'a Environment,
    pub seen: &'a Observation,
    pub facts: &'a Assessment,
    pub now: Timestamp,
}

impl Basis<'_> {
    fn plan(&self, kind: OperationKind, id: OperationId, steps: Vec<Step>) -> Plan {
        Plan {
            id,
            kind,
            environment: self.env.name.clone(),
            production: self.env.production,
            drill: false,
            made_at: self.now,
            situation: situation_of(kind, self.seen, self.facts, self.now),
            steps,
            guards: Vec::new(),
            notes: Vec::new(),
            basis: BTreeMap::new(),
            arns: BTreeMap::new(),
            records: None,
            stays_promoted: None,
        }
    }

    /// The phase of every stack, each of them read lately.
    fn phases(&self) -> Result<BTreeMap<StackId, Phase>, CannotPlan> {
        self.env
            .stacks
            .iter()
            .map(|spec| Ok((spec.id.clone(), self.phase(spec)?)))
            .collect()
    }

    /// Which stacks these are, of those that exist.
    fn arns<'a>(&self, ids: impl IntoIterator<Item = &'a StackId>) -> BTreeMap<StackId, String> {
        let known = |id: &StackId| Some((id.clone(), self.seen.stack(id)?.arn.clone()));
        ids.into_iter().filter_map(known).collect()
    }

    fn phase(&self, spec: &StackSpec) -> Result<Phase, CannotPlan> {
        let seen = self.seen.regions.get(spec.role).stacks.get(&spec.id);
        seen.and_then(|s| s.fresh(self.now, limit::STACKS))
            .map(StackState::phase)
            .ok_or_else(|| self.not_read(spec, seen))
    }

    fn not_read(&self, spec: &StackSpec, seen: Option<&Observed<StackState>>) -> CannotPlan {
        let stack = spec.name.clone();
        let region = self.env.regions.get(spec.role).to_string();
        match seen.and_then(Observed::failure) {
            // never read, or too long ago by a machine that can't keep up: nothing says that anything is wrong
            None => CannotPlan::BeingRead { stack, region },
            Some(failure) => CannotPlan::NotRead {
                stack,
                region,
                why: failure.message.clone(),
            },
        }
    }

    fn read_only(&self) -> Option<GuardResult> {
        self.env.read_only.then(|| {
            firm_refusal(
                GuardId::ReadOnly,
                "read-only",
                "the console was started read-only",
            )
            .remedy("start it without --read-only")
        })
    }

    /// The resources of a stack as they were listed last.
    fn resources(&self, spec: &StackSpec) -> Option<&[StackResource]> {
        let seen = self.seen.regions.get(spec.role).resources.get(&spec.id)?;
        seen.last().map(Vec::as_slice)
    }

    /// Whether other stacks than this one are at rest, as far as they could be read.
    fn nothing_running_but(&self, id: &StackId) -> GuardResult {
        let others = self.env.stacks.iter().filter(|spec| spec.id != *id);
        let phases = others.filter_map(|spec| Some((spec.id.clone(), self.phase(spec).ok()?)));
        nothing_running(self.seen, &phases.collect())
    }

    /// The region's name and what goes there, for people.
    fn region(&self, role: Role) -> &str {
        self.env.regions.get(role).as_str()
    }
}

fn nothing_running(seen: &Observation, phases: &BTreeMap<StackId, Phase>) -> GuardResult {
    let busy = phases
        .iter()
        .find(|(_, phase)| **phase == Phase::InProgress);
    match busy {
        Some((id, _)) => firm_refusal(
            GuardId::NothingRunning,
            seen.activity(id).map_or_else(
                || format!("stack {id} is in progress"),
                |activity| format!("stack {id}: {activity}"),
            ),
            "another operation is running in the environment",
        )
        .remedy("wait for it or stop it"),
        None => result(
            GuardId::NothingRunning,
            GuardVerdict::Allow,
            "none",
            "no other operation is running",
        ),
    }
}

fn step(title: impl Into<String>, role: Option<Role>, action: Action) -> Step {
    Step {
        title: title.into(),
        role,
        action,
        undo: None,
        expect: None,
        needs: None,
        forecast: None,
        inspection: None,
    }
}

impl Step {
    fn undo(mut self, undo: impl Into<String>) -> Self {
        self.undo = Some(undo.into());
        self
    }

    fn expect(mut self, expect: impl Into<String>) -> Self {
        self.expect = Some(expect.into());
        self
    }
}
