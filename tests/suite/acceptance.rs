//! The worst days on every bundle: each scenario comes to its declared end, and what the result and the report say of
//! the answer is what the world says.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use switchback::domain::lever::Command;
use switchback::domain::observation::Serving;
use switchback::domain::operation::{OperationKind, OperationResult, Outcome};
use switchback::domain::region::Role;
use switchback::journal;
use switchback::rehearsal::scenario::{Scenario, ScriptStep};
use switchback::runtime::declared::missing;

use crate::support::home::Home;
use crate::support::in_process::{Rehearsed, rehearse_on};

/// The scenarios in which traffic moves, or must not. The others are played by `scenarios.rs` and `deploy.rs`.
pub(crate) const DAYS: [&str; 11] = [
    "region-outage",
    "region-dead",
    "control-plane-outage",
    "standby-dies-serving",
    "replication-stall",
    "brownout",
    "flapping",
    "standby-unfit",
    "both-regions",
    "throttled",
    "credentials-expiring",
];

/// DNS is asked every two seconds while an operation runs, and the console looks once a second.
const POLL: SignedDuration = SignedDuration::from_secs(4);

/// Health paths are asked every fifteen seconds while nothing runs, and a dead one for three.
const IDLE_POLL: SignedDuration = SignedDuration::from_secs(20);

/// After these the way home is gone as well, when the region has been back for a while.
const AND_BACK: [&str; 2] = ["region-dead", "control-plane-outage"];

/// What the world's DNS answered, and since when, up to a moment.
fn answers(stage: &Rehearsed, until: Timestamp) -> Vec<(Timestamp, String)> {
    stage.world.with(|world| {
        let events = world.history().iter().filter(|e| e.at <= until);
        let said = events.filter_map(|e| Some((e.at, e.what.strip_prefix("dns answers ")?)));
        said.map(|(at, what)| (at, what.to_owned())).collect()
    })
}

/// When the world's answer became this side's for the last time, up to a moment.
fn answered_since(stage: &Rehearsed, side: Role, until: Timestamp) -> Timestamp {
    let wanted = format!("\"{}\"", stage.model().env.regions.get(side));
    let (at, last) = answers(stage, until).pop().expect("the world answers");
    assert_eq!(last, wanted, "the answer of the world at {until}");
    at
}

/// What the result says of the answer, and what the world says.
fn agrees(stage: &Rehearsed, result: &OperationResult) {
    assert_eq!(result.outcome, Outcome::Succeeded, "{:?}", result.reason);
    let to = result.serving.role().expect("it settled on a side");
    let clock = result.clock.as_ref().expect("a move has a stopwatch");
    let settled = clock.settled.expect("it settled");
    let changed = answered_since(stage, to, settled);
    let (pull, propagate) = (clock.parts.pull.unwrap(), clock.parts.propagate.unwrap());
    let sum = pull + propagate + clock.parts.recover.unwrap();
    let rto = result.rto_seconds.unwrap();
    if changed <= result.started {
        // the automatic lever had moved it: the operation holds it, and the clock began with the first failure that
        // this console could see
        let began = settled - SignedDuration::try_from_secs_f64(rto).unwrap();
        let late = began.duration_since(changed.max(stage.began));
        assert!(rto >= sum && late <= IDLE_POLL, "{rto} {sum} {changed}");
        return;
    }
    assert!((rto - sum).abs() < 0.01, "{rto} is not {sum}");
    let seen = result.started + SignedDuration::try_from_secs_f64(pull + propagate).unwrap();
    within_a_poll(changed, seen);
    assert!(settled.duration_since(changed) <= POLL + SignedDuration::from_secs(6));
}

fn within_a_poll(changed: Timestamp, seen: Timestamp) {
    let late = seen.duration_since(changed);
    assert!(
        (SignedDuration::ZERO..=POLL).contains(&late),
        "answered at {changed}, seen at {seen}"
    );
}

