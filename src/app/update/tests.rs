//! Tests of update: messages in, model and effects out.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "tests look for one kind of effect"
)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::app::dialog::{ConfirmFocus, Dialog};
use crate::app::effect::{Effect, LeverDatum, Order, Pace};
use crate::app::fixtures::{dead, lever, marker, noon, see, steady, tick, unseen};
use crate::app::key::Key;
use crate::app::model::{Model, Page, PastOperation};
use crate::app::msg::{Ask, Msg, News, StepDone};
use crate::app::update::update;
use crate::domain::alarm::AlarmState;
use crate::domain::guard::{GuardId, GuardVerdict};
use crate::domain::lever::{Command, LeverKind};
use crate::domain::observation::{EndpointAnswer, Seen, Serving};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::operation::{AwsRequest, OperationKind, Outcome, StepState};
use crate::domain::plan::Situation;
use crate::domain::region::Role;
use crate::domain::signal::{Datapoint, Series, SignalId};
use crate::domain::stack::{StackId, StackState};
use crate::domain::unfinished::{RecordedStep, Unfinished};

fn press(model: &mut Model, key: Key) -> Vec<Effect> {
    update(model, Msg::Key(key))
}

/// Types a text, key by key.
fn type_text(model: &mut Model, text: &str) {
    for c in text.chars() {
        press(model, Key::Char(c));
    }
}

/// Opens the confirmation with `key`, types the name and goes to the verb.
fn confirm(model: &mut Model, key: char) -> Vec<Effect> {
    for effect in press(model, Key::Char(key)) {
        nothing_in_the_way(model, effect);
    }
    press(model, Key::Tab);
    type_text(model, "a drill");
    press(model, Key::Tab);
    type_text(model, "payment-standby-demo");
    press(model, Key::Enter);
    press(model, Key::Enter)
}

/// AWS answers that nothing stands in the way of a deletion.
fn nothing_in_the_way(model: &mut Model, effect: Effect) {
    if let Effect::Inspect {
        operation, index, ..
    } = effect
    {
        let findings = crate::domain::blocker::Findings {
            at: model.now,
            imports: Vec::new(),
            buckets: Vec::new(),
            zones: Vec::new(),
        };
        let answer = crate::app::msg::Inspected {
            operation,
            index,
            findings,
        };
        update(model, Msg::Inspected(Box::new(answer)));
    }
}

fn open_id(effects: &[Effect]) -> crate::domain::operation::OperationId {
    effects
        .iter()
        .find_map(|e| match e {
            Effect::Open(confirmed) => Some(confirmed.plan().id.clone()),
            _ => None,
        })
        .expect("an operation was opened")
}

fn healthy(model: &mut Model, role: Role) -> Vec<Effect> {
    let answer = EndpointAnswer {
        status: 200,
        took: std::time::Duration::from_millis(80),
    };
    see(model, Seen::Endpoint(role, Ok(answer)))
}

/// Confirms a failover and lets its journal open: the order that follows.
fn begin(model: &mut Model, key: char) -> (crate::domain::operation::OperationId, Vec<Effect>) {
    let id = open_id(&confirm(model, key));
    let effects = update(
        model,
        Msg::Opened {
            operation: id.clone(),
            journal: Ok("/j".into()),
        },
    );
    (id, effects)
}

/// Asks for a deploy, whose change sets find nothing to change.
fn previewed(model: &mut Model, ask: Ask) {
    for effect in update(model, Msg::Ask(ask)) {
        if let Effect::Preview {
            operation, index, ..
        } = effect
        {
            let result = Ok(None);
            update(
                model,
                Msg::Previewed {
                    operation,
                    index,
                    result,
                },
            );
        }
    }
}

fn done(
    model: &mut Model,
    id: &crate::domain::operation::OperationId,
    index: usize,
) -> Vec<Effect> {
    let result = Ok(StepDone {
        skipped: false,
        note: None,
    });
    update(
        model,
        Msg::StepDone {
            operation: id.clone(),
            index,
            result,
        },
    )
}

#[test]
fn steady_is_planned_serving_primary_and_go() {
    let model = steady();
    assert_eq!(model.facts.serving, Serving::Primary);
    assert_eq!(model.facts.commanded, Some(Role::Primary));
    assert_eq!(model.facts.situation, Situation::Planned);
    let refusing: Vec<_> = model
        .go
        .failover
        .iter()
        .filter(|g| g.verdict == GuardVerdict::Refuse)
        .collect();
    assert!(refusing.is_empty(), "{refusing:#?}");
}

