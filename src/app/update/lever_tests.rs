//! Tests of the levers: which one is proposed, what proves that it can be pulled, what the records lever takes back.

use std::collections::BTreeMap;

use crate::app::dialog::Dialog;
use crate::app::effect::{Effect, Entry, LeverDatum, Order};
use crate::app::fixtures::{dead, lever, marker, noon, see, steady, tick};
use crate::app::key::Key;
use crate::app::model::Model;
use crate::app::msg::{Ask, Msg, StepDone, StepFailed};
use crate::app::update::update;
use crate::domain::alarm::AlarmState;
use crate::domain::guard::{GuardId, GuardResult, GuardVerdict};
use crate::domain::lever::{Command, LeverKind};
use crate::domain::observation::{EndpointAnswer, Seen};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::operation::OperationKind;
use crate::domain::plan::{Consent, Plan};
use crate::domain::records_lever::{RecordsChange, moved};
use crate::domain::region::Role;
use crate::domain::routing::{Policy, RecordSet};
use crate::domain::signal::{Series, SignalKind};

fn asked(kind: OperationKind, lever: Option<LeverKind>) -> Msg {
    Msg::Ask(Ask {
        kind,
        lever,
        parameters: BTreeMap::new(),
        salt: 3,
        repair: None,
    })
}

fn plan(model: &Model) -> &Plan {
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        panic!("no plan: {:?}", model.notice)
    };
    &confirm.plan
}

fn guard(guards: &[GuardResult], id: GuardId) -> &GuardResult {
    guards.iter().find(|g| g.id == id).expect("such a guard")
}

/// Confirms the open plan and lets its journal open: what follows.
fn confirm(model: &mut Model) -> Vec<Effect> {
    let operation = plan(model).id.clone();
    let consent = Consent {
        typed_name: "payment-standby-demo".into(),
        reason: Some("a test".into()),
        overridden: plan(model)
            .refusals()
            .map(|g| g.id.as_str().to_owned())
            .collect(),
    };
    update(model, Msg::Consent(consent));
    let journal = Ok("/j".into());
    update(model, Msg::Opened { operation, journal })
}

fn change_ordered(effects: &[Effect]) -> &RecordsChange {
    let mut orders = effects.iter().filter_map(|effect| {
        let Effect::Do { order, .. } = effect else {
            return None;
        };
        let Order::ChangeRecords { change, .. } = order.as_ref() else {
            return None;
        };
        Some(change)
    });
    orders.next().expect("a change of records")
}

fn set_weights(model: &mut Model, weights: [i64; 4]) -> Vec<RecordSet> {
    let mut records = model.seen.traffic.records.last().unwrap().clone();
    for (record, weight) in records.iter_mut().zip(weights) {
        record.policy = Policy::Weighted(weight);
    }
    see(model, Seen::Records(Ok(records.clone())));
    records
}

#[test]
fn a_plan_opened_by_hand_proves_the_right_to_write_and_read_only_never_does() {
    let probes = |effects: &[Effect]| {
        let probe = |e: &&Effect| matches!(e, Effect::ProbeLever(_));
        effects.iter().filter(probe).count()
    };
    let mut model = steady();
    assert_eq!(probes(&update(&mut model, Msg::Key(Key::Char('F')))), 1);
    let mut model = steady();
    assert_eq!(probes(&update(&mut model, Msg::Key(Key::Char('D')))), 0);
    let mut model = steady();
    model.env.read_only = true;
    model.conclude();
    assert_eq!(probes(&update(&mut model, Msg::Key(Key::Char('F')))), 0);
    let mut model = steady();
    let effects = update(&mut model, asked(OperationKind::Failover, None));
    assert_eq!(probes(&effects), 0, "a dry run writes nothing");
}

