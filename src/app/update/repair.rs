//! Choosing a way out for a stack that is stuck, before its plan is reviewed.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a key that is not bound does nothing"
)]

use std::collections::{BTreeMap, BTreeSet};

use crate::app::dialog::{Dialog, RepairChoice};
use crate::app::effect::Effect;
use crate::app::key::Key;
use crate::app::model::{Model, Weight};
use crate::app::msg::Ask;
use crate::app::update::{input, operate};
use crate::domain::operation::OperationKind;
use crate::domain::repair::{Repair, Wish, failed, takes_resources, way_out};

/// Opens the choice for the stack that it is about.
pub(super) fn choose(model: &mut Model) -> Vec<Effect> {
    if !operate::may_start(model) {
        return Vec::new();
    }
    let Some((spec, stack)) = model.repairable() else {
        model.say("no stack needs a repair", Weight::Plain);
        return Vec::new();
    };
    let Some(repair) = way_out(&stack.status).repairs.first().copied() else {
        return Vec::new();
    };
    model.dialog = Some(Dialog::Repair(RepairChoice {
        stack: spec.id.clone(),
        repair,
        row: 0,
        skip: BTreeSet::new(),
    }));
    vec![Effect::Refresh]
}

/// One row of the choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    Way(Repair),
    /// A failed resource that the way above may leave out.
    Resource(Repair, String),
}

/// The ways out, each followed by the resources that it may leave out.
pub(crate) fn rows(model: &Model, choice: &RepairChoice) -> Vec<Row> {
    let Some(stack) = model.seen.stack(&choice.stack) else {
        return Vec::new();
    };
    let spec = model.env.stack(&choice.stack);
    let seen = spec.and_then(|spec| {
        let region = model.seen.regions.get(spec.role);
        region.resources.get(&spec.id)?.last()
    });
    let ids: Vec<&String> = seen
        .into_iter()
        .flat_map(|all| failed(all))
        .map(|r| &r.logical_id)
        .collect();
    let mut rows = Vec::new();
    for way in way_out(&stack.status).repairs {
        rows.push(Row::Way(*way));
        if takes_resources(*way, &stack.status) {
            rows.extend(ids.iter().map(|id| Row::Resource(*way, (*id).clone())));
        }
    }
    rows
}

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    let Some(Dialog::Repair(choice)) = &model.dialog else {
        return Vec::new();
    };
    let mut choice = choice.clone();
    match key {
        Key::Esc | Key::Char('q') => {
            model.dialog = None;
            return Vec::new();
        }
        Key::Enter => return review(model, choice),
        Key::Down | Key::Tab | Key::Char('j') => choice.row = choice.row.saturating_add(1),
        Key::Up | Key::BackTab | Key::Char('k') => choice.row = choice.row.saturating_sub(1),
        Key::Char(' ') => toggle(model, &mut choice),
        _ => {}
    }
    settle(model, &mut choice);
    model.dialog = Some(Dialog::Repair(choice));
    Vec::new()
}

/// The row chooses its way; what another way would leave out is no longer chosen.
fn settle(model: &Model, choice: &mut RepairChoice) {
    let rows = rows(model, choice);
    choice.row = choice.row.min(rows.len().saturating_sub(1));
    let Some(Row::Way(way) | Row::Resource(way, _)) = rows.get(choice.row) else {
        return;
    };
    if *way != choice.repair {
        choice.repair = *way;
        choice.skip.clear();
    }
}

fn toggle(model: &Model, choice: &mut RepairChoice) {
    if let Some(Row::Resource(_, id)) = rows(model, choice).get(choice.row)
        && !choice.skip.remove(id)
    {
        choice.skip.insert(id.clone());
    }
}

