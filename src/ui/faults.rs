//! The facilitator's menu: what can go wrong here, in which region, and what is in force.

use crate::app::dialog::FaultMenu;
use crate::app::model::Model;
use crate::app::update::{FaultRow, fault_rows};
use crate::domain::region::Role;

use super::canvas::Canvas;
use super::line::Line;
use super::state::State;
use super::theme::Paint;
use super::{dialog_box, header, layout, text};

/// The widest box that the words need.
const COLUMNS: usize = 72;

/// Lines above the rows: the regions, a blank.
const HEAD: usize = 2;

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model, menu: &FaultMenu) {
    let columns = canvas.width().saturating_sub(8).min(COLUMNS);
    let rows = lines(model, menu, columns);
    let title = header::badge(&model.env.mode, columns)
        .text(" ")
        .add("FACILITATOR", Paint::Title);
    let height = HEAD + rows.len() + 2;
    dialog_box::draw(canvas, &title, (columns, height), |inside| {
        inside.line(0, &regions(model, menu));
        let room = inside.height().saturating_sub(HEAD + 2);
        let first = layout::first_row(menu.row, rows.len(), room);
        for (y, line) in rows.iter().enumerate().skip(first).take(room) {
            inside.line(HEAD + y - first, line);
            if y == menu.row {
                inside.select(HEAD + y - first);
            }
        }
        inside.line(inside.height().saturating_sub(1), &keys());
    });
}

/// The two regions, the chosen one marked.
fn regions(model: &Model, menu: &FaultMenu) -> Line<'static> {
    let one = |role: Role| {
        let name = format!("{} {role}", model.env.regions.get(role));
        if role == menu.role {
            Line::of("(*) ", Paint::Key).add(name, Paint::Strong)
        } else {
            Line::of("( ) ", Paint::Key).dim(name)
        }
    };
    one(Role::Primary).gap().join(one(Role::Standby))
}

fn lines(model: &Model, menu: &FaultMenu, columns: usize) -> Vec<Line<'static>> {
    let line = |row: FaultRow| match row {
        FaultRow::Offer(kind) => {
            let place = if kind.is_regional() {
                model.env.regions.get(menu.role).to_string()
            } else {
                "everywhere".to_owned()
            };
            Line::of(place, Paint::Dim).pad_to(16).text(kind.words())
        }
        FaultRow::InForce(one) => {
            let words = text::cut_end(&one.words, columns.saturating_sub(14)).into_owned();
            Line::new()
                .state(State::Bad)
                .add("in force: ", Paint::Bad)
                .text(words)
        }
    };
    fault_rows(model).into_iter().map(line).collect()
}

fn keys() -> Line<'static> {
    [
        ("Enter", " injects, or ends what is in force  "),
        ("Tab", " other region  "),
        ("Esc", " close"),
    ]
    .into_iter()
    .fold(Line::new(), |line, (key, does)| {
        line.add(key, Paint::Key).dim(does)
    })
}
