//! Route 53 as the SDK sees it: zones, records, changes and health checks. Global.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::health::{CheckId, CheckTarget, HealthCheck};
use crate::domain::routing::RecordSet;
use crate::rehearsal::faults::ApiError;
use crate::rehearsal::world::World;
use crate::rehearsal::world::agenda::Event;
use crate::rehearsal::world::checks::{CheckRecord, Checker, later};
use crate::rehearsal::world::zones::ZoneRecord;

/// A hosted zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Without the `/hostedzone/` prefix.
    pub id: String,
    /// With the final dot.
    pub name: String,
    pub name_servers: Vec<String>,
    pub records: usize,
    pub comment: Option<String>,
    pub caller_reference: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordAction {
    Create,
    Upsert,
    Delete,
}

/// One change of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordChange {
    pub action: RecordAction,
    pub record: RecordSet,
}

/// A change of records as `GetChange` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeView {
    /// Without the `/change/` prefix.
    pub id: String,
    /// `PENDING` or `INSYNC`.
    pub status: String,
    pub submitted_at: Timestamp,
    pub comment: Option<String>,
}

/// A health check with what only the wire needs.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthCheckView {
    pub check: HealthCheck,
    pub caller_reference: String,
    pub tags: BTreeMap<String, String>,
    pub enable_sni: bool,
    /// Route 53's own copy of the alarm's configuration (metric checks).
    pub alarm: Option<AlarmCopy>,
}

/// What Route 53 copies from an alarm when a check is created or updated; nothing else of it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct AlarmCopy {
    pub namespace: String,
    pub metric: String,
    pub dimensions: BTreeMap<String, String>,
    pub statistic: String,
    /// Seconds.
    pub period: u32,
    pub evaluation_periods: u32,
    pub threshold: f64,
    pub comparison: String,
}

/// One checker's report of an endpoint check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckerReport {
    pub region: String,
    pub ip: String,
    pub ok: bool,
    /// Begins with `Success:` or `Failure:`.
    pub words: String,
    pub at: Timestamp,
}

/// What `UpdateHealthCheck` changes; absent fields stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthCheckUpdate {
    /// Of a calculated check.
    pub threshold: Option<i32>,
    pub failure_threshold: Option<i32>,
    pub inverted: Option<bool>,
    pub disabled: Option<bool>,
    pub children: Option<Vec<CheckId>>,
    /// Name and region: copies the alarm's configuration anew.
    pub alarm: Option<(String, String)>,
}

fn no_check(id: &str) -> ApiError {
    ApiError::new(
        404,
        "NoSuchHealthCheck",
        format!("No health check exists with the specified ID: {id}"),
    )
}

/// Zones, changes and checks: the global part of the world.
#[derive(Debug, Default)]
pub(super) struct Route53 {
    pub(super) zones: BTreeMap<String, ZoneRecord>,
    pub(super) checks: BTreeMap<CheckId, CheckRecord>,
    pub(super) changes: BTreeMap<String, ChangeView>,
}

impl World {
    pub fn health_checks(&self) -> Vec<HealthCheckView> {
        self.route53
            .checks
            .values()
            .map(|c| c.view.clone())
            .collect()
    }

    pub fn health_check(&self, id: &str) -> Result<HealthCheckView, ApiError> {
        self.check(id).map(|c| c.view.clone())
    }

    fn check(&self, id: &str) -> Result<&CheckRecord, ApiError> {
        self.route53
            .checks
            .get(&CheckId(id.to_owned()))
            .ok_or_else(|| no_check(id))
    }

    /// Of an endpoint check; calculated and metric checks have no checkers of their own.
    pub fn health_check_status(&self, id: &str) -> Result<Vec<CheckerReport>, ApiError> {
        let report = |c: &Checker| CheckerReport {
            region: c.region.to_owned(),
            ip: c.ip.clone(),
            ok: c.ok,
            words: c.words.clone(),
            at: c.at,
        };
        Ok(self.check(id)?.checkers.iter().map(report).collect())
    }

    /// `version` other than the check's own is refused with `HealthCheckVersionMismatch`.
    pub fn update_health_check(
        &mut self,
        id: &str,
        version: Option<i64>,
        update: &HealthCheckUpdate,
    ) -> Result<HealthCheckView, ApiError> {
        let known = self.check(id)?.view.check.version;
        if version.is_some_and(|v| v != known) {
            let why = "The value of HealthCheckVersion in the request doesn't match the value of HealthCheckVersion in the health check.";
            return Err(ApiError::new(409, "HealthCheckVersionMismatch", why));
        }
        let copy = match &update.alarm {
            Some((name, region)) => Some(
                self.alarm_copy(name, region)
                    .map_err(|why| ApiError::new(400, "InvalidInput", why))?,
            ),
            None => None,
        };
        let due = later(self.now(), self.chance.about("check in force", 20));
        let check = self
            .route53
            .checks
            .get_mut(&CheckId(id.to_owned()))
            .ok_or_else(|| no_check(id))?;
        update.apply(&mut check.view.check);
        check.view.alarm = copy.or_else(|| check.view.alarm.take());
        let view = check.view.clone();
        self.agenda
            .push(due, Event::CheckInForce(Box::new(view.check.clone())));
        Ok(view)
    }

    /// A changed configuration has reached the checkers.
    pub(super) fn check_in_force(&mut self, check: HealthCheck) {
        self.answers_stale();
        if let Some(record) = self.route53.checks.get_mut(&check.id) {
            record.in_force = check;
        }
    }
}

impl HealthCheckUpdate {
    fn apply(&self, check: &mut HealthCheck) {
        check.version += 1;
        check.inverted = self.inverted.unwrap_or(check.inverted);
        check.disabled = self.disabled.unwrap_or(check.disabled);
        match &mut check.target {
            CheckTarget::Calculated {
                children,
                threshold,
            } => {
                *threshold = self.threshold.unwrap_or(*threshold);
                if let Some(new) = &self.children {
                    children.clone_from(new);
                }
            }
            CheckTarget::Endpoint {
                failure_threshold, ..
            } => {
                *failure_threshold = self.failure_threshold.unwrap_or(*failure_threshold);
            }
            CheckTarget::Metric { alarm, region, .. } => {
                if let Some((name, place)) = &self.alarm {
                    alarm.clone_from(name);
                    region.clone_from(place);
                }
            }
            CheckTarget::Other(_) => {}
        }
    }
}
