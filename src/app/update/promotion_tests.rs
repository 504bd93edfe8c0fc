//! Tests of a failover that promotes the standby: approval, repetition, progress, failure, the way back.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::dialog::Dialog;
use crate::app::effect::{Approval, Effect, Order};
use crate::app::fixtures::{dead, lever, marker, noon, see, steady, tick};
use crate::app::model::Model;
use crate::app::msg::{Ask, Msg, StepDone};
use crate::app::update::update;
use crate::domain::alarm::AlarmState;
use crate::domain::environment::PromotionSpec;
use crate::domain::guard::{GuardId, GuardVerdict};
use crate::domain::lever::{Command, NumberedCommand};
use crate::domain::observation::{EndpointAnswer, Seen};
use crate::domain::operation::{OperationId, OperationKind, Outcome, StepState};
use crate::domain::placeholder::Placeholder;
use crate::domain::plan::Consent;
use crate::domain::promotion::{Progress, PromotionSeen};
use crate::domain::region::Role;
use crate::domain::unfinished::{Choice, RecordedStep, Unfinished};

fn promoting() -> Model {
    let mut model = steady();
    model.env.traffic.as_mut().unwrap().promotion = Some(PromotionSpec {
        role: Role::Standby,
        namespace: "Switchback/Failover".into(),
        dimensions: [("Environment".to_owned(), Placeholder::new("${suffix}"))].into(),
        approval: "PromotionApproved".into(),
        progress: "PromotionStep".into(),
        steps: ["promote", "enable", "notify"].map(str::to_owned).into(),
        return_steps: vec!["switch over".into()],
        loss: "rows that had not arrived are lost".into(),
    });
    progress(&mut model, None, &[]);
    model
}

/// What the machine has published, now.
fn progress(model: &mut Model, approval: Option<Command>, values: &[f64]) -> Vec<Effect> {
    let point = |value: &f64| Progress {
        at: model.now,
        low: *value,
        high: *value,
    };
    let seen = PromotionSeen {
        approval: approval.map(|command| NumberedCommand { number: 9, command }),
        progress: values.iter().map(point).collect(),
    };
    see(model, Seen::Promotion(Ok(seen)))
}

fn ask(model: &mut Model, kind: OperationKind) {
    let ask = Ask {
        kind,
        lever: None,
        parameters: BTreeMap::new(),
        salt: 3,
        repair: None,
    };
    update(model, Msg::Ask(ask));
}

fn titles(model: &Model) -> Vec<String> {
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        panic!("no plan: {:?}", model.notice)
    };
    confirm.plan.steps.iter().map(|s| s.title.clone()).collect()
}

/// Confirms with a reason and lets the journal open.
fn begin(model: &mut Model, kind: OperationKind) -> OperationId {
    ask(model, kind);
    let consent = Consent {
        typed_name: "payment-standby-demo".into(),
        reason: Some("INC-1".into()),
        overridden: Vec::new(),
    };
    update(model, Msg::Consent(consent));
    if let Some(Dialog::Confirm(confirm)) = &model.dialog {
        panic!("not confirmed: {:?}", confirm.error)
    }
    let operation = model.run.as_ref().expect("it runs").plan().id.clone();
    let journal = Ok("/j".into());
    update(
        model,
        Msg::Opened {
            operation: operation.clone(),
            journal,
        },
    );
    operation
}

fn done(model: &mut Model, operation: &OperationId, index: usize) -> Vec<Effect> {
    let result = Ok(StepDone {
        skipped: false,
        note: None,
    });
    update(
        model,
        Msg::StepDone {
            operation: operation.clone(),
            index,
            result,
        },
    )
}

fn approvals(effects: &[Effect]) -> Vec<Approval> {
    let approval = |effect: &Effect| {
        let Effect::Do { order, .. } = effect else {
            return None;
        };
        let Order::Approve(approval) = order.as_ref() else {
            return None;
        };
        Some(approval.clone())
    };
    effects.iter().filter_map(approval).collect()
}

/// Traffic arrives on a side that answers.
fn arrive(model: &mut Model, role: Role) {
    let (command, alarm) = match role {
        Role::Standby => (Command::Engage, AlarmState::Alarm),
        Role::Primary => (Command::Release, AlarmState::Ok),
    };
    let number = model.now.as_second();
    lever(model, command, number, alarm);
    marker(model, role);
    let answer = EndpointAnswer {
        status: 200,
        took: Duration::from_millis(80),
    };
    see(model, Seen::Endpoint(role, Ok(answer)));
}

