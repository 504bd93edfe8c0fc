//! The signals as rows of the Board: the same signal of both regions side by side, each with its history.

use crate::app::model::Model;
use crate::domain::assess::limit;
use crate::domain::region::{PerRole, Role};
use crate::domain::signal::{Direction, Series, SignalKind, SignalSpec};

use super::board_rows::{Rank, Row, Side, mark};
use super::reading::{Cell, Trust, cell, trust};
use super::sparkline::{self, Spark};
use super::state::State;
use super::{format, lookup};

/// One row per pair of signals, in the order of the manifest.
pub(super) fn rows(model: &Model) -> Vec<Row<'_>> {
    let mut pairs: Vec<(&str, PerRole<Option<&SignalSpec>>)> = Vec::new();
    for spec in model
        .env
        .signals
        .iter()
        .filter(|s| s.kind != SignalKind::Heartbeat && !is_idle(model, s))
    {
        let key = spec.pair.as_deref().unwrap_or(&spec.label);
        let place = pairs
            .iter_mut()
            .find(|(known, sides)| *known == key && sides.get(spec.role).is_none());
        if let Some((_, sides)) = place {
            *sides.get_mut(spec.role) = Some(spec);
        } else {
            let mut sides = PerRole::default();
            *sides.get_mut(spec.role) = Some(spec);
            pairs.push((key, sides));
        }
    }
    pairs
        .into_iter()
        .map(|(_, sides)| row(model, sides))
        .collect()
}

fn row<'a>(model: &'a Model, specs: PerRole<Option<&'a SignalSpec>>) -> Row<'a> {
    let top = specs.iter().filter_map(|(_, spec)| {
        let spec = (*spec)?;
        Some(sparkline::top(spec, series(model, spec)?))
    });
    let top = top.fold(0.0, f64::max);
    let label = specs
        .primary
        .or(specs.standby)
        .map_or("", |s| s.label.as_str());
    let cells = PerRole::from_fn(|role| specs.get(role).map(|spec| value(model, spec)));
    let mark = mark(&cells, |a, b| similar(model, specs, a, b));
    let sides = cells.map(|role, cell| {
        let spark = specs.get(role).and_then(|spec| spark(model, spec, top));
        cell.map(|cell| Side { cell, spark })
    });
    Row {
        label: label.to_owned(),
        mark,
        sides,
        rank: rank(specs),
    }
}

/// What the standby lacks is what a move of traffic would lose; the way back matters later.
fn rank(specs: PerRole<Option<&SignalSpec>>) -> Rank {
    let tells_loss = |spec: &SignalSpec| {
        matches!(
            spec.kind,
            SignalKind::ReplicationLag | SignalKind::Staleness
        ) && spec.direction == Direction::Forward
    };
    if specs.iter().any(|(_, spec)| spec.is_some_and(tells_loss)) {
        Rank::Replication
    } else {
        Rank::Other
    }
}

/// Whether it is a lag of the way back while nothing is written on the standby: there is nothing to compare then.
fn is_idle(model: &Model, spec: &SignalSpec) -> bool {
    let read = model.seen.regions.get(spec.role).signals.at();
    let current = || spec.current(series(model, spec)?, read?);
    spec.direction == Direction::Reverse && current().is_none()
}

fn series<'a>(model: &'a Model, spec: &SignalSpec) -> Option<&'a Series> {
    model
        .seen
        .regions
        .get(spec.role)
        .signals
        .last()?
        .get(&spec.id)
}

/// The value that counts now, judged.
pub(super) fn value(model: &Model, spec: &SignalSpec) -> Cell {
    let seen = &model.seen.regions.get(spec.role).signals;
    let read = seen.at().unwrap_or(model.now);
    // what does not exist makes no errors, but that is nothing to be glad of
    if lookup::is_undeployed(model, spec.role) {
        return Cell::unknown("no data");
    }
    if let Some(why) = lookup::no_names(model, spec.role).filter(|_| seen.is_untried()) {
        return Cell::unknown(why);
    }
    cell(seen, model.now, limit::SIGNALS, |all| {
        let Some(series) = all.get(&spec.id) else {
            return Cell::unknown("no data");
        };
        match (spec.current(series, read), series.newest()) {
            (Some(value), _) => Cell::new(
                State::from(spec.judge(Some(value))),
                format::value(spec, value),
            ),
            (None, Some(last)) => Cell {
                age: Some(format::ago(last.at, model.now)),
                ..Cell::unknown(format::value(spec, last.value))
            },
            (None, None) => Cell::unknown("no data"),
        }
    })
}

/// The history of a signal; the right edge is the newest datapoint while the reading is fresh, else now.
pub(super) fn spark<'a>(model: &'a Model, spec: &'a SignalSpec, top: f64) -> Option<Spark<'a>> {
    let seen = &model.seen.regions.get(spec.role).signals;
    let series = seen.last()?.get(&spec.id)?;
    let read = seen
        .at()
        .filter(|_| !lookup::is_undeployed(model, spec.role))?;
    let end = match trust(seen, model.now, limit::SIGNALS) {
        Trust::Fresh => series.newest().map_or(read, |p| p.at),
        Trust::Untried | Trust::Never(_) | Trust::Old(_) => model.now,
    };
    Some(Spark {
        spec,
        series,
        read,
        end,
        top,
    })
}

/// Whether both values say the same: both as good, and neither more than twice the other where they are large
/// enough to compare.
fn similar(model: &Model, specs: PerRole<Option<&SignalSpec>>, a: &Cell, b: &Cell) -> bool {
    let current = |role: Role| {
        let spec = (*specs.get(role))?;
        let read = model.seen.regions.get(role).signals.at()?;
        spec.current(series(model, spec)?, read)
    };
    let (Some(x), Some(y)) = (current(Role::Primary), current(Role::Standby)) else {
        return false;
    };
    let (less, more) = if x < y { (x, y) } else { (y, x) };
    a.state == b.state && (more <= less * 2.0 || a.text == b.text)
}
