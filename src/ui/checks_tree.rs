//! The health checks as a tree: a calculated check with the checks that it is made of below it.

use std::collections::BTreeSet;

use crate::app::model::Model;
use crate::domain::assess::limit;
use crate::domain::health::{CheckId, CheckTarget, HealthCheck, HealthChecks};
use crate::domain::prediction::check_health;

use super::line::Line;
use super::reading::{self, Cell, Trust, cell};
use super::sheet::Sheet;
use super::state::State;
use super::text;
use super::theme::Paint;

/// Calculated checks may not be nested on Route 53; a deeper tree is cut here.
const DEEPEST: usize = 3;

pub(super) fn add<'a>(sheet: &mut Sheet<'a>, model: &'a Model, width: usize) {
    let seen = &model.seen.traffic.checks;
    let age = match reading::trust(seen, model.now, limit::CHECKS) {
        Trust::Old(age) => Line::of(format!("as of {age} ago"), Paint::Unknown),
        Trust::Never(kind) => Line::of(kind.as_str(), Paint::Unknown),
        Trust::Untried => Line::of("not read yet", Paint::Unknown),
        Trust::Fresh => Line::new(),
    };
    sheet.rule_with(Line::of("health checks", Paint::Title), age);
    let Some(checks) = seen.last() else {
        let why = seen
            .failure()
            .map_or("not read yet", |f| f.message.as_str());
        sheet.line(Line::new().state(State::Unknown).add(why, Paint::Unknown));
        return;
    };
    let children: BTreeSet<&CheckId> = checks.0.values().flat_map(children).collect();
    let roots = checks.0.values().filter(|c| !children.contains(&c.id));
    for check in roots {
        branch(sheet, model, (checks, check), (0, width));
    }
}

fn children(check: &HealthCheck) -> &[CheckId] {
    match &check.target {
        CheckTarget::Calculated { children, .. } => children,
        CheckTarget::Endpoint { .. } | CheckTarget::Metric { .. } | CheckTarget::Other(_) => &[],
    }
}

fn branch<'a>(
    sheet: &mut Sheet<'a>,
    model: &'a Model,
    (checks, check): (&'a HealthChecks, &'a HealthCheck),
    (depth, width): (usize, usize),
) {
    sheet.line(row(model, check, depth, width));
    if depth >= DEEPEST {
        return;
    }
    for id in children(check) {
        if let Some(child) = checks.get(id) {
            branch(sheet, model, (checks, child), (depth + 1, width));
        } else {
            let line = Line::of("  ".repeat(depth + 1), Paint::Dim).state(State::Unknown);
            sheet.line(line.add(format!("{id} was not listed"), Paint::Unknown));
        }
    }
}

/// What it says, its name, its checkers, what it watches.
fn row<'a>(model: &'a Model, check: &'a HealthCheck, depth: usize, width: usize) -> Line<'a> {
    let health = check_health(&model.env, &model.seen, model.now, &check.id);
    let state = State::from(health);
    let name = check.name.as_deref().unwrap_or(&check.id.0);
    let name_room = 28_usize.min(width / 3);
    let mut line = Line::of("  ".repeat(depth), Paint::Dim)
        .state(state)
        .text(text::cut_middle(name, name_room))
        .pad_to(name_room + 9)
        .add(health.as_str(), state.words())
        .text("  ");
    if let Some(count) = checkers(model, check) {
        line = line.join(count.line()).text("  ");
    }
    if check.inverted {
        line = line.add("inverted ", Paint::Text);
    }
    if check.disabled {
        let counts = if check.inverted {
            "DISABLED: counts as unhealthy "
        } else {
            "DISABLED: counts as healthy "
        };
        line = line.add(counts, Paint::Warn);
    }
    // names differ at their ends
    let room = width.saturating_sub(line.width() + 2);
    let target = target(check);
    line.dim(text::cut_middle(&target, room).into_owned())
}

fn checkers(model: &Model, check: &HealthCheck) -> Option<Cell> {
    let seen = model.seen.traffic.checkers.get(&check.id)?;
    Some(cell(seen, model.now, limit::CHECKS, |count| {
        Cell::new(State::Good, format!("{}/{}", count.succeeding, count.total))
    }))
}

fn target(check: &HealthCheck) -> String {
    match &check.target {
        CheckTarget::Endpoint {
            kind,
            host,
            path,
            interval_seconds,
            ..
        } => format!("{kind} {path} every {interval_seconds} s at {host}"),
        CheckTarget::Calculated {
            children,
            threshold,
        } => {
            let count = i32::try_from(children.len()).unwrap_or(i32::MAX);
            match *threshold {
                0 => "FORCED healthy: needs none".to_owned(),
                t if t > count => format!("FORCED unhealthy: needs {t} of {count}"),
                t => format!("needs {t} of {count}"),
            }
        }
        CheckTarget::Metric { alarm, region, .. } => format!("alarm {alarm} in {region}"),
        CheckTarget::Other(kind) => kind.clone(),
    }
}
