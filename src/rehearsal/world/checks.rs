//! Health checks: sixteen checkers each, the evaluation of metric checks, and what DNS gets to know of it, when.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::domain::health::{
    CheckId, CheckTarget, CheckerCount, Health, HealthCheck, HealthChecks, InsufficientData,
};
use crate::rehearsal::world::alarms::breaches;
use crate::rehearsal::world::cloudwatch::{AlarmView, MetricId};
use crate::rehearsal::world::network::{Reply, Viewer};
use crate::rehearsal::world::route53::{AlarmCopy, HealthCheckView};
use crate::rehearsal::world::{World, props};

/// The regions in which Route 53 runs checkers; two of each look here.
const CHECKER_REGIONS: [&str; 8] = [
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "eu-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "sa-east-1",
];

/// From the checkers' verdict to the answers of DNS (seconds to half a minute; facts/aws.md §1.5).
const AGGREGATION: Duration = Duration::from_secs(25);

/// One prober of an endpoint check.
#[derive(Clone, Debug)]
pub(super) struct Checker {
    pub(super) region: &'static str,
    pub(super) ip: String,
    pub(super) ok: bool,
    pub(super) words: String,
    pub(super) at: Timestamp,
    next: Timestamp,
    /// Looks in a row that contradict `ok`.
    contrary: i32,
}

#[derive(Clone, Debug)]
pub(super) struct CheckRecord {
    pub(super) view: HealthCheckView,
    /// The configuration that the checkers and DNS already work with.
    pub(super) in_force: HealthCheck,
    pub(super) checkers: Vec<Checker>,
    /// What the checkers or the data say now, inversion not applied.
    raw: Health,
    /// What DNS knows of it.
    pub(super) known: Health,
    due: Option<Timestamp>,
}

impl CheckRecord {
    pub(super) fn new(view: HealthCheckView, now: Timestamp, ip: impl Fn(usize) -> String) -> Self {
        let interval = match &view.check.target {
            CheckTarget::Endpoint {
                interval_seconds, ..
            } => i64::from(*interval_seconds),
            CheckTarget::Calculated { .. } | CheckTarget::Metric { .. } | CheckTarget::Other(_) => {
                0
            }
        };
        let regions = CHECKER_REGIONS.iter().flat_map(|r| [*r, *r]).enumerate();
        let checker = |(index, region): (usize, &'static str)| Checker {
            region,
            ip: ip(index),
            ok: true,
            words: "Success: no data yet, a new check is healthy".to_owned(),
            at: now,
            next: later(now, Duration::from_secs(phase(interval, index))),
            contrary: 0,
        };
        let checkers = if interval > 0 {
            regions.map(checker).collect()
        } else {
            Vec::new()
        };
        // a new check is healthy, or unhealthy if it is inverted: either way its raw state is healthy
        Self {
            in_force: view.check.clone(),
            view,
            checkers,
            raw: Health::Healthy,
            known: Health::Healthy,
            due: None,
        }
    }

    /// The checkers' count, as `GetHealthCheckStatus` lets anyone count.
    pub(super) fn count(&self) -> CheckerCount {
        let succeeding = self.checkers.iter().filter(|c| c.ok).count();
        CheckerCount {
            succeeding: u32::try_from(succeeding).unwrap_or(0),
            total: u32::try_from(self.checkers.len()).unwrap_or(0),
            detail: None,
        }
    }

    /// Takes a new raw state; DNS will know in a while.
    fn set_raw(&mut self, raw: Health, now: Timestamp) {
        if raw != self.raw {
            self.raw = raw;
            self.due = (raw != self.known).then(|| later(now, AGGREGATION));
        }
    }

    /// Lets DNS know what is due; says whether it learned anything.
    fn publish(&mut self, now: Timestamp) -> bool {
        let due = self.due.is_some_and(|due| due <= now);
        if due {
            self.known = self.raw;
            self.due = None;
        }
        due
    }
}

/// The checkers of a check look one after the other.
fn phase(interval: i64, index: usize) -> u64 {
    let index = u64::try_from(index).unwrap_or(0);
    u64::try_from(interval).unwrap_or(0) * index / 16
}

pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

