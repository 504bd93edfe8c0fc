//! The last two lines: the pages, and below them the keys that apply, a notice, or the text being typed.

use crate::app::dialog::TextField;
use crate::app::keymap::{self, Binding, Command};
use crate::app::model::{Model, Page};
use crate::domain::environment::Mode;

use super::canvas::Canvas;
use super::layout::WIDE;
use super::line::Line;
use super::state::State;
use super::theme::Paint;
use super::{serving, text};

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model) {
    tabs(canvas, model);
    let row = &mut canvas.rows(1, 1);
    if model.typing {
        if let Some(field) = &model.command_line {
            return field_line(row, ":", field);
        }
        if let Some(field) = &model.filter {
            return field_line(row, "/", field);
        }
    }
    if let Some(notice) = &model.notice {
        let state = State::from(notice.weight);
        let line = Line::new()
            .text(" ")
            .state(state)
            .add(notice.text.as_str(), state.words());
        row.line(0, &line);
    } else {
        keys(row, model);
    }
}

/// The pages in the rule, the current one marked; the world and the filter at the right.
fn tabs(canvas: &mut Canvas<'_>, model: &Model) {
    let mut pages = Line::new();
    for (index, page) in Page::ALL.into_iter().enumerate() {
        let label = format!("{} {}", index + 1, page.title());
        pages = if page == model.page {
            pages.gap().add(format!("[{label}]"), Paint::Title)
        } else {
            pages.gap().dim(label)
        };
    }
    let mut right = Line::new();
    if let Some(filter) = model
        .filter
        .as_ref()
        .filter(|f| !model.typing && !f.value().is_empty())
    {
        right = right.add(
            format!("/{}", text::cut_end(filter.value(), 20)),
            Paint::Warn,
        );
    }
    if !matches!(model.env.mode, Mode::Live) {
        let words = match model.env.mode {
            Mode::Rehearsal { .. } => "REHEARSAL",
            Mode::Live | Mode::Endpoint { .. } => "ENDPOINT",
        };
        right = right.gap().add(words, canvas.rule_paint());
    }
    canvas.rule(0, &pages, &right);
}

/// What is typed, scrolled so that the cursor is visible.
fn field_line(canvas: &mut Canvas<'_>, prompt: &str, field: &TextField) {
    let x = canvas.put(1, 0, prompt, Paint::Key);
    let room = canvas.width().saturating_sub(x + 1);
    field_at(&mut canvas.part((x, 0), room, 1), field, Shown::Plain);
}

/// Whether the text of a field may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    Plain,
    Hidden,
}

fn value_of(field: &TextField, shown: Shown) -> String {
    match shown {
        Shown::Plain => field.value().to_owned(),
        Shown::Hidden => "*".repeat(field.value().chars().count()),
    }
}

/// A text field that does not own the keys.
pub(super) fn field_unfocused(canvas: &mut Canvas<'_>, field: &TextField, shown: Shown) {
    let value = value_of(field, shown);
    let text = text::cut_end(&value, canvas.width()).into_owned();
    let x = canvas.put(0, 0, &text, Paint::Text);
    let line = "_".repeat(canvas.width().saturating_sub(x));
    canvas.put(x, 0, &line, Paint::Dim);
}

/// A text field with its cursor, over the whole canvas.
pub(super) fn field_at(canvas: &mut Canvas<'_>, field: &TextField, shown: Shown) {
    let value = value_of(field, shown);
    let before: String = value.chars().take(field.cursor()).collect();
    let under: String = value.chars().skip(field.cursor()).take(1).collect();
    let after: String = value.chars().skip(field.cursor() + 1).collect();
    let under = if under.is_empty() { " " } else { &under };
    // the end of the text before the cursor is what the operator looks at
    let room = canvas.width().saturating_sub(text::width(under));
    let before = text::cut_start(&before, room);
    let x = canvas.put(0, 0, &before, Paint::Input);
    let x = canvas.put(x, 0, under, Paint::Cursor);
    canvas.put(x, 0, &after, Paint::Input);
}

/// The most important keys first; those that do not fit are left out from the end.
fn keys(canvas: &mut Canvas<'_>, model: &Model) {
    let bindings = keymap::footer(model);
    let bindings = bindings.iter().copied();
    let mut shown: Vec<Line<'_>> = bindings.map(|binding| key(model, binding)).collect();
    if canvas.width() >= WIDE {
        shown.push(Line::of("Tab", Paint::Key).dim(" next page"));
    }
    while shown.iter().map(|k| k.width() + 2).sum::<usize>() > canvas.width() {
        shown.pop();
    }
    let line = shown.into_iter().fold(Line::new().text(" "), |line, key| {
        let line = if line.width() > 1 {
            line.text("  ")
        } else {
            line
        };
        line.join(key)
    });
    canvas.line(0, &line);
}

fn key(model: &Model, binding: &Binding) -> Line<'static> {
    let label = binding.keys.first().map(|k| k.label()).unwrap_or_default();
    let short = if binding.command == Command::FailOver && serving::would_hold(model) {
        "hold"
    } else {
        binding.short
    };
    Line::of(label, Paint::Key).text(" ").dim(short)
}
