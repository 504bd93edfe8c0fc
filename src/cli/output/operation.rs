//! Operations for people: the plan of a dry run, progress, and the result.

use std::fmt::Write as _;

use crate::cli::output::board::guards_text;
use crate::cli::output::table::columns;
use crate::cli::output::{clock, span};
use crate::domain::change::{Change, ChangeAction, Replacement};
use crate::domain::forecast::ParameterChange;
use crate::domain::operation::{OperationResult, Outcome, StepResult, StepState};
use crate::domain::plan::{Plan, Step};
use crate::domain::region::RegionPair;
use crate::domain::text::clean;

/// The plan as `--dry-run` shows it.
pub fn plan_text(plan: &Plan, regions: &RegionPair) -> String {
    let production = if plan.production { "  PRODUCTION" } else { "" };
    let label = if plan.drill { "  drill" } else { "" };
    let mut out = format!(
        "{} {}{production}  {}{label}\n",
        plan.kind.title(),
        plan.environment,
        plan.situation.as_str()
    );
    for (index, step) in plan.steps.iter().enumerate() {
        let region = step.role.map_or("", |role| regions.get(role).as_str());
        writeln!(out, "{:>3}  {}  {region}", index + 1, clean(&step.title)).unwrap_or_default();
        out.push_str(&step_details(step));
    }
    for note in &plan.notes {
        writeln!(out, "note: {}", clean(note)).unwrap_or_default();
    }
    if !plan.guards.is_empty() {
        out.push_str("guards\n");
        out.push_str(&guards_text(&plan.guards));
    }
    out
}

fn step_details(step: &Step) -> String {
    let mut out = String::new();
    if let Some(expect) = &step.expect {
        writeln!(out, "     takes: {}", clean(expect)).unwrap_or_default();
    }
    if let Some(undo) = &step.undo {
        writeln!(out, "     undo:  {}", clean(undo)).unwrap_or_default();
    }
    if let Some(forecast) = &step.forecast {
        writeln!(out, "     plan:  {}", clean(&forecast.headline())).unwrap_or_default();
        let rows: Vec<Vec<String>> = forecast.changes.iter().map(change_row).collect();
        out.push_str(&columns(&rows, 7));
        let rows: Vec<Vec<String>> = forecast.parameters.iter().map(parameter_row).collect();
        out.push_str(&columns(&rows, 7));
    }
    out
}

fn change_row(change: &Change) -> Vec<String> {
    let action = match change.action {
        ChangeAction::Add => "add",
        ChangeAction::Modify => "modify",
        ChangeAction::Remove => "remove",
        ChangeAction::Import => "import",
        ChangeAction::Other => "other",
    };
    let replacement = match change.replacement {
        Replacement::No => "",
        Replacement::Conditional => "perhaps replaced",
        Replacement::Yes => "REPLACED",
    };
    let danger = if change.endangers_data() {
        "DATA MAY BE LOST"
    } else {
        ""
    };
    vec![
        action.to_owned(),
        clean(&change.logical_id),
        clean(&change.resource_type),
        replacement.to_owned(),
        danger.to_owned(),
        clean(&change.causes.join(", ")),
    ]
}

fn parameter_row(parameter: &ParameterChange) -> Vec<String> {
    let value = match (&parameter.old, &parameter.new) {
        _ if parameter.hidden => "(hidden)".to_owned(),
        (_, None) => "known later".to_owned(),
        (Some(old), Some(new)) if old == new => clean(new),
        (Some(old), Some(new)) => format!("{} -> {}", clean(old), clean(new)),
        (None, Some(new)) => clean(new),
    };
    vec![clean(&parameter.name), value, clean(&parameter.source)]
}

/// One line for stderr when a step changes its state.
pub fn progress_text(step: &StepResult) -> String {
    let at = step.finished.or(step.started);
    let clock = at.map_or_else(String::new, |at| format!("{}  ", clock(at)));
    let region = step.region.as_deref().unwrap_or("");
    let note = step
        .note
        .as_deref()
        .map_or_else(String::new, |n| format!("  {}", clean(n)));
    let line = format!(
        "{clock}{:<7}  {}  {region}{note}",
        state_word(step.state),
        clean(&step.title)
    );
    format!("{}\n", line.trim_end())
}

