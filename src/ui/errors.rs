//! What could not be read, since when, and why.

use crate::app::model::Model;
use crate::domain::observed::{Failure, FailureKind};

use super::canvas::Canvas;
use super::line::Line;
use super::state::State;
use super::theme::Paint;
use super::{dialog_box, format, text};

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model, scroll: usize) {
    let columns = canvas.width().saturating_sub(8).min(120);
    let errors = model.errors();
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (what, failure) in &errors {
        lines.extend(entry(model, what, failure, columns));
    }
    if lines.is_empty() {
        lines.push(
            Line::new()
                .state(State::Good)
                .text("everything that was asked for could be read"),
        );
    }
    let title = format!(
        "{} not read; Esc closes",
        format::plural(errors.len(), "thing")
    );
    let title = Line::of(title, Paint::Title);
    dialog_box::draw(canvas, &title, (columns, lines.len()), |inside| {
        dialog_box::scrolled(inside, &lines, scroll);
    });
}

fn entry<'a>(model: &Model, what: &str, failure: &Failure, columns: usize) -> Vec<Line<'a>> {
    let state = if failure.kind == FailureKind::Throttled {
        State::Warn
    } else {
        State::Bad
    };
    let since = format::exact(failure.since);
    let ago = format::ago(failure.since, model.now);
    let head = Line::new()
        .state(state)
        .add(what.to_owned(), Paint::Strong)
        .add(format!(" {}", failure.kind.as_str()), state.words())
        .dim(format!(" since {since}, {ago} ago"));
    let message = text::wrap(&failure.message, columns.saturating_sub(2));
    let message = message
        .into_iter()
        .take(3)
        .map(|l| Line::new().text("  ").dim(l));
    std::iter::once(head).chain(message).collect()
}
