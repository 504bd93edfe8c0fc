//! The first line: which environment, in which world, as whom, for how long, at what time.

use crate::app::effect::Pace;
use crate::app::model::{Load, Model};
use crate::domain::environment::Mode;
use crate::domain::observation::Identity;

use super::canvas::Canvas;
use super::format;
use super::layout::WIDE;
use super::line::Line;
use super::reading::{Trust, trust};
use super::text;
use super::theme::Paint;

/// Credentials with fewer minutes left than this are pointed out.
const FEW_MINUTES: u64 = 15;

/// The line of rules: each world has its own, so that a rehearsal never looks live.
pub(super) const fn world_rule(mode: &Mode) -> (&'static str, Paint) {
    match mode {
        Mode::Live => ("━", Paint::RuleLive),
        Mode::Rehearsal { .. } => ("┄", Paint::RuleRehearsal),
        Mode::Endpoint { .. } => ("═", Paint::RuleEndpoint),
    }
}

/// The badge of the world.
pub(super) fn badge(mode: &Mode, width: usize) -> Line<'static> {
    let room = if width >= WIDE { 24 } else { 13 };
    let (words, paint) = match mode {
        Mode::Live => ("LIVE".to_owned(), Paint::BadgeLive),
        Mode::Rehearsal { scenario, .. } => {
            let scenario = text::cut_end(scenario, room);
            (format!(" REHEARSAL {scenario} "), Paint::BadgeRehearsal)
        }
        Mode::Endpoint { host } => {
            let host = text::cut_middle(host, room);
            (format!(" ENDPOINT {host} "), Paint::BadgeEndpoint)
        }
    };
    Line::of(words, paint)
}

/// The name needs room for this much of itself before the less important of the right side may stay.
const LEAST_NAME: usize = 20;

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model) {
    let marks = marks(model, canvas.width());
    let mut right = right(model, canvas.width() >= WIDE);
    let name = model.env.name.0.as_str();
    let fixed = marks.width() + 6;
    let wanted = text::width(name).min(LEAST_NAME);
    while right.len() > 2 && fixed + wanted + total(&right) > canvas.width() {
        right.remove(0);
    }
    let room = canvas.width().saturating_sub(fixed + total(&right));
    let name = Line::of(text::cut_middle(name, room), Paint::Strong);
    let left = Line::new().text(" ").join(name).text("  ").join(marks);
    let right = right
        .into_iter()
        .fold(Line::new(), |line, part| line.gap().join(part));
    canvas.both(0, &left, &right.text(" "));
}

fn total(parts: &[Line<'_>]) -> usize {
    parts.iter().map(|part| part.width() + 2).sum()
}

/// What must be seen whatever the width.
fn marks(model: &Model, width: usize) -> Line<'static> {
    let mut marks = badge(&model.env.mode, width);
    if model.env.production {
        marks = marks.text(" ").add(" PRODUCTION ", Paint::Production);
    }
    if model.env.read_only {
        marks = marks.text(" ").add(" READ-ONLY ", Paint::ReadOnly);
    }
    marks
}

/// From the least to the most important; the last two always stay.
fn right(model: &Model, wide: bool) -> Vec<Line<'static>> {
    let mut parts = Vec::new();
    let counted = model.load != Load::default();
    if wide && counted {
        let cost = format!("~${:.2}/day", model.load.dollars_per_day);
        parts.push(Line::of(cost, Paint::Dim));
    }
    let (load, who) = (load(model, wide), who(model, wide));
    // being throttled matters more than who one is
    parts.extend(if model.load.throttled {
        [who, load]
    } else {
        [load, who]
    });
    parts.push(time_left(model));
    parts.push(Line::of(format::clock(model.now), Paint::Strong));
    parts.retain(|part| !part.is_empty());
    parts
}

/// Nothing before the first count: no calls would be a wrong answer.
fn load(model: &Model, wide: bool) -> Line<'static> {
    if model.load == Load::default() {
        return Line::new();
    }
    let calls = model.load.calls_per_minute;
    let unit = if wide { "calls/min" } else { "calls/m" };
    if model.load.throttled {
        Line::of(format!("{calls} {unit} THROTTLED"), Paint::Warn)
    } else if model.pace == Pace::Slow {
        Line::of(format!("{calls} {unit}, slow"), Paint::Dim)
    } else {
        Line::of(format!("{calls} {unit}"), Paint::Dim)
    }
}

/// The role, or why it is not known.
fn who(model: &Model, wide: bool) -> Line<'static> {
    let seen = &model.seen.identity;
    let Some(identity) = seen.last() else {
        let why = match trust(seen, model.now, std::time::Duration::MAX) {
            Trust::Never(kind) => kind.as_str(),
            Trust::Untried | Trust::Fresh | Trust::Old(_) => "identity not read yet",
        };
        return Line::of(why, Paint::Unknown);
    };
    let role = short_role(identity);
    let words = if wide {
        format!("{} {role}", identity.account)
    } else {
        role
    };
    Line::of(words, Paint::Dim)
}

/// How long the credentials last, if they expire.
fn time_left(model: &Model) -> Line<'static> {
    let identity = model.seen.identity.last();
    let Some(expires) = identity.and_then(|identity| identity.expires) else {
        return Line::new();
    };
    let minutes = format::minutes_until(expires, model.now);
    match minutes {
        0 => Line::of("credentials EXPIRED", Paint::Bad),
        1..FEW_MINUTES => Line::of(format!("{minutes}m left"), Paint::Warn),
        _ => Line::of(span(minutes), Paint::Dim),
    }
}

fn span(minutes: u64) -> String {
    if minutes < 120 {
        format!("{minutes}m")
    } else {
        format!("{}h", minutes / 60)
    }
}

/// The role or user of an ARN, without the session.
fn short_role(identity: &Identity) -> String {
    let resource = identity.arn.rsplit(':').next().unwrap_or_default();
    let parts: Vec<&str> = resource.split('/').collect();
    let name = match parts.as_slice() {
        ["assumed-role", role, ..] => role,
        [.., last] => last,
        [] => "",
    };
    text::cut_middle(name, 20).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_role_is_shown_without_path_and_session() {
        let short = |arn: &str| {
            short_role(&Identity {
                account: "1".into(),
                arn: arn.into(),
                expires: None,
            })
        };
        assert_eq!(short("arn:aws:sts::1:assumed-role/ops/kim"), "ops");
        assert_eq!(short("arn:aws:iam::1:user/team/kim"), "kim");
        assert_eq!(short("arn:aws:iam::1:root"), "root");
        assert_eq!(short(""), "");
    }
}
