//! The rows of the Board: what both sides have stands in one row, with a mark that says whether it differs.

use crate::app::model::Model;
use crate::domain::alarm::{Alarm, AlarmState};
use crate::domain::assess::limit;
use crate::domain::health::CheckerCount;
use crate::domain::lever::{Command, LeverSpec, MetricLever};
use crate::domain::observation::EndpointAnswer;
use crate::domain::observed::Observed;
use crate::domain::region::{PerRole, Role};

use super::reading::{Cell, Trust, cell, trust};
use super::sparkline::Spark;
use super::state::{Mark, State};
use super::{format, lookup, signal_rows, stack_rows, text};

/// One thing, as both sides have it.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) label: String,
    pub(super) mark: Mark,
    pub(super) sides: PerRole<Option<Side<'a>>>,
    pub(super) rank: Rank,
}

/// Which rows stay where there is no room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rank {
    /// Always.
    Core,
    /// What would be lost now: only what is not well comes before it.
    Replication,
    Other,
}

/// What one side has.
#[derive(Debug)]
pub(super) struct Side<'a> {
    pub(super) cell: Cell,
    pub(super) spark: Option<Spark<'a>>,
}

impl From<Cell> for Side<'_> {
    fn from(cell: Cell) -> Self {
        Self { cell, spark: None }
    }
}

impl Row<'_> {
    pub(super) fn of(
        label: &str,
        sides: PerRole<Option<Cell>>,
        same: impl Fn(&Cell, &Cell) -> bool,
    ) -> Self {
        Self {
            label: label.to_owned(),
            mark: mark(&sides, same),
            sides: sides.map(|_, cell| cell.map(Side::from)),
            rank: Rank::Core,
        }
    }

    const fn minor(mut self) -> Self {
        self.rank = Rank::Other;
        self
    }

    /// The worst of both sides.
    pub(super) fn state(&self) -> State {
        let states = self.sides.iter().filter_map(|(_, side)| side.as_ref());
        states
            .map(|side| side.cell.state)
            .max()
            .unwrap_or(State::Good)
    }

    fn contains(&self, filter: &str) -> bool {
        let mut cells = self.sides.iter().filter_map(|(_, side)| side.as_ref());
        text::contains(&self.label, filter)
            || cells.any(|side| text::contains(&side.cell.text, filter))
    }
}

/// Compares both sides, where both are known.
pub(super) fn mark(sides: &PerRole<Option<Cell>>, same: impl Fn(&Cell, &Cell) -> bool) -> Mark {
    match (&sides.primary, &sides.standby) {
        (Some(a), Some(b)) if a.state == State::Bad && b.state == State::Good => Mark::Differs,
        (Some(a), Some(b)) if b.state == State::Bad && a.state == State::Good => Mark::Differs,
        (Some(a), Some(b)) if !a.is_current() || !b.is_current() => Mark::CannotTell,
        (Some(a), Some(b)) if same(a, b) => Mark::Same,
        (Some(_), Some(_)) => Mark::Differs,
        _ => Mark::OneSide,
    }
}

pub(super) fn same_text(a: &Cell, b: &Cell) -> bool {
    a.text == b.text
}

fn same_state(a: &Cell, b: &Cell) -> bool {
    a.state == b.state
}

/// Every row, in the order in which they are read.
pub(super) fn rows(model: &Model) -> Vec<Row<'_>> {
    let mut rows = stack_rows::rows(model);
    if model.env.traffic.is_some() {
        let endpoints = PerRole::from_fn(|role| Some(endpoint(model, role)));
        rows.push(Row::of("endpoint", endpoints, |a, b| {
            first_word(a) == first_word(b)
        }));
    }
    rows.extend(health_checks(model));
    let alarms = PerRole::from_fn(|role| Some(alarms(model, role)));
    rows.push(Row::of(ALARMS, alarms, same_state));
    rows.extend(lever(model));
    rows.extend(signal_rows::rows(model));
    if let Some(filter) = &model.filter {
        // the summary of the alarms is never hidden
        rows.retain(|row| row.label == ALARMS || row.contains(filter.value()));
    }
    rows
}

/// The row that sums up the alarms.
const ALARMS: &str = "alarms";

fn first_word(cell: &Cell) -> Option<&str> {
    cell.text.split(' ').next()
}

