//! What the system's metrics show: one value a minute for every signal of the manifest and every alarm.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::health::Health;
use crate::domain::region::{PerRole, Role};
use crate::domain::signal::{Direction, SignalKind};
use crate::rehearsal::faults::Fault;
use crate::rehearsal::world::World;
use crate::rehearsal::world::alarms::AlarmRecord;
use crate::rehearsal::world::checks::in_force;
use crate::rehearsal::world::cloudwatch::MetricId;
use crate::rehearsal::world::system::resolved;

/// A metric that is fed.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) role: Role,
    pub(super) region: String,
    pub(super) id: MetricId,
    pub(super) kind: SignalKind,
    /// Of a replication lag.
    direction: Direction,
    /// Values are in milliseconds rather than seconds.
    milliseconds: bool,
    /// A hundred when all is well, rather than zero.
    full: bool,
}

impl World {
    /// Writes what the minute that has just ended came to.
    pub(super) fn write_totals(&mut self) {
        let now = self.now();
        let minute =
            Timestamp::from_second(now.as_second().div_euclid(60) * 60 - 60).unwrap_or(now);
        let requests = std::mem::take(&mut self.system.requests);
        self.write_check_status(minute);
        if !self.is_deployed() {
            return;
        }
        for (role, asked) in requests.iter() {
            self.count_unsettled(minute, role, *asked);
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
                let base = chance(38.0, 95.0) * (1.0 + failing / 20.0);
                Some(if source.milliseconds {
                    base
                } else {
                    base / 1000.0
                })
            }
            SignalKind::QueueAge => {
                let waiting = self.system.unsettled.get(&source.role);
                let since = waiting.map(|(since, _)| minute.duration_since(*since).as_secs_f64());
                let slow = if failing > 10.0 { failing * 3.0 } else { 0.0 };
                Some(since.unwrap_or_else(|| (chance(0.0, 6.0) + slow).floor()))
            }
            SignalKind::QueueDepth => Some(self.depth(source, failing, asked, chance(0.0, 12.0))),
            SignalKind::Connections => Some((chance(0.0, 12.0) + asked / 100.0).floor()),
            SignalKind::ReplicationLag => {
                let usual = chance(350.0, 1_400.0);
                if source.direction == Direction::Reverse && !self.writes_back(source, requests) {
                    return None;
                }
                self.lag(source, usual)
            }
            SignalKind::Staleness | SignalKind::Heartbeat => None,
        }
    }

    /// What waits in a queue, or has been given up.
    fn depth(&self, source: &Source, failing: f64, asked: f64, usual: f64) -> f64 {
        let named = |word: &str| source.id.dimensions.values().any(|d| d.contains(word));
        let value = if named("dlq") || named("dead") {
            // a function that fails now and then is asked again; one that fails often gives up
            if failing > 10.0 {
                asked * failing / 1000.0
            } else {
                0.0
            }
        } else {
            let waiting = self.system.unsettled.get(&source.role);
            usual + waiting.map_or(0.0, |(_, count)| *count)
        };
        value.floor()
    }

    /// Whether anything is carried from the standby to the primary: a table tells of it while it is written to, a
    /// database cluster while the other one is the writer.
    fn writes_back(&self, source: &Source, requests: &PerRole<f64>) -> bool {
        let written = source.id.namespace == "AWS/RDS" || requests.standby >= 1.0;
        written && self.runs(Role::Standby)
    }

    /// Lag grows while replication is stalled; there is none to be told while the source does not run, while another
    /// database is the source, or of a table of which nothing arrives: its lag is measured on arrival.
    fn lag(&self, source: &Source, usual: f64) -> Option<f64> {
        let from = match source.direction {
            Direction::Forward => Role::Primary,
            Direction::Reverse => Role::Standby,
        };
        if source.id.namespace == "AWS/RDS" && self.writer() != from {
            return None;
        }
        let is_table = from == Role::Primary && source.id.namespace == "AWS/DynamoDB";
        if is_table && self.has(|f| matches!(f, Fault::TableStalled)) {
            return None;
        }
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
        let checks = in_force(&self.route53.checks);
        let status: Vec<(String, f64, Option<f64>)> = self
            .route53
            .checks
            .iter()
            .map(|(id, check)| {
                let healthy = self.health_in(&checks, id) == Health::Healthy;
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
    pub(super) fn sources(&mut self) -> Arc<[Source]> {
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
                    direction: spec.direction,
                    milliseconds: spec.unit == "ms",
                    full: false,
                });
            }
        }
        for (name, region) in &self.regions {
            let Some(role) = env.regions.role_of(name) else {
                continue;
            };
            for id in region.alarms.values().flat_map(AlarmRecord::watched) {
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
                        direction: Direction::Forward,
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

/// What a metric that only an alarm names is about.
fn purpose(metric: &str) -> Option<SignalKind> {
    Some(match metric {
        "Errors" | "5XXError" | "5xx" | "HTTPCode_Target_5XX_Count" | "SuccessPercent" => {
            SignalKind::Errors
        }
        "Throttles"
        | "ThrottledRequests"
        | "ReadThrottleEvents"
        | "WriteThrottleEvents"
        | "SystemErrors"
        | "OperationsFailedReplication"
        | "UnHealthyHostCount"
        | "ExecutionsTimedOut"
        | "NumberOfNotificationsFailed"
        | "ExecutionsFailed" => SignalKind::Throttles,
        "Invocations" | "Count" | "RequestCount" => SignalKind::Requests,
        "ReplicationLatency" | "AuroraGlobalDBReplicationLag" | "AuroraGlobalDBRPOLag" => {
            SignalKind::ReplicationLag
        }
        "Latency" | "Duration" | "TargetResponseTime" => SignalKind::Latency,
        "ApproximateAgeOfOldestMessage" => SignalKind::QueueAge,
        other if other.ends_with("AgeSeconds") => SignalKind::QueueAge,
        "ApproximateNumberOfMessagesVisible" => SignalKind::QueueDepth,
        "DatabaseConnections" => SignalKind::Connections,
        "NumberOfBackupJobsFailed" | "NumberOfCopyJobsFailed" => SignalKind::Backup,
        _ => return None,
    })
}
