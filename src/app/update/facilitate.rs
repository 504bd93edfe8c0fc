//! The facilitator's menu: what goes wrong in a rehearsal, and what ends it. Where no world has told its faults, which
//! is everywhere but in a rehearsal, there is no menu.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a key that is not bound does nothing"
)]

use crate::app::dialog::{Dialog, FaultMenu};
use crate::app::effect::{Effect, Entry};
use crate::app::key::Key;
use crate::app::model::{Model, Weight};
use crate::domain::region::Role;
use crate::domain::trouble::{Facilitation, InForce, Trouble, TroubleKind};

/// One row of the menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// In force: Enter ends it.
    InForce(InForce),
    /// Enter lets it happen.
    Offer(TroubleKind),
}

/// What can happen, then what is in force. Offers come first, so that their rows stay where they are.
pub(crate) fn rows(model: &Model) -> Vec<Row> {
    let offers = TroubleKind::ALL.into_iter().map(Row::Offer);
    let active = model.facilitator.iter().flatten().cloned();
    offers.chain(active.map(Row::InForce)).collect()
}

/// Opens the menu.
pub(super) fn open(model: &mut Model) -> Vec<Effect> {
    if model.facilitator.is_none() {
        model.say("only a rehearsal has faults to inject", Weight::Warning);
        return Vec::new();
    }
    model.dialog = Some(Dialog::Faults(FaultMenu {
        row: 0,
        role: Role::Primary,
    }));
    vec![Effect::Facilitate(Facilitation::List)]
}

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    let rows = rows(model);
    let Some(Dialog::Faults(menu)) = &mut model.dialog else {
        return Vec::new();
    };
    let last = rows.len().saturating_sub(1);
    match key {
        Key::Esc | Key::Char('q' | 'I') => model.dialog = None,
        Key::Down | Key::Char('j') => menu.row = (menu.row + 1).min(last),
        Key::Up | Key::Char('k') => menu.row = menu.row.saturating_sub(1),
        Key::Home | Key::Char('g') => menu.row = 0,
        Key::End | Key::Char('G') => menu.row = last,
        Key::Tab | Key::BackTab | Key::Left | Key::Right | Key::Char('h' | 'l') => {
            menu.role = menu.role.other();
        }
        Key::Enter => {
            let wanted = match rows.get(menu.row.min(last)) {
                Some(Row::Offer(kind)) => Facilitation::Inject(Trouble {
                    kind: *kind,
                    role: menu.role,
                }),
                Some(Row::InForce(one)) => Facilitation::Heal(one.id),
                None => return Vec::new(),
            };
            return vec![Effect::Facilitate(wanted)];
        }
        _ => {}
    }
    Vec::new()
}

/// While the menu is open it follows the world, whose scenario has faults of its own.
pub(super) fn follow(model: &Model) -> Option<Effect> {
    matches!(model.dialog, Some(Dialog::Faults(_)))
        .then_some(Effect::Facilitate(Facilitation::List))
}

/// The world tells what is in force, and what the facilitator has just done: that belongs into the record of a running
/// operation, whose outcome nobody could explain without it.
pub(super) fn told(model: &mut Model, in_force: Vec<InForce>, done: Option<String>) -> Vec<Effect> {
    model.facilitator = Some(in_force);
    let last = rows(model).len().saturating_sub(1);
    if let Some(Dialog::Faults(menu)) = &mut model.dialog {
        menu.row = menu.row.min(last);
    }
    let Some(what) = done else {
        return Vec::new();
    };
    model.note("facilitator", what.clone(), Weight::Warning);
    let running = model.run.as_deref().filter(|run| run.is_running());
    let entry = running.map(|run| Effect::Journal {
        operation: run.plan().id.clone(),
        entry: Entry::Note {
            text: format!("facilitator: {what}"),
        },
        at: model.now,
    });
    entry.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures::{steady, tick};
    use crate::app::msg::Msg;
    use crate::app::update::update;

    fn rehearsing() -> Model {
        let mut model = steady();
        let faults = Msg::Faults {
            in_force: vec![InForce {
                id: 7,
                words: "replication is stalled".into(),
            }],
            done: None,
        };
        update(&mut model, faults);
        model
    }

    fn press(model: &mut Model, key: Key) -> Vec<Effect> {
        update(model, Msg::Key(key))
    }

    #[test]
    fn without_a_world_that_has_told_its_faults_there_is_no_menu() {
        let mut model = steady();
        assert!(press(&mut model, Key::Char('I')).is_empty());
        assert!(model.dialog.is_none());
        assert!(model.notice.is_some());
        let shown = crate::app::keymap::footer(&model);
        assert!(shown.iter().all(|b| b.name != "faults"));
    }

    #[test]
    fn a_fault_is_injected_where_it_is_wanted_and_healed() {
        let mut model = rehearsing();
        press(&mut model, Key::Char('I'));
        press(&mut model, Key::Down);
        press(&mut model, Key::Tab);
        let grey = Facilitation::Inject(Trouble {
            kind: TroubleKind::Grey,
            role: Role::Standby,
        });
        assert_eq!(press(&mut model, Key::Enter), [Effect::Facilitate(grey)]);
        press(&mut model, Key::End);
        let heal = Facilitation::Heal(7);
        assert_eq!(press(&mut model, Key::Enter), [Effect::Facilitate(heal)]);
        let healed = Msg::Faults {
            in_force: Vec::new(),
            done: Some("over: replication is stalled".into()),
        };
        assert!(update(&mut model, healed).is_empty());
        let last = model.trail.back().unwrap();
        assert_eq!(last.source, "facilitator");
        assert!(rows(&model).iter().all(|r| matches!(r, Row::Offer(_))));
        press(&mut model, Key::Esc);
        assert!(model.dialog.is_none());
    }

    #[test]
    fn the_open_menu_follows_the_world() {
        let mut model = rehearsing();
        let list = Effect::Facilitate(Facilitation::List);
        assert!(!tick(&mut model, 1).contains(&list));
        press(&mut model, Key::Char('I'));
        assert!(tick(&mut model, 1).contains(&list));
    }
}