fn outcome(model: &Model) -> Option<Outcome> {
    let run = model.run.as_deref()?;
    run.finished.as_ref().map(|f| f.outcome)
}

#[test]
fn what_may_be_lost_is_said_before_the_pull_and_needs_a_typed_reason() {
    let mut model = promoting();
    ask(&mut model, OperationKind::Failover);
    assert_eq!(titles(&model)[1], "approve the promotion");
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        panic!("a plan")
    };
    let said = confirm.plan.notes.join("; ");
    assert!(
        said.contains("PROMOTION: rows that had not arrived are lost"),
        "{said}"
    );
    let guards = &confirm.plan.guards;
    let guard = guards.iter().find(|g| g.id == GuardId::Promotion).unwrap();
    assert_eq!(guard.verdict, GuardVerdict::Warn);
    let consent = Consent {
        typed_name: "payment-standby-demo".into(),
        reason: Some("  ".into()),
        overridden: Vec::new(),
    };
    update(&mut model, Msg::Consent(consent));
    assert!(model.run.is_none());
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        panic!("it stays open")
    };
    let why = confirm.error.clone().unwrap();
    assert!(why.contains("may lose data"), "{why}");
}

#[test]
fn the_approval_follows_the_pull_with_its_number_and_is_repeated_until_the_machine_begins() {
    let mut model = promoting();
    let id = begin(&mut model, OperationKind::Failover);
    let sent = approvals(&done(&mut model, &id, 0));
    let number = noon().as_second();
    assert_eq!(
        (sent[0].number, sent[0].value, sent[0].repeat),
        (number, number as f64, false)
    );
    assert_eq!(sent[0].metric, "PromotionApproved");
    assert_eq!(sent[0].dimensions[0].1, "demo");
    done(&mut model, &id, 1);
    assert_eq!(approvals(&tick(&mut model, 59)), []);
    let again = approvals(&tick(&mut model, 1));
    assert_eq!((again[0].number, again[0].repeat), (number, true));
    // waiting is no beginning
    progress(&mut model, Some(Command::Engage), &[0.0]);
    assert_eq!(approvals(&tick(&mut model, 60)).len(), 1);
    progress(&mut model, Some(Command::Engage), &[1.0]);
    assert_eq!(approvals(&tick(&mut model, 120)), []);
}

#[test]
fn traffic_settles_first_and_the_operation_is_done_with_the_promotion() {
    let mut model = promoting();
    let id = begin(&mut model, OperationKind::Failover);
    done(&mut model, &id, 0);
    done(&mut model, &id, 1);
    tick(&mut model, 90);
    progress(&mut model, Some(Command::Engage), &[2.0]);
    arrive(&mut model, Role::Standby);
    let settled = model.now;
    assert!(model.is_busy(), "the database is not the writer yet");
    tick(&mut model, 60);
    progress(&mut model, Some(Command::Engage), &[4.0]);
    assert_eq!(outcome(&model), Some(Outcome::Succeeded));
    let run = model.run.as_deref().unwrap();
    assert_eq!(run.milestones.settled, Some(settled));
    assert_eq!(run.rto_seconds(model.now), Some(90.0));
    assert_eq!(run.milestones.promoted, Some(model.now));
}

#[test]
fn a_failed_step_ends_it_with_advice_and_failing_over_again_approves_anew() {
    let mut model = promoting();
    let id = begin(&mut model, OperationKind::Failover);
    done(&mut model, &id, 0);
    done(&mut model, &id, 1);
    tick(&mut model, 90);
    progress(&mut model, Some(Command::Engage), &[-2.0]);
    assert!(model.is_busy(), "traffic is on its way whatever fails");
    arrive(&mut model, Role::Standby);
    assert_eq!(outcome(&model), Some(Outcome::Failed));
    let run = model.run.as_deref().unwrap();
    let why = run.advice.clone().unwrap();
    assert!(why.contains("FAILED in step 2 of 3: enable"), "{why}");
    assert_eq!(run.steps.last().unwrap().state, StepState::Failed);
    assert!(run.rto_seconds(model.now).is_some(), "traffic did settle");

    tick(&mut model, 5);
    crate::app::fixtures::see_all(&mut model);
    arrive(&mut model, Role::Standby);
    let id = begin(&mut model, OperationKind::Failover);
    let anew = approvals(&done(&mut model, &id, 0));
    assert!(anew[0].number > noon().as_second());
}

