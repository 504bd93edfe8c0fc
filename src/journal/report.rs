//! The report of one operation, made from its journal alone: who, what, when, how long, and what is still open.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::drill::Label;
use crate::domain::environment::EnvironmentName;
use crate::domain::guard::GuardResult;
use crate::domain::lever::LeverKind;
use crate::domain::observation::Serving;
use crate::domain::operation::{
    AwsRequest, OperationId, OperationKind, Outcome, Override, StepResult, StepState,
};
use crate::domain::plan::{Action, Plan, Situation};
use crate::domain::recovery::{Exposure, Milestones, Parts};
use crate::domain::region::RegionPair;
use crate::domain::unfinished::{Opening, Unfinished};
use crate::journal::unfinished::course;
use crate::journal::{Entry, Record, WorldId};

/// A figure against its objective.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    pub seconds: Option<f64>,
    pub objective_seconds: Option<u64>,
    /// Null where one of the two is not known.
    pub met: Option<bool>,
    /// The true value may be smaller.
    pub is_upper_bound: bool,
    /// Where an exposure comes from; null for a time that was measured here.
    pub source: Option<String>,
}

/// A guard as it was judged, and whether it was overridden.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Judged {
    #[serde(flatten)]
    pub guard: GuardResult,
    /// The reason with which it was overridden.
    pub overridden: Option<String>,
}

/// A step of the plan and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Done {
    #[serde(flatten)]
    pub step: StepResult,
    /// What takes it back.
    pub undo: Option<String>,
    /// What AWS was asked for.
    pub requests: Vec<AwsRequest>,
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Moment {
    pub at: Timestamp,
    pub entry: Entry,
}

/// What the journal of an operation adds up to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub operation: OperationId,
    pub kind: OperationKind,
    pub environment: EnvironmentName,
    pub world: WorldId,
    pub label: Label,
    /// Null: the journal has no end of it.
    pub outcome: Option<Outcome>,
    /// Why it ended so.
    pub outcome_reason: Option<String>,
    pub production: bool,
    pub situation: Situation,
    pub started: Timestamp,
    pub finished: Option<Timestamp>,
    /// The user on the machine, and the caller's identity in AWS.
    pub who: String,
    pub identity: Option<String>,
    pub account: Option<String>,
    pub reason: Option<String>,
    pub regions: Option<RegionPair>,
    pub serving_before: Option<Serving>,
    pub serving_after: Option<Serving>,
    pub rto: Figure,
    pub rpo: Figure,
    pub clock: Parts,
    pub steps: Vec<Done>,
    pub guards: Vec<Judged>,
    pub overrides: Vec<Override>,
    pub notes: Vec<String>,
    pub timeline: Vec<Moment>,
    /// What somebody should look after.
    pub open: Vec<String>,
    /// Why the record can't be trusted; null where it is as it was written.
    pub broken: Option<String>,
}

/// How it ended, as the journal has it.
struct End {
    at: Timestamp,
    outcome: Outcome,
    reason: Option<String>,
    serving: Serving,
    rto: Option<f64>,
    rpo: Option<f64>,
}