/// The end of an operation.
pub fn result_text(result: &OperationResult) -> String {
    let mut out = format!(
        "{} {}: {}\n",
        result.kind.title(),
        result.environment,
        outcome_word(result.outcome)
    );
    if let Some(reason) = &result.reason {
        writeln!(out, "  {}", clean(reason)).unwrap_or_default();
    }
    for step in &result.steps {
        write!(out, "  {}", progress_text(step)).unwrap_or_default();
    }
    let took = result.finished.duration_since(result.started).as_secs_f64();
    let mut rows = vec![
        ["label".to_owned(), result.label.as_str().to_owned()],
        ["serving".to_owned(), result.serving.as_str().to_owned()],
    ];
    rows.push(["took".to_owned(), span(took)]);
    rows.extend(clock_rows(result));
    rows.extend(result.overrides.iter().map(|one| {
        let said = format!("{}: {}", clean(&one.guard), clean(&one.reason));
        ["overridden".to_owned(), said]
    }));
    rows.push(["operation".to_owned(), result.operation.to_string()]);
    rows.extend(
        result
            .journal
            .iter()
            .map(|path| ["journal".to_owned(), clean(path)]),
    );
    let rows: Vec<Vec<String>> = rows.into_iter().map(Vec::from).collect();
    out.push_str(&columns(&rows, 2));
    out
}

/// What the stopwatch says, held against the objectives.
fn clock_rows(result: &OperationResult) -> Vec<[String; 2]> {
    let mut rows = Vec::new();
    let held = result.clock.as_ref();
    let of = |objective: Option<u64>| {
        objective.map_or_else(String::new, |s| format!(" of {}", span(s as f64)))
    };
    if let Some(rto) = result.rto_seconds {
        let words = format!("{}{}", span(rto), of(held.map(|c| c.rto_objective_seconds)));
        rows.push(["RTO".to_owned(), words]);
    }
    let parts: Vec<String> = held
        .map(|c| c.parts.known())
        .unwrap_or_default()
        .into_iter()
        .map(|(name, seconds)| format!("{name} {}", span(seconds)))
        .collect();
    if !parts.is_empty() {
        rows.push(["spent on".to_owned(), parts.join(", ")]);
    }
    if let Some(rpo) = result.rpo_seconds {
        let bound = if held.is_some_and(|c| c.rpo_is_upper_bound) {
            "at most "
        } else {
            ""
        };
        let source = held.and_then(|c| c.rpo_source.as_deref());
        let source = source.map_or_else(String::new, |s| format!(", by {}", clean(s)));
        let words = format!(
            "{bound}{}{}{source}",
            span(rpo),
            of(held.map(|c| c.rpo_objective_seconds))
        );
        rows.push(["exposure".to_owned(), words]);
    }
    rows
}

pub(super) const fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Succeeded => "succeeded",
        Outcome::Failed => "FAILED",
        Outcome::Refused => "REFUSED, nothing was changed",
        Outcome::NotConfirmed => "not confirmed, nothing was changed",
        Outcome::TimedOut => "TIMED OUT",
        Outcome::Abandoned => "left, AWS may go on",
        Outcome::Cancelled => "CANCELLED",
    }
}

