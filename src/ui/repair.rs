//! The ways out of a stack's status, and the resources that the chosen one leaves out.

use crate::app::dialog::RepairChoice;
use crate::app::model::Model;
use crate::app::update::{RepairRow, repair_rows};
use crate::domain::repair::{Repair, way_out};
use crate::domain::stack::{Stack, StackResource};

use super::canvas::Canvas;
use super::line::Line;
use super::state::State;
use super::theme::Paint;
use super::{dialog_box, header, text};

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model, choice: &RepairChoice) {
    let columns = canvas.width().saturating_sub(8).min(100);
    let Some(stack) = model.seen.stack(&choice.stack) else {
        return;
    };
    let (head, rows) = lines(model, (choice, stack), columns);
    let title = header::badge(&model.env.mode, columns)
        .text(" ")
        .add(format!("REPAIR {}", stack.name), Paint::Title);
    let height = head.len() + rows.len() + 2;
    dialog_box::draw(canvas, &title, (columns, height), |inside| {
        let room = inside.height().saturating_sub(head.len() + 2);
        for (y, line) in head.iter().enumerate() {
            inside.line(y, line);
        }
        let at = rows.iter().position(|(row, _)| *row == Some(choice.row));
        let first = super::layout::first_row(at.unwrap_or(0), rows.len(), room);
        for (y, (row, line)) in rows.iter().skip(first).take(room).enumerate() {
            inside.line(head.len() + y, line);
            if *row == Some(choice.row) {
                inside.select(head.len() + y);
            }
        }
        inside.line(inside.height().saturating_sub(1), &keys(model, choice));
    });
}

/// What stands above the rows, and the rows with their numbers.
fn lines<'a>(
    model: &'a Model,
    (choice, stack): (&'a RepairChoice, &'a Stack),
    columns: usize,
) -> (Vec<Line<'a>>, Vec<(Option<usize>, Line<'a>)>) {
    let way = way_out(&stack.status);
    let status = Line::new()
        .state(State::from(stack.status.phase()))
        .add(stack.status.as_str(), Paint::Strong);
    let mut head = vec![status, Line::of(way.means, Paint::Text)];
    if let Some(reason) = &stack.reason {
        let wrapped = text::wrap(reason, columns).into_iter().take(4);
        head.extend(wrapped.map(|line| Line::of(line, Paint::Warn)));
    }
    head.push(Line::new());
    let mut rows: Vec<(Option<usize>, Line<'a>)> = Vec::new();
    for (index, row) in repair_rows(model, choice).into_iter().enumerate() {
        match row {
            RepairRow::Way(repair) => {
                rows.push((Some(index), way_line(repair, repair == choice.repair)));
                let says = text::wrap(repair.says(), columns.saturating_sub(6));
                let says = says.into_iter().map(|l| Line::new().text("      ").dim(l));
                rows.extend(says.map(|line| (None, line)));
            }
            RepairRow::Resource(repair, id) => {
                let chosen = repair == choice.repair && choice.skip.contains(&id);
                let resource = resource(model, choice, &id);
                rows.push((Some(index), resource_line(resource, chosen, &id, columns)));
            }
        }
    }
    (head, rows)
}

fn way_line(repair: Repair, chosen: bool) -> Line<'static> {
    let mark = if chosen { "(*) " } else { "( ) " };
    let paint = match (repair, chosen) {
        (Repair::ForceDelete, _) => Paint::Bad,
        (_, true) => Paint::Strong,
        (_, false) => Paint::Text,
    };
    Line::of(mark, Paint::Key).add(format!("{} this stack", repair.title()), paint)
}

fn resource_line<'a>(
    resource: Option<&'a StackResource>,
    chosen: bool,
    id: &str,
    columns: usize,
) -> Line<'a> {
    let mark = if chosen {
        "      [x] leave out "
    } else {
        "      [ ] leave out "
    };
    let status = resource.map_or("", |r| r.status.0.as_str());
    let kind = resource.map_or("", |r| r.resource_type.as_str());
    let type_at = 46;
    let room = columns.saturating_sub(type_at + 1 + text::width(status));
    Line::of(mark, Paint::Key)
        .text(text::cut_middle(id, 24).into_owned())
        .pad_to(type_at)
        .dim(text::cut_start(kind, room.max(8)))
        .text(" ")
        .add(status, Paint::Bad)
}

fn resource<'a>(model: &'a Model, choice: &RepairChoice, id: &str) -> Option<&'a StackResource> {
    let spec = model.env.stack(&choice.stack)?;
    let seen = model.seen.regions.get(spec.role);
    let listed = seen.resources.get(&choice.stack)?.last()?;
    listed.iter().find(|r| r.logical_id == id)
}

fn keys(model: &Model, choice: &RepairChoice) -> Line<'static> {
    let line = Line::of("Enter", Paint::Key).dim(" shows the plan  ");
    let leaves = |row: &RepairRow| matches!(row, RepairRow::Resource(..));
    let line = if repair_rows(model, choice).iter().any(leaves) {
        line.add("Space", Paint::Key).dim(" leave out  ")
    } else {
        line
    };
    line.add("j k", Paint::Key)
        .dim(" move  ")
        .add("Esc", Paint::Key)
        .dim(" cancel")
}