impl World {
    /// Lets every checker look that is due, and DNS know what is due.
    pub(super) fn run_checkers(&mut self) {
        let now = self.now();
        let mut learned = false;
        let mut checks = std::mem::take(&mut self.route53.checks);
        for check in checks.values_mut() {
            if let CheckTarget::Endpoint {
                host,
                path,
                interval_seconds,
                failure_threshold,
                kind,
                ..
            } = &check.in_force.target
            {
                let due = check.checkers.iter().any(|c| c.next <= now);
                if due {
                    let reply = self.endpoint(host, path, Viewer::Checker);
                    let interval =
                        Duration::from_secs(u64::try_from(*interval_seconds).unwrap_or(30));
                    let look = Look {
                        reply,
                        now,
                        interval,
                        threshold: *failure_threshold,
                        kind,
                    };
                    check.checkers.iter_mut().for_each(|c| c.look(&look));
                }
                let health = check.count().health();
                check.set_raw(health, now);
            }
            learned |= check.publish(now);
        }
        self.route53.checks = checks;
        if learned {
            self.answers_stale();
        }
    }

    /// Evaluates the checks that follow a metric: Route 53 looks at the data, not at the alarm.
    pub(super) fn evaluate_metric_checks(&mut self) {
        let now = self.now();
        let mut checks = std::mem::take(&mut self.route53.checks);
        for check in checks.values_mut() {
            let CheckTarget::Metric {
                region,
                insufficient_data,
                ..
            } = &check.in_force.target
            else {
                continue;
            };
            let breaching = check
                .view
                .alarm
                .as_ref()
                .and_then(|copy| self.breaching(region, copy));
            let raw = insufficient_data.health(breaching, Some(check.raw));
            check.set_raw(raw, now);
        }
        self.route53.checks = checks;
    }

    /// Whether every one of the alarm's periods breaches; `None` without data for one of them.
    fn breaching(&self, region: &str, copy: &AlarmCopy) -> Option<bool> {
        let region = self.region(region).filter(|r| !self.is_dark(&r.name))?;
        let id = MetricId::new(&copy.namespace, &copy.metric, copy.dimensions.clone());
        let period = i64::from(copy.period.max(60));
        let end = self.now().as_second().div_euclid(period) * period;
        let wanted = i64::from(copy.evaluation_periods);
        let points = region.metrics.series(
            &id,
            &copy.statistic,
            copy.period,
            (end - wanted * period, end),
        );
        (i64::try_from(points.len()) == Ok(wanted)).then(|| {
            points
                .iter()
                .all(|p| breaches(p.value, copy.threshold, &copy.comparison))
        })
    }

    /// A check's health as DNS knows it.
    pub(super) fn health_in(&self, checks: &HealthChecks, id: &CheckId) -> Health {
        let leaf = |check: &HealthCheck| {
            self.route53
                .checks
                .get(&check.id)
                .map_or(Health::Unknown, |c| c.known)
        };
        checks.health(id, &leaf)
    }

    /// Makes a check from the properties of `AWS::Route53::HealthCheck`.
    pub(super) fn check_from_properties(
        &self,
        id: &str,
        props: &Value,
    ) -> Result<CheckRecord, String> {
        let config = props.get("HealthCheckConfig").unwrap_or(&Value::Null);
        let target = target(config)?;
        let alarm = match &target {
            CheckTarget::Metric { alarm, region, .. } => Some(self.alarm_copy(alarm, region)?),
            CheckTarget::Endpoint { .. }
            | CheckTarget::Calculated { .. }
            | CheckTarget::Other(_) => None,
        };
        let tags = props::pairs(props, "HealthCheckTags", "Key");
        let check = HealthCheck {
            id: CheckId(id.to_owned()),
            version: 1,
            target,
            inverted: props::flag(config, "Inverted"),
            disabled: props::flag(config, "Disabled"),
            name: tags.get("Name").cloned(),
        };
        let view = HealthCheckView {
            check,
            caller_reference: self.chance.uuid(id),
            enable_sni: props::flag(config, "EnableSNI"),
            tags,
            alarm,
        };
        let address = |index: usize| {
            let bits = self
                .chance
                .bits("checker", u64::try_from(index).unwrap_or(0));
            format!("15.177.{}.{}", bits % 64, (bits >> 8) % 254 + 1)
        };
        Ok(CheckRecord::new(view, self.now(), address))
    }