#[test]
fn a_promotion_that_never_comes_ends_in_time() {
    let mut model = promoting();
    let id = begin(&mut model, OperationKind::Failover);
    done(&mut model, &id, 0);
    done(&mut model, &id, 1);
    tick(&mut model, 90);
    arrive(&mut model, Role::Standby);
    tick(&mut model, 840);
    assert_eq!(outcome(&model), Some(Outcome::TimedOut));
    let why = model.run.as_deref().unwrap().advice.clone().unwrap();
    assert!(why.contains("has not answered yet"), "{why}");
}

#[test]
fn the_way_back_approves_a_switchover_unless_nothing_was_promoted() {
    let mut model = promoting();
    progress(&mut model, Some(Command::Engage), &[4.0]);
    tick(&mut model, 300);
    crate::app::fixtures::see_all(&mut model);
    arrive(&mut model, Role::Standby);
    let id = begin(&mut model, OperationKind::Failback);
    let sent = approvals(&done(&mut model, &id, 0));
    assert!(sent[0].value < 0.0, "{sent:?}");
    done(&mut model, &id, 1);
    tick(&mut model, 90);
    arrive(&mut model, Role::Primary);
    assert!(model.is_busy());
    progress(&mut model, Some(Command::Release), &[2.0]);
    assert_eq!(outcome(&model), Some(Outcome::Succeeded));

    let mut model = promoting();
    progress(&mut model, Some(Command::Engage), &[0.0]);
    arrive(&mut model, Role::Standby);
    ask(&mut model, OperationKind::Failback);
    let all = titles(&model).join("; ");
    assert!(!all.contains("switchover"), "{all}");
}

/// Nothing of the standby answers any more.
/// What a deletion says about the promotion.
fn deletion(model: &mut Model) -> Option<(GuardVerdict, bool, bool)> {
    ask(model, OperationKind::Delete);
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        panic!("no plan: {:?}", model.notice)
    };
    let guards = &confirm.plan.guards;
    let found = guards.iter().find(|g| g.id == GuardId::Promotion)?;
    Some((found.verdict, found.unknown, found.can_override))
}

#[test]
fn a_standby_that_was_promoted_is_not_deleted_before_its_return() {
    let mut model = promoting();
    let unknown = Some((GuardVerdict::Warn, true, true));
    assert_eq!(deletion(&mut model), unknown, "nobody approved lately");
    progress(&mut model, Some(Command::Engage), &[5.0]);
    let refused = Some((GuardVerdict::Refuse, false, true));
    assert_eq!(deletion(&mut model), refused);
    progress(&mut model, Some(Command::Release), &[5.0]);
    let allowed = Some((GuardVerdict::Allow, false, true));
    assert_eq!(deletion(&mut model), allowed, "returned");
    model.env.traffic.as_mut().unwrap().promotion = None;
    assert_eq!(deletion(&mut model), None, "nothing to promote");
}

fn go_dark(model: &mut Model) {
    let stacks: Vec<_> = model.env.stacks_of(Role::Standby).cloned().collect();
    for spec in stacks {
        see(model, Seen::Stack(spec.role, spec.id, Err(dead())));
    }
    for seen in [
        Seen::Alarms(Role::Standby, Err(dead())),
        Seen::Signals(Role::Standby, Err(dead())),
        Seen::Endpoint(Role::Standby, Err(dead())),
        Seen::Lever(Err(dead())),
        Seen::Promotion(Err(dead())),
    ] {
        see(model, seen);
    }
}

