//! Route 53 as the SDK sees it: zones, records, changes and health checks. Global.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::health::{CheckId, HealthCheck};
use crate::domain::routing::RecordSet;
use crate::rehearsal::faults::ApiError;
use crate::rehearsal::world::World;

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

fn no_zone(id: &str) -> ApiError {
    ApiError::new(
        404,
        "NoSuchHostedZone",
        format!("No hosted zone found with ID: {id}"),
    )
}

impl World {
    pub fn zones(&self) -> Vec<Zone> {
        Vec::new()
    }

    /// In Route 53's order: by name (labels reversed), kind and set identifier.
    pub fn records(&self, zone_id: &str) -> Result<Vec<RecordSet>, ApiError> {
        Err(no_zone(zone_id))
    }

    pub fn change_records(
        &mut self,
        zone_id: &str,
        _changes: &[RecordChange],
        _comment: Option<&str>,
    ) -> Result<ChangeView, ApiError> {
        Err(no_zone(zone_id))
    }

    pub fn change(&self, id: &str) -> Result<ChangeView, ApiError> {
        Err(ApiError::new(
            404,
            "NoSuchChange",
            format!("A change with the specified change ID does not exist: {id}"),
        ))
    }

    pub fn health_checks(&self) -> Vec<HealthCheckView> {
        Vec::new()
    }

    pub fn health_check(&self, id: &str) -> Result<HealthCheckView, ApiError> {
        Err(no_check(id))
    }

    /// Of an endpoint check; calculated and metric checks have no checkers of their own.
    pub fn health_check_status(&self, id: &str) -> Result<Vec<CheckerReport>, ApiError> {
        Err(no_check(id))
    }

    /// `version` other than the check's own is refused with `HealthCheckVersionMismatch`.
    pub fn update_health_check(
        &mut self,
        id: &str,
        _version: Option<i64>,
        _update: &HealthCheckUpdate,
    ) -> Result<HealthCheckView, ApiError> {
        Err(no_check(id))
    }
}
