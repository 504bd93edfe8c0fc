//! The question before leaving while an operation runs.

use crate::app::model::Model;

use super::canvas::Canvas;
use super::dialog_box;
use super::line::Line;
use super::text;
use super::theme::Paint;

const COLUMNS: usize = 66;

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model) {
    let title = Line::of("leave?", Paint::Title);
    let what = model.run.as_deref().map_or_else(
        || "An operation is running.".to_owned(),
        |run| {
            let step = run
                .current()
                .map_or_else(String::new, |(_, step)| format!(", now: {}", step.title));
            format!("{} is running{step}.", run.plan().kind.title())
        },
    );
    let goes_on = "AWS goes on with what it was told; the console will not watch it, and steps that have not \
                   begun are not done. The journal will show the operation as unfinished.";
    let mut lines: Vec<Line<'_>> = text::wrap(&what, COLUMNS)
        .into_iter()
        .map(|line| Line::of(line, Paint::Strong))
        .collect();
    lines.push(Line::new());
    lines.extend(
        text::wrap(goes_on, COLUMNS)
            .into_iter()
            .map(|line| Line::of(line, Paint::Text)),
    );
    lines.push(Line::new());
    let keys = Line::of(" Esc stay ", Paint::ButtonFocused)
        .text("   ")
        .add("y", Paint::Key)
        .text(" or ")
        .add("Ctrl-c", Paint::Key)
        .text(" leave it running");
    lines.push(keys);
    dialog_box::draw(canvas, &title, (COLUMNS, lines.len()), |inside| {
        for (y, line) in lines.iter().enumerate() {
            inside.line(y, line);
        }
    });
}
