//! Which dialog lies over the page.

use crate::app::dialog::Dialog;
use crate::app::model::Model;

use super::canvas::Canvas;
use super::{compare, confirm, errors, faults, form, help, quit, repair, unfinished};

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model, dialog: &Dialog) {
    canvas.fade();
    match dialog {
        Dialog::Help { scroll } => help::render(canvas, model, *scroll),
        Dialog::Errors { scroll } => errors::render(canvas, model, *scroll),
        Dialog::Compare { scroll } => compare::render(canvas, model, *scroll),
        Dialog::Form(form) => form::render(canvas, model, form),
        Dialog::Repair(choice) => repair::render(canvas, model, choice),
        Dialog::Confirm(confirm) => confirm::render(canvas, model, confirm),
        Dialog::Unfinished { scroll } => unfinished::render(canvas, model, *scroll),
        Dialog::Faults(menu) => faults::render(canvas, model, menu),
        Dialog::Quit => quit::render(canvas, model),
    }
}
