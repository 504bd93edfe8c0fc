//! The line that says, on every page, that an operation waits for a new login.

use crate::app::model::Model;
use crate::app::run::Pause;

use super::canvas::Canvas;
use super::line::Line;
use super::text;
use super::theme::Paint;

/// The pause of the running operation, if there is one.
pub(super) fn pause(model: &Model) -> Option<&Pause> {
    model.run.as_deref()?.pause.as_ref()
}

pub(super) fn render(canvas: &mut Canvas<'_>, pause: &Pause) {
    let since = pause.since.strftime("%H:%M");
    let line = Line::of(format!(" PAUSED {since} "), Paint::NoGo).add(
        " log in again in another shell: it goes on by itself",
        Paint::Bad,
    );
    let room = canvas.width().saturating_sub(line.width() + 3);
    let why = text::cut_end(&pause.why, room);
    canvas.line(0, &line.text("  ").dim(why));
}
