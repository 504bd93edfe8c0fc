//! The stacks of both regions; below them what the selected one was given and what it put out.
//!
//! While a deploy or a delete runs (and until its result is dismissed), the page shows that instead.

use crate::app::model::{Model, Page};
use crate::domain::assess::limit;
use crate::domain::environment::StackSpec;
use crate::domain::observed::Observed;
use crate::domain::stack::{Activity, Stack, StackState};

use super::canvas::Canvas;
use super::layout::{self, WIDE};
use super::line::Line;
use super::reading::{Cell, cell};
use super::sheet::Sheet;
use super::state::State;
use super::theme::Paint;
use super::{compare, deploy_view, format, lookup, text};

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model) {
    if let Some(run) = deploy_view::run(model) {
        deploy_view::render(canvas, model, run);
        return;
    }
    let specs = model.shown_stacks();
    let selected = model.rows.get(Page::Stacks as usize).copied().unwrap_or(0);
    let selected = selected.min(specs.len().saturating_sub(1));
    let rows = specs.len().min(canvas.height() / 2);
    list(&mut canvas.rows(0, rows + 1), model, &specs, selected);
    let height = canvas.height().saturating_sub(rows + 1);
    if let Some(spec) = specs.get(selected) {
        detail(&mut canvas.rows(rows + 1, height), model, spec);
    }
}

fn seen<'a>(model: &'a Model, spec: &StackSpec) -> Option<&'a Observed<StackState>> {
    model.seen.regions.get(spec.role).stacks.get(&spec.id)
}

fn list(canvas: &mut Canvas<'_>, model: &Model, specs: &[&StackSpec], selected: usize) {
    let title = format!(
        "{} of {}",
        format::plural(specs.len(), "stack"),
        model.env.bundle
    );
    canvas.rule(0, &Line::of(title, Paint::Title), &Line::new());
    let room = canvas.height().saturating_sub(1);
    let first = layout::first_row(selected, specs.len(), room);
    for (y, (index, spec)) in specs.iter().enumerate().skip(first).take(room).enumerate() {
        canvas.line(y + 1, &row(model, spec, canvas.width()));
        if index == selected {
            canvas.select(y + 1);
        }
    }
}

fn row<'a>(model: &'a Model, spec: &'a StackSpec, width: usize) -> Line<'a> {
    let region = lookup::region_column(model, spec.role);
    let cell = state_cell(model, spec);
    let wide = width >= WIDE;
    let name_room = if wide { 44 } else { 24 };
    let status_at = 3 + text::width(&region) + 9 + name_room + 1;
    let line = Line::new()
        .text(" ")
        .state(cell.state)
        .text(region)
        .dim(format!("{:<8} ", spec.role.as_str()))
        .text(text::cut_middle(&spec.name, name_room))
        .pad_to(status_at)
        .join(cell.line());
    let Some(stack) = model.last_state(spec).and_then(StackState::stack) else {
        return line;
    };
    let mut line = line.pad_to(status_at + 23);
    if let Some(at) = stack.updated.or(stack.created) {
        line = line.dim(format!(" {}", format::when(at, model.now)));
    }
    if stack.termination_protection && wide {
        line.dim(" protected")
    } else {
        line
    }
}

fn state_cell(model: &Model, spec: &StackSpec) -> Cell {
    let untried = Observed::default();
    let seen = seen(model, spec).unwrap_or(&untried);
    cell(seen, model.now, limit::STACKS, |state| {
        Cell::new(State::from(state.phase()), state.label())
    })
}

