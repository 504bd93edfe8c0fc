//! The guard of a promotion: what may be lost, judged by the lag of the replication into the standby.

use jiff::Timestamp;

use crate::domain::assess::limit;
use crate::domain::guard::GuardVerdict::{Allow, Warn};
use crate::domain::guard::means::is_deaf;
use crate::domain::guard::rules::Asked;
use crate::domain::guard::{GuardId, GuardResult, answer};
use crate::domain::lever::Command;
use crate::domain::promotion::{PromotionSeen, Stage};
use crate::domain::region::Role;
use crate::domain::signal::SignalKind;

impl Asked<'_> {
    /// Only where the bundle promotes. It never refuses: the exposure guard does, and the reason must be typed anyway.
    pub(super) fn promotion(&self) -> Option<GuardResult> {
        let spec = self.traffic.promotion.as_ref()?;
        if self.to == Role::Primary {
            let seen = self.seen.traffic.promotion.last();
            let deaf = is_deaf(self.seen);
            return Some(match seen.and_then(PromotionSeen::is_promoted) {
                Some(true) | None if deaf => answer(
                    GuardId::Promotion,
                    Warn,
                    "stays promoted",
                    "the standby is out of reach, so its database can't be switched back: the primary will have no writer",
                )
                .remedy("make the primary the writer by hand, or fail back again when the standby is back"),
                Some(false) => answer(
                    GuardId::Promotion,
                    Allow,
                    "never promoted",
                    "the primary is the writer still: nothing to switch over",
                ),
                Some(true) | None => answer(
                    GuardId::Promotion,
                    Allow,
                    "planned switchover",
                    "the primary becomes the writer again after traffic has left; nothing is lost",
                ),
            });
        }
        let rpo = self.env.objectives.rpo;
        let lag = self.worst_lag();
        let value = lag.map_or_else(|| "lag unknown".to_owned(), |s| format!("lag {s:.1} s"));
        let made =
            answer(GuardId::Promotion, Warn, value, spec.loss.clone()).limit(format!("{rpo} s"));
        Some(if lag.is_none() { made.unknown() } else { made })
    }

    /// Whether traffic has arrived and its database has not followed: then the same move may be made again, to approve
    /// it anew.
    pub(super) fn promotion_open(&self) -> bool {
        let Some(spec) = self.traffic.promotion.as_ref() else {
            return false;
        };
        let Some(seen) = self.seen.traffic.promotion.last() else {
            return false;
        };
        let command = match self.to {
            Role::Standby => Command::Engage,
            Role::Primary => Command::Release,
        };
        match (seen.approval.map(|a| a.command), command) {
            (Some(given), wanted) if given == wanted => {
                seen.stage(spec, wanted, Timestamp::MIN) != Stage::Done
            }
            (_, Command::Engage) => true,
            (_, Command::Release) => seen.is_promoted() == Some(true),
        }
    }

    /// The longest lag of a replication that arrives in the standby and is measured there: it can be read while the
    /// primary is dead.
    fn worst_lag(&self) -> Option<f64> {
        let readings = self
            .seen
            .regions
            .standby
            .signals
            .fresh(self.now, limit::SIGNALS)?;
        let lags = self
            .env
            .signals_of(Role::Standby)
            .filter(|s| s.kind == SignalKind::ReplicationLag)
            .filter_map(|spec| spec.seconds(spec.current(readings.get(&spec.id)?, self.now)?));
        lags.reduce(f64::max)
    }
}