/// Goes on to the plan, which is confirmed like any other.
fn review(model: &mut Model, choice: RepairChoice) -> Vec<Effect> {
    model.dialog = None;
    let salt = input::salt(model);
    let wish = Wish {
        stack: Some(choice.stack),
        repair: Some(choice.repair),
        skip: choice.skip.into_iter().collect(),
    };
    operate::ask(
        model,
        &Ask {
            kind: OperationKind::Repair,
            lever: None,
            parameters: BTreeMap::new(),
            repair: Some(wish),
            salt,
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::effect::Order;
    use crate::app::fixtures::{resources, status, steady};
    use crate::app::model::Page;
    use crate::app::msg::Msg;
    use crate::app::update::update;
    use crate::domain::guard::GuardId;
    use crate::domain::plan::Plan;
    use crate::domain::stack::StackId;

    fn press(model: &mut Model, key: Key) -> Vec<Effect> {
        update(model, Msg::Key(key))
    }

    fn plan(model: &Model) -> &Plan {
        match &model.dialog {
            Some(Dialog::Confirm(confirm)) => &confirm.plan,
            other => panic!("no plan: {other:?}; {:?}", model.notice),
        }
    }

    fn stuck_rollback() -> Model {
        let mut model = steady();
        model.page = Page::Stacks;
        status(&mut model, "standby", "UPDATE_ROLLBACK_FAILED");
        let all = [
            ("Table", "AWS::DynamoDB::Table", "UPDATE_COMPLETE"),
            ("Worker", "AWS::Lambda::Function", "UPDATE_FAILED"),
            ("Health", "AWS::Lambda::Function", "UPDATE_FAILED"),
        ];
        resources(&mut model, "standby", &all);
        model
    }

    /// What each status offers: none = the key does nothing. All 23 of the API reference.
    const KEY: [(&str, Option<Repair>); 23] = [
        ("CREATE_IN_PROGRESS", Some(Repair::Delete)),
        ("CREATE_FAILED", Some(Repair::RollBack)),
        ("CREATE_COMPLETE", None),
        ("ROLLBACK_IN_PROGRESS", None),
        ("ROLLBACK_FAILED", Some(Repair::Delete)),
        ("ROLLBACK_COMPLETE", Some(Repair::Delete)),
        ("DELETE_IN_PROGRESS", None),
        ("DELETE_FAILED", Some(Repair::Delete)),
        ("DELETE_COMPLETE", None),
        ("UPDATE_IN_PROGRESS", Some(Repair::CancelUpdate)),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None),
        ("UPDATE_COMPLETE", None),
        ("UPDATE_FAILED", Some(Repair::RollBack)),
        ("UPDATE_ROLLBACK_IN_PROGRESS", None),
        ("UPDATE_ROLLBACK_FAILED", Some(Repair::ContinueRollback)),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", None),
        ("UPDATE_ROLLBACK_COMPLETE", None),
        ("REVIEW_IN_PROGRESS", Some(Repair::Delete)),
        ("IMPORT_IN_PROGRESS", None),
        ("IMPORT_COMPLETE", None),
        ("IMPORT_ROLLBACK_IN_PROGRESS", None),
        ("IMPORT_ROLLBACK_FAILED", Some(Repair::Delete)),
        ("IMPORT_ROLLBACK_COMPLETE", None),
    ];

    #[test]
    fn the_key_leads_from_every_status_to_a_plan_or_to_nothing() {
        for (word, expected) in KEY {
            let mut model = steady();
            model.page = Page::Stacks;
            status(&mut model, "standby", word);
            assert_eq!(model.offers_repair(), expected.is_some(), "{word}");
            press(&mut model, Key::Char('R'));
            let Some(repair) = expected else {
                assert_eq!(model.dialog, None, "{word}");
                continue;
            };
            assert!(matches!(model.dialog, Some(Dialog::Repair(_))), "{word}");
            press(&mut model, Key::Enter);
            let steps = &plan(&model).steps;
            let action = crate::domain::plan::Action::RepairStack {
                stack: StackId("standby".into()),
                repair,
                skip: Vec::new(),
            };
            assert_eq!(steps.len(), 1, "{word}");
            assert_eq!(steps[0].action, action, "{word}");
            assert!(plan(&model).notes[0].starts_with(word), "{word}");
        }
    }

    #[test]
    fn failed_resources_are_named_by_type_and_go_into_the_order() {
        let mut model = stuck_rollback();
        let wish = Wish {
            stack: None,
            repair: None,
            skip: vec!["AWS::Lambda::Function".into()],
        };
        let ask = Ask {
            kind: OperationKind::Repair,
            lever: None,
            parameters: BTreeMap::new(),
            repair: Some(wish),
            salt: 1,
        };
        update(&mut model, Msg::Ask(ask));
        let title = &plan(&model).steps[0].title;
        assert!(title.ends_with("without Health, Worker"), "{title}");
        let action = plan(&model).steps[0].action.clone();
        let order = crate::app::update::orders::order(&model, &action).unwrap();
        let Order::Repair { skip, repair, .. } = order else {
            panic!("{order:?}")
        };
        assert_eq!(
            (repair, skip.len()),
            (Repair::ContinueRollback, 2),
            "{skip:?}"
        );
    }

    #[test]
    fn space_chooses_what_a_deletion_leaves_behind() {
        let mut model = steady();
        model.page = Page::Stacks;
        status(&mut model, "standby", "DELETE_FAILED");
        let all = [
            ("Bucket", "AWS::S3::Bucket", "DELETE_FAILED"),
            ("Topic", "AWS::SNS::Topic", "DELETE_COMPLETE"),
        ];
        resources(&mut model, "standby", &all);
        press(&mut model, Key::Char('R'));
        press(&mut model, Key::Enter);
        assert!(
            plan(&model)
                .notes
                .iter()
                .any(|n| n.contains("is tried again: Bucket"))
        );
        press(&mut model, Key::Esc);

        for key in [Key::Char('R'), Key::Down, Key::Char(' '), Key::Enter] {
            press(&mut model, key);
        }
        let notes = plan(&model).notes.join("\n");
        assert!(
            notes.contains("stays in AWS without a stack, to be removed by hand: Bucket (AWS::S3::Bucket, bucket-physical)"),
            "{notes}"
        );
        assert!(notes.contains("clashes"), "{notes}");
    }

    #[test]
    fn another_way_forgets_what_was_chosen_for_the_first() {
        let mut model = stuck_rollback();
        // continue, Health or Worker, Health or Worker, delete
        for key in [Key::Char('R'), Key::Down, Key::Char(' '), Key::Down] {
            press(&mut model, key);
        }
        let chosen = |model: &Model| match &model.dialog {
            Some(Dialog::Repair(choice)) => (choice.repair, choice.skip.len()),
            other => panic!("{other:?}"),
        };
        assert_eq!(chosen(&model), (Repair::ContinueRollback, 1));
        press(&mut model, Key::Down);
        assert_eq!(chosen(&model), (Repair::Delete, 0));
    }

    #[test]
    fn a_forced_deletion_lists_its_orphans_and_asks_the_guards_of_a_deletion() {
        let mut model = steady();
        status(&mut model, "primary", "DELETE_FAILED");
        resources(
            &mut model,
            "primary",
            &[("Bucket", "AWS::S3::Bucket", "DELETE_FAILED")],
        );
        model.env.production = true;
        let wish = Wish {
            stack: Some(StackId("primary".into())),
            repair: Some(Repair::ForceDelete),
            skip: Vec::new(),
        };
        let ask = Ask {
            kind: OperationKind::Repair,
            lever: None,
            parameters: BTreeMap::new(),
            repair: Some(wish),
            salt: 1,
        };
        update(&mut model, Msg::Ask(ask));
        let refusing: Vec<GuardId> = plan(&model).refusals().map(|g| g.id).collect();
        assert_eq!(refusing, [GuardId::NotServing, GuardId::Production]);
        assert!(
            plan(&model)
                .notes
                .iter()
                .any(|n| n.contains("may stay in AWS without a stack") && n.contains("Bucket"))
        );
    }

    #[test]
    fn what_is_not_offered_is_said_with_what_is() {
        let mut model = stuck_rollback();
        let mut told = |repair, skip: &[&str]| {
            let wish = Wish {
                stack: Some(StackId("standby".into())),
                repair,
                skip: skip.iter().map(|&s| s.to_owned()).collect(),
            };
            let ask = Ask {
                kind: OperationKind::Repair,
                lever: None,
                parameters: BTreeMap::new(),
                repair: Some(wish),
                salt: 1,
            };
            update(&mut model, Msg::Ask(ask));
            assert_eq!(model.dialog, None);
            model.notice.take().unwrap().text
        };
        let text = told(Some(Repair::RollBack), &[]);
        assert!(text.contains("continue-rollback, delete"), "{text}");
        let text = told(None, &["Table"]);
        assert!(
            text.contains("has not failed") && text.contains("Worker"),
            "{text}"
        );
        let text = told(Some(Repair::Delete), &["Worker"]);
        assert!(text.contains("takes no resources"), "{text}");
    }
}
