//! What the system's functions do each minute: the heartbeat and its age, the lever's keepalive, the lever's path.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::lever::{Command, LeverSpec, NumberedCommand, metric};
use crate::domain::region::Role;
use crate::domain::signal::SignalKind;
use crate::rehearsal::faults::Fault;
use crate::rehearsal::world::World;
use crate::rehearsal::world::checks::later;
use crate::rehearsal::world::cloudwatch::MetricId;
use crate::rehearsal::world::system::resolved;

impl World {
    /// The primary writes its heartbeat; it arrives unless replication is stalled.
    pub(super) fn beat(&mut self) {
        let stalled = self.has(|f| matches!(f, Fault::ReplicationStalled));
        let now = self.now();
        self.system.stalled_since = stalled.then(|| self.system.stalled_since.unwrap_or(now));
        // the heartbeat lies in the table
        let arrives = !stalled && !self.has(|f| matches!(f, Fault::TableStalled));
        if self.is_deployed() && self.runs(Role::Primary) && arrives {
            self.system.heartbeat = Some(now);
        }
    }

    /// The standby tells how old the newest heartbeat is.
    pub(super) fn write_staleness(&mut self) {
        let now = self.now();
        let Some(heartbeat) = self
            .system
            .heartbeat
            .filter(|_| self.runs(Role::Standby) && self.is_deployed())
        else {
            return;
        };
        let age = now.duration_since(heartbeat).as_secs_f64();
        for source in self.sources().iter() {
            let value = match source.kind {
                SignalKind::Staleness => age,
                SignalKind::Heartbeat => heartbeat.as_second() as f64,
                _ => continue,
            };
            self.region_mut(&source.region)
                .metrics
                .put(&source.id, now, value);
        }
    }

    /// The keepalive of the metric lever (DESIGN §8): obeys the largest number, repeats the state, echoes the number.
    pub(super) fn keep_alive(&mut self) {
        let now = self.now();
        let Some((role, namespace, dimensions)) = self.metric_lever() else {
            return;
        };
        if !self.runs(role) || !self.is_deployed() {
            return;
        }
        let region = self.setup.environment.regions.get(role).as_str().to_owned();
        let id = |name: &str| MetricId::new(&namespace, name, dimensions.clone());
        let may_hold = self.may_hold(role);
        let metrics = &mut self.region_mut(&region).metrics;
        let mut newest = metrics
            .extremes(&id(metric::COMMAND))
            .filter_map(NumberedCommand::from_datum)
            .reduce(NumberedCommand::newer);
        if may_hold && newest.is_none_or(|c| c.command == Command::Release) {
            let command = NumberedCommand::next(Command::Engage, now, newest);
            metrics.put(&id(metric::COMMAND), now, command.datum());
            newest = Some(command);
        }
        let engaged = newest.is_some_and(|c| c.command == Command::Engage);
        metrics.put(&id(metric::ENGAGED), now, if engaged { 1.0 } else { 0.0 });
        if let Some(command) = newest {
            metrics.put(&id(metric::ECHO), now, command.datum());
        }
    }

    /// Whether the function engages the lever by itself: the stack allows it (`automaticHold`), heartbeats are silent
    /// for longer than the objective, and the primary's endpoint is dead as seen from the standby.
    fn may_hold(&self, role: Role) -> bool {
        let env = &self.setup.environment;
        let allows = |spec| {
            let version = self.stack_of(spec).and_then(|s| s.current.as_ref());
            let parameters = version.iter().flat_map(|v| &v.parameters);
            parameters
                .into_iter()
                .any(|(name, value)| name.eq_ignore_ascii_case("automaticHold") && value == "true")
        };
        let limit = Duration::from_secs(env.objectives.rpo);
        let silent = self
            .system
            .heartbeat
            .is_some_and(|beat| later(beat, limit) < self.now());
        silent && !self.runs(Role::Primary) && env.stacks_of(role).any(allows)
    }

    fn metric_lever(&self) -> Option<(Role, String, BTreeMap<String, String>)> {
        let traffic = self.setup.environment.traffic.as_ref()?;
        let bindings = self.bindings();
        traffic.levers.iter().find_map(|lever| match lever {
            LeverSpec::Metric {
                role,
                namespace,
                dimensions,
                ..
            } => Some((*role, namespace.clone(), resolved(dimensions, &bindings)?)),
            _ => None,
        })
    }

    /// Whether the `/lever` path of a region answers 200.
    pub(in crate::rehearsal::world) fn endpoint_lever_engaged(&self, role: Role) -> bool {
        let env = &self.setup.environment;
        let levers = env.traffic.iter().flat_map(|t| t.levers.iter());
        levers.into_iter().any(|lever| match lever {
            LeverSpec::Endpoint {
                role: place,
                stack,
                parameter,
                ..
            } if *place == role => {
                let spec = env.stack(stack);
                let found =
                    spec.and_then(|s| self.found(env.regions.get(role).as_str(), &s.name).ok());
                let value = found.and_then(|s| s.current.as_ref()?.parameters.get(parameter));
                value.is_some_and(|v| v == "true")
            }
            _ => false,
        })
    }
}