/// A guard says no: the plan says which, nothing is told to a lever, and the answer stays. Returns the side that served.
async fn is_refused(stage: &mut Rehearsed, step: &ScriptStep) -> Serving {
    let asked = stage.model().now;
    let before = answers(stage, asked);
    let serving = stage.model().facts.serving;
    answered_since(stage, serving.role().expect("one side serves"), asked);
    let why = stage
        .try_operate(step.run, step.lever, step.overrides.clone())
        .await
        .expect_err("it is refused");
    let by = step.refused_by.as_deref().expect("the scenario names it");
    let refusals = stage.refusals(step.run).await;
    assert!(refusals.iter().any(|id| id == by), "{by}: {refusals:?}");
    assert!(!why.is_empty());
    stage.wait(120).await;
    assert_eq!(answers(stage, stage.model().now), before);
    let lever = stage.model().seen.traffic.lever.last();
    assert_ne!(
        lever.and_then(switchback::domain::lever::MetricLever::commanded),
        Some(Command::Engage)
    );
    serving
}

/// Plays one step of a scenario's script as `scenarios run` does; where it is refused, says which side served.
async fn play_step(stage: &mut Rehearsed, step: &ScriptStep) -> Result<OperationResult, Serving> {
    let gone = stage.model().now.duration_since(stage.began).as_secs();
    let wait = step.at.saturating_sub(u64::try_from(gone).unwrap());
    stage.wait(wait).await;
    if step.outcome == Outcome::Refused {
        return Err(is_refused(stage, step).await);
    }
    let overrides = step.overrides.clone();
    let ran = stage.try_operate(step.run, step.lever, overrides).await;
    Ok(ran.unwrap_or_else(|why| panic!("{} at {} s: {why}", step.run.as_str(), step.at)))
}

async fn comes_to_its_end(stage: &mut Rehearsed, scenario: &Scenario) {
    let limit = i64::try_from(scenario.expect.within).unwrap();
    loop {
        let open = missing(&scenario.expect, stage.model());
        if open.is_empty() {
            return;
        }
        let gone = stage.model().now.duration_since(stage.began).as_secs();
        assert!(gone < limit, "after {gone} s: {}", open.join("; "));
        stage.wait(1).await;
    }
}

/// An hour and a half after the beginning everything is well again.
async fn goes_home(stage: &mut Rehearsed) -> OperationResult {
    let home = ScriptStep {
        at: 5400,
        run: OperationKind::Failback,
        lever: None,
        by: None,
        skip: Vec::new(),
        overrides: Vec::new(),
        outcome: Outcome::Succeeded,
        refused_by: None,
    };
    let result = play_step(stage, &home).await.unwrap();
    assert_eq!(result.serving.role(), Some(Role::Primary));
    result
}

/// The journals' reports, oldest first, as JSON.
fn reports(state: &std::path::Path) -> Vec<Value> {
    let mut all: Vec<Value> = journal::files(state)
        .iter()
        .map(|file| {
            assert_eq!(journal::verify(file).unwrap(), Ok(()));
            let records = journal::read(file).unwrap();
            serde_json::to_value(journal::report(&records, None).unwrap()).unwrap()
        })
        .collect();
    all.sort_by_key(|report| report["started"].as_str().unwrap().to_owned());
    all
}

fn moment(report: &Value, name: &str) -> Option<Timestamp> {
    let entries = report["timeline"].as_array().unwrap().iter();
    let mut found = entries.filter(|m| m["entry"]["name"] == name);
    found.next()?["entry"]["at"].as_str()?.parse().ok()
}

