//! The go/no-go board: one word, the counts, the first reason against it; or every guard in full.

use std::borrow::Cow;

use crate::app::model::Model;
use crate::domain::guard::{GuardId, GuardResult, GuardVerdict};
use crate::domain::operation::OperationKind;

use super::line::Line;
use super::state::State;
use super::theme::Paint;
use super::{format, text};

/// May traffic be moved?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Go,
    NoGo,
    /// Only missing readings speak against it.
    CannotTell,
}

pub(super) fn answer(guards: &[GuardResult]) -> Answer {
    let mut refusals = guards
        .iter()
        .filter(|g| g.verdict == GuardVerdict::Refuse)
        .peekable();
    if guards.is_empty() {
        Answer::CannotTell
    } else if refusals.peek().is_none() {
        Answer::Go
    } else if refusals.all(|g| g.unknown) {
        Answer::CannotTell
    } else {
        Answer::NoGo
    }
}

impl Answer {
    pub(super) fn badge(self) -> Line<'static> {
        match self {
            Self::Go => Line::of(" GO ", Paint::Go),
            Self::NoGo => Line::of(" NO-GO ", Paint::NoGo),
            Self::CannotTell => Line::of(" CAN'T TELL ", Paint::CannotTell),
        }
    }
}

/// The guards of a move.
pub(super) fn of(model: &Model, kind: OperationKind) -> &[GuardResult] {
    match kind {
        OperationKind::Failback => &model.go.failback,
        OperationKind::Failover
        | OperationKind::Deploy
        | OperationKind::Delete
        | OperationKind::Repair => &model.go.failover,
    }
}

/// The verdicts counted, for example `9 allow, 1 warn`.
pub(super) fn counts(guards: &[GuardResult]) -> Line<'static> {
    let allows = |g: &&GuardResult| g.verdict == GuardVerdict::Allow;
    let count = |verdict| guards.iter().filter(|g| g.verdict == verdict).count();
    let unknown = guards.iter().filter(allows).filter(|g| g.unknown).count();
    let parts = [
        (count(GuardVerdict::Refuse), "refuse", Paint::Bad),
        (count(GuardVerdict::Warn), "warn", Paint::Warn),
        (count(GuardVerdict::Allow) - unknown, "allow", Paint::Dim),
        (unknown, "unknown", Paint::Unknown),
    ];
    let mut line = Line::new();
    for (count, word, paint) in parts.into_iter().filter(|(count, _, _)| *count > 0) {
        if !line.is_empty() {
            line = line.dim(", ");
        }
        line = line.add(format!("{count} {word}"), paint);
    }
    line
}

/// The first guard that refuses, else the first that warns: a certain no before an unknown one.
pub(super) fn first_objection(guards: &[GuardResult]) -> Option<&GuardResult> {
    let find = |verdict, unknown| {
        guards
            .iter()
            .find(|g| g.verdict == verdict && g.unknown == unknown)
    };
    find(GuardVerdict::Refuse, false)
        .or_else(|| find(GuardVerdict::Refuse, true))
        .or_else(|| find(GuardVerdict::Warn, false))
        .or_else(|| find(GuardVerdict::Warn, true))
}

/// What was found and why it matters, for example `HTTP 503: us-west-2 does not answer its health path`.
pub(super) fn objection(guard: &GuardResult) -> Line<'_> {
    let state = state(guard);
    let mut line = Line::new()
        .state(state)
        .add(label(guard.id), Paint::Strong)
        .add(format!(" {}", guard.value), state.words());
    if !guard.reason.is_empty() {
        line = line.dim(": ").text(guard.reason.as_str());
    }
    line
}

/// Whatever rests on a missing reading is shown as unknown.
pub(super) fn state(guard: &GuardResult) -> State {
    State::from(guard)
}

/// A guard in two or three words.
pub(super) const fn label(id: GuardId) -> &'static str {
    match id {
        GuardId::ReadOnly => "read-only",
        GuardId::Needed => "needed",
        GuardId::DestinationHealthy => "endpoint",
        GuardId::Predicted => "predicted answer",
        GuardId::NothingRunning => "running",
        GuardId::DestinationFit => "readiness",
        GuardId::Exposure => "exposure",
        GuardId::Lever => "lever",
        GuardId::Steady => "primary steady",
        GuardId::Reverse => "lag back",
        GuardId::Promotion => "promotion",
        GuardId::Records => "record sets",
        GuardId::Credentials => "credentials",
        GuardId::Parity => "parity",
        GuardId::Practised => "last drill",
        GuardId::DrillWindow => "drill window",
        GuardId::NotServing => "not serving",
        GuardId::Production => "production",
        GuardId::DataLoss => "data loss",
        GuardId::Blockers => "imports",
        GuardId::AsReviewed => "as reviewed",
    }
}