#[test]
fn from_a_dead_standby_traffic_returns_and_the_database_is_said_to_stay() {
    let mut model = promoting();
    progress(&mut model, Some(Command::Engage), &[4.0]);
    tick(&mut model, 300);
    crate::app::fixtures::see_all(&mut model);
    arrive(&mut model, Role::Standby);
    go_dark(&mut model);
    ask(&mut model, OperationKind::Failback);
    let all = titles(&model).join("; ");
    assert!(!all.contains("switchover"), "{all}");
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        panic!("a plan")
    };
    let said = confirm.plan.notes.join("; ");
    assert!(
        said.contains("stays promoted in us-west-2")
            && said.contains("us-east-1, which then has no writer"),
        "{said}"
    );
    let guards = &confirm.plan.guards;
    let guard = guards.iter().find(|g| g.id == GuardId::Promotion).unwrap();
    assert_eq!(guard.verdict, GuardVerdict::Warn);
    let consent = Consent {
        typed_name: "payment-standby-demo".into(),
        reason: None,
        overridden: Vec::new(),
    };
    update(&mut model, Msg::Consent(consent));
    assert!(model.run.is_none(), "a reason must be typed");
    update(&mut model, Msg::Key(crate::app::key::Key::Esc));

    let id = begin(&mut model, OperationKind::Failback);
    let sent = approvals(&done(&mut model, &id, 0));
    assert_eq!(sent, [], "there is nobody to approve anything to");
    tick(&mut model, 90);
    arrive(&mut model, Role::Primary);
    assert_eq!(outcome(&model), Some(Outcome::Succeeded));
    let run = model.run.as_deref().unwrap();
    let why = run.finished.as_ref().unwrap().reason.clone().unwrap();
    assert!(why.contains("has no writer"), "{why}");
}

#[test]
fn the_way_back_can_be_asked_for_again_when_the_dead_standby_is_back() {
    let mut model = promoting();
    tick(&mut model, 300);
    crate::app::fixtures::see_all(&mut model);
    progress(&mut model, Some(Command::Engage), &[4.0]);
    arrive(&mut model, Role::Primary);
    ask(&mut model, OperationKind::Failback);
    let all = titles(&model).join("; ");
    assert!(all.contains("approve the planned switchover"), "{all}");
    let Some(Dialog::Confirm(confirm)) = &model.dialog else {
        panic!("a plan")
    };
    let needed = confirm.plan.guards.iter().any(|g| g.id == GuardId::Needed);
    assert!(!needed, "{:?}", confirm.plan.guards);
}

/// What the journal has of the running operation: its steps as they are, and the orders among these effects.
fn cut_off(model: &Model, effects: &[Effect]) -> Unfinished {
    let run = model.run.as_deref().unwrap();
    let record = |step: &crate::app::run::StepRun| RecordedStep {
        state: step.state,
        started: step.started,
        finished: step.finished,
        note: None,
    };
    let orders = effects.iter().filter_map(|effect| {
        let Effect::Journal {
            entry: crate::app::effect::Entry::Order { index, order },
            ..
        } = effect
        else {
            return None;
        };
        Some((*index, serde_json::to_value(order).unwrap()))
    });
    Unfinished {
        plan: run.plan().clone(),
        who: "ops".into(),
        reason: Some("INC-1".into()),
        drill: false,
        begun: run.confirmed.at(),
        last: model.now,
        opening: None,
        steps: run.steps.iter().map(record).collect(),
        milestones: run.milestones.clone(),
        orders: orders.collect(),
        cancelled: false,
    }
}

#[test]
fn an_operation_that_is_continued_is_not_refused_by_its_own_pull() {
    let mut first = promoting();
    ask(&mut first, OperationKind::Failover);
    let consent = Consent {
        typed_name: "payment-standby-demo".into(),
        reason: Some("INC-1".into()),
        overridden: Vec::new(),
    };
    update(&mut first, Msg::Consent(consent));
    let id = first.run.as_ref().unwrap().plan().id.clone();
    let opened = Msg::Opened {
        operation: id.clone(),
        journal: Ok("/j".into()),
    };
    let mut effects = update(&mut first, opened);
    effects.extend(done(&mut first, &id, 0));
    let one = cut_off(&first, &effects);
    let own = noon().as_second();

    for (number, refused) in [(own, false), (own + 30, true)] {
        let mut model = promoting();
        tick(&mut model, 60);
        crate::app::fixtures::see_all(&mut model);
        lever(&mut model, Command::Engage, number, AlarmState::Ok);
        progress(&mut model, None, &[0.0]);
        model.unfinished = vec![one.clone()];
        update(
            &mut model,
            Msg::Resume {
                operation: id.clone(),
                choice: Choice::Continue,
            },
        );
        let Some(Dialog::Confirm(confirm)) = &model.dialog else {
            panic!("no plan: {:?}", model.notice)
        };
        let guards = &confirm.plan.guards;
        let running = guards.iter().find(|g| g.id == GuardId::NothingRunning);
        let verdict = running.map(|g| g.verdict);
        assert_eq!(
            verdict == Some(GuardVerdict::Refuse),
            refused,
            "{running:?}"
        );
    }
}

