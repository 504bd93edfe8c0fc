//! The parameters of a deploy: one line each, what is wrong with one right below it.

use crate::app::dialog::{Form, FormField};
use crate::app::model::Model;

use super::canvas::Canvas;
use super::footer::{Shown, field_at, field_unfocused};
use super::line::Line;
use super::state::State;
use super::theme::Paint;
use super::{dialog_box, header, layout, text};

/// Lines of one field: label, text, error.
const FIELD: usize = 3;

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model, form: &Form) {
    let columns = canvas.width().saturating_sub(8).min(76);
    let title = header::badge(&model.env.mode, columns)
        .text(" ")
        .add(form.title.as_str(), Paint::Title);
    let rows = form.fields.len() * FIELD + 1;
    dialog_box::draw(canvas, &title, (columns, rows), |inside| fill(inside, form));
}

fn fill(canvas: &mut Canvas<'_>, form: &Form) {
    let room = canvas.height().saturating_sub(1) / FIELD;
    let first = layout::first_row(form.focus, form.fields.len(), room);
    let shown = form.fields.iter().enumerate().skip(first).take(room);
    for (place, (index, field)) in shown.enumerate() {
        let part = &mut canvas.rows(place * FIELD, FIELD);
        draw(part, field, index == form.focus);
    }
    let hidden = form.fields.len().saturating_sub(room);
    let more = if hidden > 0 {
        format!("  {hidden} more fields")
    } else {
        String::new()
    };
    let keys = Line::of("Enter", Paint::Key)
        .dim(" next, at the end shows the plan  ")
        .add("Tab", Paint::Key)
        .dim(" next  ")
        .add("Esc", Paint::Key)
        .dim(" cancel")
        .add(more, Paint::Warn);
    canvas.line(canvas.height().saturating_sub(1), &keys);
}

fn draw(canvas: &mut Canvas<'_>, field: &FormField, focused: bool) {
    let paint = if focused { Paint::Strong } else { Paint::Text };
    let needed = if field.required { " (needed)" } else { "" };
    let name = format!("  {}{needed}", field.name);
    // the name is what scripts and templates know the field by: the label gives way to it
    let room = canvas.width().saturating_sub(text::width(&name)).max(12);
    let label = Line::of(text::cut_end(&field.label, room), paint).dim(name);
    canvas.line(0, &label);
    let width = canvas.width().saturating_sub(2);
    let shown = if field.sensitive {
        Shown::Hidden
    } else {
        Shown::Plain
    };
    let input = &mut canvas.part((2, 1), width, 1);
    if focused {
        field_at(input, &field.text, shown);
    } else {
        field_unfocused(input, &field.text, shown);
    }
    if focused {
        canvas.put(0, 1, ">", Paint::Key);
    }
    if let Some(error) = &field.error {
        let words = text::cut_end(error, width.saturating_sub(2));
        let line = Line::new()
            .text("  ")
            .state(State::Bad)
            .add(words, Paint::Bad);
        canvas.line(2, &line);
    }
}