/// The report of an operation; none if its plan can't be read. `broken` says what is wrong with the file.
pub fn report(records: &[Record], broken: Option<String>) -> Option<Report> {
    let first = records.first()?;
    let course = course(records)?;
    let Entry::Opened { mode, .. } = &first.entry else {
        return None;
    };
    let label = Label::of(first.kind, mode, course.drill);
    let end = records.iter().rev().find_map(end);
    let opening = course.opening.clone();
    let mut milestones = course.milestones.clone();
    if let Some(end) = end.as_ref().filter(|e| e.outcome == Outcome::Succeeded) {
        milestones.settled.get_or_insert(end.at);
    }
    let overrides = overrides(records);
    let plan = &course.plan;
    let mut made = Report {
        operation: first.operation.clone(),
        kind: first.kind,
        environment: first.environment.clone(),
        world: first.world.clone(),
        label,
        outcome: end.as_ref().map(|e| e.outcome),
        outcome_reason: end.as_ref().and_then(|e| e.reason.clone()),
        production: plan.production,
        situation: plan.situation,
        started: first.at,
        finished: end.as_ref().map(|e| e.at),
        who: course.who.clone(),
        identity: opening.as_ref().and_then(|o| o.arn.clone()),
        account: opening.as_ref().and_then(|o| o.account.clone()),
        reason: course.reason.clone(),
        regions: opening.as_ref().map(|o| o.regions.clone()),
        serving_before: opening.as_ref().map(|o| o.serving),
        serving_after: end.as_ref().map(|e| e.serving),
        rto: rto(end.as_ref(), opening.as_ref()),
        rpo: rpo(end.as_ref(), opening.as_ref()),
        clock: milestones.parts(),
        steps: steps(&course, records),
        guards: judged(plan, &overrides),
        overrides,
        notes: plan.notes.clone(),
        timeline: records.iter().map(moment).collect(),
        open: Vec::new(),
        broken,
    };
    made.open = open(&made, plan, &milestones);
    Some(made)
}

fn end(record: &Record) -> Option<End> {
    let Entry::Closed {
        outcome,
        reason,
        rto_seconds,
        rpo_seconds,
        serving,
    } = &record.entry
    else {
        return None;
    };
    Some(End {
        at: record.at,
        outcome: *outcome,
        reason: reason.clone(),
        serving: *serving,
        rto: *rto_seconds,
        rpo: *rpo_seconds,
    })
}

fn overrides(records: &[Record]) -> Vec<Override> {
    let mut all: Vec<Override> = Vec::new();
    for record in records {
        if let Entry::Opened { overrides, .. } | Entry::Resumed { overrides, .. } = &record.entry {
            all.extend(overrides.iter().cloned());
        }
    }
    all
}

fn rto(end: Option<&End>, opening: Option<&Opening>) -> Figure {
    figure(
        end.and_then(|e| e.rto),
        opening.map(|o| o.objectives.rto),
        false,
    )
}

fn rpo(end: Option<&End>, opening: Option<&Opening>) -> Figure {
    let exposure = opening.and_then(|o| o.exposure.as_ref());
    let seconds = end
        .and_then(|e| e.rpo)
        .or_else(|| exposure.map(|e| e.seconds));
    let bound = exposure.is_some_and(|e| e.is_upper_bound);
    Figure {
        source: exposure.map(Exposure::origin),
        ..figure(seconds, opening.map(|o| o.objectives.rpo), bound)
    }
}

fn figure(seconds: Option<f64>, objective: Option<u64>, is_upper_bound: bool) -> Figure {
    Figure {
        seconds,
        objective_seconds: objective,
        met: seconds
            .zip(objective)
            .map(|(seconds, objective)| seconds <= objective as f64),
        is_upper_bound,
        source: None,
    }
}

fn steps(course: &Unfinished, records: &[Record]) -> Vec<Done> {
    let regions = course.opening.as_ref().map(|o| &o.regions);
    let pairs = course.plan.steps.iter().zip(&course.steps).enumerate();
    pairs
        .map(|(number, (step, recorded))| Done {
            step: StepResult {
                title: step.title.clone(),
                region: step
                    .role
                    .zip(regions)
                    .map(|(role, regions)| regions.get(role).to_string()),
                state: recorded.state,
                started: recorded.started,
                finished: recorded.finished,
                note: recorded.note.clone(),
            },
            undo: step.undo.clone(),
            requests: records.iter().flat_map(|r| requests(r, number)).collect(),
        })
        .collect()
}