/// The numbers of approvals that were written down, with their steps.
fn written(effects: &[Effect]) -> Vec<(usize, i64)> {
    let number = |effect: &Effect| {
        let Effect::Journal { entry, .. } = effect else {
            return None;
        };
        let crate::app::effect::Entry::Order { index, order } = entry else {
            return None;
        };
        let Order::Approve(approval) = order.as_ref() else {
            return None;
        };
        Some((*index, approval.number))
    };
    effects.iter().filter_map(number).collect()
}

#[test]
fn an_approval_that_grows_old_is_given_under_a_new_number_which_is_written_down_first() {
    let mut model = promoting();
    let id = begin(&mut model, OperationKind::Failover);
    done(&mut model, &id, 0);
    done(&mut model, &id, 1);
    let first = noon().as_second();
    tick(&mut model, 45);
    arrive(&mut model, Role::Standby);
    progress(&mut model, Some(Command::Engage), &[0.0]);
    tick(&mut model, 545);
    assert!(model.is_busy());
    let effects = tick(&mut model, 70);
    let fresh = first + 660;
    assert_eq!(written(&effects), [(1, fresh)]);
    assert_eq!(approvals(&effects)[0].number, fresh);
    let order = |e: &Effect| {
        matches!(
            e,
            Effect::Journal {
                entry: crate::app::effect::Entry::Order { .. },
                ..
            }
        )
    };
    let send = |e: &Effect| matches!(e, Effect::Do { .. });
    assert!(effects.iter().position(order) < effects.iter().position(send));
    let effects = tick(&mut model, 60);
    assert_eq!(written(&effects), [], "the same once more");
    assert_eq!(approvals(&effects)[0].number, fresh);
}

/// The state machine would take an approval by this clock for one of twenty minutes ago.
#[test]
fn a_clock_that_is_far_behind_takes_the_time_of_the_alarm() {
    let mut model = promoting();
    let id = begin(&mut model, OperationKind::Failover);
    assert_eq!(
        approvals(&done(&mut model, &id, 0))[0].number,
        noon().as_second()
    );
    done(&mut model, &id, 1);
    tick(&mut model, 45);
    arrive(&mut model, Role::Standby);
    let true_time = noon() + Duration::from_mins(20);
    let mut seen = model.seen.traffic.lever.last().unwrap().clone();
    seen.alarm_since = Some(true_time);
    see(&mut model, Seen::Lever(Ok(seen)));
    let effects = tick(&mut model, 60);
    let fresh = true_time.as_second();
    assert_eq!(written(&effects), [(1, fresh)]);
    assert_eq!(approvals(&effects)[0].number, fresh);
    let effects = tick(&mut model, 60);
    assert_eq!(
        (written(&effects).len(), approvals(&effects)[0].number),
        (0, fresh)
    );
}

/// Cut off before its approval was acknowledged or after it, and continued too late for the number that it had.
#[test]
fn an_old_operation_that_is_continued_approves_under_a_new_number() {
    for acknowledged in [false, true] {
        let mut first = promoting();
        ask(&mut first, OperationKind::Failover);
        let consent = Consent {
            typed_name: "payment-standby-demo".into(),
            reason: Some("INC-1".into()),
            overridden: Vec::new(),
        };
        update(&mut first, Msg::Consent(consent.clone()));
        let id = first.run.as_ref().unwrap().plan().id.clone();
        let opened = |operation: &OperationId| Msg::Opened {
            operation: operation.clone(),
            journal: Ok("/j".into()),
        };
        let mut effects = update(&mut first, opened(&id));
        effects.extend(done(&mut first, &id, 0));
        if acknowledged {
            effects.extend(done(&mut first, &id, 1));
        }
        let own = noon().as_second();
        assert_eq!(written(&effects), [(1, own)]);

        let mut model = promoting();
        tick(&mut model, 1200);
        crate::app::fixtures::see_all(&mut model);
        lever(&mut model, Command::Engage, own, AlarmState::Alarm);
        progress(&mut model, Some(Command::Engage), &[0.0]);
        model.unfinished = vec![cut_off(&first, &effects)];
        let choice = Choice::Continue;
        let operation = id.clone();
        update(&mut model, Msg::Resume { operation, choice });
        update(&mut model, Msg::Consent(consent));
        let mut effects = update(&mut model, opened(&id));
        effects.extend(tick(&mut model, 1));
        let numbers: Vec<i64> = approvals(&effects).iter().map(|a| a.number).collect();
        assert_eq!(numbers.len(), 1, "{acknowledged}: {:?}", model.notice);
        assert!(numbers[0] >= own + 1200, "{numbers:?}");
        assert_eq!(written(&effects), [(1, numbers[0])]);
    }
}

