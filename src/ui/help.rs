//! Every key, from the one table of keys; those that do nothing now are dim.

use crate::app::key::Key;
use crate::app::keymap::{self, BINDINGS, Binding};
use crate::app::model::Model;

use super::canvas::Canvas;
use super::layout::WIDE;
use super::line::Line;
use super::state::{Mark, State};
use super::theme::Paint;
use super::{dialog_box, text};

/// Columns that a dialog's frame and the screen's edges take.
const AROUND: usize = 6;

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model, scroll: usize) {
    let keys = if canvas.width() >= WIDE { 13 } else { 9 };
    let rows = BINDINGS.iter().map(|binding| row(model, binding, keys));
    let mut lines: Vec<Line<'_>> = rows.collect();
    lines.push(Line::new());
    lines.push(states());
    lines.push(marks());
    let widest = lines.iter().map(Line::width).max().unwrap_or(0);
    let columns = widest.min(canvas.width().saturating_sub(AROUND));
    let title = Line::of(
        "keys: letters read, CAPITALS write; Esc closes",
        Paint::Title,
    );
    dialog_box::draw(canvas, &title, (columns, lines.len()), |inside| {
        dialog_box::scrolled(inside, &lines, scroll);
    });
}

fn row(model: &Model, binding: &Binding, room: usize) -> Line<'static> {
    let applies = keymap::applies(binding.command, model);
    let keys: Vec<String> = binding.keys.iter().map(|key: &Key| key.label()).collect();
    let (key, words) = if applies {
        (Paint::Key, Paint::Text)
    } else {
        (Paint::Dim, Paint::Dim)
    };
    let line = Line::of(text::cut_end(&keys.join(" "), room).into_owned(), key)
        .pad_to(room + 1)
        .dim(format!(":{:<10}", binding.name))
        .add(binding.help, words);
    if applies {
        line
    } else {
        line.dim(" (not now)")
    }
}

fn states() -> Line<'static> {
    let all = [
        (State::Good, "good"),
        (State::Warn, "warning"),
        (State::Bad, "bad"),
        (State::Unknown, "unknown or old"),
        (State::Progress, "in progress"),
    ];
    all.into_iter().fold(Line::new(), |line, (state, word)| {
        line.gap().state(state).text(word)
    })
}

fn marks() -> Line<'static> {
    let all = [
        (Mark::Same, "same"),
        (Mark::Differs, "differs"),
        (Mark::OneSide, "one side only"),
        (Mark::CannotTell, "can't tell"),
    ];
    all.into_iter().fold(Line::new(), |line, (mark, word)| {
        line.gap()
            .add(mark.glyph(), Paint::Strong)
            .text(format!(" {word}"))
    })
}
