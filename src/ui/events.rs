//! What happened last: the trail of this session and the operations of the journal, newest first.

use jiff::Timestamp;

use crate::app::model::{Model, Page, PastOperation, TrailLine, Weight};

use super::canvas::Canvas;
use super::line::Line;
use super::state::{State, outcome_words};
use super::theme::Paint;
use super::{format, text};

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model) {
    canvas.rule(0, &Line::of("events", Paint::Title), &Line::new());
    let room = canvas.height().saturating_sub(1);
    let skip = model.rows.get(Page::Board as usize).copied().unwrap_or(0);
    let lines = newest(model, skip + room);
    let skip = skip.min(lines.len().saturating_sub(room));
    let lines = lines.get(skip..).unwrap_or_default();
    if lines.is_empty() {
        canvas.line(1, &none(model));
    }
    for (y, line) in lines.iter().enumerate() {
        canvas.line(y + 1, line);
    }
}

/// Nothing happened, or nothing of what happened contains the filter.
fn none(model: &Model) -> Line<'static> {
    let filter = model.filter.as_ref().map_or("", |f| f.value());
    if filter.is_empty() {
        Line::of(" nothing yet", Paint::Dim)
    } else {
        let filter = text::cut_end(filter, 40);
        Line::of(format!(" none matches /{filter}"), Paint::Dim)
    }
}

/// Both lists are in order of time; they are merged from their new ends.
fn newest(model: &Model, most: usize) -> Vec<Line<'_>> {
    let filter = model.filter.as_ref().map_or("", |f| f.value());
    let fits =
        |l: &&TrailLine| text::contains(&l.text, filter) || text::contains(&l.source, filter);
    let news = |l: &&TrailLine| !is_in_journal(model, l);
    let trail = model.trail.iter().rev().filter(fits).filter(news);
    let mut trail = trail.peekable();
    let mut past = model.past.iter().filter(|_| filter.is_empty()).peekable();
    let mut lines = Vec::with_capacity(most.min(64));
    while lines.len() < most {
        let is_older = |p: &&PastOperation, l: &&TrailLine| ended(p) < l.at;
        let line = match (trail.peek(), past.peek()) {
            (Some(l), Some(p)) if is_older(p, l) => trail.next().map(|l| trail_line(model, l)),
            (Some(_), None) => trail.next().map(|l| trail_line(model, l)),
            _ => past.next().map(|p| past_line(model, p)),
        };
        let Some(line) = line else { break };
        lines.push(line);
    }
    lines
}

/// Whether the line says only that an operation ended, which the journal's own line says with its figures.
fn is_in_journal(model: &Model, line: &TrailLine) -> bool {
    const CLOSE: i64 = 2;
    let is_end = |p: &PastOperation| {
        let at = p
            .finished
            .map(|at| (at.as_second() - line.at.as_second()).abs());
        at.is_some_and(|seconds| seconds <= CLOSE)
            && line.text == format!("{} done", p.kind.title())
    };
    line.source == "you" && filter_is_empty(model) && model.past.iter().take(4).any(is_end)
}

fn filter_is_empty(model: &Model) -> bool {
    model.filter.as_ref().is_none_or(|f| f.value().is_empty())
}

fn ended(past: &PastOperation) -> Timestamp {
    past.finished.unwrap_or(past.started)
}

fn trail_line<'a>(model: &Model, line: &'a TrailLine) -> Line<'a> {
    let paint = match line.weight {
        Weight::Plain | Weight::Good => Paint::Text,
        Weight::Warning => Paint::Warn,
        Weight::Bad => Paint::Bad,
    };
    head(model, line.at, &line.source).add(line.text.as_str(), paint)
}

fn past_line(model: &Model, past: &PastOperation) -> Line<'static> {
    let (words, state) = past
        .outcome
        .map_or(("has no end in the journal", State::Warn), |outcome| {
            (outcome_words(outcome), State::from(outcome))
        });
    let mut line = head(model, ended(past), "journal")
        .text(format!("{} ", past.kind.title().to_lowercase()))
        .add(words, state.words());
    if let Some(rto) = past.rto_seconds {
        line = line.text(format!(" in {}", format::duration(rto)));
    }
    if let Some(rpo) = past.rpo_seconds {
        line = line.text(format!(", exposure {}", format::duration(rpo)));
    }
    match &past.reason {
        Some(reason) => line.dim(format!(": {reason}")),
        None => line,
    }
}

fn head(model: &Model, at: Timestamp, source: &str) -> Line<'static> {
    let when = format::when(at, model.now);
    Line::new()
        .dim(format!(" {when:<6} "))
        .dim(text::cut_end(source, 14).into_owned())
        .pad_to(23)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::fixtures;

    #[test]
    fn an_end_that_the_journal_tells_is_told_once() {
        let mut model = fixtures::steady();
        let last = model.past.first().unwrap();
        let text = format!("{} done", last.kind.title());
        let line = TrailLine {
            at: ended(last),
            source: "you".into(),
            text,
            weight: Weight::Good,
        };
        let before = newest(&model, 99).len();
        model.trail.push_back(line);
        assert_eq!(newest(&model, 99).len(), before);
        model.past.clear();
        let alone = newest(&model, 99).len();
        model.trail.pop_back();
        assert_eq!(newest(&model, 99).len() + 1, alone);
    }
}