/// The primary is dark, and with it every lag: what is known of the exposure is said instead, with its source.
#[test]
fn without_any_lag_the_exposure_says_what_a_promotion_may_lose() {
    let mut model = promoting();
    see(&mut model, Seen::Endpoint(Role::Primary, Err(dead())));
    let guard = |model: &Model| {
        let mut guards = model.go.failover.iter();
        guards.find(|g| g.id == GuardId::Promotion).unwrap().clone()
    };
    let told = guard(&model);
    assert_eq!(told.value, "4 s");
    assert!(
        told.reason
            .contains("exposure, from the heartbeat of 11:59:56Z"),
        "{}",
        told.reason
    );
    assert!(!told.unknown);
    see(
        &mut model,
        Seen::Signals(Role::Standby, Ok(BTreeMap::new())),
    );
    let told = guard(&model);
    assert_eq!((told.value.as_str(), told.unknown), ("lag unknown", true));
}

/// Ten minutes later the approval would get a number above the other console's release.
#[test]
fn an_approval_is_not_repeated_once_another_console_has_spoken() {
    let waiting = || {
        let mut model = promoting();
        let id = begin(&mut model, OperationKind::Failover);
        done(&mut model, &id, 0);
        done(&mut model, &id, 1);
        model
    };
    let silent = |model: &mut Model| {
        for _ in 0..12 {
            assert_eq!(approvals(&tick(model, 60)), []);
        }
    };
    let newer = noon().as_second() + 5;
    let mut model = waiting();
    lever(&mut model, Command::Release, newer, AlarmState::Ok);
    silent(&mut model);

    let mut model = waiting();
    let seen = PromotionSeen {
        approval: Some(NumberedCommand {
            number: newer,
            command: Command::Release,
        }),
        progress: Vec::new(),
    };
    see(&mut model, Seen::Promotion(Ok(seen)));
    silent(&mut model);
    let said = format!("another console has spoken: release (approval {newer})");
    let notes = model.trail.iter().filter(|line| line.text == said);
    assert_eq!(notes.count(), 1);
}

#[test]
fn nothing_is_approved_when_another_console_has_spoken_since_the_pull() {
    let mut model = promoting();
    let id = begin(&mut model, OperationKind::Failover);
    let newer = noon().as_second() + 5;
    lever(&mut model, Command::Release, newer, AlarmState::Ok);
    assert_eq!(approvals(&done(&mut model, &id, 0)), []);
    assert!(!model.is_busy(), "the operation has failed");
}

/// Neither what failed unsent nor what would need a new number is approved behind the operator's back.
#[test]
fn after_the_end_only_the_approval_that_was_given_is_repeated() {
    let mut model = promoting();
    let id = begin(&mut model, OperationKind::Failover);
    done(&mut model, &id, 0);
    let result = Err("the promotion could not be approved".to_owned().into());
    let failed = Msg::StepDone {
        operation: id,
        index: 1,
        result,
    };
    update(&mut model, failed);
    assert!(!model.is_busy());
    assert_eq!(approvals(&tick(&mut model, 60)), []);

    let mut model = promoting();
    model.patience = Some(Duration::from_secs(90));
    let id = begin(&mut model, OperationKind::Failover);
    done(&mut model, &id, 0);
    done(&mut model, &id, 1);
    tick(&mut model, 91);
    assert!(!model.is_busy());
    let sent: Vec<i64> = (0..15)
        .flat_map(|_| approvals(&tick(&mut model, 60)))
        .map(|approval| approval.number)
        .collect();
    assert_eq!(sent, vec![noon().as_second(); 8], "for ten minutes");
}