/// Our own GET. That it fails is itself the reading.
fn endpoint(model: &Model, role: Role) -> Cell {
    let seen = &model.seen.regions.get(role).endpoint;
    if seen.is_untried()
        && let Some(why) = no_address(model, role)
    {
        return Cell::unknown(why);
    }
    if let Some(failure) = seen.failure() {
        let since = format::when(failure.since, model.now);
        let what = match failure.kind {
            crate::domain::observed::FailureKind::Unreachable => "no answer",
            other => other.as_str(),
        };
        return Cell::new(State::Bad, format!("{what} since {since}"));
    }
    cell(seen, model.now, limit::ENDPOINT, |answer| {
        Cell::new(
            answer_state(answer),
            format!("{} in {} ms", answer.status, answer.took.as_millis()),
        )
    })
}

/// Why our own GET was not tried: the address is an output of a stack. Short, to fit a side at 80 columns.
fn no_address(model: &Model, role: Role) -> Option<&'static str> {
    if lookup::is_undeployed(model, role) {
        Some("not deployed")
    } else if lookup::is_unreadable(model, role) {
        Some("no address: stack not read")
    } else {
        None
    }
}

const fn answer_state(answer: &EndpointAnswer) -> State {
    if answer.is_healthy() {
        State::Good
    } else {
        State::Bad
    }
}

fn health_checks(model: &Model) -> Option<Row<'static>> {
    let traffic = model.env.traffic.as_ref()?;
    let sides = PerRole::from_fn(|role| {
        let named = traffic.checks.contains_key(role.as_str());
        named.then(|| health_check(model, role))
    });
    let any = sides.primary.is_some() || sides.standby.is_some();
    any.then(|| Row::of("health check", sides, same_state))
}

fn health_check(model: &Model, role: Role) -> Cell {
    let seen =
        lookup::check(model, role.as_str()).and_then(|id| model.seen.traffic.checkers.get(&id));
    match seen {
        Some(seen) if !seen.is_untried() => checkers(model, seen),
        _ => match trust(&model.seen.traffic.checks, model.now, limit::CHECKS) {
            Trust::Never(kind) => Cell::unknown(format!("Route 53 {}", kind.as_str())),
            _ if lookup::check(model, role.as_str()).is_none() => {
                Cell::unknown(no_check(model, role))
            }
            Trust::Untried | Trust::Fresh | Trust::Old(_) => Cell::unknown("not read yet"),
        },
    }
}

/// Why the id of a side's check is not known: it is an output of a stack too.
fn no_check(model: &Model, role: Role) -> &'static str {
    if Role::BOTH
        .into_iter()
        .any(|r| lookup::is_unreadable(model, r))
    {
        "id unknown"
    } else if lookup::is_undeployed(model, role) {
        "not deployed"
    } else {
        "not read yet"
    }
}

fn checkers(model: &Model, seen: &Observed<CheckerCount>) -> Cell {
    cell(seen, model.now, limit::CHECKS, |count| {
        let words = format!("{}/{} checkers", count.succeeding, count.total);
        Cell::new(State::from(count.health()), words)
    })
}

fn alarms(model: &Model, role: Role) -> Cell {
    let critical = critical_alarms(model, role);
    let seen = &model.seen.regions.get(role).alarms;
    let none = seen.last().is_none_or(Vec::is_empty);
    if none && lookup::is_undeployed(model, role) {
        return Cell::unknown("not deployed");
    }
    if let Some(why) = lookup::no_names(model, role).filter(|_| seen.is_untried()) {
        return Cell::unknown(why);
    }
    cell(seen, model.now, limit::ALARMS, |alarms| {
        sum_of_alarms(alarms, &critical, lever_name(model, role).as_deref())
    })
}

/// The names of the alarms that make a side unfit; only the standby has some.
pub(super) fn critical_alarms(model: &Model, role: Role) -> Vec<String> {
    let names = model
        .env
        .critical_alarms
        .iter()
        .filter(|_| role == Role::Standby);
    names
        .filter_map(|name| lookup::resolve(model, name))
        .collect()
}

fn lever_name(model: &Model, role: Role) -> Option<String> {
    lookup::lever_alarm(model).filter(|_| role == Role::Standby)
}

fn sum_of_alarms(alarms: &[Alarm], critical: &[String], lever: Option<&str>) -> Cell {
    let (mut ok, mut firing, mut other) = (0_usize, 0_usize, 0_usize);
    let (mut unfit, mut pulled) = (false, false);
    for alarm in alarms {
        match alarm.state {
            AlarmState::Ok => ok += 1,
            AlarmState::Alarm => {
                firing += 1;
                unfit |= critical.contains(&alarm.name);
                pulled |= lever == Some(alarm.name.as_str());
            }
            AlarmState::InsufficientData | AlarmState::Unknown(_) => other += 1,
        }
    }
    let count = |count: usize, word: &str| (count > 0).then(|| format!("{count} {word}"));
    let alarms = if pulled { "ALARM (lever)" } else { "ALARM" };
    let parts = [
        Some(format!("{ok} ok")),
        count(firing, alarms),
        count(other, "no data"),
    ];
    let words = parts.into_iter().flatten().collect::<Vec<_>>().join(", ");
    let state = match (unfit, firing) {
        (true, _) => State::Bad,
        (false, 0) => State::Good,
        (false, _) => State::Warn,
    };
    Cell::new(state, words)
}