#[test]
fn a_failover_runs_from_the_typed_name_to_settled() {
    let mut model = steady();
    let (id, effects) = begin(&mut model, 'F');
    let order = effects.iter().find_map(|e| match e {
        Effect::Do { order, .. } => Some(order.as_ref()),
        _ => None,
    });
    let Some(Order::PutCommand(told)) = order else {
        panic!("{effects:?}")
    };
    assert_eq!((told.role, told.engaged), (Role::Standby, true));
    assert_eq!(
        (told.number, told.value),
        (noon().as_second(), noon().as_second() as f64)
    );

    tick(&mut model, 1);
    done(&mut model, &id, 0);
    tick(&mut model, 60);
    lever(
        &mut model,
        Command::Engage,
        noon().as_second(),
        AlarmState::Alarm,
    );
    tick(&mut model, 30);
    marker(&mut model, Role::Standby);
    assert!(
        model.is_busy(),
        "DNS moved, but the standby was not probed since"
    );
    healthy(&mut model, Role::Standby);

    let run = model.run.as_deref().unwrap();
    assert_eq!(
        run.finished.as_ref().map(|f| f.outcome),
        Some(Outcome::Succeeded)
    );
    assert!(run.steps.iter().all(|s| s.state == StepState::Done));
    assert_eq!(run.milestones.rto_seconds(model.now), Some(91.0));
    let result = run.result(&model.env, model.facts.serving, model.now);
    assert_eq!(
        (result.serving, result.rpo_seconds),
        (Serving::Standby, Some(4.0))
    );
    assert!(model.facts.held);
}

#[test]
fn the_command_is_repeated_each_minute_until_it_is_echoed() {
    let mut model = steady();
    let (id, _) = begin(&mut model, 'F');
    done(&mut model, &id, 0);
    let repeats = |effects: &[Effect]| {
        effects.iter().filter(|e| matches!(e, Effect::Do { order, .. } if matches!(**order, Order::PutCommand(LeverDatum { repeat: true, .. })))).count()
    };
    assert_eq!(repeats(&tick(&mut model, 59)), 0);
    assert_eq!(repeats(&tick(&mut model, 1)), 1);
    assert_eq!(repeats(&tick(&mut model, 30)), 0);
    lever(
        &mut model,
        Command::Engage,
        noon().as_second(),
        AlarmState::Ok,
    );
    assert_eq!(repeats(&tick(&mut model, 60)), 0);
}

#[test]
fn a_dead_standby_refuses_and_the_refusal_is_recorded() {
    let mut model = steady();
    see(&mut model, Seen::Endpoint(Role::Standby, Err(dead())));
    let effects = confirm(&mut model, 'F');
    let refused = effects.iter().any(|e| {
        matches!(
            e,
            Effect::Refused {
                outcome: Outcome::Refused,
                serving: Serving::Primary,
                ..
            }
        )
    });
    assert!(refused, "{effects:?}");
    assert!(model.run.is_none());
    let Some(Dialog::Confirm(dialog)) = &model.dialog else {
        panic!("the dialog stays")
    };
    assert!(
        dialog
            .error
            .as_ref()
            .unwrap()
            .contains("destination_healthy")
    );
}

/// What the journal has of an operation that is cut off now.
fn cut_off(model: &Model) -> Unfinished {
    let run = model.run.as_deref().unwrap();
    let record = |step: &crate::app::run::StepRun| RecordedStep {
        state: step.state,
        started: step.started,
        finished: step.finished,
        note: None,
    };
    Unfinished {
        plan: run.plan().clone(),
        who: "ops".into(),
        reason: None,
        drill: false,
        begun: run.confirmed.at(),
        last: model.now,
        opening: None,
        steps: run.steps.iter().map(record).collect(),
        milestones: run.milestones.clone(),
        orders: BTreeMap::new(),
        cancelled: false,
    }
}