fn requests(record: &Record, number: usize) -> Vec<AwsRequest> {
    match &record.entry {
        Entry::Requests { index, requests } if *index == Some(number) => requests.clone(),
        // only the metric lever's step had one
        Entry::Step {
            index,
            request_id: Some(id),
            ..
        } if *index == number => vec![AwsRequest {
            call: "cloudwatch:PutMetricData".to_owned(),
            id: id.clone(),
        }],
        _ => Vec::new(),
    }
}

fn judged(plan: &Plan, overrides: &[Override]) -> Vec<Judged> {
    let reason = |id: &str| {
        let found = overrides.iter().find(|o| o.guard == id);
        found.map(|o| o.reason.clone())
    };
    let judged = |guard: &GuardResult| Judged {
        overridden: reason(guard.id.as_str()),
        guard: guard.clone(),
    };
    plan.guards.iter().map(judged).collect()
}

fn moment(record: &Record) -> Moment {
    let mut entry = record.entry.clone();
    if let Entry::Opened { plan, .. } = &mut entry {
        // it stands in the report once already
        *plan = serde_json::Value::Null;
    }
    Moment {
        at: record.at,
        entry,
    }
}

/// What somebody should look after.
fn open(report: &Report, plan: &Plan, milestones: &Milestones) -> Vec<String> {
    let mut open = Vec::new();
    if report.outcome.is_none() {
        open.push(
            "the operation has no end: continue it (--resume) or give it up (--abandon)".into(),
        );
    }
    for done in &report.steps {
        let step = &done.step;
        let note = step.note.as_deref().unwrap_or("no reason was given");
        match step.state {
            StepState::Failed => open.push(format!("step `{}` failed: {note}", step.title)),
            StepState::Running => open.push(format!("step `{}` was cut off", step.title)),
            StepState::Waiting | StepState::Done | StepState::Skipped => {}
        }
    }
    if report.rto.met == Some(false) {
        open.push("the RTO was missed".to_owned());
    }
    if report.rpo.met == Some(false) {
        open.push("the exposure was above the RPO: look for lost data".to_owned());
    }
    if report.kind.moves_traffic() {
        open.extend(traffic(report, plan, milestones));
    }
    let overridden = report.overrides.iter();
    open.extend(overridden.map(|o| format!("guard {} was overridden ({})", o.guard, o.reason)));
    open.extend(report.timeline.iter().filter_map(accepted));
    if let Some(why) = &report.broken {
        open.push(format!("the journal can't be trusted: {why}"));
    }
    open
}

/// What a step replaced or removed with its data, confirmed while it ran.
fn accepted(moment: &Moment) -> Option<String> {
    let Entry::Accepted {
        index,
        changes,
        reason,
    } = &moment.entry
    else {
        return None;
    };
    let what: Vec<&str> = changes.iter().map(|c| c.logical_id.as_str()).collect();
    let reason = reason.as_deref().unwrap_or("no reason was given");
    Some(format!(
        "step {} was confirmed to replace or remove {} ({reason})",
        index + 1,
        what.join(", ")
    ))
}

fn traffic(report: &Report, plan: &Plan, milestones: &Milestones) -> Vec<String> {
    let mut open = Vec::new();
    if report.kind == OperationKind::Failover && report.serving_after == Some(Serving::Standby) {
        open.push("traffic is on the standby until somebody fails back".to_owned());
    }
    if matches!(
        report.serving_after,
        Some(Serving::Split | Serving::Unknown)
    ) && report.outcome != Some(Outcome::Refused)
        && report.outcome != Some(Outcome::NotConfirmed)
    {
        open.push("at the end it could not be told which side serves".to_owned());
    }
    if report.outcome == Some(Outcome::Succeeded) && milestones.drained.is_none() {
        open.push("that the other side receives no more requests was not seen".to_owned());
    }
    let records = plan.steps.iter().any(|step| {
        matches!(
            step.action,
            Action::Pull {
                lever: LeverKind::Records,
                ..
            }
        )
    });
    if records && report.kind == OperationKind::Failover {
        open.push("the record sets differ from the stack's template".to_owned());
    }
    open
}
