//! What others put into what the stacks made: objects in buckets, records in zones, stacks that import an export.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::domain::region::Role;
use crate::domain::routing::{Policy, RecordSet};
use crate::rehearsal::faults::Fault;
use crate::rehearsal::world::World;
use crate::rehearsal::world::cloudformation::{DeleteOptions, NewChangeSet};
use crate::rehearsal::world::cloudwatch::MetricId;

/// Seconds of a day: S3 counts a bucket's objects once in each.
const DAY: i64 = 86_400;

/// The token of what is done by nobody of ours.
const SOMEBODY: &str = "somebody-else";

/// A bucket and how much is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bucket {
    region: String,
    objects: u64,
}

impl World {
    /// Somebody begins or ends what a fault says that others do.
    pub(super) fn others_edge(&mut self, fault: &Fault, begins: bool) {
        match fault {
            Fault::ForeignImport { region } => {
                let region = self.setup.environment.regions.get(*region).clone();
                if begins {
                    self.import_something(region.as_str());
                } else {
                    self.give_up_import(region.as_str());
                }
            }
            Fault::ForeignRecords { records } => {
                for zone in self.zones_of_stacks() {
                    self.put_foreign(&zone, if begins { *records } else { 0 });
                }
            }
            Fault::StoredObjects { region, objects } => {
                self.store(*region, if begins { *objects } else { 0 });
            }
            _ => {}
        }
    }

    /// A bucket has been made.
    pub(super) fn open_bucket(&mut self, region: &str, name: &str) {
        let role = self.setup.environment.regions.role_of(region);
        let objects = self
            .faults()
            .into_iter()
            .find_map(|(_, fault)| match fault {
                Fault::StoredObjects { region, objects } if Some(region) == role => Some(objects),
                _ => None,
            });
        let bucket = Bucket {
            region: region.to_owned(),
            objects: objects.unwrap_or(0),
        };
        self.buckets.insert(name.to_owned(), bucket);
    }

    /// A bucket is to go, which S3 allows to an empty one only.
    pub(super) fn close_bucket(&mut self, name: &str) -> Result<(), String> {
        if self.buckets.get(name).is_some_and(|b| b.objects > 0) {
            return Err("Resource handler returned message: \"The bucket you tried to delete is not empty. You must delete all versions in the bucket.\" (HandlerErrorCode: GeneralServiceException)".to_owned());
        }
        self.buckets.remove(name);
        Ok(())
    }

    /// A zone has been made.
    pub(super) fn fill_zone(&mut self, id: &str) {
        let records = self
            .faults()
            .into_iter()
            .find_map(|(_, fault)| match fault {
                Fault::ForeignRecords { records } => Some(records),
                _ => None,
            });
        if let Some(records) = records {
            self.put_foreign(id, records);
        }
    }

    /// A custom resource is deleted: its function empties the buckets and zones that its properties name.
    pub(super) fn empty_named(&mut self, properties: &Value) {
        let given = properties.as_object().into_iter().flatten();
        let named = given.filter(|(key, _)| *key != "ServiceToken");
        for name in named.filter_map(|(_, value)| value.as_str()) {
            if let Some(bucket) = self.buckets.get_mut(name) {
                bucket.objects = 0;
            }
            self.answers_stale();
            if let Some(zone) = self.route53.zones.get_mut(name) {
                let apex = zone.zone.name.clone();
                let stays =
                    |r: &RecordSet| r.name == apex && matches!(r.kind.as_str(), "NS" | "SOA");
                zone.records.retain(stays);
                zone.served.retain(stays);
            }
        }
    }

    /// At midnight (UTC) every bucket's objects are counted.
    pub(super) fn count_objects_daily(&mut self) {
        let now = self.now();
        if now.as_second().rem_euclid(DAY) != 0 {
            return;
        }
        for (name, bucket) in self.buckets.clone() {
            self.count_objects(&name, &bucket, now);
        }
    }

    fn count_objects(&mut self, name: &str, bucket: &Bucket, at: Timestamp) {
        let dimensions = BTreeMap::from([
            ("BucketName".to_owned(), name.to_owned()),
            ("StorageType".to_owned(), "AllStorageTypes".to_owned()),
        ]);
        let id = MetricId::new("AWS/S3", "NumberOfObjects", dimensions);
        let metrics = &mut self.region_mut(&bucket.region).metrics;
        metrics.put(&id, at, bucket.objects as f64);
    }

    /// Every bucket of the role holds this many objects, as was counted last midnight.
    fn store(&mut self, role: Role, objects: u64) {
        let region = self.setup.environment.regions.get(role).as_str().to_owned();
        let midnight = self.now().as_second().div_euclid(DAY) * DAY;
        let midnight = Timestamp::from_second(midnight).unwrap_or_else(|_| self.now());
        let ours = self.buckets.iter_mut().filter(|(_, b)| b.region == region);
        let mut counted = Vec::new();
        for (name, bucket) in ours {
            bucket.objects = objects;
            counted.push((name.clone(), bucket.clone()));
        }
        for (name, bucket) in counted {
            self.count_objects(&name, &bucket, midnight);
        }
    }

    /// The zones that stacks made, rather than the operator.
    fn zones_of_stacks(&self) -> Vec<String> {
        let stacks = self.regions.values().flat_map(|r| &r.stacks);
        let resources = stacks.flat_map(|s| s.resources.values());
        resources
            .filter(|r| r.kind == "AWS::Route53::HostedZone" && r.alive)
            .map(|r| r.physical_id.clone())
            .collect()
    }

    /// Records of others in a zone: this many, and no more.
    fn put_foreign(&mut self, id: &str, records: usize) {
        self.answers_stale();
        let Some(zone) = self.route53.zones.get_mut(id) else {
            return;
        };
        let apex = zone.zone.name.clone();
        let known: Vec<RecordSet> = zone.records.clone();
        for old in known.iter().filter(|r| r.name.starts_with("others-")) {
            zone.remove(old);
        }
        for number in 1..=records {
            zone.put(&RecordSet {
                name: format!("others-{number}.{apex}"),
                kind: "TXT".to_owned(),
                set_identifier: None,
                policy: Policy::Simple,
                ttl: Some(300),
                values: vec!["\"somebody needs this\"".to_owned()],
                alias: None,
                check: None,
            });
        }
    }

    /// Somebody deploys a stack that takes the first export of the region.
    fn import_something(&mut self, region: &str) {
        let Some(export) = self.exports(region).into_iter().next() else {
            return;
        };
        let value = json!({ "Fn::ImportValue": export.name });
        let properties = json!({ "Type": "String", "Value": value });
        let parameter = json!({ "Type": "AWS::SSM::Parameter", "Properties": properties });
        let body = json!({ "Resources": { "Taken": parameter } });
        let new = NewChangeSet {
            stack_name: foreign_name(&self.setup.environment.suffix),
            body: Some(body.to_string()),
            token: Some(SOMEBODY.to_owned()),
            ..NewChangeSet::default()
        };
        if let Err(error) = self.create_stack(region, &new) {
            self.note(format!("nobody imports {}: {error}", export.name));
        }
    }

    fn give_up_import(&mut self, region: &str) {
        let name = foreign_name(&self.setup.environment.suffix);
        let options = DeleteOptions {
            token: Some(SOMEBODY.to_owned()),
            ..DeleteOptions::default()
        };
        if let Err(error) = self.delete_stack(region, &name, &options) {
            self.note(format!("{name} stays: {error}"));
        }
    }
}

fn foreign_name(suffix: &str) -> String {
    format!("somebody-elses-{suffix}")
}
