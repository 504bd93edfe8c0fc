//! Traffic being moved: the RTO clock against its objective, the milestones, what was asked for and what is seen.
//!
//! Takes the place of the traffic strip while the operation runs and until its result is dismissed.

use jiff::Timestamp;

use crate::app::model::Model;
use crate::app::run::{Finished, Run};
use crate::domain::operation::{OperationKind, Outcome, StepState};
use crate::domain::plan::{Action, Situation};

use super::bar::bar;
use super::canvas::Canvas;
use super::line::{Line, flow};
use super::state::{State, outcome_words};
use super::theme::Paint;
use super::{format, layout, name_servers, serving};

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
    let kind = run.plan().kind.title().to_uppercase();
    let to = run.plan().destination().map_or_else(String::new, |role| {
        format!(" to {}", model.env.regions.get(role))
    });
    Line::of(format!("{kind}{to}"), Paint::Title)
}

/// Running, or how it ended.
pub(super) fn standing(run: &Run) -> Line<'static> {
    match &run.finished {
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
    let seen = vec![
        serving::held(model).unwrap_or_default(),
        serving::commanded_confirmed(model),
        last_command(run),
    ];
    lines.extend(flow(seen, room, "   "));
    lines.extend(failed_step(run));
    if width >= layout::RICH.0 {
        lines.extend(flow(name_servers::lines(model), room, "   "));
    }
    lines.extend(warnings(run));
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
    let over = run.plan().kind == OperationKind::Failover;
    let waits = |wanted: fn(&Action) -> bool| run.plan().steps.iter().any(|s| wanted(&s.action));
    let mut parts = vec![(
        if over {
            "lever engaged"
        } else {
            "lever released"
        }
        .to_owned(),
        reached.pulled,
    )];
    if waits(|action| matches!(action, Action::AwaitAlarm { .. })) {
        let state = if over { "ALARM" } else { "OK" };
        parts.push((format!("alarm {state}"), reached.alarm));
    }
    parts.push((dns(model), reached.dns));
    parts.push(("healthy".to_owned(), reached.healthy));
    parts.push(("settled".to_owned(), reached.settled));
    parts.push(("drained".to_owned(), reached.drained));
    let awaited = parts.iter().position(|(_, at)| at.is_none());
    let failed = run.finished.as_ref().is_some_and(is_failure);
    let state = |index: usize, at: Option<Timestamp>| match at {
        Some(_) => State::Good,
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

fn is_failure(end: &Finished) -> bool {
    end.outcome != Outcome::Succeeded
}

/// How far the name servers have come.
fn dns(model: &Model) -> String {
    let limit = crate::domain::assess::limit::MARKER;
    let answers = model.seen.traffic.marker.fresh(model.now, limit);
    answers.map_or_else(
        || "DNS unknown".to_owned(),
        |answers| format!("DNS {}", serving::agreement(model, answers)),
    )
}

/// The number of the metric lever's command, and whether the keepalive has taken it up.
fn last_command(run: &Run) -> Line<'static> {
    run.lever.as_ref().map_or_else(Line::new, |lever| {
        let echo = if lever.echoed {
            "echoed"
        } else {
            "not echoed yet"
        };
        Line::of(format!("command {} {echo}", lever.number), Paint::Dim)
    })
}

fn failed_step(run: &Run) -> Option<Line<'_>> {
    let (step, state) = run
        .plan()
        .steps
        .iter()
        .zip(&run.steps)
        .find(|(_, state)| state.state == StepState::Failed)?;
    let line = Line::new()
        .state(State::Bad)
        .add(step.title.as_str(), Paint::Bad);
    Some(match &state.note {
        Some(note) => line.dim(": ").text(note.as_str()),
        None => line,
    })
}

/// What the operator should know now: why it ended, what to try next, that nothing is written down.
pub(super) fn warnings(run: &Run) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let reason = run.finished.as_ref().and_then(|f| f.reason.as_deref());
    if let Some(reason) = reason.filter(|r| run.advice.as_deref() != Some(*r)) {
        lines.push(Line::new().state(State::Warn).add(reason, Paint::Warn));
    }
    if let Some(advice) = &run.advice {
        lines.push(
            Line::new()
                .state(State::Warn)
                .add(advice.as_str(), Paint::Warn),
        );
    }
    if let Err(why) = &run.journal {
        let words = format!("journal: {why}");
        lines.push(Line::new().state(State::Bad).add(words, Paint::Bad));
    }
    lines
}