#[test]
fn a_lever_that_may_not_be_written_to_is_refused_while_the_plan_is_open() {
    let mut model = steady();
    update(&mut model, Msg::Key(Key::Char('F')));
    let lever_guard = |model: &Model| {
        let found = guard(&plan(model).guards, GuardId::Lever);
        (found.verdict, found.reason.clone())
    };
    assert_eq!(
        lever_guard(&model),
        (GuardVerdict::Allow, "reachable".into())
    );
    update(&mut model, Msg::Probed(Ok(())));
    assert_eq!(
        lever_guard(&model),
        (GuardVerdict::Allow, "reachable, writing proven".into())
    );
    let denied = ReadError {
        kind: FailureKind::Denied,
        message: "not allowed to call cloudwatch:PutMetricData".into(),
    };
    update(&mut model, Msg::Probed(Err(denied)));
    let (verdict, reason) = lever_guard(&model);
    assert_eq!(verdict, GuardVerdict::Refuse);
    assert!(reason.contains("cloudwatch:PutMetricData"), "{reason}");
    // the next lever needs no such right
    update(&mut model, Msg::Key(Key::Ctrl('l')));
    assert_eq!(lever_guard(&model).0, GuardVerdict::Allow);
}

#[test]
fn the_records_lever_does_what_was_reviewed_and_writes_down_what_takes_it_back() {
    let mut model = steady();
    update(
        &mut model,
        asked(OperationKind::Failover, Some(LeverKind::Records)),
    );
    let reviewed = plan(&model).records.clone().unwrap();
    let drift = guard(&plan(&model).guards, GuardId::Records);
    assert_eq!(
        (drift.verdict, drift.value.as_str()),
        (GuardVerdict::Warn, "will drift")
    );
    let said = plan(&model).notes.join("\n");
    assert!(
        said.contains("api.pay.test CNAME primary: weight 100 → weight 0"),
        "{said}"
    );
    // somebody changes them while the plan is on the screen: the order is still the reviewed one, and will not fit
    set_weights(&mut model, [70, 30, 70, 30]);
    let effects = confirm(&mut model);
    assert_eq!(change_ordered(&effects), &reviewed);
    let undo = effects.iter().find_map(|effect| {
        let Effect::Journal { entry, .. } = effect else {
            return None;
        };
        let Entry::Undo { change } = entry else {
            return None;
        };
        Some(change)
    });
    assert_eq!(undo, Some(&reviewed));
}

#[test]
fn traffic_is_not_sent_by_records_to_a_side_whose_check_is_red() {
    let mut model = steady();
    let mut checks = model.seen.traffic.checks.last().unwrap().clone();
    let red = checks
        .0
        .get_mut(&crate::domain::health::CheckId("s".into()))
        .unwrap();
    red.disabled = true;
    red.inverted = true;
    see(&mut model, Seen::Checks(Ok(checks)));
    update(
        &mut model,
        asked(OperationKind::Failover, Some(LeverKind::Records)),
    );
    let predicted = guard(&plan(&model).guards, GuardId::Predicted);
    assert_eq!(predicted.verdict, GuardVerdict::Refuse, "{predicted:?}");
}

#[test]
fn a_failback_restores_the_record_sets_of_the_journal_and_shows_who_else_touched_them() {
    let mut model = steady();
    let before = set_weights(&mut model, [90, 10, 90, 10]);
    let moved = moved(&model.env, &model.seen, Command::Engage).unwrap();
    set_weights(&mut model, [0, 100, 0, 100]);
    marker(&mut model, Role::Standby);
    update(&mut model, Msg::Undo(Some(moved)));
    update(&mut model, asked(OperationKind::Failback, None));
    assert_eq!(plan(&model).levers(), [LeverKind::Records]);
    let undo = guard(&plan(&model).guards, GuardId::Records);
    assert_eq!(undo.value, "from the journal");
    update(&mut model, Msg::Key(Key::Esc));

    set_weights(&mut model, [0, 50, 0, 100]);
    update(&mut model, asked(OperationKind::Failback, None));
    let undo = guard(&plan(&model).guards, GuardId::Records);
    assert_eq!(undo.verdict, GuardVerdict::Refuse);
    assert!(
        undo.reason
            .contains("api.pay.test CNAME standby: weight 100 → weight 50"),
        "{}",
        undo.reason
    );
    // overridden with a reason, they are put back as they were, from what is live now
    let effects = confirm(&mut model);
    let change = change_ordered(&effects);
    assert_eq!(change.after, before);
    assert_eq!(change.before[1].policy, Policy::Weighted(50));
}

