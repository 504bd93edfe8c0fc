//! Plans: an operation plus the observed world turned into ordered steps; and their confirmation.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::blocker::Inspection;
use crate::domain::environment::EnvironmentName;
use crate::domain::forecast::Forecast;
use crate::domain::guard::{GuardResult, GuardVerdict};
use crate::domain::lever::{Command, LeverKind};
use crate::domain::operation::{OperationId, OperationKind, Override, StepState};
use crate::domain::records_lever::RecordsChange;
use crate::domain::region::Role;
use crate::domain::repair::Repair;
use crate::domain::stack::{Phase, StackId};

/// What will be done, in order. The review screen, the dry run and the executor read this same value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub id: OperationId,
    pub kind: OperationKind,
    pub environment: EnvironmentName,
    pub production: bool,
    /// Traffic is moved for practice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    pub made_at: Timestamp,
    pub situation: Situation,
    pub steps: Vec<Step>,
    pub guards: Vec<GuardResult>,
    /// What the operator should know besides: blockers, warnings, what is not needed.
    pub notes: Vec<String>,
    /// Stack phases at the time of the plan; deploy and delete stop if they differ at execution.
    pub basis: BTreeMap<StackId, Phase>,
    /// Which stacks these were, by ARN: one that was deleted and made again has the same name and is another one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arns: BTreeMap<StackId, String>,
    /// What the records lever changes, as it was reviewed; it stops if the live record sets differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<RecordsChange>,
    /// What a failback can't ask of a standby that is out of reach: its database stays the writer, and what that means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stays_promoted: Option<String>,
}

/// Guards judge differently when the primary is dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Situation {
    Planned,
    Emergency,
}

impl Situation {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Emergency => "emergency",
        }
    }
}

/// One step of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub title: String,
    pub role: Option<Role>,
    pub action: Action,
    /// What takes it back.
    pub undo: Option<String>,
    /// How long it usually takes.
    pub expect: Option<String>,
    /// Steps, by place, that must be done before this one; none given: all before it.
    #[serde(default)]
    pub needs: Option<Vec<usize>>,
    /// What a deployment would do to its stack, as far as it is known beforehand.
    #[serde(default)]
    pub forecast: Option<Forecast>,
    /// What stands in the way of a deletion of its stack, as AWS is asked for the review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspection: Option<Inspection>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Action {
    DeployStack {
        stack: StackId,
    },
    DeleteStack {
        stack: StackId,
    },
    /// Get a stack out of a status in which it is stuck.
    RepairStack {
        stack: StackId,
        repair: Repair,
        /// Logical ids that are left as they are, or left behind.
        skip: Vec<String>,
    },
    Pull {
        lever: LeverKind,
        command: Command,
    },
    /// Approve the promotion of the standby (or its return), under the lever's command number.
    Approve {
        command: Command,
    },
    /// The state machine of the promotion must be through.
    AwaitPromotion {
        command: Command,
    },
    /// The metric lever's alarm must follow.
    AwaitAlarm {
        command: Command,
    },
    /// Every name server must name the side.
    AwaitDns {
        to: Role,
    },
    /// The side must answer.
    AwaitHealthy {
        to: Role,
    },
}

impl Action {
    /// The stack that the action is about, if it is about one.
    pub const fn stack(&self) -> Option<&StackId> {
        match self {
            Self::DeployStack { stack }
            | Self::DeleteStack { stack }
            | Self::RepairStack { stack, .. } => Some(stack),
            Self::Pull { .. }
            | Self::Approve { .. }
            | Self::AwaitAlarm { .. }
            | Self::AwaitDns { .. }
            | Self::AwaitHealthy { .. }
            | Self::AwaitPromotion { .. } => None,
        }
    }
}

/// Why a plan is not confirmed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotConfirmed {
    #[error("typed `{typed}`, but the environment's name is `{expected}`")]
    WrongName { typed: String, expected: String },
    #[error("AWS is still being asked for the review: wait a moment")]
    NotReady,
    #[error("a reason is needed: {why}")]
    NoReason { why: &'static str },
    #[error("refused by {}", .0.iter().map(|g| format!("{}: {}", g.id, g.reason)).collect::<Vec<_>>().join("; "))]
    Refused(Vec<GuardResult>),
}

/// A plan that the operator has confirmed; the executor accepts nothing else.
///
/// Its only constructor is [`Confirmed::confirm`]. It is deliberately not deserialisable.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Confirmed<P> {
    plan: P,
    at: Timestamp,
    reason: Option<String>,
    overrides: Vec<Override>,
}

/// What the operator typed in the confirmation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    pub typed_name: String,
    pub reason: Option<String>,
    /// Ids of refusing guards that the reason overrides.
    pub overridden: Vec<String>,
}

