//! What is wrong: whatever does not answer, then the alarms that fire, newest first.

use crate::app::model::Model;
use crate::domain::alarm::{Alarm, AlarmState};
use crate::domain::assess::limit;
use crate::domain::observed::{Failure, FailureKind};
use crate::domain::region::Role;

use super::board_rows::critical_alarms;
use super::canvas::Canvas;
use super::line::Line;
use super::reading::{Trust, trust};
use super::state::State;
use super::theme::Paint;
use super::{format, layout, lookup, reason, text};

/// Lines that the section would fill.
pub(super) fn height(model: &Model, width: usize) -> usize {
    let counts = Role::BOTH.map(|role| firing_count(model, role));
    let firing: usize = if width >= layout::RICH.0 {
        counts.into_iter().max().unwrap_or(0)
    } else {
        counts.into_iter().sum()
    };
    (silent(model).len() + firing).max(1)
}

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model) {
    let room = canvas.height().saturating_sub(1);
    let silent = silent(model);
    for (y, line) in silent.iter().take(room).enumerate() {
        canvas.line(y + 1, line);
    }
    let left = room.saturating_sub(silent.len());
    let mut body = canvas.rows(1 + silent.len(), left);
    let shown = if body.width() >= layout::RICH.0 {
        side_by_side(&mut body, model)
    } else {
        fill(&mut body, model, &Role::BOTH)
    };
    let total: usize = Role::BOTH
        .map(|role| firing_count(model, role))
        .into_iter()
        .sum();
    if total == 0 && silent.is_empty() {
        canvas.line(1, &none(model));
    }
    let more = match shown {
        0 if total > 0 => format!("{} on page 4", format::plural(total, "alarm")),
        shown if shown < total => format!("{shown} of {total}, all on page 4"),
        _ => String::new(),
    };
    let right = Line::of(more, Paint::Dim);
    canvas.rule(0, &Line::of("alarms", Paint::Title), &right);
}

/// Each region's alarms below its side of the mirror.
fn side_by_side(canvas: &mut Canvas<'_>, model: &Model) -> usize {
    let (half, height) = (canvas.width() / 2, canvas.height());
    let left = fill(
        &mut canvas.part((0, 0), half, height),
        model,
        &[Role::Primary],
    );
    left + fill(
        &mut canvas.part((half, 0), half, height),
        model,
        &[Role::Standby],
    )
}

/// The newest alarms of some sides; returns how many there was room for.
fn fill(canvas: &mut Canvas<'_>, model: &Model, roles: &[Role]) -> usize {
    let newest = newest_firing(model, roles, canvas.height());
    for (y, (role, alarm)) in newest.iter().enumerate() {
        canvas.line(y, &firing_line(model, *role, alarm, canvas.width()));
    }
    newest.len()
}

fn known(model: &Model, role: Role) -> &[Alarm] {
    model
        .seen
        .regions
        .get(role)
        .alarms
        .last()
        .map_or(&[], Vec::as_slice)
}

/// Whatever the filter says: what fires is never hidden.
fn fires(alarm: &Alarm) -> bool {
    alarm.state == AlarmState::Alarm
}

fn firing_count(model: &Model, role: Role) -> usize {
    known(model, role).iter().filter(|a| fires(a)).count()
}

/// The newest few of the firing alarms, without sorting thousands.
fn newest_firing<'a>(model: &'a Model, roles: &[Role], most: usize) -> Vec<(Role, &'a Alarm)> {
    let mut newest: Vec<(Role, &Alarm)> = Vec::with_capacity(most + 1);
    for &role in roles {
        for alarm in known(model, role).iter().filter(|a| fires(a)) {
            let place = newest.partition_point(|(_, other)| other.since >= alarm.since);
            if place < most {
                newest.insert(place, (role, alarm));
                newest.truncate(most);
            }
        }
    }
    newest
}

/// Region, name, why, since when.
fn firing_line<'a>(model: &Model, role: Role, alarm: &'a Alarm, width: usize) -> Line<'a> {
    let state = if critical_alarms(model, role).contains(&alarm.name) {
        State::Bad
    } else {
        State::Warn
    };
    let since = alarm.since.map_or_else(String::new, |at| {
        format!(" since {}", format::when(at, model.now))
    });
    let name_room = (width / 3).max(20);
    let head = Line::new()
        .text(" ")
        .state(state)
        .dim(lookup::region_column(model, role))
        .add(text::cut_middle(&alarm.name, name_room), state.words())
        .text("  ");
    let reason = alarm.reason.as_deref().unwrap_or("no reason given");
    let room = width.saturating_sub(head.width() + text::width(&since) + 2);
    let reason = reason::short(reason);
    let head = head.dim(text::cut_end(&reason, room).into_owned());
    let column = width.saturating_sub(text::width(&since) + 1);
    head.pad_to(column).dim(since)
}

