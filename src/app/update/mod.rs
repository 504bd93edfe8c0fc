//! Decides: one message in, the changed model and the effects out. This file only routes.

mod cancel;
mod dialogs;
mod drift;
mod facilitate;
mod forecast;
mod input;
mod inspect;
mod milestones;
mod observe;
mod operate;
mod orders;
mod outcome;
mod pause;
mod promotion;
mod repair;
mod resume;
mod second;
mod steps;
mod unseen;
mod watch;

#[cfg(test)]
mod drill_tests;
#[cfg(test)]
mod lever_tests;
#[cfg(test)]
mod promotion_tests;
#[cfg(test)]
mod review_tests;
#[cfg(test)]
mod second_tests;
#[cfg(test)]
mod secret_tests;
#[cfg(test)]
mod tests;

pub(crate) use promotion::stage as promotion_stage;

use crate::app::effect::Effect;
use crate::app::model::{Model, Weight};
use crate::app::msg::Msg;

pub(crate) use facilitate::{Row as FaultRow, rows as fault_rows};
pub(crate) use repair::{Row as RepairRow, rows as repair_rows};

/// Takes one message in.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(key) => input::key(model, key),
        Msg::Paste(text) => input::paste(model, &text),
        Msg::Resize(width, height) => {
            model.size = (width, height);
            Vec::new()
        }
        Msg::Tick(now) => observe::tick(model, now),
        Msg::Sighted(sighting) => observe::sighted(model, *sighting),
        Msg::Ask(ask) => operate::ask(model, &ask),
        Msg::Drill(drill) => operate::label(model, drill),
        Msg::Consent(consent) => operate::consent(model, &consent),
        Msg::Decline => second::decline(model),
        Msg::Previewed {
            operation,
            index,
            result,
        } => forecast::previewed(model, &operation, index, result),
        Msg::Inspected(answer) => inspect::inspected(model, *answer),
        Msg::Asks {
            operation,
            index,
            changes,
        } => second::ask(model, &operation, index, changes),
        Msg::Opened { operation, journal } => operate::opened(model, &operation, journal),
        Msg::JournalFailed(why) => {
            model.note("journal", format!("not written: {why}"), Weight::Bad);
            Vec::new()
        }
        Msg::Progress { operation, news } => operate::progress(model, &operation, news),
        Msg::StepDone {
            operation,
            index,
            result,
        } => steps::step_done(model, &operation, index, result),
        Msg::StepUnseen {
            operation,
            index,
            why,
        } => unseen::step(model, &operation, index, why),
        Msg::Past(past) => observe::past(model, past),
        Msg::Unfinished(all) => resume::found(model, all),
        Msg::Resume { operation, choice } => resume::choose(model, &operation, choice),
        Msg::Undo(undo) => observe::undo(model, undo),
        Msg::Probed(result) => observe::probed(model, result),
        Msg::DetectDrift(id) => drift::begin(model, &id),
        Msg::Faults { in_force, done } => facilitate::told(model, in_force, done),
        Msg::Load(load) => {
            model.load = load;
            Vec::new()
        }
        Msg::Told { good, text } => {
            model.say(text, if good { Weight::Good } else { Weight::Bad });
            Vec::new()
        }
        Msg::Terminate => vec![Effect::Quit],
    }
}