#[test]
fn every_engaged_lever_is_released_and_the_prediction_knows_of_all() {
    let mut model = steady();
    lever(&mut model, Command::Engage, 2, AlarmState::Alarm);
    set_weights(&mut model, [0, 100, 0, 100]);
    marker(&mut model, Role::Standby);
    update(&mut model, asked(OperationKind::Failback, None));
    assert_eq!(
        plan(&model).levers(),
        [LeverKind::Metric, LeverKind::Records]
    );
    let predicted = guard(&plan(&model).guards, GuardId::Predicted);
    assert_eq!(predicted.verdict, GuardVerdict::Allow, "{predicted:?}");
}

#[test]
fn when_the_standby_that_holds_the_lever_is_dead_the_way_back_is_forced() {
    let mut model = steady();
    lever(&mut model, Command::Engage, 2, AlarmState::Alarm);
    marker(&mut model, Role::Standby);
    see(&mut model, Seen::Lever(Err(dead())));
    see(&mut model, Seen::Endpoint(Role::Standby, Err(dead())));
    let answer = EndpointAnswer {
        status: 200,
        took: std::time::Duration::from_millis(40),
    };
    see(&mut model, Seen::Endpoint(Role::Primary, Ok(answer)));
    update(&mut model, asked(OperationKind::Failback, None));
    assert_eq!(plan(&model).levers(), [LeverKind::Force]);
    let predicted = guard(&plan(&model).guards, GuardId::Predicted);
    assert_eq!(predicted.verdict, GuardVerdict::Allow, "{predicted:?}");
    let said = plan(&model).notes.join("\n");
    assert!(said.contains("still engaged afterwards: metric"), "{said}");
}

/// A failover by the metric lever, whose first call has come to this result.
fn told(result: Result<(), bool>) -> Model {
    let mut model = steady();
    update(&mut model, asked(OperationKind::Failover, None));
    confirm(&mut model);
    answered(&mut model, 0, result);
    model
}

/// A step's call has ended well, or failed with AWS possibly having carried it out.
fn answered(model: &mut Model, index: usize, result: Result<(), bool>) -> Vec<Effect> {
    let done = |()| StepDone {
        skipped: false,
        note: None,
    };
    let failed = |in_doubt| StepFailed {
        why: "the metric lever could not be told".into(),
        in_doubt,
    };
    let msg = Msg::StepDone {
        operation: model.run.as_deref().unwrap().plan().id.clone(),
        index,
        result: result.map(done).map_err(failed),
    };
    update(model, msg)
}

fn repeats(effects: &[Effect]) -> usize {
    let repeats =
        |order: &Order| matches!(order, Order::PutCommand(LeverDatum { repeat: true, .. }));
    let sends = |e: &&Effect| matches!(e, Effect::Do { order, .. } if repeats(order));
    effects.iter().filter(sends).count()
}

#[test]
fn a_command_that_failed_unsent_is_never_told_after_the_end() {
    let mut model = told(Err(false));
    assert!(!model.is_busy());
    for _ in 0..5 {
        assert_eq!(repeats(&tick(&mut model, 60)), 0);
    }
}

#[test]
fn a_command_that_may_have_arrived_is_repeated_after_the_end_until_it_is_echoed() {
    for result in [Err(true), Ok(())] {
        let mut model = told(result);
        model.patience = Some(std::time::Duration::from_secs(30));
        tick(&mut model, 31);
        assert!(!model.is_busy());
        assert_eq!(repeats(&tick(&mut model, 60)), 1, "{result:?}");
        let number = noon().as_second();
        lever(&mut model, Command::Engage, number, AlarmState::Ok);
        assert_eq!(repeats(&tick(&mut model, 60)), 0, "{result:?}");
    }
}

