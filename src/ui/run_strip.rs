//! Traffic being moved: the RTO clock against its objective, the milestones, what was asked for and what is seen.
//!
//! Takes the place of the traffic strip while the operation runs and until its result is dismissed.

use jiff::Timestamp;

use crate::app::model::Model;
use crate::app::run::{Finished, Run};
use crate::app::update::promotion_stage;
use crate::domain::lever::Command;
use crate::domain::operation::{OperationKind, Outcome, StepState};
use crate::domain::plan::{Action, Situation};
use crate::domain::promotion::Stage;

use super::bar::bar;
use super::canvas::Canvas;
use super::line::{Line, flow};
use super::state::{State, outcome_words};
use super::theme::Paint;
use super::{format, layout, name_servers, serving, text};

/// The operation to show here, if there is one that moves traffic.
pub(super) fn run(model: &Model) -> Option<&Run> {
    model
        .run
        .as_deref()
        .filter(|run| run.plan().kind.moves_traffic())
}

/// How many lines the strip needs below its rule.
pub(super) fn height(model: &Model, run: &Run, width: usize) -> usize {
    lines(model, run, width).len()
}

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model, run: &Run) {
    canvas.rule(0, &title(model, run), &standing(run));
    for (index, line) in lines(model, run, canvas.width()).iter().enumerate() {
        canvas.line(index + 1, line);
    }
}

fn title(model: &Model, run: &Run) -> Line<'static> {
    let plan = run.plan();
    // what the operation began as is what it is called to its end
    let holds = plan.kind == OperationKind::Failover && run.milestones.moved_before;
    let (kind, to) = if holds {
        ("HOLD".to_owned(), "on")
    } else {
        (plan.kind.title().to_uppercase(), "to")
    };
    let region = plan.destination().map_or_else(String::new, |role| {
        format!(" {to} {}", model.env.regions.get(role))
    });
    let title = Line::of(format!("{kind}{region}"), Paint::Title);
    if plan.drill {
        title.add(" DRILL", Paint::Strong)
    } else {
        title
    }
}

/// Running, or how it ended.
pub(super) fn standing(run: &Run) -> Line<'static> {
    match &run.finished {
        None if run.cancelled => Line::of("being cancelled", Paint::Warn),
        None if run.pause.is_some() => Line::of("paused", Paint::Bad),
        None => Line::of("running", Paint::Progress),
        Some(end) => {
            let state = State::from(end.outcome);
            let words = outcome_words(end.outcome).to_uppercase();
            Line::of(state.glyph(), state.paint())
                .add(format!(" {words} {}", format::exact(end.at)), state.words())
                .dim(" (Esc)")
        }
    }
}

fn lines<'a>(model: &'a Model, run: &'a Run, width: usize) -> Vec<Line<'a>> {
    let room = width.saturating_sub(2);
    let mut lines = vec![clocks(model, run, room)];
    lines.extend(flow(milestones(model, run), room, "  "));
    lines.extend(promotion(model, run, room));
    lines.extend(parts(run, room));
    let seen = vec![
        serving::destination(model),
        serving::held(model).unwrap_or_default(),
        serving::commanded_confirmed(model),
        last_command(run),
    ];
    lines.extend(flow(seen, room, "   "));
    lines.extend(failed_step(run, room));
    if width >= layout::RICH.0 {
        lines.extend(flow(name_servers::lines(model), room, "   "));
    }
    lines.extend(warnings(run, room));
    lines
        .into_iter()
        .map(|line| Line::new().text(" ").join(line))
        .collect()
}

/// The stopwatch, its bar, and the data at risk.
fn clocks(model: &Model, run: &Run, room: usize) -> Line<'static> {
    let end = run.finished.as_ref().map_or(model.now, |f| f.at);
    let taken = run.milestones.rto_seconds(end).unwrap_or(0.0);
    let objective = model.env.objectives.rto as f64;
    let share = taken / objective.max(1.0);
    let paint = match share {
        ..0.5 => Paint::Good,
        ..1.0 => Paint::Warn,
        _ => Paint::Bad,
    };
    let label = if run.plan().kind == OperationKind::Failover {
        "RTO "
    } else {
        "took "
    };
    let clock = Line::of(label, Paint::Dim)
        .add(format::duration(taken.floor()), Paint::Strong)
        .dim(format!(" of {}  ", format::round(objective)));
    let risk = risk(model, run);
    let columns = room
        .saturating_sub(clock.width() + risk.width() + 3)
        .min(60);
    clock
        .join(bar(share, columns, paint))
        .text("   ")
        .join(risk)
}

fn risk(model: &Model, run: &Run) -> Line<'static> {
    let rpo = model.env.objectives.rpo;
    let Some(found) = run
        .exposure
        .as_ref()
        .filter(|_| run.plan().kind == OperationKind::Failover)
    else {
        return Line::new();
    };
    let paint = if found.seconds > rpo as f64 {
        Paint::Bad
    } else {
        Paint::Text
    };
    let words = format::exposure(found, Situation::Emergency);
    Line::of("exposure ", Paint::Dim)
        .add(words, paint)
        .dim(format!(" of {rpo} s"))
}