/// What the value is held against, in words that fit the value: `of 300 s`, `needs 2xx or 3xx`. Empty where the
/// value already says it.
fn limit(guard: &GuardResult) -> String {
    let limit = guard.limit.as_str();
    match guard.id {
        _ if limit.is_empty() || limit == guard.value => String::new(),
        GuardId::Exposure | GuardId::Promotion | GuardId::Reverse => format!("of {limit}"),
        GuardId::DestinationHealthy | GuardId::Credentials | GuardId::Steady => {
            format!("needs {limit}")
        }
        GuardId::Predicted => format!("wanted {limit}"),
        // the reason says it in full
        GuardId::Records => String::new(),
        GuardId::ReadOnly
        | GuardId::Needed
        | GuardId::NothingRunning
        | GuardId::DestinationFit
        | GuardId::Lever
        | GuardId::Parity
        | GuardId::Practised
        | GuardId::DrillWindow
        | GuardId::NotServing
        | GuardId::Production
        | GuardId::DataLoss
        | GuardId::Blockers
        | GuardId::AsReviewed => format!("limit {limit}"),
    }
}

/// One guard in a table: glyph, label, value, limit, reason; where it speaks against moving also the remedy, below
/// if there is no room beside.
pub(super) fn rows<'a>(model: &Model, guard: &'a GuardResult, width: usize) -> Vec<Line<'a>> {
    const REASON: usize = 54;
    let state = state(guard);
    let limit = limit(guard);
    let line = Line::new()
        .state(state)
        .dim(label(guard.id))
        .pad_to(19)
        .add(
            text::cut_middle(&value(model, guard), 20).into_owned(),
            state.words(),
        )
        .pad_to(40)
        .dim(text::cut_middle(&limit, 21).into_owned())
        .pad_to(REASON - 1)
        .text(" ");
    let reason_at = line.width();
    if guard.verdict == GuardVerdict::Allow && guard.stale_of.is_none() {
        // what is well needs no reason where there is no room for it
        let room = width >= reason_at + text::width(&guard.reason);
        return vec![if room {
            line.dim(guard.reason.as_str())
        } else {
            line
        }];
    }
    let why = because(model, guard);
    if reason_at + text::width(&why) <= width {
        return vec![line.text(why)];
    }
    let below = text::wrap(&why, width.saturating_sub(4));
    let below = below.into_iter().map(|l| Line::new().text("    ").text(l));
    std::iter::once(line).chain(below).collect()
}

/// A guard's value. Two follow the clock, and are shown in the same steps as elsewhere on the screen: the exposure
/// while the primary lives, and the minutes that the credentials still have.
pub(super) fn value<'a>(model: &Model, guard: &'a GuardResult) -> Cow<'a, str> {
    let identity = model.seen.identity.last();
    let expires = identity.and_then(|identity| identity.expires);
    match (guard.id, guard.verdict, &model.facts.exposure, expires) {
        (GuardId::Exposure, GuardVerdict::Allow, Some(found), _) => {
            Cow::Owned(format::exposure(found, model.facts.situation))
        }
        (GuardId::Credentials, _, _, Some(expires)) => {
            let minutes = format::minutes_until(expires, model.now);
            Cow::Owned(format!("{minutes} min left"))
        }
        _ => Cow::Borrowed(&guard.value),
    }
}

/// How old the readings are that a guard rests on, where they are older than the polls account for.
fn aged(model: &Model, guard: &GuardResult) -> String {
    guard.stale_of.map_or_else(String::new, |at| {
        format!(" (read {} ago)", format::ago(at, model.now))
    })
}

/// Everything about an objection: label, value, limit, reason, age, remedy.
pub(super) fn sentence(model: &Model, guard: &GuardResult) -> String {
    let limit = match (guard.id, limit(guard)) {
        (_, limit) if limit.is_empty() => limit,
        (GuardId::Exposure | GuardId::Reverse, limit) => format!(" {limit}"),
        (_, limit) => format!(", {limit}"),
    };
    let remedy = if guard.remedy.is_empty() {
        String::new()
    } else {
        format!("; {}", guard.remedy)
    };
    let label = label(guard.id);
    // some values only say the label again
    let value = if guard.value == label {
        String::new()
    } else {
        format!(" {}", guard.value)
    };
    let aged = aged(model, guard);
    format!("{label}{value}{limit}: {}{aged}{remedy}", guard.reason)
}

/// Reason, age and remedy in one sentence; a value that found no room in its column is said again.
fn because(model: &Model, guard: &GuardResult) -> String {
    let value = if text::width(&guard.value) > 20 {
        format!("{}: ", guard.value)
    } else {
        String::new()
    };
    let remedy = if guard.remedy.is_empty() {
        String::new()
    } else {
        format!("; {}", guard.remedy)
    };
    format!("{value}{}{}{remedy}", guard.reason, aged(model, guard))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::fixtures;

    #[test]
    fn missing_readings_are_no_verdict() {
        assert_eq!(answer(&fixtures::loading().go.failover), Answer::CannotTell);
        assert_eq!(answer(&fixtures::steady().go.failover), Answer::Go);
        assert_eq!(answer(&fixtures::unfit().go.failover), Answer::NoGo);
        assert_eq!(answer(&[]), Answer::CannotTell);
    }
}