#[test]
fn an_end_lets_nothing_wait_for_a_login_and_writes_down_what_came_of_it() {
    let mut model = steady();
    update(&mut model, asked(OperationKind::Failover, None));
    confirm(&mut model);
    let operation = model.run.as_deref().unwrap().plan().id.clone();
    let ends = tick(&mut model, 901);
    assert!(ends.contains(&Effect::StopWaiting(operation)), "{ends:?}");
    assert_eq!(repeats(&tick(&mut model, 60)), 0, "nobody knows of it yet");
    let effects = answered(&mut model, 0, Err(false));
    let [
        Effect::Journal {
            entry: Entry::Note { text },
            ..
        },
    ] = effects.as_slice()
    else {
        panic!("{effects:?}")
    };
    assert!(text.contains("after the operation's end: the metric lever could not be told"));
    assert_eq!(repeats(&tick(&mut model, 60)), 0);
}

#[test]
fn a_pull_that_waits_for_a_login_gives_way_to_a_newer_command() {
    let mut model = steady();
    update(&mut model, asked(OperationKind::Failover, None));
    confirm(&mut model);
    let operation = model.run.as_deref().unwrap().plan().id.clone();
    let number = noon().as_second() + 1;
    let effects = lever(&mut model, Command::Release, number, AlarmState::Ok);
    assert!(effects.contains(&Effect::StopWaiting(operation)));
}

/// What the journal puts back sends a part of the traffic to the standby: that is predicted, and not "primary".
#[test]
fn the_prediction_of_a_failback_knows_what_the_journal_puts_back() {
    let mut model = steady();
    set_weights(&mut model, [90, 10, 90, 10]);
    let moved = moved(&model.env, &model.seen, Command::Engage).unwrap();
    set_weights(&mut model, [0, 100, 0, 100]);
    marker(&mut model, Role::Standby);
    update(&mut model, Msg::Undo(Some(moved)));
    update(&mut model, asked(OperationKind::Failback, None));
    let predicted = guard(&plan(&model).guards, GuardId::Predicted);
    assert_eq!(
        (predicted.verdict, predicted.value.as_str()),
        (GuardVerdict::Warn, "us-east-1 or us-west-2"),
        "{predicted:?}"
    );
}

/// The step's undo was written down before the call, which was refused.
#[test]
fn a_refused_change_of_records_leaves_nothing_to_undo() {
    for (in_doubt, none) in [(false, 1), (true, 0)] {
        let mut model = steady();
        let ask = asked(OperationKind::Failover, Some(LeverKind::Records));
        update(&mut model, ask);
        confirm(&mut model);
        let effects = answered(&mut model, 0, Err(in_doubt));
        let change = RecordsChange::NONE;
        let entry = Entry::Undo { change };
        let takes_back = |e: &&Effect| matches!(e, Effect::Journal { entry: e, .. } if *e == entry);
        assert_eq!(effects.iter().filter(takes_back).count(), none);
    }
}

/// The endpoint lever is acknowledged when its stack is updated; traffic may have arrived long before.
#[test]
fn what_is_seen_before_the_lever_is_acknowledged_counts_from_then() {
    let mut model = steady();
    let ask = asked(OperationKind::Failover, Some(LeverKind::Endpoint));
    update(&mut model, ask);
    confirm(&mut model);
    let answer = || EndpointAnswer {
        status: 200,
        took: std::time::Duration::from_millis(40),
    };
    // it comes and goes: that does not count
    tick(&mut model, 10);
    marker(&mut model, Role::Standby);
    marker(&mut model, Role::Primary);
    tick(&mut model, 30);
    marker(&mut model, Role::Standby);
    tick(&mut model, 5);
    see(&mut model, Seen::Endpoint(Role::Standby, Ok(answer())));
    tick(&mut model, 35);
    marker(&mut model, Role::Standby);
    let effects = answered(&mut model, 0, Ok(()));
    assert!(!model.is_busy(), "{effects:?}");
    let found = &model.run.as_deref().unwrap().milestones;
    let after = |seconds| Some(noon() + std::time::Duration::from_secs(seconds));
    assert_eq!(
        (found.dns, found.healthy, found.settled, found.pulled),
        (after(40), after(45), after(45), after(80))
    );
    let parts = found.parts();
    assert_eq!(
        (parts.pull, parts.propagate, parts.recover),
        (Some(40.0), Some(0.0), Some(5.0))
    );
}

