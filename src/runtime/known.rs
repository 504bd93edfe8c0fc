//! What the pollers must know to ask the right questions, published from the model.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::app::effect::Pace;
use crate::app::model::Model;
use crate::app::msg::Msg;
use crate::domain::environment::Environment;
use crate::domain::health::{CheckId, CheckTarget};
use crate::domain::observation::Seen;
use crate::domain::operation::StepState;
use crate::domain::placeholder::Bindings;
use crate::domain::prediction::check_of;
use crate::domain::stack::StackId;

/// A snapshot for the pollers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    pub names: Arc<Names>,
    /// Stacks that a step of the running operation reads by itself.
    pub followed: BTreeSet<StackId>,
    pub pace: Pace,
    /// Grows with every request to read everything now.
    pub refreshes: u64,
}

/// What is asked for by name; a source that depends on it is asked again as soon as it differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub bindings: Bindings,
    /// A stack's resources are listed again when this changes.
    pub versions: BTreeMap<StackId, StackVersion>,
    /// Endpoint checks of the environment: those whose checkers are asked one at a time.
    pub endpoint_checks: Vec<CheckId>,
}

/// What tells two versions of a stack apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StackVersion {
    pub arn: String,
    pub status: String,
    pub updated: Option<Timestamp>,
}

impl Known {
    pub(super) fn of(model: &Model, names: Arc<Names>, refreshes: u64) -> Self {
        Self {
            names,
            followed: followed(model),
            pace: model.pace,
            refreshes,
        }
    }
}

impl Names {
    pub(super) fn of(model: &Model) -> Self {
        Self {
            bindings: model.env.bindings(&model.seen),
            versions: versions(model),
            endpoint_checks: endpoint_checks(model),
        }
    }

    /// Before anything was seen.
    pub(super) fn nothing(env: &Environment) -> Self {
        Self {
            bindings: env.given.clone(),
            versions: BTreeMap::new(),
            endpoint_checks: Vec::new(),
        }
    }

    /// Whether taking this in may change a name: most messages bring numbers only, and come often.
    pub(super) fn may_change_with(msg: &Msg) -> bool {
        match msg {
            Msg::Key(_) | Msg::Paste(_) | Msg::Resize(..) | Msg::Tick(_) | Msg::Load(_) => false,
            Msg::Sighted(sighting) => match sighting.seen {
                Seen::Stack(..) | Seen::Resources(..) | Seen::Checks(_) | Seen::Records(_) => true,
                Seen::Identity(_)
                | Seen::Activity(..)
                | Seen::Template(..)
                | Seen::Drift(..)
                | Seen::Alarms(..)
                | Seen::Signals(..)
                | Seen::Endpoint(..)
                | Seen::Checkers(..)
                | Seen::Marker(_)
                | Seen::Lever(_)
                | Seen::Promotion(_)
                | Seen::Clock(_) => false,
            },
            _ => true,
        }
    }
}

fn followed(model: &Model) -> BTreeSet<StackId> {
    let run = model.run.as_deref().filter(|run| run.is_running());
    let steps = run.into_iter().flat_map(|run| {
        let plan = run.plan().steps.iter().zip(&run.steps).enumerate();
        plan.filter(|(index, (_, state))| {
            state.state == StepState::Running && !run.is_asking(*index)
        })
    });
    let stacks = steps.filter_map(|(_, (step, _))| step.action.stack().cloned());
    stacks.collect()
}

fn versions(model: &Model) -> BTreeMap<StackId, StackVersion> {
    let version = |id: &StackId| {
        let stack = model.seen.stack(id)?;
        Some(StackVersion {
            arn: stack.arn.clone(),
            status: stack.status.0.clone(),
            updated: stack.updated,
        })
    };
    model
        .env
        .stacks
        .iter()
        .filter_map(|spec| Some((spec.id.clone(), version(&spec.id)?)))
        .collect()
}

/// Checks of this environment only: those on its records, their children, and those that the manifest names.
pub(super) fn endpoint_checks(model: &Model) -> Vec<CheckId> {
    let (Some(checks), Some(records)) = (
        model.seen.traffic.checks.last(),
        model.seen.traffic.records.last(),
    ) else {
        return Vec::new();
    };
    let mut wanted: Vec<CheckId> = records.iter().filter_map(|r| r.check.clone()).collect();
    let children = wanted
        .iter()
        .filter_map(|id| checks.get(id))
        .flat_map(|check| match &check.target {
            CheckTarget::Calculated { children, .. } => children.clone(),
            CheckTarget::Endpoint { .. } | CheckTarget::Metric { .. } | CheckTarget::Other(_) => {
                Vec::new()
            }
        });
    let children: Vec<CheckId> = children.collect();
    wanted.extend(children);
    let named = model.env.traffic.iter().flat_map(|t| t.checks.keys());
    wanted.extend(named.filter_map(|name| check_of(&model.env, &model.seen, name)));
    wanted.sort();
    wanted.dedup();
    let is_endpoint = |id: &CheckId| {
        checks
            .get(id)
            .is_some_and(|c| matches!(c.target, CheckTarget::Endpoint { .. }))
    };
    wanted.into_iter().filter(is_endpoint).collect()
}
