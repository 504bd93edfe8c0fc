//! An operation that was cut off: how far it came, what is seen of it now, and the two ways out.

use crate::app::model::Model;
use crate::app::unfinished::{Next, compare};
use crate::domain::observed::age;
use crate::domain::unfinished::Unfinished;

use super::canvas::Canvas;
use super::line::Line;
use super::state::State;
use super::theme::Paint;
use super::{dialog_box, format, text};

const COLUMNS: usize = 100;

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model, scroll: usize) {
    let Some(one) = model.unfinished.first() else {
        return;
    };
    let columns = COLUMNS.min(canvas.width().saturating_sub(8));
    let title = Line::of("an operation was cut off", Paint::Title);
    let lines = lines(model, one, columns);
    dialog_box::draw(canvas, &title, (columns, lines.len() + 2), |inside| {
        let height = inside.height().saturating_sub(1);
        dialog_box::scrolled(&mut inside.rows(0, height), &lines, scroll);
        inside.line(height, &keys());
    });
}

fn lines<'a>(model: &Model, one: &Unfinished, columns: usize) -> Vec<Line<'a>> {
    let since = age(one.last, model.now).as_secs();
    let head = format!(
        "{} of {}, begun {} by {}; the journal ends {} ago.",
        one.kind().title(),
        one.plan.environment,
        format::date_time(one.begun),
        one.who,
        format::duration(since as f64),
    );
    let mut lines = wrapped(&head, columns, Paint::Strong);
    if let Some(reason) = &one.reason {
        lines.extend(wrapped(&format!("Reason: {reason}"), columns, Paint::Text));
    }
    lines.push(Line::new());
    for (number, step) in compare(model, one).iter().enumerate() {
        let state = match step.next {
            Next::Nothing => State::Good,
            Next::Look | Next::Begin => State::Progress,
            Next::Stop(_) => State::Bad,
        };
        let words = text::wrap(&step.sentence(number + 1), columns.saturating_sub(2));
        for (index, words) in words.into_iter().enumerate() {
            let line = if index == 0 {
                Line::new().state(state)
            } else {
                Line::new().text("  ")
            };
            lines.push(line.add(words, Paint::Text));
        }
    }
    lines.push(Line::new());
    let more = model.unfinished.len().saturating_sub(1);
    if more > 0 {
        let words = format!("{} more after this one.", format::plural(more, "operation"));
        lines.extend(wrapped(&words, columns, Paint::Warn));
    }
    lines.extend(wrapped(
        "Continuing does nothing twice. Giving up takes nothing back. Both ask for the environment's name.",
        columns,
        Paint::Dim,
    ));
    lines
}

fn wrapped<'a>(words: &str, columns: usize, paint: Paint) -> Vec<Line<'a>> {
    text::wrap(words, columns)
        .into_iter()
        .map(|line| Line::of(line, paint))
        .collect()
}

fn keys<'a>() -> Line<'a> {
    Line::of(" Esc later ", Paint::ButtonFocused)
        .text("   ")
        .add("c", Paint::Key)
        .text(" continue   ")
        .add("g", Paint::Key)
        .text(" give up")
}