impl Confirmed<Plan> {
    /// Confirms a plan: the environment's name must be typed exactly; production and every overridden guard
    /// need a reason; a guard that refuses and is not overridden stops it.
    pub fn confirm(plan: Plan, consent: &Consent, at: Timestamp) -> Result<Self, NotConfirmed> {
        if consent.typed_name != plan.environment.0 {
            return Err(NotConfirmed::WrongName {
                typed: consent.typed_name.clone(),
                expected: plan.environment.0,
            });
        }
        if plan.is_pending() {
            return Err(NotConfirmed::NotReady);
        }
        let reason = consent
            .reason
            .as_deref()
            .map(str::trim)
            .filter(|r| !r.is_empty());
        if let (Some(why), None) = (plan.needs_reason(), reason) {
            return Err(NotConfirmed::NoReason { why });
        }
        let (overridden, refusing): (Vec<_>, Vec<_>) = plan.refusals().cloned().partition(|g| {
            g.can_override && consent.overridden.iter().any(|id| id == g.id.as_str())
        });
        if !refusing.is_empty() {
            return Err(NotConfirmed::Refused(refusing));
        }
        let overrides = match (overridden.is_empty(), reason) {
            (true, _) => Vec::new(),
            (false, None) => {
                return Err(NotConfirmed::NoReason {
                    why: "a refusing guard is overridden",
                });
            }
            (false, Some(reason)) => overridden
                .iter()
                .map(|g| Override {
                    guard: g.id.as_str().to_owned(),
                    reason: reason.to_owned(),
                })
                .collect(),
        };
        Ok(Self {
            plan,
            at,
            reason: reason.map(str::to_owned),
            overrides,
        })
    }

    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    pub const fn at(&self) -> Timestamp {
        self.at
    }

    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    pub fn overrides(&self) -> &[Override] {
        &self.overrides
    }
}

impl Plan {
    /// The waiting steps that can begin: those they need are done, or had nothing to do.
    pub fn ready(&self, states: &[StepState]) -> Vec<usize> {
        let done = |index: &usize| {
            let state = states.get(*index);
            matches!(state, Some(StepState::Done | StepState::Skipped))
        };
        let can_begin = |(index, step): &(usize, &Step)| {
            let waits = states.get(*index) == Some(&StepState::Waiting);
            waits
                && match &step.needs {
                    Some(needs) => needs.iter().all(done),
                    None => (0..*index).all(|before| done(&before)),
                }
        };
        let steps = self.steps.iter().enumerate();
        steps.filter(can_begin).map(|(index, _)| index).collect()
    }

    /// Whether the review waits for change sets, or for what stands in the way of a deletion.
    pub fn is_pending(&self) -> bool {
        let waits = |step: &Step| {
            step.forecast.as_ref().is_some_and(Forecast::is_pending)
                || step.inspection.as_ref().is_some_and(Inspection::is_pending)
        };
        self.steps.iter().any(waits)
    }

    /// The guards that say no.
    pub fn refusals(&self) -> impl Iterator<Item = &GuardResult> {
        self.guards
            .iter()
            .filter(|g| g.verdict == GuardVerdict::Refuse)
    }

    /// Whether the plan makes the standby the writer, which may lose data.
    fn approves_promotion(&self) -> bool {
        let engage = Action::Approve {
            command: Command::Engage,
        };
        self.steps.iter().any(|step| step.action == engage)
    }

    /// Why a reason must be typed, whatever the guards say.
    pub fn needs_reason(&self) -> Option<&'static str> {
        if self.approves_promotion() {
            Some("the promotion of the standby may lose data")
        } else if self.stays_promoted.is_some() {
            Some("the database stays promoted in a standby that is out of reach")
        } else {
            self.production
                .then_some("the environment is marked production")
        }
    }

    /// The levers that the plan pulls, in order.
    pub fn levers(&self) -> Vec<LeverKind> {
        let pulled = self.steps.iter().filter_map(|step| match step.action {
            Action::Pull { lever, .. } => Some(lever),
            Action::DeployStack { .. }
            | Action::RepairStack { .. }
            | Action::DeleteStack { .. }
            | Action::AwaitAlarm { .. }
            | Action::AwaitDns { .. }
            | Action::AwaitHealthy { .. }
            | Action::Approve { .. }
            | Action::AwaitPromotion { .. } => None,
        });
        pulled.collect()
    }

    /// The side to which the plan moves traffic, if it does.
    pub fn destination(&self) -> Option<Role> {
        self.steps.iter().find_map(|step| match step.action {
            Action::AwaitDns { to } => Some(to),
            Action::DeployStack { .. }
            | Action::DeleteStack { .. }
            | Action::RepairStack { .. }
            | Action::Pull { .. }
            | Action::AwaitAlarm { .. }
            | Action::AwaitHealthy { .. }
            | Action::Approve { .. }
            | Action::AwaitPromotion { .. } => None,
        })
    }
}
