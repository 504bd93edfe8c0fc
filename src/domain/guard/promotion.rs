//! The guard of a promotion: what may be lost, judged by the lag of the replication into the standby.

use jiff::Timestamp;

use crate::domain::exposure::lags;
use crate::domain::guard::GuardVerdict::{Allow, Warn};
use crate::domain::guard::means::is_deaf;
use crate::domain::guard::rules::Asked;
use crate::domain::guard::{GuardId, GuardResult, answer};
use crate::domain::lever::Command;
use crate::domain::promotion::{PromotionSeen, Stage};
use crate::domain::region::Role;
use crate::domain::signal::Direction;

impl Asked<'_> {
    /// Only where the bundle promotes. It never refuses: the exposure guard does, and the reason must be typed anyway.
    pub(super) fn promotion(&self) -> Option<GuardResult> {
        let spec = self.traffic.promotion.as_ref()?;
        if self.to == Role::Primary {
            let seen = self.seen.traffic.promotion.last();
            let deaf = is_deaf(self.seen);
            return Some(match seen.and_then(PromotionSeen::is_promoted) {
                told @ (Some(true) | None) if deaf => answer(
                    GuardId::Promotion,
                    Warn,
                    if told.is_some() { "stays promoted" } else { "unknown" },
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
        let told = |value: String, source: &str| {
            let reason = format!("{}{source}", spec.loss.trim_end_matches('.'));
            answer(GuardId::Promotion, Warn, value, reason).limit(format!("{rpo} s"))
        };
        Some(match self.behind() {
            Some((value, source)) => told(value, &source),
            None => told("lag unknown".to_owned(), "").unknown(),
        })
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

    /// What the replication into the standby has not brought, and where that is known from. Only a lag that is measured
    /// in the standby can be read while the primary is dead; where it has stopped too, the exposure stands in for it.
    fn behind(&self) -> Option<(String, String)> {
        let into = (Direction::Forward, [Role::Standby].as_slice());
        if let Some(lag) = lags(self.env, self.seen, self.now, into).longest() {
            return Some((format!("lag {:.1} s", lag.seconds), String::new()));
        }
        let found = self.facts.exposure.as_ref()?;
        let bound = if found.is_upper_bound { "at most " } else { "" };
        Some((
            format!("{bound}{:.0} s", found.seconds),
            format!(
                "; no lag can be read: this is the exposure, from the heartbeat of {}",
                found.heartbeat.strftime("%H:%M:%SZ")
            ),
        ))
    }
}
