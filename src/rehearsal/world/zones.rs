//! Hosted zones: their records as the API shows them and as the name servers already answer, and the changes between.

use crate::domain::routing::{Policy, RecordSet, absolute};
use crate::rehearsal::faults::ApiError;
use crate::rehearsal::world::World;
use crate::rehearsal::world::agenda::Event;
use crate::rehearsal::world::checks::later;
use crate::rehearsal::world::route53::{ChangeView, RecordAction, RecordChange, Zone};

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
