//! Where traffic goes, in words: what every screen says first.

use crate::app::model::Model;
use crate::domain::assess::limit;
use crate::domain::lever::LeverKind;
use crate::domain::observation::{MarkerAnswers, Serving};
use crate::domain::operation::OperationKind;
use crate::domain::region::Role;

use super::line::Line;
use super::reading::{Trust, trust};
use super::theme::Paint;

/// The record and the region that it leads to, for example `api.pay.test → us-east-1`.
pub(super) fn destination(model: &Model) -> Line<'static> {
    let record = model
        .facts
        .record
        .clone()
        .unwrap_or_else(|| "traffic".to_owned());
    let line = Line::of(record, Paint::Text).dim(" → ");
    let region = |role: Role| model.env.regions.get(role).to_string();
    match model.facts.serving {
        Serving::Primary => line.add(region(Role::Primary), Paint::Serving),
        Serving::Standby => line.add(region(Role::Standby), Paint::Serving),
        Serving::Split => {
            let both = format!(
                "SPLIT {} and {}",
                region(Role::Primary),
                region(Role::Standby)
            );
            line.add(both, Paint::Bad)
        }
        Serving::Unknown => line.join(unknown(model)),
    }
}

/// Nothing fresh: the last known answer with its age, or why there never was one.
fn unknown(model: &Model) -> Line<'static> {
    let marker = &model.seen.traffic.marker;
    let words = Line::of("unknown", Paint::Unknown);
    match (trust(marker, model.now, limit::MARKER), marker.last()) {
        (Trust::Old(age), Some(answers)) => {
            let last = answers.serving(|region| model.env.regions.role_of(region));
            words.add(format!(", was {} {age} ago", last.as_str()), Paint::Unknown)
        }
        (Trust::Never(kind), _) => words.add(format!(": DNS {}", kind.as_str()), Paint::Unknown),
        (Trust::Untried, _) => words.dim(": DNS not read yet"),
        (Trust::Fresh | Trust::Old(_), _) => words.dim(": name servers did not tell"),
    }
}

/// What was asked for and what is seen: two values, for example `commanded primary, confirmed primary (4/4 NS)`.
pub(super) fn commanded_confirmed(model: &Model) -> Line<'static> {
    let commanded = match model.facts.commanded {
        Some(role) => Line::of("commanded ", Paint::Dim).text(role.as_str()),
        None => Line::of("commanded ", Paint::Dim).add("unknown", Paint::Unknown),
    };
    commanded.dim(", confirmed ").join(confirmed(model))
}

fn confirmed(model: &Model) -> Line<'static> {
    let serving = model.facts.serving;
    let paint = match serving {
        Serving::Primary | Serving::Standby if agrees(model) => Paint::Text,
        Serving::Primary | Serving::Standby => Paint::Warn,
        Serving::Split => Paint::Bad,
        Serving::Unknown => Paint::Unknown,
    };
    let words = Line::of(serving.as_str(), paint);
    let Some(answers) = model.seen.traffic.marker.fresh(model.now, limit::MARKER) else {
        return words;
    };
    let counted = match serving {
        Serving::Primary => agreement(model, answers, Role::Primary),
        Serving::Standby => agreement(model, answers, Role::Standby),
        Serving::Split => {
            let run = model.run.as_deref();
            let side = run.and_then(|run| run.plan().destination());
            split(model, answers, side.unwrap_or(Role::Primary))
        }
        Serving::Unknown => return words,
    };
    words.dim(format!(" ({counted})"))
}

/// For example `3 of 4 standby`.
fn split(model: &Model, answers: &MarkerAnswers, side: Role) -> String {
    let (naming, asked) = answers.agreement(model.env.regions.get(side).as_str());
    with_doubts(answers, format!("{naming} of {asked} {side}"))
}

/// Whether what was asked for is what is seen.
fn agrees(model: &Model) -> bool {
    model.facts.commanded.is_none() || model.facts.commanded == model.facts.serving.role()
}

/// How many name servers name a side, of how many.
pub(super) fn agreement(model: &Model, answers: &MarkerAnswers, side: Role) -> String {
    let (naming, asked) = answers.agreement(model.env.regions.get(side).as_str());
    with_doubts(answers, format!("{naming}/{asked} NS"))
}

fn with_doubts(answers: &MarkerAnswers, count: String) -> String {
    let silent = answers.servers.iter().filter(|s| s.answer.is_err()).count();
    let parts = [
        Some(count),
        (silent > 0).then(|| format!("{silent} silent")),
        answers.via_resolver.then(|| "via resolver".to_owned()),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// HELD or NOT HELD or neither can be told, while traffic is away from home.
pub(super) fn held(model: &Model) -> Option<Line<'static>> {
    match (model.facts.serving, model.facts.held) {
        (Serving::Standby, true) => {
            let levers: Vec<&str> = model.facts.engaged_now().map(LeverKind::as_str).collect();
            let by = format!(" by {}", levers.join(", "));
            Some(Line::of("HELD", Paint::Strong).dim(by))
        }
        (Serving::Standby, false) if model.facts.commanded.is_none() => {
            Some(Line::of(" HOLD UNKNOWN ", Paint::CannotTell))
        }
        (Serving::Standby, false) => Some(Line::of(" NOT HELD ", Paint::NoGo)),
        (Serving::Primary | Serving::Split | Serving::Unknown, _) => None,
    }
}

/// Whether failing over now would hold traffic where it is already, instead of moving it.
pub(super) const fn would_hold(model: &Model) -> bool {
    matches!(model.facts.serving, Serving::Standby) && !model.facts.held
}

/// What a move is called now: failing over to where traffic is already is holding it there.
pub(super) const fn verb(model: &Model, kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Failover if would_hold(model) => "Hold",
        OperationKind::Deploy
        | OperationKind::Delete
        | OperationKind::Repair
        | OperationKind::Failover
        | OperationKind::Failback => kind.title(),
    }
}

/// The move that an operator would think of now: away from home, or (once it is held there) back.
pub(super) fn next_move(model: &Model) -> OperationKind {
    match (model.facts.serving, model.facts.held) {
        (Serving::Standby, true) => OperationKind::Failback,
        _ => OperationKind::Failover,
    }
}
