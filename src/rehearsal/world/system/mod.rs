//! The system that the stacks make: who asks it, what its functions do each minute, what its metrics show.
//!
//! The functions are simulated by their purpose (heartbeat, keepalive, work), not by running their code: the
//! manifest's signals and levers say under which metrics each shows.

mod clients;
mod functions;
mod measures;
mod promotion;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::placeholder::{Bindings, Placeholder};
use crate::domain::region::PerRole;
use crate::rehearsal::world::World;
use crate::rehearsal::world::system::measures::Source;
use crate::rehearsal::world::system::promotion::{Promotion, Unsettled};

/// Seconds of each minute at which things happen.
const AT_TOTALS: i64 = 5;
const AT_ALARMS: i64 = 10;
const AT_HEARTBEAT: i64 = 15;
const AT_KEEPALIVE: i64 = 25;
const AT_STALENESS: i64 = 35;
const AT_METRIC_CHECKS: i64 = 40;

/// What the system is doing.
#[derive(Debug, Default)]
pub(super) struct System {
    /// Which part of the clients each side has.
    share: PerRole<f64>,
    /// Requests of the running minute.
    requests: PerRole<f64>,
    /// The newest heartbeat that has reached the standby.
    heartbeat: Option<Timestamp>,
    stalled_since: Option<Timestamp>,
    promotion: Promotion,
    unsettled: Unsettled,
    /// What is measured; none while the stacks have changed since.
    sources: Option<Arc<[Source]>>,
    /// What placeholders stand for; none while the stacks have changed since.
    bindings: Option<Arc<Bindings>>,
    /// Where DNS sends clients; none while records or health have changed since.
    target: Option<PerRole<f64>>,
    /// The last answer of DNS that was noted.
    answer: Option<Vec<String>>,
}

impl World {
    /// Stacks have changed: what is measured, and under which names, is found out anew.
    pub(super) fn sources_stale(&mut self) {
        self.system.sources = None;
        self.system.bindings = None;
        self.system.target = None;
    }

    /// Records or health have changed: where DNS sends clients is found out anew.
    pub(super) const fn answers_stale(&mut self) {
        self.system.target = None;
    }

    /// What happens at this tick.
    pub(super) fn run_system(&mut self) {
        self.watch_dns();
        self.move_clients();
        self.run_promotion();
        match self.now().as_second().rem_euclid(60) {
            AT_TOTALS => self.write_totals(),
            AT_ALARMS => self.evaluate_all_alarms(),
            AT_HEARTBEAT => self.beat(),
            AT_KEEPALIVE => self.keep_alive(),
            AT_STALENESS => self.write_staleness(),
            AT_METRIC_CHECKS => self.evaluate_metric_checks(),
            _ => {}
        }
    }

    fn evaluate_all_alarms(&mut self) {
        let now = self.now();
        let names: Vec<String> = self
            .regions
            .keys()
            .filter(|r| !self.is_dark(r))
            .cloned()
            .collect();
        for name in names {
            for change in self.region_mut(&name).evaluate_alarms(now) {
                self.note(format!(
                    "alarm {} in {name}: {}",
                    change.alarm,
                    change.to.as_str()
                ));
            }
        }
    }

    /// Everything that placeholders of the manifest can stand for now.
    pub(super) fn bindings(&self) -> Arc<Bindings> {
        self.system
            .bindings
            .clone()
            .unwrap_or_else(|| Arc::new(self.bind()))
    }

    fn bind(&self) -> Bindings {
        let env = &self.setup.environment;
        let mut all = self.given.clone();
        for spec in &env.stacks {
            let Some(stack) = self.stack_of(spec) else {
                continue;
            };
            for (name, value) in &stack.outputs {
                all.insert(format!("{}.{name}", spec.id), value);
            }
        }
        all
    }

    /// Whether every stack of the environment stands.
    pub(super) fn is_deployed(&self) -> bool {
        let env = &self.setup.environment;
        !env.stacks.is_empty()
            && env.stacks.iter().all(|spec| {
                self.stack_of(spec).is_some_and(|s| {
                    s.current.is_some()
                        && !s.status.starts_with("CREATE_IN")
                        && !s.status.starts_with("DELETE")
                })
            })
    }
}

fn resolved(
    dimensions: &BTreeMap<String, Placeholder>,
    bindings: &Bindings,
) -> Option<BTreeMap<String, String>> {
    let pairs = dimensions
        .iter()
        .map(|(k, v)| Some((k.clone(), v.resolve(bindings).ok()?)));
    pairs.collect()
}