/// Each part of the move: when it was reached, which one is awaited.
fn milestones<'a>(model: &Model, run: &Run) -> Vec<Line<'a>> {
    let reached = &run.milestones;
    let waits = |wanted: fn(&Action) -> bool| run.plan().steps.iter().any(|s| wanted(&s.action));
    // short words: all six stand in one line of 80 columns until most are reached
    let mut parts = vec![("lever".to_owned(), reached.pulled)];
    if waits(|action| matches!(action, Action::AwaitAlarm { .. })) {
        parts.push(("alarm".to_owned(), reached.alarm));
    }
    parts.push((dns(model, run), reached.dns));
    parts.push(("healthy".to_owned(), reached.healthy));
    parts.push(("settled".to_owned(), reached.settled));
    // nothing waits for the last requests: whether they are through is not known until it is seen
    let drained = parts.len();
    parts.push(("drained".to_owned(), reached.drained));
    let awaited = parts.iter().position(|(_, at)| at.is_none());
    let failed = run.finished.as_ref().is_some_and(is_failure);
    let state = |index: usize, at: Option<Timestamp>| match at {
        Some(_) => State::Good,
        None if index == drained => State::Unknown,
        None if awaited == Some(index) && failed => State::Bad,
        None if awaited == Some(index) => State::Progress,
        None => State::Unknown,
    };
    let line = |(index, (label, at)): (usize, (String, Option<Timestamp>))| {
        let state = state(index, at);
        let line = Line::new().state(state);
        match at {
            Some(at) => line.dim(format!("{} ", format::exact(at))).text(label),
            None if state == State::Unknown => line.dim(label),
            None => line.add(label, Paint::Strong),
        }
    };
    parts.into_iter().enumerate().map(line).collect()
}

/// How far the standby's promotion (or its return) has come.
fn promotion(model: &Model, run: &Run, room: usize) -> Vec<Line<'static>> {
    let Some((command, stage)) = promotion_stage(model, run) else {
        return Vec::new();
    };
    let spec = model
        .env
        .traffic
        .as_ref()
        .and_then(|t| t.promotion.as_ref());
    let words = spec.map_or_else(String::new, |spec| spec.words(command, stage));
    let what = match command {
        Command::Engage => "promotion",
        Command::Release => "return",
    };
    let shown = match stage {
        Stage::Silent => State::Unknown,
        Stage::Waiting | Stage::Step(_) => State::Progress,
        Stage::Done => State::Good,
        Stage::Failed(_) => State::Bad,
    };
    said(shown, &format!("{what}: {words}"), room)
}

/// What the time went into, once it is over.
fn parts(run: &Run, room: usize) -> Vec<Line<'static>> {
    if run.milestones.settled.is_none() {
        return Vec::new();
    }
    let known = run.milestones.parts().known().into_iter();
    let words = known.map(|(name, seconds)| {
        Line::of(format!("{name} "), Paint::Dim).text(format::duration(seconds.round()))
    });
    flow(words.collect(), room, "  ")
}

fn is_failure(end: &Finished) -> bool {
    end.outcome != Outcome::Succeeded
}

/// How many name servers name the side that is wanted.
fn dns(model: &Model, run: &Run) -> String {
    let limit = crate::domain::assess::limit::MARKER;
    let answers = model.seen.traffic.marker.fresh(model.now, limit);
    let counted = answers.zip(run.plan().destination()).map(|(seen, role)| {
        let (naming, asked) = seen.agreement(model.env.regions.get(role).as_str());
        format!("DNS {naming}/{asked}")
    });
    counted.unwrap_or_else(|| "DNS unknown".to_owned())
}

/// Whether the standby has taken up the metric lever's command.
fn last_command(run: &Run) -> Line<'static> {
    run.lever.as_ref().map_or_else(Line::new, |lever| {
        let words = if lever.echoed {
            "standby has confirmed the command"
        } else {
            "standby has not confirmed the command yet"
        };
        Line::of(words, Paint::Dim)
    })
}

fn failed_step(run: &Run, room: usize) -> Vec<Line<'static>> {
    let steps = run.plan().steps.iter().zip(&run.steps);
    let mut failed = steps.filter(|(_, state)| state.state == StepState::Failed);
    failed.next().map_or_else(Vec::new, |(step, state)| {
        let words = match &state.note {
            Some(note) => format!("{}: {note}", step.title),
            None => step.title.clone(),
        };
        said(State::Bad, &words, room)
    })
}

/// A sentence on as many lines as it needs: the end of an advice matters as much as its start.
fn said(state: State, words: &str, room: usize) -> Vec<Line<'static>> {
    let lines = text::wrap(words, room.saturating_sub(2)).into_iter();
    lines
        .enumerate()
        .map(|(index, words)| {
            let head = if index == 0 {
                Line::new().state(state)
            } else {
                Line::new().text("  ")
            };
            head.add(words, state.words())
        })
        .collect()
}

/// What the operator should know now: why it ended, what to try next, that nothing is written down.
pub(super) fn warnings(run: &Run, room: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let reason = run.finished.as_ref().and_then(|f| f.reason.as_deref());
    if let Some(reason) = reason.filter(|r| run.advice.as_deref() != Some(*r)) {
        lines.extend(said(State::Warn, reason, room));
    }
    if let Some(advice) = &run.advice {
        lines.extend(said(State::Warn, advice, room));
    }
    if let Err(why) = &run.journal {
        lines.extend(said(State::Bad, &format!("journal: {why}"), room));
    }
    lines
}
