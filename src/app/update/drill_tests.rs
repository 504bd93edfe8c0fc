//! Tests of the label: a move is a drill or an incident, and a drill on production needs its window.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests look for one kind of effect"
)]

use crate::app::dialog::{Confirm, Dialog};
use crate::app::effect::Effect;
use crate::app::fixtures::{marker, steady};
use crate::app::key::Key;
use crate::app::model::{Model, PastOperation};
use crate::app::msg::Msg;
use crate::app::update::update;
use crate::domain::drill::{DrillWindow, Label};
use crate::domain::guard::{GuardId, GuardVerdict};
use crate::domain::operation::{OperationKind, Outcome, StepState};
use crate::domain::plan::{Confirmed, Consent, Plan};
use crate::domain::region::Role;
use crate::domain::unfinished::{Choice, RecordedStep, Unfinished};

fn production(open: bool) -> Model {
    let mut model = steady();
    model.env.production = true;
    let from = if open {
        model.now
    } else {
        model.now + 3600 * std::time::Duration::from_secs(1)
    };
    let until = from + std::time::Duration::from_hours(2);
    model.env.drill_windows = vec![DrillWindow { from, until }];
    model
}

fn confirmation(model: &Model) -> &Confirm {
    match &model.dialog {
        Some(Dialog::Confirm(confirm)) => confirm,
        other => panic!("{other:?}"),
    }
}

fn window(model: &Model) -> Option<GuardVerdict> {
    let guards = &confirmation(model).plan.guards;
    guards
        .iter()
        .find(|g| g.id == GuardId::DrillWindow)
        .map(|g| g.verdict)
}

fn consent(model: &mut Model) -> Vec<Effect> {
    let consent = Consent {
        typed_name: "payment-standby-demo".into(),
        reason: Some("twice a year".into()),
        overridden: vec!["drill_window".into()],
    };
    update(model, Msg::Consent(consent))
}

fn opened(effects: &[Effect]) -> Option<&Confirmed<Plan>> {
    effects.iter().find_map(|effect| match effect {
        Effect::Open(confirmed) => Some(&**confirmed),
        _ => None,
    })
}

fn drilled(model: &Model, kind: OperationKind, label: Label) -> PastOperation {
    PastOperation {
        id: "failover-1".into(),
        kind,
        environment: model.env.name.0.clone(),
        label,
        outcome: Some(Outcome::Succeeded),
        started: model.now,
        finished: Some(model.now),
        rto_seconds: Some(168.0),
        rpo_seconds: Some(3.0),
        reason: None,
    }
}

#[test]
fn the_label_is_chosen_in_the_confirmation_and_goes_into_the_operation() {
    let mut model = steady();
    update(&mut model, Msg::Key(Key::Char('F')));
    assert!(!confirmation(&model).plan.drill);
    assert_eq!(window(&model), None);
    update(&mut model, Msg::Key(Key::Ctrl('d')));
    assert_eq!(window(&model), Some(GuardVerdict::Allow));
    update(&mut model, Msg::Key(Key::Ctrl('l')));
    assert!(
        confirmation(&model).plan.drill,
        "another lever keeps the label"
    );
    update(&mut model, Msg::Key(Key::Ctrl('d')));
    assert_eq!(window(&model), None);
    update(&mut model, Msg::Drill(true));
    let effects = consent(&mut model);
    assert!(opened(&effects).unwrap().plan().drill);
    let result = model
        .run
        .as_ref()
        .unwrap()
        .result(&model.env, model.facts.serving, model.now);
    assert_eq!(
        result.label,
        Label::of(OperationKind::Failover, &model.env.mode, true)
    );
}

#[test]
fn a_drill_on_production_waits_for_its_window_whatever_the_reason() {
    let mut model = production(false);
    update(&mut model, Msg::Key(Key::Char('F')));
    update(&mut model, Msg::Drill(true));
    assert_eq!(window(&model), Some(GuardVerdict::Refuse));
    let effects = consent(&mut model);
    assert!(opened(&effects).is_none());
    let refused = |e: &Effect| matches!(e, Effect::Refused { plan, outcome: Outcome::Refused, .. } if plan.drill);
    assert!(effects.iter().any(refused), "the refusal is journalled");
    // an incident is none of the window's business
    update(&mut model, Msg::Drill(false));
    assert!(opened(&consent(&mut model)).is_some());
}

#[test]
fn a_drill_on_production_goes_ahead_within_its_window() {
    let mut model = production(true);
    update(&mut model, Msg::Key(Key::Char('F')));
    update(&mut model, Msg::Drill(true));
    assert_eq!(window(&model), Some(GuardVerdict::Allow));
    assert!(opened(&consent(&mut model)).is_some());
}

#[test]
fn a_window_that_closes_while_the_dialog_is_open_refuses() {
    let mut model = production(true);
    update(&mut model, Msg::Key(Key::Char('F')));
    update(&mut model, Msg::Drill(true));
    model.env.drill_windows.clear();
    assert!(opened(&consent(&mut model)).is_none());
}

#[test]
fn the_way_back_from_a_drill_is_part_of_it_and_is_never_refused() {
    let mut model = production(false);
    for (label, is_drill) in [(Label::Incident, false), (Label::Drill, true)] {
        let past = drilled(&model, OperationKind::Failover, label);
        update(&mut model, Msg::Past(vec![past]));
        marker(&mut model, Role::Standby);
        update(&mut model, Msg::Key(Key::Char('B')));
        assert_eq!(confirmation(&model).plan.drill, is_drill);
        assert_eq!(window(&model), is_drill.then_some(GuardVerdict::Warn));
        update(&mut model, Msg::Decline);
    }
    let past = drilled(&model, OperationKind::Failback, Label::Drill);
    update(&mut model, Msg::Past(vec![past]));
    assert!(!model.is_drilling(), "the drill is over");
}

#[test]
fn deployments_have_no_such_label() {
    let mut model = steady();
    update(&mut model, Msg::Key(Key::Char('X')));
    update(&mut model, Msg::Key(Key::Ctrl('d')));
    assert!(!confirmation(&model).plan.drill);
}

/// Cut off before or after its pull, and taken up again when its window is over.
#[test]
fn a_drill_that_is_continued_is_held_against_its_window_again() {
    for (open, pulled, verdict) in [
        (true, false, GuardVerdict::Allow),
        (false, false, GuardVerdict::Refuse),
        (false, true, GuardVerdict::Warn),
    ] {
        let mut first = production(true);
        update(&mut first, Msg::Key(Key::Char('F')));
        update(&mut first, Msg::Key(Key::Ctrl('d')));
        consent(&mut first);
        let run = first.run.as_deref().unwrap();
        let mut steps = vec![RecordedStep::WAITING; run.steps.len()];
        if pulled {
            steps[0].state = StepState::Done;
        }
        let mut model = production(open);
        model.unfinished = vec![Unfinished {
            plan: run.plan().clone(),
            who: "ops".into(),
            reason: None,
            drill: true,
            begun: run.confirmed.at(),
            last: run.confirmed.at(),
            opening: None,
            steps,
            milestones: run.milestones.clone(),
            orders: std::collections::BTreeMap::new(),
            cancelled: false,
        }];
        let operation = run.plan().id.clone();
        let choice = Choice::Continue;
        update(&mut model, Msg::Resume { operation, choice });
        assert_eq!(window(&model), Some(verdict), "{open} {pulled}");
    }
}
