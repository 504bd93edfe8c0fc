//! The system's clients: where DNS sends them, and how slowly they follow.

use crate::domain::environment::TrafficSpec;
use crate::domain::placeholder::Placeholder;
use crate::domain::region::{PerRole, Role};
use crate::domain::routing::{RecordSet, absolute};
use crate::rehearsal::world::World;

/// How much of the difference between where clients are and where DNS sends them goes in one tick: caches and pooled
/// connections outlive TTLs.
const MOVING: f64 = 0.15;

impl World {
    /// Clients follow DNS, the slow ones slowly.
    pub(super) fn move_clients(&mut self) {
        let target = self.system.target.unwrap_or_default();
        for role in Role::BOTH {
            let share = self.system.share.get_mut(role);
            *share += (target.get(role) - *share) * MOVING;
            if *share < 0.003 && *target.get(role) == 0.0 {
                *share = 0.0;
            }
            let part = *share;
            let now = self.now().as_second();
            let asked = demand(now) / 12.0
                * part
                * self
                    .chance
                    .between("demand", now.unsigned_abs(), 0.85, 1.15);
            *self.system.requests.get_mut(role) += asked;
        }
    }

    /// Where DNS sends clients now.
    fn dns_shares(&self) -> PerRole<f64> {
        let none = PerRole::from_fn(|_| 0.0);
        let Some(answers) = self.answering(|t| &t.record, &["CNAME", "A"]) else {
            return none;
        };
        let env = &self.setup.environment;
        let roles: Vec<Role> = answers
            .iter()
            .filter_map(|r| env.regions.role_of(&self.region_of_record(r)?))
            .collect();
        let part =
            |role| roles.iter().filter(|r| **r == role).count() as f64 / roles.len().max(1) as f64;
        PerRole::from_fn(part)
    }

    /// The records that may answer for one of the traffic's names.
    fn answering(
        &self,
        name: impl Fn(&TrafficSpec) -> &Placeholder,
        kinds: &[&str],
    ) -> Option<Vec<RecordSet>> {
        let traffic = self.setup.environment.traffic.as_ref()?;
        let name = absolute(&name(traffic).resolve(&self.bindings()).ok()?);
        kinds.iter().find_map(|kind| self.answers(&name, kind))
    }

    /// Finds out where DNS sends clients, and notes every change of the marker's answer.
    pub(in crate::rehearsal::world) fn watch_dns(&mut self) {
        if self.system.target.is_some() {
            return;
        }
        self.system.bindings = Some(self.bindings());
        self.system.target = Some(self.dns_shares());
        let Some(answers) = self.answering(|t| &t.marker, &["TXT"]) else {
            return;
        };
        let values: Vec<String> = answers.into_iter().flat_map(|r| r.values).collect();
        if self.system.answer.as_ref() != Some(&values) {
            self.note(format!("dns answers {}", values.join(" or ")));
            self.system.answer = Some(values);
        }
    }
}

/// Requests a minute at a moment: more by day than by night (UTC).
fn demand(second: i64) -> f64 {
    let part = second.rem_euclid(86_400) as f64 / 86_400.0;
    (part * std::f64::consts::TAU - std::f64::consts::FRAC_PI_2)
        .sin()
        .mul_add(180.0, 620.0)
}