/// Nothing fires: how much was looked at, or that it can't be told.
fn none(model: &Model) -> Line<'static> {
    let doubt = Role::BOTH.into_iter().find(|role| {
        trust(
            &model.seen.regions.get(*role).alarms,
            model.now,
            limit::ALARMS,
        ) != Trust::Fresh
    });
    let line = Line::new().text(" ");
    if let Some(role) = doubt {
        let region = model.env.regions.get(role);
        let words = format!("alarms of {region} are not known");
        return line.state(State::Unknown).add(words, Paint::Unknown);
    }
    let count: usize = Role::BOTH
        .into_iter()
        .map(|role| known(model, role).len())
        .sum();
    if count == 0 {
        return line.state(State::Unknown).dim("there are no alarms");
    }
    let words = format!("none of {} fires", format::plural(count, "alarm"));
    line.state(State::Good).dim(words)
}

/// One line per place that does not answer (or refuses), with what fails there.
fn silent(model: &Model) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for role in Role::BOTH {
        let region = model.seen.regions.get(role);
        let stacks = region.stacks.values().find_map(|s| s.failure());
        let parts = [
            ("CloudFormation", stacks),
            ("alarms", region.alarms.failure()),
            ("metrics", region.signals.failure()),
            ("health path", region.endpoint.failure()),
        ];
        lines.extend(place(model, model.env.regions.get(role).as_str(), &parts));
    }
    let traffic = &model.seen.traffic;
    let checkers = traffic.checkers.values().find_map(|c| c.failure());
    let parts = [
        ("health checks", traffic.checks.failure().or(checkers)),
        ("records", traffic.records.failure()),
    ];
    lines.extend(place(model, "Route 53", &parts));
    lines.extend(place(model, "DNS", &[("marker", traffic.marker.failure())]));
    lines.extend(place(
        model,
        "lever",
        &[("metric lever", traffic.lever.failure())],
    ));
    lines.extend(place(
        model,
        "identity",
        &[("STS", model.seen.identity.failure())],
    ));
    lines
}

fn place<'a>(
    model: &Model,
    name: &'a str,
    parts: &[(&'a str, Option<&'a Failure>)],
) -> Option<Line<'a>> {
    let failing = || {
        parts
            .iter()
            .filter_map(|(part, failure)| Some((*part, (*failure)?)))
    };
    let (_, first) = failing().min_by_key(|(_, failure)| failure.since)?;
    let state = if first.kind == FailureKind::Throttled {
        State::Warn
    } else {
        State::Bad
    };
    let names = failing()
        .map(|(part, _)| part)
        .collect::<Vec<_>>()
        .join(", ");
    let since = if format::when(first.since, model.now).contains(':') {
        format::exact(first.since)
    } else {
        format::date_time(first.since)
    };
    let line = Line::new()
        .text(" ")
        .state(state)
        .dim(name)
        .pad_to(3 + text::width(&lookup::region_column(model, Role::Primary)))
        .add(
            format!("{} since {since}", first.kind.as_str()),
            state.words(),
        );
    Some(line.text("  ").dim(names))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::fixtures;

    #[test]
    fn of_many_alarms_the_newest_are_found() {
        let mut model = fixtures::large();
        let mut all = known(&model, Role::Standby).to_vec();
        fixtures::fire(&mut all, "payment-lambda-03-prod", "12:03:00");
        fixtures::see(
            &mut model,
            fixtures::now(),
            crate::domain::observation::Seen::Alarms(Role::Standby, Ok(all)),
        );
        let newest = newest_firing(&model, &Role::BOTH, 2);
        assert_eq!(newest.len(), 2);
        assert_eq!(newest[0].1.name, "payment-lambda-03-prod");
        assert!(newest_firing(&model, &Role::BOTH, 0).is_empty());
    }

    #[test]
    fn silence_is_not_health() {
        let text: String = none(&fixtures::loading())
            .pieces
            .iter()
            .map(|p| p.text.to_string())
            .collect();
        assert!(text.contains("not known"), "{text}");
    }
}
