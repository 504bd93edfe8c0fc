//! An operation that was cut off, held against what is seen now: what is done, what is looked at, what stops it.

use crate::app::effect::Order;
use crate::app::model::Model;
use crate::domain::lever::NumberedCommand;
use crate::domain::operation::StepState;
use crate::domain::plan::{Action, Step};
use crate::domain::stack::{Phase, Stack, StackId, StackState};
use crate::domain::unfinished::{RecordedStep, Unfinished};

/// What continuing means for one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is over.
    Nothing,
    /// AWS was perhaps told: that is looked up, and it is done only if it was not.
    Look,
    /// It has not begun.
    Begin,
    /// It can't be continued, and why.
    Stop(String),
}

/// One step: recorded, seen, and to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    pub title: String,
    pub recorded: StepState,
    /// What is seen of it now.
    pub now: String,
    pub next: Next,
}

impl Compared {
    /// The line for people, with its number in the plan (from 1).
    pub fn sentence(&self, number: usize) -> String {
        let recorded = match self.recorded {
            StepState::Waiting => "not begun",
            StepState::Running => "cut off",
            StepState::Done => "done",
            StepState::Skipped => "skipped",
            StepState::Failed => "failed",
        };
        let next = match &self.next {
            Next::Nothing => "nothing more to do".to_owned(),
            Next::Look => "looked up, done only if it was not".to_owned(),
            Next::Begin => "to be done".to_owned(),
            Next::Stop(why) => why.clone(),
        };
        format!(
            "step {number} {}: {recorded}; now {}; {next}",
            self.title, self.now
        )
    }
}

/// Every step of the operation against what is seen.
pub fn compare(model: &Model, unfinished: &Unfinished) -> Vec<Compared> {
    unfinished
        .steps()
        .enumerate()
        .map(|(index, (step, recorded))| {
            let (now, next) = seen(model, unfinished, index, (step, recorded));
            let next = if unfinished.cancelled && !recorded.is_over() {
                Next::Stop("it was cancelled: give it up".to_owned())
            } else {
                next
            };
            Compared {
                title: step.title.clone(),
                recorded: recorded.state,
                now,
                next,
            }
        })
        .collect()
}

fn seen(
    model: &Model,
    unfinished: &Unfinished,
    index: usize,
    (step, recorded): (&Step, &RecordedStep),
) -> (String, Next) {
    let usual = if recorded.is_over() {
        Next::Nothing
    } else if recorded.was_cut_off() {
        Next::Look
    } else {
        Next::Begin
    };
    match &step.action {
        Action::DeployStack { stack } => {
            let (now, next) = deployed(model, stack, recorded, usual);
            let next = match forgotten(model, unfinished, stack) {
                Some(why) if matches!(next, Next::Begin | Next::Look) => Next::Stop(why),
                _ => next,
            };
            (now, next)
        }
        Action::DeleteStack { stack } => deleted(model, unfinished, stack, (recorded, usual)),
        Action::RepairStack { stack, .. } => (label(model, stack), usual),
        Action::Pull { .. } | Action::Approve { .. } => pulled(model, unfinished, index, usual),
        Action::AwaitAlarm { .. }
        | Action::AwaitDns { .. }
        | Action::AwaitHealthy { .. }
        | Action::AwaitPromotion { .. } => {
            let now = format!("serving {}", model.facts.serving.as_str());
            (
                now,
                if recorded.is_over() {
                    usual
                } else {
                    Next::Begin
                },
            )
        }
    }
}

fn label(model: &Model, stack: &StackId) -> String {
    let state = model
        .seen
        .regions
        .iter()
        .find_map(|(_, region)| region.stacks.get(stack)?.last());
    state.map_or("not read", StackState::label).to_owned()
}

fn phase(model: &Model, stack: &StackId) -> Option<Phase> {
    let spec = model.env.stack(stack)?;
    let seen = model.seen.regions.get(spec.role).stacks.get(stack)?;
    Some(seen.last()?.phase())
}

fn deployed(
    model: &Model,
    stack: &StackId,
    recorded: &RecordedStep,
    usual: Next,
) -> (String, Next) {
    let now = label(model, stack);
    let phase = phase(model, stack);
    let gone = recorded.is_over() && !phase.is_none_or(|phase| explains(recorded.state, phase));
    let next = if gone {
        Next::Stop("it was done and has changed since: give up and make a new plan".to_owned())
    } else if is_foreign(phase, recorded) {
        Next::Stop(FOREIGN.to_owned())
    } else {
        usual
    };
    (now, next)
}

const FOREIGN: &str = "somebody else is changing it: wait, or give up";

