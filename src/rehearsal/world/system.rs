//! The system that the stacks make: who asks it, what its functions do each minute, what its metrics show.
//!
//! The functions are simulated by their purpose (heartbeat, keepalive, work), not by running their code: the
//! manifest's signals and levers say under which metrics each shows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::lever::{Command, LeverSpec, NumberedCommand, metric};
use crate::domain::placeholder::{Bindings, Placeholder};
use crate::domain::region::{PerRole, Role};
use crate::domain::signal::SignalKind;
use crate::rehearsal::faults::Fault;
use crate::rehearsal::world::World;
use crate::rehearsal::world::cloudwatch::MetricId;

/// Seconds of each minute at which things happen.
const AT_TOTALS: i64 = 5;
const AT_ALARMS: i64 = 10;
const AT_HEARTBEAT: i64 = 15;
const AT_KEEPALIVE: i64 = 25;
const AT_STALENESS: i64 = 35;
const AT_METRIC_CHECKS: i64 = 40;

/// How much of the difference between where clients are and where DNS sends them goes in one tick: caches and pooled
/// connections outlive TTLs.
const MOVING: f64 = 0.15;

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
    /// What is measured; none while the stacks have changed since.
    sources: Option<Arc<[Source]>>,
    /// What placeholders stand for; none while the stacks have changed since.
    bindings: Option<Arc<Bindings>>,
    /// Where DNS sends clients; none while records or health have changed since.
    target: Option<PerRole<f64>>,
    /// The last answer of DNS that was noted.
    answer: Option<Vec<String>>,
}