    /// Copies what Route 53 keeps of an alarm; the alarm must exist.
    pub(super) fn alarm_copy(&self, name: &str, region: &str) -> Result<AlarmCopy, String> {
        let alarm = self.region(region).and_then(|r| r.alarms.get(name));
        alarm.map(|a| copy_of(&a.view)).ok_or_else(|| {
            format!("The CloudWatch alarm {name} does not exist in {region}, so no health check can follow it")
        })
    }
}

/// What every checker of a check sees in one moment.
struct Look<'a> {
    reply: Reply,
    now: Timestamp,
    interval: Duration,
    threshold: i32,
    kind: &'a str,
}

impl Checker {
    fn look(&mut self, look: &Look<'_>) {
        if self.next > look.now {
            return;
        }
        while self.next <= look.now {
            self.next = later(self.next, look.interval.max(Duration::from_secs(1)));
        }
        self.at = look.now;
        let (ok, words) = look.reply.words(look.kind);
        if ok == self.ok {
            self.contrary = 0;
            self.words = words;
            return;
        }
        self.contrary += 1;
        if self.contrary >= look.threshold {
            self.ok = ok;
            self.contrary = 0;
            self.words = words;
        }
    }
}

fn copy_of(alarm: &AlarmView) -> AlarmCopy {
    AlarmCopy {
        namespace: alarm.namespace.clone(),
        metric: alarm.metric.clone(),
        dimensions: alarm.dimensions.clone(),
        statistic: alarm.statistic.clone(),
        period: alarm.period,
        evaluation_periods: alarm.evaluation_periods,
        threshold: alarm.threshold,
        comparison: alarm.comparison.clone(),
    }
}

fn target(config: &Value) -> Result<CheckTarget, String> {
    let text = |key: &str| props::text(config, key);
    let kind = text("Type").ok_or("HealthCheckConfig has no Type")?;
    match kind.as_str() {
        "CALCULATED" => Ok(CheckTarget::Calculated {
            children: props::texts(config, "ChildHealthChecks")
                .into_iter()
                .map(CheckId)
                .collect(),
            threshold: props::small(config, "HealthThreshold").unwrap_or(1),
        }),
        "CLOUDWATCH_METRIC" => {
            let alarm = config
                .get("AlarmIdentifier")
                .ok_or("a metric check needs an AlarmIdentifier")?;
            Ok(CheckTarget::Metric {
                alarm: props::text(alarm, "Name").unwrap_or_default(),
                region: props::text(alarm, "Region").unwrap_or_default(),
                insufficient_data: match text("InsufficientDataHealthStatus").as_deref() {
                    Some("Healthy") => InsufficientData::Healthy,
                    Some("Unhealthy") => InsufficientData::Unhealthy,
                    _ => InsufficientData::LastKnownStatus,
                },
            })
        }
        _ => endpoint_target(config, kind),
    }
}

fn endpoint_target(config: &Value, kind: String) -> Result<CheckTarget, String> {
    let interval_seconds = props::small(config, "RequestInterval").unwrap_or(30);
    if ![10, 30].contains(&interval_seconds) {
        return Err(format!(
            "Invalid parameter : RequestInterval {interval_seconds} is neither 10 nor 30"
        ));
    }
    let host = props::text(config, "FullyQualifiedDomainName")
        .or_else(|| props::text(config, "IPAddress"));
    Ok(CheckTarget::Endpoint {
        kind,
        host: host.ok_or("an endpoint check needs a host")?,
        port: props::small(config, "Port"),
        path: props::text(config, "ResourcePath").unwrap_or_default(),
        interval_seconds,
        failure_threshold: props::small(config, "FailureThreshold").unwrap_or(3),
    })
}

/// Every check by id, in the configuration that is in force.
pub(super) fn in_force(checks: &BTreeMap<CheckId, CheckRecord>) -> HealthChecks {
    HealthChecks(
        checks
            .iter()
            .map(|(id, c)| (id.clone(), c.in_force.clone()))
            .collect(),
    )
}
