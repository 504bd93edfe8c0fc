//! The rule about drills: on a production environment only within a window that was agreed in the configuration.

use jiff::Timestamp;

use crate::domain::drill::DrillWindow;
use crate::domain::environment::Environment;
use crate::domain::guard::GuardVerdict::{Allow, Warn};
use crate::domain::guard::{GuardId, GuardResult, answer, firm_refusal};
use crate::domain::operation::OperationKind;

/// Whether a drill may begin now.
///
/// No reason overrides the refusal: whoever has one that can't wait has an incident, and says so with the label. The way
/// back is never refused: a drill that outlasted its window is better ended than left where it is.
pub fn drill_window(env: &Environment, kind: OperationKind, now: Timestamp) -> GuardResult {
    let id = GuardId::DrillWindow;
    if !env.production {
        return answer(
            id,
            Allow,
            "not production",
            "only drills on production need an agreed window",
        );
    }
    let windows = &env.drill_windows;
    if let Some(open) = windows.iter().find(|w| w.contains(now)) {
        let until = open.until.strftime("until %Y-%m-%d %H:%MZ").to_string();
        return answer(id, Allow, until, "an agreed window is open");
    }
    let (value, reason) = closed(windows, now);
    if kind == OperationKind::Failback {
        return answer(
            id,
            Warn,
            value,
            "the drill has outlasted its window: end it",
        );
    }
    firm_refusal(id, value, reason).remedy(
        "wait for a window, agree on one (drill_windows), or drill on an environment with a second suffix; in an incident, leave the label out",
    )
}

fn closed(windows: &[DrillWindow], now: Timestamp) -> (String, &'static str) {
    let next = windows.iter().filter(|w| w.from > now).min();
    match (next, windows.is_empty()) {
        (Some(next), _) => (
            next.from.strftime("opens %Y-%m-%d %H:%MZ").to_string(),
            "a drill on production waits for its agreed window",
        ),
        (None, true) => (
            "none agreed".to_owned(),
            "no window for drills on this production environment is configured",
        ),
        (None, false) => (
            "all are over".to_owned(),
            "every agreed window for drills on this production environment is over",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures;
    use crate::domain::guard::GuardVerdict::{self, Refuse};

    fn verdict(production: bool, windows: &[&str], kind: OperationKind) -> (GuardVerdict, String) {
        let mut env = fixtures::steady().env;
        env.production = production;
        env.drill_windows = windows.iter().map(|w| w.parse().unwrap()).collect();
        let found = drill_window(&env, kind, "2026-11-26T12:00:00Z".parse().unwrap());
        assert!(found.verdict != Refuse || !found.can_override);
        (found.verdict, found.value)
    }

    const OPEN: &str = "2026-11-26T12:00Z/2026-11-26T14:00Z";
    const LATER: &str = "2026-11-26T13:00Z/2026-11-26T14:00Z";
    const OVER: &str = "2026-11-26T11:00Z/2026-11-26T12:00Z";

    #[test]
    fn a_drill_on_production_needs_an_open_window() {
        let failover = |windows: &[&str]| verdict(true, windows, OperationKind::Failover);
        assert_eq!(
            failover(&[OVER, OPEN]),
            (Allow, "until 2026-11-26 14:00Z".into())
        );
        assert_eq!(
            failover(&[OVER, LATER]),
            (Refuse, "opens 2026-11-26 13:00Z".into())
        );
        assert_eq!(failover(&[OVER]), (Refuse, "all are over".into()));
        assert_eq!(failover(&[]), (Refuse, "none agreed".into()));
    }

    #[test]
    fn elsewhere_it_needs_none_and_the_way_back_is_never_refused() {
        assert_eq!(verdict(false, &[], OperationKind::Failover).0, Allow);
        assert_eq!(verdict(true, &[OVER], OperationKind::Failback).0, Warn);
    }
}