/// Whether something goes on in a stack that this operation has not begun with.
fn is_foreign(phase: Option<Phase>, recorded: &RecordedStep) -> bool {
    recorded.state == StepState::Waiting && phase == Some(Phase::InProgress)
}

/// A deletion: only of the stack that was reviewed, and of none that somebody else is at work in.
fn deleted(
    model: &Model,
    unfinished: &Unfinished,
    stack: &StackId,
    (recorded, usual): (&RecordedStep, Next),
) -> (String, Next) {
    let now = label(model, stack);
    let reviewed = unfinished.plan.arns.get(stack);
    let is_another = |seen: &Stack| reviewed.is_some_and(|arn| *arn != seen.arn);
    let made_again = model.seen.stack(stack).is_some_and(is_another);
    let next = if made_again {
        Next::Stop(
            "another stack was made under its name since: give up and make a new plan".to_owned(),
        )
    } else if is_foreign(phase(model, stack), recorded) {
        Next::Stop(FOREIGN.to_owned())
    } else {
        usual
    };
    (now, next)
}

/// Whether a step that is over may have left the stack like this. One that had nothing to change leaves a stack that was
/// rolled back before as it is.
const fn explains(state: StepState, phase: Phase) -> bool {
    match phase {
        Phase::Settled | Phase::Unknown => true,
        Phase::RolledBack => matches!(state, StepState::Skipped),
        Phase::Absent | Phase::Dead | Phase::Failed | Phase::InProgress | Phase::Review => false,
    }
}

/// A secret that the stack was to be given and that nobody has any more: it is never written down, and without it the
/// stack would go on with another one.
fn forgotten(model: &Model, unfinished: &Unfinished, stack: &StackId) -> Option<String> {
    let spec = model.env.stack(stack)?;
    let given = &unfinished.opening.as_ref()?.secrets;
    let taken = spec
        .parameters
        .values()
        .flat_map(|text| model.env.secrets_in(text));
    let mut missing = taken.filter(|name| {
        let was_given = given.iter().any(|known| known == name);
        was_given && !model.env.is_given(name)
    });
    let name = missing.next()?;
    Some(format!(
        "it was begun with a value for {name}, which is never written down: give the same with --parameter {name}=…, or give up"
    ))
}

fn pulled(model: &Model, unfinished: &Unfinished, index: usize, usual: Next) -> (String, Next) {
    let commanded = model
        .facts
        .commanded
        .map_or("unknown", |role| role.as_str());
    let now = format!("commanded {commanded}");
    match superseded(model, order(unfinished, index).as_ref()) {
        Some(newer) => (now, Next::Stop(newer)),
        None => (now, usual),
    }
}

/// What a lever was to be told, if that was written down.
pub(crate) fn order(unfinished: &Unfinished, index: usize) -> Option<Order> {
    let text = unfinished.orders.get(&index)?;
    serde_json::from_value(text.clone()).ok()
}

/// Why a command must not be given again: somebody has given the opposite one since.
pub(crate) fn superseded(model: &Model, order: Option<&Order>) -> Option<String> {
    let Some(Order::PutCommand(datum)) = order else {
        return None;
    };
    let newest = model.seen.traffic.lever.last()?.command?;
    let ours = NumberedCommand::from_datum(datum.value)?;
    (newest.number > ours.number && newest.command != ours.command).then(|| {
        format!(
            "another console has since said {} (command {}): give up",
            newest.command.as_str(),
            newest.number
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures::{status, steady};

    #[test]
    fn a_stack_that_the_step_has_left_so_has_not_changed_since() {
        let stops = |state, seen: &str| {
            let mut model = steady();
            status(&mut model, "standby", seen);
            let recorded = RecordedStep {
                state,
                ..RecordedStep::WAITING
            };
            let stack = StackId("standby".into());
            let (_, next) = deployed(&model, &stack, &recorded, Next::Nothing);
            matches!(next, Next::Stop(_))
        };
        assert!(!stops(StepState::Skipped, "UPDATE_ROLLBACK_COMPLETE"));
        assert!(!stops(StepState::Skipped, "UPDATE_COMPLETE"));
        assert!(!stops(StepState::Done, "UPDATE_COMPLETE"));
        // a change that went well does not end so: somebody has tried another one
        assert!(stops(StepState::Done, "UPDATE_ROLLBACK_COMPLETE"));
        assert!(stops(StepState::Skipped, "UPDATE_ROLLBACK_FAILED"));
        assert!(stops(StepState::Skipped, "UPDATE_IN_PROGRESS"));
    }
}
