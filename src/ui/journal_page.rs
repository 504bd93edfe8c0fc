//! Operations of the journal: when, what, how it ended, how long it took and what it cost.

use crate::app::model::{Model, Page, PastOperation};
use crate::domain::drill::Label;
use crate::domain::observed::age;

use super::canvas::Canvas;
use super::format;
use super::layout::{self, WIDE};
use super::line::Line;
use super::state::{State, outcome_words};
use super::theme::Paint;

/// Rows of the selected operation's detail, its rule included.
const DETAIL: usize = 6;

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model) {
    let shown = model.shown_past();
    let selected = model.rows.get(Page::Journal as usize).copied().unwrap_or(0);
    let selected = selected.min(shown.len().saturating_sub(1));
    let height = canvas.height().saturating_sub(DETAIL);
    list(&mut canvas.rows(0, height), model, &shown, selected);
    if let Some(past) = shown.get(selected) {
        detail(&mut canvas.rows(height, DETAIL), model, past);
    }
}

fn list(canvas: &mut Canvas<'_>, model: &Model, shown: &[&PastOperation], selected: usize) {
    let title = Line::of("journal", Paint::Title);
    let count = Line::of(format::plural(shown.len(), "operation"), Paint::Dim);
    canvas.rule(0, &title, &count);
    if shown.is_empty() {
        canvas.line(
            1,
            &Line::of(
                " no operation of this environment is in the journal",
                Paint::Dim,
            ),
        );
        return;
    }
    let wide = canvas.width() >= WIDE;
    canvas.line(1, &head(wide));
    let room = canvas.height().saturating_sub(2);
    let first = layout::first_row(selected, shown.len(), room);
    for (y, (index, past)) in shown.iter().enumerate().skip(first).take(room).enumerate() {
        canvas.line(y + 2, &row(model, past, wide));
        if index == selected {
            canvas.select(y + 2);
        }
    }
}

/// Where the columns after the date begin, counted from the first of them.
const COLUMNS: [(usize, &str); 5] = [
    (0, "operation"),
    (11, "outcome"),
    (25, "RTO"),
    (33, "exposure"),
    (42, "reason"),
];

/// The date's columns, with the year where there is room.
const fn after_date(wide: bool) -> usize {
    if wide { 21 } else { 16 }
}

fn head(wide: bool) -> Line<'static> {
    COLUMNS
        .into_iter()
        .fold(Line::of("   started", Paint::Dim), |line, (at, word)| {
            line.pad_to(after_date(wide) + at).dim(word)
        })
}

fn ending(past: &PastOperation) -> (State, &'static str) {
    past.outcome.map_or((State::Warn, "no end"), |outcome| {
        (State::from(outcome), outcome_words(outcome))
    })
}

/// Why, after the word that it was for practice.
fn reason(past: &PastOperation) -> String {
    let reason = past.reason.as_deref().unwrap_or_default();
    match past.label {
        Label::Drill if reason.is_empty() => "drill".to_owned(),
        Label::Drill => format!("drill: {reason}"),
        Label::Incident | Label::Rehearsal | Label::Change => reason.to_owned(),
    }
}

fn row<'a>(model: &Model, past: &'a PastOperation, wide: bool) -> Line<'a> {
    let (state, words) = ending(past);
    let over = |value: Option<f64>, limit: u64| match value {
        Some(v) if v > limit as f64 => Paint::Bad,
        _ => Paint::Text,
    };
    let seconds = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), format::duration);
    let cells = [
        (past.kind.title().to_owned(), Paint::Text),
        (words.to_owned(), state.words()),
        (
            seconds(past.rto_seconds),
            over(past.rto_seconds, model.env.objectives.rto),
        ),
        (
            seconds(past.rpo_seconds),
            over(past.rpo_seconds, model.env.objectives.rpo),
        ),
        (reason(past), Paint::Text),
    ];
    let date = format::date_time(past.started);
    let date = if wide {
        date
    } else {
        date.chars().skip(5).collect()
    };
    let line = Line::new().text(" ").state(state).dim(date);
    let line = COLUMNS
        .into_iter()
        .zip(cells)
        .fold(line, |line, ((at, _), (words, paint))| {
            line.pad_to(after_date(wide) + at).add(words, paint)
        });
    if wide {
        line.dim("  ").dim(past.id.as_str())
    } else {
        line
    }
}

fn detail(canvas: &mut Canvas<'_>, model: &Model, past: &PastOperation) {
    let (state, words) = ending(past);
    canvas.rule(0, &Line::of(past.id.as_str(), Paint::Title), &Line::new());
    let took = past.finished.map_or_else(String::new, |end| {
        let seconds = age(past.started, end).as_secs();
        format!(", took {}", format::duration(seconds as f64))
    });
    let objectives = model.env.objectives;
    let figures = match (past.rto_seconds, past.rpo_seconds) {
        (None, None) => String::new(),
        (rto, rpo) => {
            let shown = |v: Option<f64>| v.map_or_else(|| "unknown".to_owned(), format::duration);
            format!(
                "RTO {} of {}, exposure {} of {} s",
                shown(rto),
                format::round(objectives.rto as f64),
                shown(rpo),
                objectives.rpo
            )
        }
    };
    let lines = [
        Line::new().text(" ").state(state).add(
            format!(
                "{} of {} ({}) {words}{took}",
                past.kind.title(),
                past.environment,
                past.label.as_str()
            ),
            state.words(),
        ),
        Line::of(format!(" {figures}"), Paint::Text),
        Line::of(
            format!(" {}", past.reason.as_deref().unwrap_or("no reason given")),
            Paint::Text,
        ),
        Line::of(format!(" switchback journal show {}", past.id), Paint::Dim),
    ];
    for (y, line) in lines.iter().filter(|l| l.width() > 1).enumerate() {
        canvas.line(y + 1, line);
    }
}