/// The report says what the result said, and the journal's own moment of the answer is the world's.
fn tells(report: &Value, (result, changed): &(Value, Timestamp)) {
    for same in ["operation", "kind", "outcome", "started", "overrides"] {
        assert_eq!(report[same], result[same], "{same}");
    }
    assert_eq!(report["serving_after"], result["serving"]);
    assert_eq!(report["label"], "rehearsal");
    assert_eq!(report["broken"], Value::Null);
    for (figure, seconds, objective) in [
        ("rto", "rto_seconds", "rto_objective_seconds"),
        ("rpo", "rpo_seconds", "rpo_objective_seconds"),
    ] {
        assert_eq!(report[figure]["seconds"], result[seconds], "{figure}");
        assert_eq!(
            report[figure]["objective_seconds"],
            result["clock"][objective]
        );
    }
    for part in ["detect", "decide", "pull", "propagate", "recover"] {
        let (told, was) = (&report["clock"][part], &result["clock"]["parts"][part]);
        let same = match (told.as_f64(), was.as_f64()) {
            (Some(told), Some(was)) => (told - was).abs() < 0.01,
            (told, was) => told == was,
        };
        assert!(same, "{part}: {told} in the report, {was} in the result");
    }
    let states = |all: &Value| -> Vec<Value> {
        let steps = all["steps"].as_array().unwrap().iter();
        steps.map(|step| step["state"].clone()).collect()
    };
    assert_eq!(states(report), states(result));
    if (&report["kind"], &report["situation"]) == (&"failback".into(), &"planned".into()) {
        let guards = report["guards"].as_array().unwrap().iter();
        let back: Vec<&Value> = guards.filter(|guard| guard["id"] == "reverse").collect();
        assert_eq!(back[0]["verdict"], "allow", "{}", back[0]);
    }
    let started: Timestamp = report["started"].as_str().unwrap().parse().unwrap();
    if *changed > started {
        within_a_poll(*changed, moment(report, "dns").expect("DNS followed"));
    }
}

/// What came of a day: each move with the moment of the world's answer, and who served when one was refused.
#[derive(Default)]
struct Came {
    moves: Vec<(Value, Timestamp)>,
    refused: Vec<Serving>,
}

impl Came {
    fn take(&mut self, stage: &Rehearsed, played: Result<OperationResult, Serving>) {
        match played {
            Err(serving) => self.refused.push(serving),
            Ok(result) => {
                agrees(stage, &result);
                let settled = result.clock.as_ref().unwrap().settled.unwrap();
                let changed = answered_since(stage, result.serving.role().unwrap(), settled);
                let json = serde_json::to_value(result).unwrap();
                self.moves.push((json, changed));
            }
        }
    }
}

/// A scenario on a bundle, from the first look to its declared end, and into the journal.
fn day(bundle: &str, name: &str) {
    let scenario = Scenario::shipped(name).unwrap();
    let home = Home::new();
    let state = home.path("state");
    let played = scenario.clone();
    let came = rehearse_on(bundle, played, &state, async |mut stage: Rehearsed| {
        let mut came = Came::default();
        for step in &scenario.script {
            let played = play_step(&mut stage, step).await;
            came.take(&stage, played);
        }
        comes_to_its_end(&mut stage, &scenario).await;
        if AND_BACK.contains(&name) {
            let result = goes_home(&mut stage).await;
            came.take(&stage, Ok(result));
        }
        stage.core.stop().await;
        came
    });
    let (refused, moves): (Vec<Value>, Vec<Value>) = reports(&state)
        .into_iter()
        .partition(|report| report["outcome"] == "refused");
    assert_eq!(moves.len(), came.moves.len());
    assert_eq!(refused.len(), came.refused.len());
    for (report, said) in moves.iter().zip(&came.moves) {
        tells(report, said);
    }
    for (report, serving) in refused.iter().zip(&came.refused) {
        assert_eq!(report["rto"]["seconds"], Value::Null);
        assert_eq!(report["serving_after"], serving.as_str());
    }
}

/// One test for each day of a bundle, named after both.
macro_rules! days {
    ($module:ident, $bundle:literal: $($day:ident $name:literal),*) => {
        mod $module {
            /// Every scenario of the list has its test.
            #[test]
            fn none_is_left_out() {
                assert_eq!([$($name),*], super::DAYS);
            }

            $(#[test]
            fn $day() {
                super::day($bundle, $name);
            })*
        }
    };
    ($($module:ident $bundle:literal),*) => {
        $(days! { $module, $bundle:
            region_outage "region-outage",
            region_dead "region-dead",
            control_plane_outage "control-plane-outage",
            standby_dies_serving "standby-dies-serving",
            replication_stall "replication-stall",
            brownout "brownout",
            flapping "flapping",
            standby_unfit "standby-unfit",
            both_regions "both-regions",
            throttled "throttled",
            credentials_expiring "credentials-expiring"
        })*
    };
}

days! {
    payment_standby "payment-standby",
    transaction_platform "transaction-platform",
    transaction_dr "transaction-dr",
    payment_pci "payment-pci"
}
