//! Drift detections: begun for the selected stack or by a command, and what they found.

use crate::app::effect::Effect;
use crate::app::model::{Model, Page, Weight};
use crate::domain::drift::{Detection, DriftStatus};
use crate::domain::environment::StackSpec;
use crate::domain::observation::{Seen, Sighting};
use crate::domain::observed::ReadError;
use crate::domain::stack::{Phase, StackId};

/// The key: for the stack that is selected.
pub(super) fn selected(model: &mut Model) -> Vec<Effect> {
    if model.page != Page::Stacks {
        model.page = Page::Stacks;
        model.say("select a stack, then detect its drift", Weight::Plain);
        return Vec::new();
    }
    let row = model.rows.get(Page::Stacks as usize).copied().unwrap_or(0);
    let shown = model.shown_stacks();
    let Some(id) = shown
        .get(row.min(shown.len().saturating_sub(1)))
        .map(|s| s.id.clone())
    else {
        return Vec::new();
    };
    begin(model, &id)
}

/// Asks CloudFormation to compare a stack with its template.
pub(super) fn begin(model: &mut Model, id: &StackId) -> Vec<Effect> {
    let Some(spec) = model.env.stack(id).cloned() else {
        model.say(format!("no stack `{id}`"), Weight::Warning);
        return Vec::new();
    };
    match target(model, &spec) {
        Ok(name) => {
            model.detecting.insert(id.clone(), model.now);
            model.say(
                format!(
                    "drift of {}: CloudFormation compares it with its template",
                    spec.name
                ),
                Weight::Plain,
            );
            vec![Effect::DetectDrift {
                role: spec.role,
                stack: spec.id,
                name,
            }]
        }
        Err(why) => {
            model.say(format!("drift of {}: {why}", spec.name), Weight::Warning);
            Vec::new()
        }
    }
}

/// The stack's ARN, or why it can't be asked about.
fn target(model: &Model, spec: &StackSpec) -> Result<String, String> {
    if model.detecting.contains_key(&spec.id) {
        return Err("is being detected already".to_owned());
    }
    let stack = model
        .seen
        .stack(&spec.id)
        .ok_or("the stack is not there, or was not read yet")?;
    match stack.status.phase() {
        Phase::InProgress | Phase::Review => Err(format!("not while it is {}", stack.status)),
        Phase::Absent
        | Phase::Settled
        | Phase::RolledBack
        | Phase::Dead
        | Phase::Failed
        | Phase::Unknown => Ok(stack.arn.clone()),
    }
}

/// A sighting that ends a detection is told.
pub(super) fn ended(model: &mut Model, sighting: &Sighting) {
    let Seen::Drift(_, id, result) = &sighting.seen else {
        return;
    };
    model.detecting.remove(id);
    let name = model.env.stack(id).map_or("", |spec| spec.name.as_str());
    let (text, weight) = words(result);
    let text = format!("drift of {name}: {text}");
    model.note("drift", text.clone(), weight);
    model.say(text, weight);
}

fn words(result: &Result<Detection, ReadError>) -> (String, Weight) {
    let found = match result {
        Ok(found) => found,
        Err(error) => return (error.message.clone(), Weight::Bad),
    };
    let differing = found.differing().count();
    match found.status {
        DriftStatus::InSync => (
            format!("in sync, {} resources checked", found.resources.len()),
            Weight::Good,
        ),
        DriftStatus::Drifted => (
            format!("{differing} of {} resources differ", found.resources.len()),
            Weight::Warning,
        ),
        DriftStatus::Unknown | DriftStatus::NotChecked => (
            format!(
                "cannot tell: {}",
                found
                    .trouble
                    .as_deref()
                    .unwrap_or("CloudFormation gave no answer")
            ),
            Weight::Warning,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures::{dead, see, status, steady};
    use crate::app::key::Key;
    use crate::app::msg::Msg;
    use crate::app::update::update;
    use crate::domain::region::Role;

    fn detection(status: DriftStatus) -> Detection {
        Detection {
            status,
            at: None,
            trouble: None,
            resources: Vec::new(),
        }
    }

    fn press(model: &mut Model) -> Vec<Effect> {
        update(model, Msg::Key(Key::Char('v')))
    }

    fn notice(model: &Model) -> &str {
        model.notice.as_ref().map_or("", |n| n.text.as_str())
    }

    #[test]
    fn the_key_asks_about_the_selected_stack_once_even_in_read_only_mode() {
        let mut model = steady();
        model.env.read_only = true;
        assert_eq!(press(&mut model), [], "the first press only shows the page");
        model.rows[Page::Stacks as usize] = 1;
        let id = model.env.stacks[1].id.clone();
        let [Effect::DetectDrift { stack, name, .. }] = &press(&mut model)[..] else {
            panic!("nothing was asked: {}", notice(&model));
        };
        assert_eq!(*stack, id);
        assert!(name.starts_with("arn:"), "{name}");
        assert_eq!(press(&mut model), []);
        assert!(notice(&model).contains("already"), "{}", notice(&model));
    }

    #[test]
    fn a_stack_in_progress_or_absent_is_not_asked_about() {
        for (state, why) in [
            ("UPDATE_IN_PROGRESS", "not while it is UPDATE_IN_PROGRESS"),
            ("DELETE_COMPLETE", "not there"),
        ] {
            let mut model = steady();
            status(&mut model, "standby", state);
            let asked = update(&mut model, Msg::DetectDrift(StackId("standby".into())));
            assert_eq!(asked, [], "{state}");
            assert!(notice(&model).contains(why), "{}", notice(&model));
        }
    }

    #[test]
    fn the_end_is_told_and_frees_the_key() {
        let id = || StackId("standby".into());
        let mut found = detection(DriftStatus::Unknown);
        found.trouble = Some("may not read Function".into());
        let table = [
            (Ok(detection(DriftStatus::InSync)), "in sync, 0 resources"),
            (
                Ok(detection(DriftStatus::Drifted)),
                "0 of 0 resources differ",
            ),
            (Ok(found), "cannot tell: may not read Function"),
            (Err(dead()), "no answer in 3 s"),
        ];
        for (result, words) in table {
            let mut model = steady();
            update(&mut model, Msg::DetectDrift(id()));
            assert!(model.detecting.contains_key(&id()));
            see(&mut model, Seen::Drift(Role::Standby, id(), result));
            assert!(model.detecting.is_empty());
            assert!(notice(&model).contains(words), "{}", notice(&model));
        }
    }
}
