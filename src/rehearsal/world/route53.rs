//! Route 53 as the SDK sees it: zones, records, changes and health checks. Global.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::health::{CheckId, CheckTarget, HealthCheck};
use crate::domain::routing::{Policy, RecordSet, absolute};
use crate::rehearsal::faults::ApiError;
use crate::rehearsal::world::World;
use crate::rehearsal::world::agenda::Event;
use crate::rehearsal::world::checks::{CheckRecord, Checker, later};

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

fn invalid_batch(message: &str) -> ApiError {
    ApiError::new(400, "InvalidChangeBatch", format!("[{message}]"))
}

/// Zones, changes and checks: the global part of the world.
#[derive(Debug, Default)]
pub(super) struct Route53 {
    pub(super) zones: BTreeMap<String, ZoneRecord>,
    pub(super) checks: BTreeMap<CheckId, CheckRecord>,
    changes: BTreeMap<String, ChangeView>,
}

#[derive(Clone, Debug)]
pub(super) struct ZoneRecord {
    pub(super) zone: Zone,
    /// As the API shows them.
    pub(super) records: Vec<RecordSet>,
    /// As the name servers already answer.
    pub(super) served: Vec<RecordSet>,
}

impl World {
    pub fn zones(&self) -> Vec<Zone> {
        let with_count = |z: &ZoneRecord| Zone {
            records: z.records.len(),
            ..z.zone.clone()
        };
        self.route53.zones.values().map(with_count).collect()
    }

    /// In Route 53's order: by name (labels reversed), kind and set identifier.
    pub fn records(&self, zone_id: &str) -> Result<Vec<RecordSet>, ApiError> {
        let zone = self
            .route53
            .zones
            .get(zone_id)
            .ok_or_else(|| no_zone(zone_id))?;
        Ok(zone.records.clone())
    }

    /// All of the changes, or none of them.
    pub fn change_records(
        &mut self,
        zone_id: &str,
        changes: &[RecordChange],
        comment: Option<&str>,
    ) -> Result<ChangeView, ApiError> {
        let zone = self
            .route53
            .zones
            .get(zone_id)
            .ok_or_else(|| no_zone(zone_id))?;
        let mut records = zone.records.clone();
        for change in changes {
            self.apply_change(&zone.zone.name, &mut records, change)?;
        }
        let now = self.now();
        let serial = self.next_serial();
        let id = format!(
            "C{}",
            self.chance
                .token(&format!("change-{serial}"), 20)
                .to_uppercase()
        );
        let view = ChangeView {
            id: id.clone(),
            status: "PENDING".to_owned(),
            submitted_at: now,
            comment: comment.map(str::to_owned),
        };
        let event = Event::RecordsInSync {
            zone: zone_id.to_owned(),
            change: id.clone(),
            records: records.clone(),
        };
        self.agenda
            .push(later(now, self.chance.about(&id, 30)), event);
        if let Some(zone) = self.route53.zones.get_mut(zone_id) {
            zone.records = records;
        }
        self.route53.changes.insert(id, view.clone());
        Ok(view)
    }

    fn apply_change(
        &self,
        zone: &str,
        records: &mut Vec<RecordSet>,
        change: &RecordChange,
    ) -> Result<(), ApiError> {
        let record = &change.record;
        if !is_in_zone(&record.name, zone) {
            let name = &record.name;
            return Err(invalid_batch(&format!(
                "RRSet with DNS name {name} is not permitted in zone {zone}"
            )));
        }
        let missing = record
            .check
            .as_ref()
            .filter(|c| !self.route53.checks.contains_key(*c));
        if let Some(check) = missing {
            return Err(invalid_batch(&format!(
                "A specified health check was not found: {check}"
            )));
        }
        let place = records.iter().position(|r| same_place(r, record));
        let what = format!(
            "resource record set [name='{}', type='{}']",
            record.name, record.kind
        );
        match (change.action, place) {
            (RecordAction::Create, Some(_)) => Err(invalid_batch(&format!(
                "Tried to create {what} but it already exists"
            ))),
            (RecordAction::Delete, None) => Err(invalid_batch(&format!(
                "Tried to delete {what} but it was not found"
            ))),
            (RecordAction::Delete, Some(index)) if records.get(index) != Some(record) => {
                Err(invalid_batch(&format!(
                    "Tried to delete {what} but the values provided do not match the current values"
                )))
            }
            (RecordAction::Delete, Some(index)) => {
                records.remove(index);
                Ok(())
            }
            (RecordAction::Create | RecordAction::Upsert, place) => {
                place.map(|index| records.remove(index));
                records.push(record.clone());
                sort(records);
                Ok(())
            }
        }
    }