#[test]
fn what_was_cut_off_is_offered_and_continued_only_by_the_typed_name() {
    let mut dead = steady();
    let (id, effects) = begin(&mut dead, 'F');
    let mut one = cut_off(&dead);
    let told = effects.iter().find_map(|e| match e {
        Effect::Journal {
            entry: crate::app::effect::Entry::Order { order, .. },
            ..
        } => Some(serde_json::to_value(order).unwrap()),
        _ => None,
    });
    one.orders
        .insert(0, told.expect("it is written down first"));
    let mut model = steady();
    tick(&mut model, 600);
    crate::app::fixtures::see_all(&mut model);
    update(&mut model, Msg::Unfinished(vec![one]));
    assert!(matches!(model.dialog, Some(Dialog::Unfinished { .. })));
    for key in [Key::Enter, Key::Enter, Key::Esc] {
        assert!(press(&mut model, key).is_empty());
    }
    assert!(model.dialog.is_none());
    press(&mut model, Key::Char('F'));
    assert!(
        matches!(model.dialog, Some(Dialog::Unfinished { .. })),
        "no second failover beside it"
    );
    press(&mut model, Key::Char('c'));
    press(&mut model, Key::Tab);
    press(&mut model, Key::Tab);
    type_text(&mut model, "payment-standby-demo");
    press(&mut model, Key::Tab);
    let effects = press(&mut model, Key::Enter);
    let Some(Effect::Reopen(confirmed)) = effects.first() else {
        panic!("{effects:?}")
    };
    assert_eq!(confirmed.plan().id, id);
    let opened = Msg::Opened {
        operation: id,
        journal: Ok("/j".into()),
    };
    let effects = update(&mut model, opened);
    let numbers: Vec<i64> = effects
        .iter()
        .filter_map(|e| match e {
            Effect::Do { order, .. } => match order.as_ref() {
                Order::PutCommand(datum) => Some(datum.number),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(numbers, [noon().as_second()], "the same command once more");
    let run = model.run.as_deref().unwrap();
    assert_eq!(run.begun(), noon());
}

#[test]
fn a_command_that_was_heard_is_not_given_again_and_a_newer_one_stops_it() {
    let mut dead = steady();
    let (_, effects) = begin(&mut dead, 'F');
    let mut one = cut_off(&dead);
    for effect in effects {
        if let Effect::Journal {
            entry: crate::app::effect::Entry::Order { order, .. },
            ..
        } = effect
        {
            one.orders.insert(0, serde_json::to_value(order).unwrap());
        }
    }
    for (command, number, refused) in [
        (Command::Engage, noon().as_second(), false),
        (Command::Release, noon().as_second() + 9, true),
    ] {
        let mut model = steady();
        lever(&mut model, command, number, AlarmState::Ok);
        update(&mut model, Msg::Unfinished(vec![one.clone()]));
        press(&mut model, Key::Char('c'));
        press(&mut model, Key::Tab);
        press(&mut model, Key::Tab);
        type_text(&mut model, "payment-standby-demo");
        press(&mut model, Key::Tab);
        press(&mut model, Key::Enter);
        assert_eq!(model.run.is_none(), refused, "{command:?}");
        if refused {
            continue;
        }
        let operation = one.id().clone();
        let journal = Ok("/j".into());
        let effects = update(&mut model, Msg::Opened { operation, journal });
        assert!(
            !effects.iter().any(|e| matches!(e, Effect::Do { .. })),
            "{effects:?}"
        );
        let run = model.run.as_deref().unwrap();
        assert_eq!(run.steps[0].state, StepState::Done);
    }
}

#[test]
fn giving_up_closes_the_journal_and_tells_aws_nothing() {
    let mut dead = steady();
    begin(&mut dead, 'F');
    let one = cut_off(&dead);
    let mut model = steady();
    update(&mut model, Msg::Unfinished(vec![one]));
    press(&mut model, Key::Char('g'));
    press(&mut model, Key::Tab);
    press(&mut model, Key::Tab);
    type_text(&mut model, "payment-standby-demo");
    press(&mut model, Key::Tab);
    let effects = press(&mut model, Key::Enter);
    assert!(matches!(effects[..], [Effect::GiveUp(_)]), "{effects:?}");
    assert!(model.run.is_none() && model.unfinished.is_empty());
}

#[test]
fn the_report_of_the_selected_operation_is_asked_for_on_its_page() {
    let mut model = steady();
    let reports = |effects: &[Effect]| {
        let ids = effects.iter().filter_map(|effect| match effect {
            Effect::Report(id) => Some(id.clone()),
            _ => None,
        });
        ids.collect::<Vec<_>>()
    };
    press(&mut model, Key::Char('5'));
    assert!(reports(&press(&mut model, Key::Char('r'))).is_empty());
    let past = |id: &str| PastOperation {
        id: id.into(),
        kind: OperationKind::Failover,
        environment: model.env.name.0.clone(),
        label: crate::domain::drill::Label::Drill,
        outcome: Some(Outcome::Succeeded),
        started: model.now,
        finished: Some(model.now),
        rto_seconds: None,
        rpo_seconds: None,
        reason: None,
    };
    let all = vec![past("failover-2"), past("failover-1")];
    update(&mut model, Msg::Past(all));
    press(&mut model, Key::Down);
    assert_eq!(reports(&press(&mut model, Key::Char('r'))), ["failover-1"]);
    press(&mut model, Key::Char('1'));
    assert!(reports(&press(&mut model, Key::Char('r'))).is_empty());
    assert!(model.notice.is_some());
}

#[test]
fn what_aws_calls_a_step_s_requests_is_journalled() {
    let mut model = steady();
    let (id, _) = begin(&mut model, 'F');
    let made = vec![AwsRequest {
        call: "cloudwatch:PutMetricData".into(),
        id: "r-1".into(),
    }];
    let msg = Msg::Progress {
        operation: id.clone(),
        news: News::Requests(0, made.clone()),
    };
    let effects = update(&mut model, msg);
    let [
        Effect::Journal {
            entry:
                crate::app::effect::Entry::Requests {
                    index: Some(0),
                    requests,
                },
            ..
        },
    ] = effects.as_slice()
    else {
        panic!("{effects:?}")
    };
    assert_eq!(*requests, made);
    // repetitions of the command come from no step
    let again = Msg::Progress {
        operation: id,
        news: News::Requests(usize::MAX, made),
    };
    let effects = update(&mut model, again);
    assert!(matches!(
        effects.as_slice(),
        [Effect::Journal {
            entry: crate::app::effect::Entry::Requests { index: None, .. },
            ..
        }]
    ));
}

#[test]
fn a_refusal_can_be_overridden_with_a_reason_which_is_kept() {
    let mut model = steady();
    see(&mut model, Seen::Endpoint(Role::Standby, Err(dead())));
    press(&mut model, Key::Char('F'));
    press(&mut model, Key::Ctrl('o'));
    press(&mut model, Key::Tab);
    type_text(&mut model, "we know better");
    press(&mut model, Key::Tab);
    type_text(&mut model, "payment-standby-demo");
    press(&mut model, Key::Tab);
    let effects = press(&mut model, Key::Enter);
    let Some(Effect::Open(confirmed)) = effects.first() else {
        panic!("{effects:?}")
    };
    assert!(
        confirmed
            .overrides()
            .iter()
            .any(|o| o.guard == "destination_healthy" && o.reason == "we know better")
    );
}

#[test]
fn read_only_can_not_be_overridden() {
    let mut model = steady();
    model.env.read_only = true;
    model.conclude();
    let ask = Ask {
        kind: OperationKind::Failover,
        lever: None,
        parameters: BTreeMap::new(),
        repair: None,
        salt: 1,
    };
    update(&mut model, Msg::Ask(ask));
    let consent = crate::domain::plan::Consent {
        typed_name: "payment-standby-demo".into(),
        reason: Some("please".into()),
        overridden: vec!["read_only".into()],
    };
    let effects = update(&mut model, Msg::Consent(consent));
    assert!(matches!(
        effects.first(),
        Some(Effect::Refused {
            outcome: Outcome::Refused,
            ..
        })
    ));
}

#[test]
fn enter_alone_never_confirms() {
    let mut model = steady();
    press(&mut model, Key::Char('F'));
    assert!(matches!(&model.dialog, Some(Dialog::Confirm(c)) if c.focus == ConfirmFocus::Cancel));
    press(&mut model, Key::Enter);
    assert_eq!(model.dialog, None);
    for key in ['F', 'X', 'B'] {
        press(&mut model, Key::Char(key));
        for _ in 0..20 {
            assert!(!press(&mut model, Key::Enter).iter().any(is_write));
        }
    }
}

#[test]
fn the_primary_gone_dark_makes_it_an_emergency_that_still_goes() {
    let mut model = steady();
    tick(&mut model, 5);
    see(&mut model, Seen::Endpoint(Role::Primary, Err(dead())));
    see(&mut model, Seen::Alarms(Role::Primary, Err(dead())));
    see(&mut model, Seen::Checks(Err(dead())));
    assert_eq!(model.facts.situation, Situation::Emergency);
    assert_eq!(model.facts.dark_since, Some(model.now));
    let refusing: Vec<GuardId> = model
        .go
        .failover
        .iter()
        .filter(|g| g.verdict == GuardVerdict::Refuse)
        .map(|g| g.id)
        .collect();
    assert!(refusing.is_empty(), "{refusing:?}");
    let (_, effects) = begin(&mut model, 'F');
    assert!(effects.iter().any(|e| matches!(e, Effect::Do { .. })));
}

#[test]
fn traffic_that_moved_by_itself_is_not_held_until_it_is() {
    let mut model = steady();
    see(&mut model, Seen::Endpoint(Role::Primary, Err(dead())));
    marker(&mut model, Role::Standby);
    assert_eq!(
        (model.facts.serving, model.facts.held),
        (Serving::Standby, false)
    );
    let (id, _) = begin(&mut model, 'F');
    assert!(model.run.as_ref().unwrap().milestones.moved_before);
    done(&mut model, &id, 0);
    marker(&mut model, Role::Standby);
    healthy(&mut model, Role::Standby);
    assert!(
        model.is_busy() && !model.facts.held,
        "commanded, but the alarm has not followed yet"
    );
    lever(
        &mut model,
        Command::Engage,
        noon().as_second(),
        AlarmState::Alarm,
    );
    marker(&mut model, Role::Standby);
    healthy(&mut model, Role::Standby);
    assert!(!model.is_busy());
    assert!(model.facts.held);
}

#[test]
fn failing_back_to_a_dark_primary_is_refused_while_the_standby_serves_well() {
    let mut model = steady();
    marker(&mut model, Role::Standby);
    lever(&mut model, Command::Engage, 2, AlarmState::Alarm);
    see(&mut model, Seen::Endpoint(Role::Primary, Err(dead())));
    assert_eq!(model.facts.situation, Situation::Emergency);
    let refusing = |model: &Model| -> Vec<GuardId> {
        let refusing = model
            .go
            .failback
            .iter()
            .filter(|g| g.verdict == GuardVerdict::Refuse);
        refusing.map(|g| g.id).collect()
    };
    assert!(refusing(&model).contains(&GuardId::DestinationHealthy));
    // a primary that was never read is no better
    let mut blind = unseen();
    marker(&mut blind, Role::Standby);
    assert!(refusing(&blind).contains(&GuardId::DestinationHealthy));
}

#[test]
fn exposure_of_a_primary_that_was_dark_at_the_first_look_is_bounded_and_stands_still() {
    let mut model = unseen();
    let beat = Datapoint {
        at: noon(),
        value: noon().as_second() as f64 - 90.0,
    };
    let signals = BTreeMap::from([(SignalId("heartbeat".into()), Series(vec![beat]))]);
    see(&mut model, Seen::Signals(Role::Standby, Ok(signals)));
    see(&mut model, Seen::Endpoint(Role::Primary, Err(dead())));
    let first = model.facts.exposure.clone().unwrap();
    assert!(first.is_upper_bound && first.seconds == 90.0, "{first:?}");
    tick(&mut model, 600);
    assert_eq!(model.facts.exposure, Some(first));
}

#[test]
fn a_lever_that_is_not_followed_in_time_offers_the_next() {
    let mut model = steady();
    let (id, _) = begin(&mut model, 'F');
    done(&mut model, &id, 0);
    for _ in 0..7 {
        tick(&mut model, 60);
        crate::app::fixtures::see_all(&mut model);
    }
    let run = model.run.as_deref().unwrap();
    assert_eq!(
        run.finished.as_ref().map(|f| f.outcome),
        Some(Outcome::TimedOut)
    );
    assert_eq!(
        run.result(&model.env, model.facts.serving, model.now)
            .rto_seconds,
        None,
        "traffic that has not arrived has no recovery time"
    );
    let next = model.next_lever.unwrap();
    assert_eq!(
        (next.kind, next.lever),
        (OperationKind::Failover, LeverKind::Endpoint)
    );
}

#[test]
fn a_probe_that_could_not_be_sent_tells_nothing_about_the_region() {
    let mut model = steady();
    let unsent = || ReadError {
        kind: FailureKind::NotFound,
        message: "the name has no address".into(),
    };
    tick(&mut model, 41);
    for role in Role::BOTH {
        see(&mut model, Seen::Endpoint(role, Err(unsent())));
    }
    assert_eq!(model.facts.situation, Situation::Planned);
    let guards = &model.go.failover;
    let guard = guards
        .iter()
        .find(|g| g.id == GuardId::DestinationHealthy)
        .unwrap();
    assert!(guard.unknown, "{guard:?}");
    assert_eq!(guard.verdict, GuardVerdict::Refuse);
}

#[test]
fn a_deploy_without_a_journal_changes_nothing() {
    let mut model = steady();
    let ask = Ask {
        kind: OperationKind::Deploy,
        lever: None,
        parameters: BTreeMap::new(),
        repair: None,
        salt: 1,
    };
    previewed(&mut model, ask);
    let consent = crate::domain::plan::Consent {
        typed_name: "payment-standby-demo".into(),
        ..Default::default()
    };
    let id = open_id(&update(&mut model, Msg::Consent(consent)));
    let effects = update(
        &mut model,
        Msg::Opened {
            operation: id,
            journal: Err("disk full".into()),
        },
    );
    assert!(!effects.iter().any(|e| matches!(e, Effect::Do { .. })));
    let finished = model.run.as_deref().unwrap().finished.as_ref().unwrap();
    assert_eq!(finished.outcome, Outcome::Failed);
}

#[test]
fn a_failover_goes_on_without_a_journal() {
    let mut model = steady();
    let id = open_id(&confirm(&mut model, 'F'));
    let effects = update(
        &mut model,
        Msg::Opened {
            operation: id,
            journal: Err("disk full".into()),
        },
    );
    assert!(effects.iter().any(|e| matches!(e, Effect::Do { .. })));
    assert!(
        model
            .trail
            .iter()
            .any(|line| line.text.contains("disk full"))
    );
}

#[test]
fn a_journal_that_opens_late_is_taken_up_and_begins_nothing_twice() {
    let mut model = steady();
    let id = open_id(&confirm(&mut model, 'F'));
    let opened = |journal: Result<&str, &str>| Msg::Opened {
        operation: id.clone(),
        journal: journal.map(str::to_owned).map_err(str::to_owned),
    };
    let begun = update(&mut model, opened(Err("no answer")));
    assert!(begun.iter().any(|e| matches!(e, Effect::Do { .. })));
    assert_eq!(update(&mut model, opened(Ok("/j"))), []);
    let run = model.run.as_deref().unwrap();
    assert_eq!(run.journal, Ok("/j".to_owned()));
    let told = &model.trail.back().unwrap().text;
    assert!(told.contains("is written after all"), "{told}");
}

#[test]
fn deploying_leaves_a_pulled_endpoint_lever_alone() {
    let mut model = steady();
    let ask = Ask {
        kind: OperationKind::Deploy,
        lever: None,
        parameters: BTreeMap::new(),
        repair: None,
        salt: 1,
    };
    previewed(&mut model, ask);
    let consent = crate::domain::plan::Consent {
        typed_name: "payment-standby-demo".into(),
        ..Default::default()
    };
    let id = open_id(&update(&mut model, Msg::Consent(consent)));
    let effects = update(
        &mut model,
        Msg::Opened {
            operation: id,
            journal: Ok("/j".into()),
        },
    );
    let kept = effects.iter().find_map(|e| match e {
        Effect::Do { order, .. } => match order.as_ref() {
            Order::Deploy(_, deployment) => Some(deployment.keep.clone()),
            _ => None,
        },
        _ => None,
    });
    assert_eq!(kept, Some(vec!["leverEngaged".to_owned()]));
}

#[test]
fn an_update_goes_on_from_what_is_deployed_unless_told_otherwise() {
    let mut model = steady();
    let id = StackId("standby".into());
    let Some(mut stack) = model.seen.stack(&id).cloned() else {
        panic!("not deployed")
    };
    let certificate = "arn:aws:acm:us-west-2:1:certificate/x";
    for (name, value) in [
        ("domainName", "pay.example"),
        ("certificateArn", certificate),
        ("enableBackup", "false"),
    ] {
        stack.parameters.insert(name.into(), value.into());
    }
    let state = StackState::Present(Box::new(stack));
    see(&mut model, Seen::Stack(Role::Standby, id, Ok(state)));

    let known =
        |model: &Model, name: &str| model.env.bindings(&model.seen).get(name).map(str::to_owned);
    assert_eq!(
        known(&model, "domainName").as_deref(),
        Some("pay.test"),
        "given"
    );
    assert_eq!(
        known(&model, "certificateArnStandby").as_deref(),
        Some(certificate)
    );
    assert_eq!(
        known(&model, "enableBackup").as_deref(),
        Some("false"),
        "not the default"
    );
    assert_eq!(
        known(&model, "reservedConcurrency").as_deref(),
        Some("100"),
        "the default"
    );

    let ask = Ask {
        kind: OperationKind::Deploy,
        lever: None,
        parameters: BTreeMap::from([("enableBackup".to_owned(), "true".to_owned())]),
        repair: None,
        salt: 1,
    };
    update(&mut model, Msg::Ask(ask));
    assert_eq!(
        known(&model, "enableBackup").as_deref(),
        Some("true"),
        "given in the form"
    );
}

#[test]
fn an_update_is_not_asked_for_what_is_deployed() {
    let bundle = crate::bundle::find(None, "payment-standby").unwrap();
    let choices = crate::bundle::Choices::of_suffix("demo");
    let mut model = steady();
    model.env = bundle.environment(choices).unwrap();
    let ask = Ask {
        kind: OperationKind::Deploy,
        lever: None,
        parameters: BTreeMap::new(),
        repair: None,
        salt: 1,
    };
    update(&mut model, Msg::Ask(ask.clone()));
    assert_eq!(model.dialog, None, "the domain is not known");
    let id = StackId("standby".into());
    let Some(mut stack) = model.seen.stack(&id).cloned() else {
        panic!("not deployed")
    };
    stack
        .parameters
        .insert("domainName".into(), "pay.example".into());
    let state = StackState::Present(Box::new(stack));
    see(&mut model, Seen::Stack(Role::Standby, id, Ok(state)));
    update(&mut model, Msg::Ask(ask));
    assert!(matches!(model.dialog, Some(Dialog::Confirm(_))));
}

#[test]
fn deleting_what_still_answers_needs_an_override() {
    let mut model = steady();
    let effects = confirm(&mut model, 'X');
    assert!(
        matches!(effects.first(), Some(Effect::Refused { .. })),
        "{effects:?}"
    );
    press(&mut model, Key::Ctrl('o'));
    let effects = press(&mut model, Key::Enter);
    assert!(
        matches!(effects.first(), Some(Effect::Open(_))),
        "{effects:?}"
    );
    assert_eq!(model.page, Page::Stacks);
}

#[test]
fn nothing_is_planned_for_stacks_that_were_not_read() {
    let mut model = unseen();
    let says = |model: &mut Model, words: &str| {
        assert_eq!(press(model, Key::Char('X')), [Effect::Refresh]);
        assert_eq!(model.dialog, None);
        let notice = &model.notice.as_ref().unwrap().text;
        assert!(notice.contains(words), "{notice}");
    };
    says(&mut model, "is being read: try again");
    for (role, id) in [
        (Role::Standby, "standby"),
        (Role::Primary, "primary"),
        (Role::Primary, "global"),
    ] {
        see(
            &mut model,
            Seen::Stack(role, StackId(id.into()), Err(dead())),
        );
    }
    says(&mut model, "could not be read lately");

    let mut model = steady();
    tick(&mut model, 76);
    says(&mut model, "is being read: try again");
}

#[test]
fn what_was_typed_for_a_deploy_stays_until_it_can_be_planned() {
    let mut model = unseen();
    press(&mut model, Key::Char('D'));
    let Some(Dialog::Form(form)) = &model.dialog else {
        panic!("{:?}", model.dialog);
    };
    let enters = form.fields.len();
    for _ in 0..enters {
        press(&mut model, Key::Enter);
    }
    let notice = &model.notice.as_ref().unwrap().text;
    assert!(notice.contains("try again"), "{notice}");
    assert!(matches!(model.dialog, Some(Dialog::Form(_))));
}

#[test]
fn quitting_asks_while_an_operation_runs() {
    let mut model = steady();
    begin(&mut model, 'F');
    assert_eq!(press(&mut model, Key::Char('q')), []);
    assert_eq!(model.dialog, Some(Dialog::Quit));
    assert_eq!(press(&mut model, Key::Enter), []);
    assert_eq!(model.dialog, None);
    press(&mut model, Key::Ctrl('c'));
    assert_eq!(press(&mut model, Key::Ctrl('c')), [Effect::Quit]);
}

#[test]
fn ten_minutes_without_a_key_slow_the_polls_down() {
    let mut model = steady();
    assert!(!tick(&mut model, 600).contains(&Effect::Pace(Pace::Slow)));
    assert!(tick(&mut model, 1).contains(&Effect::Pace(Pace::Slow)));
    press(&mut model, Key::Char('j'));
    assert!(tick(&mut model, 1).contains(&Effect::Pace(Pace::Idle)));
}

#[test]
fn an_open_confirmation_is_kept_fresh_until_it_is_closed_or_left_alone() {
    let mut model = steady();
    press(&mut model, Key::Char('F'));
    assert!(tick(&mut model, 1).contains(&Effect::Pace(Pace::Operation)));
    assert!(tick(&mut model, 601).contains(&Effect::Pace(Pace::Slow)));
    press(&mut model, Key::Char('x'));
    assert!(tick(&mut model, 1).contains(&Effect::Pace(Pace::Operation)));
    press(&mut model, Key::Esc);
    assert!(tick(&mut model, 1).contains(&Effect::Pace(Pace::Idle)));
}

#[test]
fn typing_owns_the_keys() {
    let mut model = steady();
    press(&mut model, Key::Char('/'));
    type_text(&mut model, "FX");
    assert_eq!(model.filter.as_ref().unwrap().value(), "FX");
    assert_eq!(model.dialog, None);
    press(&mut model, Key::Enter);
    press(&mut model, Key::Char(':'));
    type_text(&mut model, "traf");
    press(&mut model, Key::Tab);
    press(&mut model, Key::Enter);
    assert_eq!(
        (model.page, model.filter.as_ref().unwrap().value()),
        (Page::Traffic, "FX")
    );
}

/// Effects that change something in AWS or begin to.
fn is_write(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Open(_) | Effect::Do { .. } | Effect::PublishRto { .. }
    )
}

fn any_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        4 => prop::sample::select(vec!['F', 'B', 'D', 'X', 'y', 'q', '/', ':', 'j', 'k', '1', '2', '3', '?', '!'])
            .prop_map(Key::Char),
        3 => prop::sample::select("payment-stndbyo".chars().collect::<Vec<_>>()).prop_map(Key::Char),
        6 => prop::sample::select(vec![Key::Enter, Key::Tab, Key::BackTab, Key::Esc, Key::Up, Key::Down, Key::Left,
            Key::Right, Key::Backspace, Key::Home, Key::End, Key::PageUp, Key::PageDown, Key::Delete]),
        2 => prop::sample::select(vec!['c', 'o', 'l', 'r', 's', 'u', 'w']).prop_map(Key::Ctrl),
    ]
}

