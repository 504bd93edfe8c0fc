//! The frame of a dialog: over the page, as large as its text, with the world's own border.

use super::canvas::Canvas;
use super::line::Line;
use super::theme::Paint;

/// Corners and edges: top left, top right, bottom left, bottom right, across, down.
type Border = [&'static str; 6];

const LIVE: Border = ["┌", "┐", "└", "┘", "─", "│"];
const REHEARSAL: Border = ["┌", "┐", "└", "┘", "┄", "┆"];
const ENDPOINT: Border = ["╔", "╗", "╚", "╝", "═", "║"];

/// Columns and rows that the border and the blanks inside take.
const AROUND: (usize, usize) = (4, 2);

/// Draws an empty box for `rows` lines of text in the middle, and calls `fill` with its inside.
pub(super) fn draw(
    canvas: &mut Canvas<'_>,
    title: &Line<'_>,
    (columns, rows): (usize, usize),
    fill: impl FnOnce(&mut Canvas<'_>),
) {
    let width = (columns + AROUND.0).min(canvas.width().saturating_sub(2));
    let height = (rows + AROUND.1).min(canvas.height());
    let x = (canvas.width().saturating_sub(width)) / 2;
    let y = (canvas.height().saturating_sub(height)) / 2;
    let mut dialog = canvas.part((x, y), width, height);
    dialog.clear();
    frame(&mut dialog, title);
    let inside = (
        width.saturating_sub(AROUND.0),
        height.saturating_sub(AROUND.1),
    );
    fill(&mut dialog.part((2, 1), inside.0, inside.1));
}

fn frame(canvas: &mut Canvas<'_>, title: &Line<'_>) {
    let paint = canvas.rule_paint();
    let [top_left, top_right, bottom_left, bottom_right, across, down] = match paint {
        Paint::RuleRehearsal => REHEARSAL,
        Paint::RuleEndpoint => ENDPOINT,
        _ => LIVE,
    };
    let (width, height) = (canvas.width(), canvas.height());
    let edge = across.repeat(width.saturating_sub(2));
    let last = height.saturating_sub(1);
    canvas.put(0, 0, &format!("{top_left}{edge}{top_right}"), paint);
    canvas.put(
        0,
        last,
        &format!("{bottom_left}{edge}{bottom_right}"),
        paint,
    );
    for y in 1..last {
        canvas.put(0, y, down, paint);
        canvas.put(width.saturating_sub(1), y, down, paint);
    }
    let padded = Line::new().text(" ").join(title.clone()).text(" ");
    let room = width.saturating_sub(4);
    canvas.part((2, 0), room, 1).line(0, &padded);
}

/// The part of a scrolled text that is shown, with a word about what is not.
pub(super) fn scrolled(canvas: &mut Canvas<'_>, lines: &[Line<'_>], scroll: usize) {
    // where not all fits, the last row says so
    let hides = usize::from(lines.len() > canvas.height());
    let height = canvas.height().saturating_sub(hides);
    let first = scroll.min(lines.len().saturating_sub(height));
    for (y, line) in lines.iter().skip(first).take(height).enumerate() {
        canvas.line(y, line);
    }
    let below = lines.len().saturating_sub(first + height);
    let words = match (first, below) {
        (0, 0) => return,
        (_, 0) => " PgUp for more ".to_owned(),
        (_, below) => format!(" {below} more below, PgDn "),
    };
    canvas.line_right(height, &Line::of(words, Paint::Strong));
}