/// The metric lever, on the side where it is pulled.
fn lever(model: &Model) -> Option<Row<'static>> {
    let traffic = model.env.traffic.as_ref()?;
    let role = traffic.levers.iter().find_map(|lever| match lever {
        LeverSpec::Metric { role, .. } => Some(*role),
        LeverSpec::Endpoint { .. } | LeverSpec::Force { .. } | LeverSpec::Records => None,
    })?;
    let mut sides = PerRole::default();
    *sides.get_mut(role) = Some(cell(
        &model.seen.traffic.lever,
        model.now,
        limit::LEVER,
        |lever| metric_lever(model, lever),
    ));
    Some(Row::of("metric lever", sides, same_text).minor())
}

/// What the lever was told, and whether its alarm has followed.
pub(super) fn metric_lever(model: &Model, lever: &MetricLever) -> Cell {
    let since = lever.alarm_since.map_or_else(String::new, |at| {
        format!(" since {}", format::when(at, model.now))
    });
    let firing = lever.alarm == Some(AlarmState::Alarm);
    match (lever.commanded(), firing) {
        (Some(Command::Engage), true) => Cell::new(State::Warn, format!("engaged, ALARM{since}")),
        (Some(Command::Engage), false) => Cell::new(State::Progress, "engaged, alarm to follow"),
        (Some(Command::Release), true) => {
            Cell::new(State::Progress, format!("released, still ALARM{since}"))
        }
        (Some(Command::Release), false) => Cell::new(State::Good, "released"),
        (None, true) => Cell::new(State::Warn, format!("ALARM{since}")),
        (None, false) => Cell::new(State::Good, "never pulled"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::fixtures;

    fn row<'a>(rows: &'a [Row<'a>], label: &str) -> &'a Row<'a> {
        rows.iter().find(|r| r.label == label).unwrap()
    }

    fn text<'a>(row: &'a Row<'_>, role: Role) -> (&'a str, State, Option<&'a str>) {
        let cell = &row.sides.get(role).as_ref().unwrap().cell;
        (&cell.text, cell.state, cell.age.as_deref())
    }

    #[test]
    fn both_sides_share_a_row_whatever_their_stacks_are_called() {
        let model = fixtures::steady();
        let rows = rows(&model);
        assert_eq!(row(&rows, "stack").mark, Mark::Same);
    }

    #[test]
    fn a_dark_side_keeps_its_last_values_with_their_age() {
        let model = fixtures::dark();
        let rows = rows(&model);
        let stack = row(&rows, "stack");
        assert_eq!(stack.mark, Mark::CannotTell);
        assert_eq!(
            text(stack, Role::Primary),
            ("UPDATE_COMPLETE", State::Unknown, Some("4m"))
        );
        assert_eq!(
            text(stack, Role::Standby),
            ("UPDATE_COMPLETE", State::Good, None)
        );
        let endpoint = row(&rows, "endpoint");
        assert_eq!(endpoint.mark, Mark::Differs);
        assert_eq!(
            text(endpoint, Role::Primary),
            ("no answer since 12:05", State::Bad, None)
        );
    }

    #[test]
    fn what_happens_in_one_region_does_not_change_the_other_side() {
        let (steady, mut dark) = (fixtures::steady(), fixtures::steady());
        let at = fixtures::time("12:04:28");
        fixtures::see(
            &mut dark,
            at,
            crate::domain::observation::Seen::Endpoint(Role::Primary, Err(fixtures::no_answer())),
        );
        dark.conclude();
        for (a, b) in rows(&steady).iter().zip(&rows(&dark)) {
            let cell = |row: &Row<'_>| row.sides.standby.as_ref().map(|s| s.cell.clone());
            assert_eq!(cell(a), cell(b));
        }
    }

    #[test]
    fn many_stacks_are_summed_up() {
        let model = fixtures::large();
        let rows = rows(&model);
        assert_eq!(text(row(&rows, "stacks"), Role::Primary).0, "200 settled");
        assert!(rows.len() < 15);
    }
}
