//! A terminal too small for the screens: the size needed, and still the two lines that matter.

use crate::app::model::Model;

use super::canvas::Canvas;
use super::layout::LEAST;
use super::line::Line;
use super::theme::Paint;
use super::{guards, header, serving};

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model) {
    let size = format!("{}x{}", canvas.width(), canvas.height());
    let need = format!("{}x{} needed, this terminal is {size}", LEAST.0, LEAST.1);
    let kind = serving::next_move(model);
    let guards = guards::of(model, kind);
    let mut traffic = serving::destination(model);
    if let Some(held) = serving::held(model) {
        traffic = traffic.text(" ").join(held);
    }
    let lines = [
        traffic,
        guards::answer(guards)
            .badge()
            .text(format!(" {} ", kind.title().to_lowercase()))
            .join(guards::counts(guards)),
        header::badge(&model.env.mode, canvas.width())
            .text(" ")
            .add(model.env.name.0.as_str(), Paint::Strong),
        Line::of(need, Paint::Warn),
    ];
    for (y, line) in lines.iter().enumerate() {
        canvas.line(y, line);
    }
}
