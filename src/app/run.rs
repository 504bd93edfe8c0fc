//! A running (or finished) operation: which step it is at, and what was seen meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::app::effect::Order;
use crate::app::unfinished::order;
use crate::domain::change::Change;
use crate::domain::drill::Label;
use crate::domain::environment::Environment;
use crate::domain::observation::Serving;
use crate::domain::observed::age;
use crate::domain::operation::{
    ClockResult, OperationResult, Outcome, Override, StepResult, StepState,
};
use crate::domain::plan::{Confirmed, Consent, Plan, Step};
use crate::domain::recovery::{Exposure, Milestones};
use crate::domain::region::Role;
use crate::domain::stack::{StackEvent, StackId};
use crate::domain::unfinished::{RecordedStep, Unfinished};

/// How many events of an operation are kept for the screen.
pub const MOST_EVENTS: usize = 500;

/// One operation from its confirmation on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    #[serde(deserialize_with = "confirmed_again")]
    pub confirmed: Confirmed<Plan>,
    pub steps: Vec<StepRun>,
    /// Live events of both regions, newest last.
    pub events: Vec<LiveEvent>,
    /// The first resource that failed, pinned on top.
    pub first_failure: Option<LiveEvent>,
    pub progress: BTreeMap<StackId, StackProgress>,
    pub milestones: Milestones,
    /// What was seen of the move before its lever was acknowledged.
    pub early: Early,
    /// Exposure at the cut: fixed when the operation was confirmed.
    pub exposure: Option<Exposure>,
    pub finished: Option<Finished>,
    /// Where the journal is, or why there is none.
    pub journal: Result<String, String>,
    pub lever: Option<PulledLever>,
    /// Steps that wait for a second confirmation, in the order in which they asked.
    pub asking: Vec<Asking>,
    /// Changes that were confirmed while the operation ran.
    pub accepted: BTreeMap<StackId, Vec<Change>>,
    /// The approval of a promotion, repeated until the state machine has begun.
    pub approval: Option<PulledLever>,
    /// What the operator should know now, such as the next lever to try.
    pub advice: Option<String>,
    /// What the journal had of it, if this continues an operation that was cut off.
    pub resumed: Option<Box<Unfinished>>,
    /// Nothing goes on until somebody has logged in again.
    pub pause: Option<Pause>,
    /// How long earlier pauses took.
    pub paused: Duration,
    /// The operator stops it: nothing more begins.
    pub cancelled: bool,
    /// The end of a step was not seen: the operation gets no end in the journal.
    #[serde(default)]
    pub unseen: bool,
}

/// Moments of a move whose lever is not acknowledged yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Early {
    pub dns: Option<Timestamp>,
    pub healthy: Option<Timestamp>,
}

/// AWS does not accept the credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub since: Timestamp,
    /// What AWS said.
    pub why: String,
    /// What waits for a new login.
    pub waiting: BTreeSet<String>,
}

/// A step that found changes that endanger data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    pub index: usize,
    pub changes: Vec<Change>,
}

/// The metric lever's command in force: repeated each minute until its number is echoed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PulledLever {
    pub number: i64,
    pub last_sent: Timestamp,
    pub echoed: bool,
    /// A newer command than ours rules.
    pub overruled: bool,
    pub arrival: Arrival,
}

/// Whether AWS has a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arrival {
    /// Nothing says so.
    Unheard,
    /// It was acknowledged, or may have been taken all the same.
    Possible,
}

impl PulledLever {
    /// A command that is being given.
    pub const fn told(number: i64, at: Timestamp) -> Self {
        Self {
            number,
            last_sent: at,
            echoed: false,
            overruled: false,
            arrival: Arrival::Unheard,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    pub at: Timestamp,
    pub outcome: Outcome,
    pub reason: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepRun {
    pub state: StepState,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub note: Option<String>,
}

/// A stack event with the side it happened on, and how long the resource took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LiveEvent {
    pub role: Role,
    pub event: StackEvent,
    pub took_seconds: Option<u64>,
}

/// How far a stack has come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StackProgress {
    pub status: String,
    pub done: usize,
    /// Resources that the change set (or the stack) has.
    pub total: usize,
}

/// A recording's plan goes through the door that its operator went through.
fn confirmed_again<'de, D: Deserializer<'de>>(from: D) -> Result<Confirmed<Plan>, D::Error> {
    #[derive(Deserialize)]
    struct Recorded {
        plan: Plan,
        at: Timestamp,
        reason: Option<String>,
        overrides: Vec<Override>,
    }
    let recorded = Recorded::deserialize(from)?;
    let consent = Consent {
        typed_name: recorded.plan.environment.0.clone(),
        reason: recorded.reason,
        overridden: recorded.overrides.into_iter().map(|o| o.guard).collect(),
    };
    Confirmed::confirm(recorded.plan, &consent, recorded.at).map_err(D::Error::custom)
}

impl Run {
    pub fn new(
        confirmed: Confirmed<Plan>,
        exposure: Option<Exposure>,
        milestones: Milestones,
    ) -> Self {
        let waiting = StepRun {
            state: StepState::Waiting,
            started: None,
            finished: None,
            note: None,
        };
        let steps = vec![waiting; confirmed.plan().steps.len()];
        Self {
            confirmed,
            steps,
            events: Vec::new(),
            first_failure: None,
            progress: BTreeMap::new(),
            milestones,
            early: Early::default(),
            exposure,
            finished: None,
            journal: Err("not written yet".into()),
            lever: None,
            asking: Vec::new(),
            accepted: BTreeMap::new(),
            approval: None,
            advice: None,
            resumed: None,
            pause: None,
            paused: Duration::ZERO,
            cancelled: false,
            unseen: false,
        }
    }