pub(super) const fn state_word(state: StepState) -> &'static str {
    match state {
        StepState::Waiting => "waiting",
        StepState::Running => "running",
        StepState::Done => "done",
        StepState::Skipped => "skipped",
        StepState::Failed => "FAILED",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::*;
    use crate::domain::environment::EnvironmentName;
    use crate::domain::forecast::{Basis, Forecast};
    use crate::domain::observation::Serving;
    use crate::domain::operation::ClockResult;
    use crate::domain::operation::{OperationId, OperationKind, Override};
    use crate::domain::plan::{Action, Situation};
    use crate::domain::recovery::Parts;
    use crate::domain::region::{RegionId, Role};
    use crate::domain::stack::StackId;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    pub(crate) fn result() -> OperationResult {
        OperationResult {
            operation: OperationId("failover-20270115-080000-0000".into()),
            kind: OperationKind::Failover,
            environment: EnvironmentName("pay-demo".into()),
            label: crate::domain::drill::Label::Incident,
            outcome: Outcome::Succeeded,
            reason: None,
            serving: Serving::Standby,
            steps: vec![StepResult {
                title: "engage metric lever".into(),
                region: Some("us-west-2".into()),
                state: StepState::Done,
                started: Some(at(0)),
                finished: Some(at(1)),
                note: Some("command 1800000000\u{1b}[2J".into()),
            }],
            started: at(0),
            finished: at(168),
            rto_seconds: Some(168.0),
            rpo_seconds: Some(3.2),
            clock: Some(ClockResult {
                settled: Some(at(168)),
                drained: None,
                parts: Parts {
                    decide: Some(61.0),
                    pull: Some(0.2),
                    propagate: Some(160.0),
                    recover: Some(7.8),
                    ..Parts::default()
                },
                rto_objective_seconds: 900,
                rpo_objective_seconds: 300,
                rpo_is_upper_bound: true,
                rpo_source: Some("age of the newest heartbeat (11:45:00Z)".to_owned()),
            }),
            overrides: vec![Override {
                guard: "exposure".into(),
                reason: "drill".into(),
            }],
            journal: Some("/s/journal/x.jsonl".into()),
        }
    }

    #[test]
    fn a_result_says_how_it_ended_and_how_long_it_took() {
        insta::assert_snapshot!(result_text(&result()), @r"
        Fail over pay-demo: succeeded
          08:00:01Z  done     engage metric lever  us-west-2  command 1800000000[2J
          label       incident
          serving     standby
          took        2m48s
          RTO         2m48s of 15m00s
          spent on    decide 1m01s, pull 0 s, propagate 2m40s, recover 8 s
          exposure    at most 3 s of 5m00s, by age of the newest heartbeat (11:45:00Z)
          overridden  exposure: drill
          operation   failover-20270115-080000-0000
          journal     /s/journal/x.jsonl
        ");
    }

    #[test]
    fn the_json_of_a_result_has_the_documented_fields() {
        let json = serde_json::to_value(result()).unwrap();
        crate::cli::output::fixture::satisfies("result", &json);
        let broken = {
            let mut broken = json.clone();
            broken["outcome"] = "perhaps".into();
            broken
        };
        assert!(crate::cli::output::fixture::violation("result", &broken).is_some());
        for field in [
            "operation",
            "kind",
            "environment",
            "outcome",
            "serving",
            "steps",
            "started",
            "finished",
            "rto_seconds",
            "rpo_seconds",
            "clock",
            "overrides",
            "journal",
        ] {
            assert!(json.get(field).is_some(), "{field}");
        }
    }

    #[test]
    fn a_plan_shows_what_endangers_data() {
        let plan = Plan {
            id: OperationId("deploy-1".into()),
            kind: OperationKind::Deploy,
            environment: EnvironmentName("pay-demo".into()),
            production: true,
            drill: false,
            made_at: at(0),
            situation: Situation::Planned,
            steps: vec![Step {
                title: "update payment-standby-demo".into(),
                role: Some(Role::Primary),
                action: Action::DeployStack {
                    stack: StackId("primary".into()),
                },
                undo: None,
                expect: Some("about 2 min".into()),
                needs: None,
                inspection: None,
                forecast: Some(Forecast {
                    basis: Basis::ChangeSet { inputs: Vec::new() },
                    changes: vec![Change {
                        action: ChangeAction::Modify,
                        logical_id: "PaymentTable".into(),
                        resource_type: "AWS::DynamoDB::GlobalTable".into(),
                        replacement: Replacement::Yes,
                        causes: vec!["Properties.KeySchema".into()],
                    }],
                    parameters: vec![ParameterChange {
                        name: "readCapacity".into(),
                        source: "given".into(),
                        old: Some("5".into()),
                        new: Some("10".into()),
                        hidden: false,
                    }],
                }),
            }],
            guards: Vec::new(),
            notes: vec!["the standby is up to date".into()],
            basis: BTreeMap::new(),
            arns: BTreeMap::new(),
            records: None,
            stays_promoted: None,
        };
        let region = |name| RegionId::parse(name).unwrap();
        let regions = RegionPair::new(region("us-east-1"), region("us-west-2")).unwrap();
        insta::assert_snapshot!(plan_text(&plan, &regions), @r"
        Deploy pay-demo  PRODUCTION  planned
          1  update payment-standby-demo  us-east-1
             takes: about 2 min
             plan:  1 REPLACE
               modify  PaymentTable  AWS::DynamoDB::GlobalTable  REPLACED  DATA MAY BE LOST  Properties.KeySchema
               readCapacity  5 -> 10  given
        note: the standby is up to date
        ");
    }
}
