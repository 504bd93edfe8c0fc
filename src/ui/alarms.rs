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
use super::{format, text};

/// Lines that the section would fill.
pub(super) fn height(model: &Model) -> usize {
    let firing: usize = Role::BOTH
        .into_iter()
        .map(|role| firing_count(model, role))
        .sum();
    (silent(model).len() + firing).max(1)
}

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model) {
    let total: usize = Role::BOTH
        .into_iter()
        .map(|role| firing_count(model, role))
        .sum();
    let room = canvas.height().saturating_sub(1);
    let mut lines: Vec<Line<'_>> = silent(model);
    let newest = newest_firing(model, room.saturating_sub(lines.len()));
    let shown = newest.len();
    lines.extend(
        newest
            .into_iter()
            .map(|(role, alarm)| firing_line(model, role, alarm, canvas.width())),
    );
    if lines.is_empty() {
        lines.push(none(model));
    }
    let more = if shown < total {
        format!("{shown} of {total}, all on page 4")
    } else {
        String::new()
    };
    canvas.rule(
        0,
        &Line::of("alarms", Paint::Title),
        &Line::of(more, Paint::Dim),
    );
    for (y, line) in lines.iter().take(room).enumerate() {
        canvas.line(y + 1, line);
    }
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

fn fires(model: &Model, alarm: &Alarm) -> bool {
    alarm.state == AlarmState::Alarm
        && model
            .filter
            .as_ref()
            .is_none_or(|f| text::contains(&alarm.name, f.value()))
}

fn firing_count(model: &Model, role: Role) -> usize {
    known(model, role)
        .iter()
        .filter(|a| fires(model, a))
        .count()
}

/// The newest few of the firing alarms, without sorting thousands.
fn newest_firing(model: &Model, most: usize) -> Vec<(Role, &Alarm)> {
    let mut newest: Vec<(Role, &Alarm)> = Vec::with_capacity(most + 1);
    for role in Role::BOTH {
        for alarm in known(model, role).iter().filter(|a| fires(model, a)) {
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
    let region = model.env.regions.get(role).to_string();
    let head = Line::new()
        .text(" ")
        .state(state)
        .dim(format!("{region:<14} "))
        .add(text::cut_middle(&alarm.name, name_room), state.words())
        .text("  ");
    let reason = alarm.reason.as_deref().unwrap_or("no reason given");
    let room = width.saturating_sub(head.width() + text::width(&since) + 2);
    let reason = text::cut_end(short_reason(reason), room);
    let head = head.dim(reason);
    let column = width.saturating_sub(text::width(&since) + 1);
    head.pad_to(column).dim(since)
}

/// The part of CloudWatch's reason that differs between alarms.
fn short_reason(reason: &str) -> &str {
    reason.strip_prefix("Threshold Crossed: ").unwrap_or(reason)
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
        .dim(format!("{name:<14} "))
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
        let newest = newest_firing(&model, 2);
        assert_eq!(newest.len(), 2);
        assert_eq!(newest[0].1.name, "payment-lambda-03-prod");
        assert!(newest_firing(&model, 0).is_empty());
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