    /// An operation that was cut off: what is over stays over, what was being done is done again.
    pub fn continued(confirmed: Confirmed<Plan>, unfinished: Unfinished) -> Self {
        let exposure = unfinished.opening.as_ref().and_then(|o| o.exposure.clone());
        let mut run = Self::new(confirmed, exposure, unfinished.milestones.clone());
        for (slot, recorded) in run.steps.iter_mut().zip(&unfinished.steps) {
            if recorded.is_over() {
                slot.state = recorded.state;
                slot.finished = recorded.finished;
                slot.note.clone_from(&recorded.note);
            }
            slot.started = recorded.started;
        }
        for index in 0..run.steps.len() {
            let over = unfinished
                .steps
                .get(index)
                .is_some_and(RecordedStep::is_over);
            let told = |number| {
                let mut told = PulledLever::told(number, unfinished.last);
                if over {
                    told.arrival = Arrival::Possible;
                }
                told
            };
            match order(&unfinished, index) {
                Some(Order::PutCommand(datum)) => run.lever = Some(told(datum.number)),
                Some(Order::Approve(approval)) => run.approval = Some(told(approval.number)),
                Some(
                    Order::Deploy(..)
                    | Order::Delete(_)
                    | Order::Repair { .. }
                    | Order::SetParameter { .. }
                    | Order::SetThreshold { .. }
                    | Order::ChangeRecords { .. },
                )
                | None => {}
            }
        }
        run.resumed = Some(Box::new(unfinished));
        run
    }

    /// When the operation was first confirmed.
    pub fn begun(&self) -> Timestamp {
        self.resumed
            .as_ref()
            .map_or_else(|| self.confirmed.at(), |resumed| resumed.begun)
    }

    /// How long it has waited for new credentials so far.
    pub fn paused_for(&self, now: Timestamp) -> Duration {
        let now = self.pause.as_ref().map(|pause| age(pause.since, now));
        self.paused.saturating_add(now.unwrap_or_default())
    }

    pub const fn plan(&self) -> &Plan {
        self.confirmed.plan()
    }

    /// Whether a command is repeated as long as nobody shows that it was taken: to the operation's end, and beyond it only
    /// where AWS may have it. What failed unsent must not move traffic after the operator was told so.
    pub const fn insists_on(&self, told: &PulledLever) -> bool {
        !told.overruled && (self.is_running() || matches!(told.arrival, Arrival::Possible))
    }

    pub const fn is_running(&self) -> bool {
        self.finished.is_none()
    }

    /// Whether a step waits for a second confirmation.
    pub fn is_asking(&self, index: usize) -> bool {
        self.asking.iter().any(|asking| asking.index == index)
    }

    /// The question of a step, which is then answered.
    pub fn answered(&mut self, index: usize) -> Option<Asking> {
        let place = self.asking.iter().position(|a| a.index == index)?;
        Some(self.asking.remove(place))
    }

    /// The step being done, or the next one.
    pub fn current(&self) -> Option<(usize, &Step)> {
        let index = self
            .steps
            .iter()
            .position(|s| matches!(s.state, StepState::Waiting | StepState::Running))?;
        Some((index, self.plan().steps.get(index)?))
    }

    /// Seconds of the RTO clock: running, or stopped by settled. An operation that ended without settling has none,
    /// since its traffic has not arrived anywhere yet.
    pub fn rto_seconds(&self, now: Timestamp) -> Option<f64> {
        let counts = self.is_running() || self.milestones.settled.is_some();
        (counts && self.plan().kind.moves_traffic())
            .then(|| self.milestones.rto_seconds(now))
            .flatten()
    }

    /// The result as scripts read it.
    pub fn result(&self, env: &Environment, serving: Serving, now: Timestamp) -> OperationResult {
        let plan = self.plan();
        let steps = plan
            .steps
            .iter()
            .zip(&self.steps)
            .map(|(step, run)| StepResult {
                title: step.title.clone(),
                region: step.role.map(|role| env.regions.get(role).to_string()),
                state: run.state,
                started: run.started,
                finished: run.finished,
                note: run.note.clone(),
            });
        let moves = plan.kind.moves_traffic();
        OperationResult {
            operation: plan.id.clone(),
            kind: plan.kind,
            environment: plan.environment.clone(),
            label: Label::of(plan.kind, &env.mode, plan.drill),
            outcome: self
                .finished
                .as_ref()
                .map_or(Outcome::Abandoned, |f| f.outcome),
            reason: self.finished.as_ref().and_then(|f| f.reason.clone()),
            serving,
            steps: steps.collect(),
            started: self.begun(),
            finished: self.finished.as_ref().map_or(now, |f| f.at),
            rto_seconds: self.rto_seconds(now),
            rpo_seconds: if moves {
                self.exposure.as_ref().map(|e| e.seconds)
            } else {
                None
            },
            clock: moves.then(|| ClockResult {
                settled: self.milestones.settled,
                drained: self.milestones.drained,
                parts: self.milestones.parts(),
                rto_objective_seconds: env.objectives.rto,
                rpo_objective_seconds: env.objectives.rpo,
                rpo_is_upper_bound: self.exposure.as_ref().is_some_and(|e| e.is_upper_bound),
                rpo_source: self.exposure.as_ref().map(Exposure::origin),
            }),
            overrides: self.confirmed.overrides().to_vec(),
            journal: self.journal.clone().ok(),
        }
    }
}