    pub fn change(&self, id: &str) -> Result<ChangeView, ApiError> {
        self.route53.changes.get(id).cloned().ok_or_else(|| {
            let why = format!("A change with the specified change ID does not exist: {id}");
            ApiError::new(404, "NoSuchChange", why)
        })
    }

    /// A change has reached every name server.
    pub(super) fn records_in_sync(&mut self, zone: &str, change: &str, records: Vec<RecordSet>) {
        self.answers_stale();
        if let Some(zone) = self.route53.zones.get_mut(zone) {
            zone.served = records;
        }
        if let Some(change) = self.route53.changes.get_mut(change) {
            "INSYNC".clone_into(&mut change.status);
        }
    }

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

    /// A zone with its SOA and NS records.
    pub(super) fn new_zone(&self, id: &str, name: &str, comment: Option<String>) -> ZoneRecord {
        let name = absolute(name);
        let serial = |n: u64| self.chance.bits(id, n);
        let name_servers: Vec<String> = ["net", "org", "co.uk", "com"]
            .iter()
            .zip(0_u64..)
            .map(|(top, n)| {
                format!(
                    "ns-{}.awsdns-{:02}.{top}",
                    serial(n) % 512 + n * 512,
                    serial(n) % 64
                )
            })
            .collect();
        let first = name_servers.first().cloned().unwrap_or_default();
        let soa = format!("{first}. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400");
        let absolutes = name_servers.iter().map(|s| format!("{s}.")).collect();
        let mut records = vec![
            plain_record(&name, "NS", 172_800, absolutes),
            plain_record(&name, "SOA", 900, vec![soa]),
        ];
        sort(&mut records);
        let zone = Zone {
            id: id.to_owned(),
            name,
            name_servers,
            records: records.len(),
            comment,
            caller_reference: self.chance.uuid(id),
        };
        ZoneRecord {
            zone,
            served: records.clone(),
            records,
        }
    }
}

impl ZoneRecord {
    /// Puts a record into the zone and on its name servers, in place of one with the same name, kind and identifier.
    pub(super) fn put(&mut self, record: &RecordSet) {
        for records in [&mut self.records, &mut self.served] {
            records.retain(|r| !same_place(r, record));
            records.push(record.clone());
            sort(records);
        }
    }

    pub(super) fn remove(&mut self, record: &RecordSet) {
        self.records.retain(|r| !same_place(r, record));
        self.served.retain(|r| !same_place(r, record));
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

fn plain_record(name: &str, kind: &str, ttl: i64, values: Vec<String>) -> RecordSet {
    RecordSet {
        name: name.to_owned(),
        kind: kind.to_owned(),
        set_identifier: None,
        policy: Policy::Simple,
        ttl: Some(ttl),
        values,
        alias: None,
        check: None,
    }
}

/// Whether two records are the same one in a zone, whatever they hold.
pub(super) fn same_place(a: &RecordSet, b: &RecordSet) -> bool {
    a.name == b.name && a.kind == b.kind && a.set_identifier == b.set_identifier
}

pub(super) fn is_in_zone(name: &str, zone: &str) -> bool {
    name == zone
        || name
            .strip_suffix(zone)
            .is_some_and(|front| front.ends_with('.'))
}

fn sort(records: &mut [RecordSet]) {
    records.sort_by_cached_key(|r| {
        let labels: Vec<String> = r.name.rsplit('.').map(str::to_owned).collect();
        (labels, r.kind.clone(), r.set_identifier.clone())
    });
}