/// After a metric lever that DNS did not follow, B releases it, and F tries the next one.
#[test]
fn the_next_lever_is_one_for_the_same_direction_and_a_way_back_takes_the_engaged_ones() {
    let mut model = told(Ok(()));
    for _ in 0..7 {
        tick(&mut model, 60);
        crate::app::fixtures::see_all(&mut model);
    }
    assert!(!model.is_busy());
    let number = model.now.as_second();
    lever(&mut model, Command::Engage, number, AlarmState::Alarm);
    let levers = |model: &mut Model, kind| {
        update(model, asked(kind, None));
        let levers = plan(model).levers();
        let predicted = guard(&plan(model).guards, GuardId::Predicted).verdict;
        update(model, Msg::Key(Key::Esc));
        (levers, predicted)
    };
    assert_eq!(
        levers(&mut model, OperationKind::Failback),
        (vec![LeverKind::Metric], GuardVerdict::Allow)
    );
    assert_eq!(
        levers(&mut model, OperationKind::Failover).0,
        [LeverKind::Endpoint]
    );

    // the way back is not followed either: releasing another lever that is not engaged would do nothing
    marker(&mut model, Role::Standby);
    update(&mut model, asked(OperationKind::Failback, None));
    confirm(&mut model);
    answered(&mut model, 0, Ok(()));
    tick(&mut model, 361);
    assert!(!model.is_busy());
    let said = model.run.as_deref().unwrap().advice.clone().unwrap();
    assert!(
        said.contains("(F engages it again); next lever: force"),
        "{said}"
    );
    crate::app::fixtures::see_all(&mut model);
    let newer = number + 900;
    lever(&mut model, Command::Engage, newer, AlarmState::Alarm);
    marker(&mut model, Role::Standby);
    assert_eq!(
        levers(&mut model, OperationKind::Failback).0,
        [LeverKind::Metric, LeverKind::Force]
    );
}

/// Somebody engages the lever by a clock that is ahead of ours, or behind; DNS has not followed yet.
#[test]
fn a_command_of_another_clock_is_under_way_all_the_same() {
    for (number, since, recent) in [
        (-20, None, true),
        (900, None, true),
        (-400, None, false),
        (-400, Some(-30), true),
        (900, Some(-400), false),
    ] {
        let mut model = steady();
        let at = |seconds: i64| noon() + jiff::SignedDuration::from_secs(seconds);
        lever(
            &mut model,
            Command::Engage,
            at(number).as_second(),
            AlarmState::Ok,
        );
        let mut seen = model.seen.traffic.lever.last().unwrap().clone();
        seen.command_since = since.map(at);
        see(&mut model, Seen::Lever(Ok(seen)));
        let found = guard(&model.go.failover, GuardId::NothingRunning);
        let refuses = found.verdict == GuardVerdict::Refuse;
        assert_eq!(refuses, recent, "{number} {since:?}: {found:?}");
    }
}

/// CloudWatch refuses one series and reads the others: that is no silence.
#[test]
fn a_side_whose_requests_could_not_be_read_has_not_drained() {
    let mut model = told(Ok(()));
    let number = noon().as_second();
    lever(&mut model, Command::Engage, number, AlarmState::Alarm);
    tick(&mut model, 60);
    marker(&mut model, Role::Standby);
    let answer = EndpointAnswer {
        status: 200,
        took: std::time::Duration::from_millis(40),
    };
    see(&mut model, Seen::Endpoint(Role::Standby, Ok(answer)));
    assert!(!model.is_busy());
    tick(&mut model, 600);
    see(
        &mut model,
        Seen::Signals(Role::Primary, Ok(BTreeMap::new())),
    );
    let drained = |model: &Model| model.run.as_deref().unwrap().milestones.drained;
    assert_eq!(drained(&model), None);
    let requests = model
        .env
        .signal_of_kind(SignalKind::Requests, Role::Primary)
        .unwrap();
    let silence = BTreeMap::from([(requests.id.clone(), Series::default())]);
    see(&mut model, Seen::Signals(Role::Primary, Ok(silence)));
    assert!(drained(&model).is_some());
}