/// A metric that is fed.
#[derive(Clone, Debug)]
struct Source {
    role: Role,
    region: String,
    id: MetricId,
    kind: SignalKind,
    /// Values are in milliseconds rather than seconds.
    milliseconds: bool,
    /// A hundred when all is well, rather than zero.
    full: bool,
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
            let region = env.regions.get(spec.role).as_str();
            let Ok(stack) = self.found(region, &spec.name) else {
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
                let stack = self.found(env.regions.get(spec.role).as_str(), &spec.name);
                stack.is_ok_and(|s| {
                    s.current.is_some()
                        && !s.status.starts_with("CREATE_IN")
                        && !s.status.starts_with("DELETE")
                })
            })
    }

    // --- clients ---

    /// Clients follow DNS, the slow ones slowly.
    fn move_clients(&mut self) {
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
        name: impl Fn(&crate::domain::environment::TrafficSpec) -> &Placeholder,
        kinds: &[&str],
    ) -> Option<Vec<crate::domain::routing::RecordSet>> {
        let traffic = self.setup.environment.traffic.as_ref()?;
        let name = crate::domain::routing::absolute(&name(traffic).resolve(&self.bindings()).ok()?);
        kinds.iter().find_map(|kind| self.answers(&name, kind))
    }

    /// Finds out where DNS sends clients, and notes every change of the marker's answer.
    fn watch_dns(&mut self) {
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

    // --- functions ---

    /// The primary writes its heartbeat; it arrives unless replication is stalled.
    fn beat(&mut self) {
        let stalled = self.has(|f| matches!(f, Fault::ReplicationStalled));
        let now = self.now();
        self.system.stalled_since = stalled.then(|| self.system.stalled_since.unwrap_or(now));
        if self.is_deployed() && self.runs(Role::Primary) && !stalled {
            self.system.heartbeat = Some(now);
        }
    }

    /// The standby tells how old the newest heartbeat is.
    fn write_staleness(&mut self) {
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
    fn keep_alive(&mut self) {
        let now = self.now();
        let Some((role, namespace, dimensions)) = self.metric_lever() else {
            return;
        };
        if !self.runs(role) || !self.is_deployed() {
            return;
        }
        let region = self.setup.environment.regions.get(role).as_str().to_owned();
        let id = |name: &str| MetricId::new(&namespace, name, dimensions.clone());
        let metrics = &mut self.region_mut(&region).metrics;
        let newest = metrics
            .extremes(&id(metric::COMMAND))
            .filter_map(NumberedCommand::from_datum)
            .reduce(NumberedCommand::newer);
        let engaged = newest.is_some_and(|c| c.command == Command::Engage);
        metrics.put(&id(metric::ENGAGED), now, if engaged { 1.0 } else { 0.0 });
        if let Some(command) = newest {
            metrics.put(&id(metric::ECHO), now, command.datum());
        }
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
    pub(super) fn endpoint_lever_engaged(&self, role: Role) -> bool {
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

    // --- metrics ---

    /// Writes what the minute that has just ended came to.
    fn write_totals(&mut self) {
        let now = self.now();
        let minute =
            Timestamp::from_second(now.as_second().div_euclid(60) * 60 - 60).unwrap_or(now);
        let requests = std::mem::take(&mut self.system.requests);
        self.write_check_status(minute);
        if !self.is_deployed() {
            return;
        }
        for source in self.sources().iter() {
            if self.is_dark(&source.region) {
                continue;
            }
            if let Some(value) = self.total(source, minute, &requests) {
                self.region_mut(&source.region)
                    .metrics
                    .put(&source.id, minute, value);
            }
        }
    }

    fn total(&self, source: &Source, minute: Timestamp, requests: &PerRole<f64>) -> Option<f64> {
        let n = minute.as_second().div_euclid(60).unsigned_abs();
        let label = format!(
            "{}/{}/{}",
            source.region,
            source.id.metric,
            source.kind.as_str()
        );
        let chance = |low: f64, high: f64| self.chance.between(&label, n, low, high);
        let asked = requests.get(source.role).round();
        let failing = self.failing(source.role);
        let stray = if chance(0.0, 1.0) > 0.96 && asked > 0.0 {
            1.0
        } else {
            0.0
        };
        let errors = (asked * failing / 100.0).round().max(stray);
        if source.full {
            return Some(if failing > 10.0 { 0.0 } else { 100.0 });
        }
        match source.kind {
            SignalKind::Requests => Some(asked),
            SignalKind::Errors => Some(errors),
            SignalKind::ErrorRate => Some(if asked > 0.0 {
                100.0 * errors / asked
            } else {
                0.0
            }),
            SignalKind::Throttles | SignalKind::Backup => Some(0.0),
            SignalKind::Latency => {
                let base = chance(38.0, 95.0);
                Some(if source.milliseconds {
                    base
                } else {
                    base / 1000.0
                })
            }
            SignalKind::QueueAge => Some(chance(0.0, 6.0).floor()),
            SignalKind::QueueDepth => Some(
                if source
                    .id
                    .dimensions
                    .values()
                    .any(|d| d.contains("dlq") || d.contains("dead"))
                {
                    0.0
                } else {
                    chance(0.0, 12.0).floor()
                },
            ),
            SignalKind::ReplicationLag => self.lag(source, chance(350.0, 1_400.0)),
            SignalKind::Staleness | SignalKind::Heartbeat => None,
        }
    }

    /// Lag grows while replication is stalled; there is none to be told while the source does not run.
    fn lag(&self, source: &Source, usual: f64) -> Option<f64> {
        let seconds = match self.system.stalled_since {
            Some(since) => self.now().duration_since(since).as_secs_f64(),
            None if !self.runs(Role::Primary) => return None,
            None if source.milliseconds => usual / 1000.0,
            None => (usual / 200.0).round(),
        };
        Some(if source.milliseconds {
            seconds * 1000.0
        } else {
            seconds
        })
    }

    /// Per cent of a side's requests that fail.
    fn failing(&self, role: Role) -> f64 {
        let percent = |f: &Fault| match f {
            Fault::LambdaErrors { region, percent } if *region == role => *percent,
            Fault::RegionGrey { region } if *region == role => 92.0,
            Fault::EndpointUnhealthy { region } if *region == role => 100.0,
            _ => 0.0,
        };
        self.faults
            .active(self.now())
            .map(|(_, f)| percent(f))
            .fold(0.0, f64::max)
    }

    /// Route 53 tells the status of every check in us-east-1.
    fn write_check_status(&mut self, minute: Timestamp) {
        if self.is_dark("us-east-1") {
            return;
        }
        let status: Vec<(String, f64, Option<f64>)> = self
            .route53
            .checks
            .iter()
            .map(|(id, check)| {
                let healthy = self.known_health(id) == crate::domain::health::Health::Healthy;
                let count = check.count();
                let percent = (count.total > 0)
                    .then(|| f64::from(count.succeeding) * 100.0 / f64::from(count.total));
                (id.0.clone(), if healthy { 1.0 } else { 0.0 }, percent)
            })
            .collect();
        let metrics = &mut self.region_mut("us-east-1").metrics;
        for (id, value, percent) in status {
            let dimensions = BTreeMap::from([("HealthCheckId".to_owned(), id)]);
            let metric = |name: &str| MetricId::new("AWS/Route53", name, dimensions.clone());
            metrics.put(&metric("HealthCheckStatus"), minute, value);
            if let Some(percent) = percent {
                metrics.put(&metric("HealthCheckPercentageHealthy"), minute, percent);
            }
        }
    }

    /// Every metric that the signals or an alarm name, each once.
    fn sources(&mut self) -> Arc<[Source]> {
        if let Some(known) = &self.system.sources {
            return Arc::clone(known);
        }
        let bindings = self.bindings();
        let env = &self.setup.environment;
        let mut seen = BTreeSet::new();
        let mut sources = Vec::new();
        for spec in &env.signals {
            let Some(dimensions) = resolved(&spec.dimensions, &bindings) else {
                continue;
            };
            let id = MetricId::new(&spec.namespace, &spec.metric, dimensions);
            let region = env.regions.get(spec.role).as_str().to_owned();
            if seen.insert((region.clone(), id.clone())) {
                sources.push(Source {
                    role: spec.role,
                    region,
                    id,
                    kind: spec.kind,
                    milliseconds: spec.unit == "ms",
                    full: false,
                });
            }
        }
        for (name, region) in &self.regions {
            let Some(role) = env.regions.role_of(name) else {
                continue;
            };
            for id in region
                .alarms
                .values()
                .flat_map(super::alarms::AlarmRecord::watched)
            {
                let Some(kind) = purpose(&id.metric) else {
                    continue;
                };
                if seen.insert((name.clone(), id.clone())) {
                    let milliseconds = id.namespace != "AWS/S3" && !id.metric.ends_with("Time");
                    let full = id.metric == "SuccessPercent";
                    sources.push(Source {
                        role,
                        region: name.clone(),
                        id,
                        kind,
                        milliseconds,
                        full,
                    });
                }
            }
        }
        let sources: Arc<[Source]> = sources.into();
        self.system.sources = Some(Arc::clone(&sources));
        sources
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

/// What a metric that only an alarm names is about.
fn purpose(metric: &str) -> Option<SignalKind> {
    Some(match metric {
        "Errors"
        | "5XXError"
        | "5xx"
        | "HTTPCode_Target_5XX_Count"
        | "ExecutionsFailed"
        | "SuccessPercent" => SignalKind::Errors,
        "Throttles"
        | "ThrottledRequests"
        | "ReadThrottleEvents"
        | "WriteThrottleEvents"
        | "SystemErrors"
        | "OperationsFailedReplication"
        | "UnHealthyHostCount"
        | "NumberOfNotificationsFailed" => SignalKind::Throttles,
        "Invocations" | "Count" | "RequestCount" => SignalKind::Requests,
        "ReplicationLatency" | "AuroraGlobalDBReplicationLag" | "AuroraGlobalDBRPOLag" => {
            SignalKind::ReplicationLag
        }
        "Latency" | "Duration" | "TargetResponseTime" => SignalKind::Latency,
        "ApproximateAgeOfOldestMessage" => SignalKind::QueueAge,
        "ApproximateNumberOfMessagesVisible" => SignalKind::QueueDepth,
        "NumberOfBackupJobsFailed" | "NumberOfCopyJobsFailed" => SignalKind::Backup,
        _ => return None,
    })
}

/// Requests a minute at a moment: more by day than by night (UTC).
fn demand(second: i64) -> f64 {
    let part = second.rem_euclid(86_400) as f64 / 86_400.0;
    (part * std::f64::consts::TAU - std::f64::consts::FRAC_PI_2)
        .sin()
        .mul_add(180.0, 620.0)
}