/// What may happen between two keys.
#[derive(Clone, Copy, Debug)]
enum Happening {
    Key(Key),
    Tick(u64),
    Marker(Role),
    Dead(Role),
    Alive(Role),
}

fn happening() -> impl Strategy<Value = Happening> {
    let role = || prop::sample::select(Role::BOTH.to_vec());
    prop_oneof![
        12 => any_key().prop_map(Happening::Key),
        1 => (1_u64..90).prop_map(Happening::Tick),
        1 => role().prop_map(Happening::Marker),
        1 => role().prop_map(Happening::Dead),
        1 => role().prop_map(Happening::Alive),
    ]
}

fn happen(model: &mut Model, what: Happening) -> Vec<Effect> {
    match what {
        Happening::Key(key) => press(model, key),
        Happening::Tick(seconds) => tick(model, seconds),
        Happening::Marker(role) => marker(model, role),
        Happening::Dead(role) => see(model, Seen::Endpoint(role, Err(dead()))),
        Happening::Alive(role) => healthy(model, role),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Promise 3: no key sequence starts an operation unless the environment's name was typed into its field.
    #[test]
    fn no_keys_start_an_operation_without_the_typed_name(story in prop::collection::vec(happening(), 1..250)) {
        let mut model = steady();
        for what in story {
            let typed = matches!(&model.dialog, Some(Dialog::Confirm(c)) if c.is_typed());
            let effects = happen(&mut model, what);
            prop_assert!(typed || !effects.iter().any(is_write), "{effects:?}");
        }
    }

    /// Promise 2: a failed observation never erases a good one; promise 1: one region's news stay its own.
    #[test]
    fn failures_erase_nothing_and_stay_on_their_side(role in prop::sample::select(Role::BOTH.to_vec()), seconds in 0_u64..900) {
        let mut model = steady();
        tick(&mut model, seconds);
        let (good, other) = (model.seen.regions.get(role).clone(), model.seen.regions.get(role.other()).clone());
        see(&mut model, Seen::Endpoint(role, Err(dead())));
        see(&mut model, Seen::Alarms(role, Err(dead())));
        see(&mut model, Seen::Signals(role, Err(dead())));
        let now = model.seen.regions.get(role);
        prop_assert_eq!(now.endpoint.last(), good.endpoint.last());
        prop_assert_eq!(now.alarms.last(), good.alarms.last());
        prop_assert_eq!(now.signals.last(), good.signals.last());
        prop_assert_eq!(model.seen.regions.get(role.other()), &other);
    }
}

#[test]
fn an_operation_pauses_once_for_all_that_waits_and_goes_on_when_nothing_does() {
    let mut model = steady();
    let (id, _) = begin(&mut model, 'F');
    let mut news = |what: &str, why: Option<&str>| {
        let news = News::Paused {
            what: what.to_owned(),
            why: why.map(str::to_owned),
        };
        let operation = id.clone();
        let effects = update(&mut model, Msg::Progress { operation, news });
        let written = effects.iter().filter(|e| {
            matches!(
                e,
                Effect::Journal {
                    entry: crate::app::effect::Entry::Note { .. },
                    ..
                }
            )
        });
        let written = written.count();
        tick(&mut model, 60);
        (written, model.run.as_ref().unwrap().pause.is_some())
    };
    assert_eq!(news("one", Some("have expired")), (1, true));
    assert_eq!(news("other", Some("have expired")), (0, true));
    assert_eq!(news("one", None), (0, true));
    assert_eq!(news("other", None), (1, false));
    let run = model.run.as_ref().unwrap();
    assert_eq!(run.paused_for(model.now).as_secs(), 180);
}

#[test]
fn what_waits_for_a_login_takes_no_time_of_its_own_unless_traffic_waits() {
    for kind in [OperationKind::Deploy, OperationKind::Failover] {
        let mut model = steady();
        model.patience = Some(std::time::Duration::from_mins(5));
        let ask = Ask {
            kind,
            lever: None,
            parameters: BTreeMap::new(),
            repair: None,
            salt: 1,
        };
        previewed(&mut model, ask);
        let consent = crate::domain::plan::Consent {
            typed_name: "payment-standby-demo".into(),
            ..Default::default()
        };
        let id = open_id(&update(&mut model, Msg::Consent(consent)));
        let journal = Ok("/j".into());
        let operation = id.clone();
        update(&mut model, Msg::Opened { operation, journal });
        let news = News::Paused {
            what: "it".into(),
            why: Some("have expired".into()),
        };
        let operation = id;
        update(&mut model, Msg::Progress { operation, news });
        tick(&mut model, 400);
        assert_eq!(model.is_busy(), kind == OperationKind::Deploy, "{kind:?}");
    }
}