fn detail(canvas: &mut Canvas<'_>, model: &Model, spec: &StackSpec) {
    let title = format!("{} in {}", spec.name, model.env.regions.get(spec.role));
    canvas.rule(0, &Line::of(title, Paint::Title), &Line::new());
    let height = canvas.height().saturating_sub(1);
    let width = canvas.width();
    let body = &mut canvas.rows(1, height);
    let Some(stack) = model.last_state(spec).and_then(StackState::stack) else {
        let why = match seen(model, spec).and_then(Observed::failure) {
            Some(failure) => Line::new()
                .state(State::Bad)
                .add(failure.message.as_str(), Paint::Bad),
            None => Line::of("no stack of this name was seen", Paint::Dim),
        };
        body.line(0, &Line::new().text(" ").join(why));
        return;
    };
    let mut y = 0;
    let activity = model.seen.activity(&spec.id);
    let mut lines = facts(model, (stack, activity), width);
    lines.push(compare::words(model, &spec.id, stack));
    lines.extend(compare::with_counterpart(model, spec));
    for line in lines {
        body.line(y, &Line::new().text(" ").join(line));
        y += 1;
    }
    let rest = height.saturating_sub(y);
    let mut differing = differences(model, (spec, stack), width);
    if width >= WIDE {
        let half = width / 2;
        let taken = differing.len().min(rest / 2);
        differing.draw(&mut body.rows(y, taken), 0);
        let (y, rest) = (y + taken, rest - taken);
        outputs(stack, half).draw(&mut body.part((0, y), half - 1, rest), 0);
        parameters(model, stack, half).draw(&mut body.part((half, y), width - half, rest), 0);
    } else {
        differing.append(outputs(stack, width));
        differing.append(parameters(model, stack, width));
        differing.draw(&mut body.rows(y, rest), 0);
    }
}

fn facts<'a>(
    model: &Model,
    (stack, activity): (&'a Stack, Option<&Activity>),
    width: usize,
) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    if let Some(reason) = &stack.reason {
        let wrapped = text::wrap(reason, width.saturating_sub(2));
        lines.extend(
            wrapped
                .into_iter()
                .take(3)
                .map(|l| Line::of(l, Paint::Warn)),
        );
    }
    if let Some(activity) = activity {
        lines.push(Line::of(activity.to_string(), Paint::Warn));
    }
    let mut parts = Vec::new();
    if let Some(at) = stack.created {
        parts.push(format!("created {}", format::date_time(at)));
    }
    if let Some(at) = stack.updated {
        parts.push(format!(
            "updated {} ({} ago)",
            format::date_time(at),
            format::ago(at, model.now)
        ));
    }
    if stack.termination_protection {
        parts.push("termination protection on".to_owned());
    }
    lines.push(Line::of(parts.join(", "), Paint::Dim));
    lines
}

/// What differs from the template, and from the stack of the other region; nothing where nothing does.
fn differences<'a>(
    model: &'a Model,
    (spec, stack): (&'a StackSpec, &'a Stack),
    width: usize,
) -> Sheet<'a> {
    let mut sheet = Sheet::default();
    let columns = width.saturating_sub(2);
    let drifted = compare::differences(model, &spec.id, stack, columns);
    let unlike = compare::from_counterpart(model, spec, columns);
    for (title, lines) in [("drift", drifted), ("primary / standby", unlike)] {
        if !lines.is_empty() {
            sheet.rule(title);
            sheet.lines(lines);
        }
    }
    sheet
}

fn outputs(stack: &Stack, width: usize) -> Sheet<'_> {
    let mut sheet = Sheet::default();
    sheet.rule(format::plural(stack.outputs.len(), "output"));
    sheet.lines(stack.outputs.iter().map(|(k, v)| pair(k, v, width)));
    sheet
}

/// What a sensitive parameter was set to is never shown.
fn parameters<'a>(model: &Model, stack: &'a Stack, width: usize) -> Sheet<'a> {
    let hidden = |name: &str| {
        model
            .env
            .parameters
            .iter()
            .any(|p| p.name == name && p.sensitive)
    };
    let mut sheet = Sheet::default();
    sheet.rule(format::plural(stack.parameters.len(), "parameter"));
    sheet.lines(stack.parameters.iter().map(|(name, value)| {
        let value = if hidden(name) { "(hidden)" } else { value };
        pair(name, value, width)
    }));
    sheet
}

fn pair<'a>(name: &'a str, value: &'a str, width: usize) -> Line<'a> {
    let column = (width / 3).min(30);
    let room = width.saturating_sub(column + 2);
    Line::of(text::cut_end(name, column - 1), Paint::Dim)
        .pad_to(column)
        .text(text::cut_middle(value, room))
}
