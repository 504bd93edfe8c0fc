//! What a resource is in the world once it has been created: an alarm that is evaluated, a check that looks, a record
//! that answers. Types that do nothing here exist only in their stack.

use serde_json::Value;

use crate::domain::health::CheckId;
use crate::domain::routing::{Alias, FailoverRole, Policy, RecordSet, absolute};
use crate::rehearsal::world::alarms::AlarmRecord;
use crate::rehearsal::world::cloudformation::attributes::{Place, balancer_name, regional_domain};
use crate::rehearsal::world::cloudformation::record::ResourceRecord;
use crate::rehearsal::world::zones::same_place;
use crate::rehearsal::world::{ACCOUNT, World, props};

impl World {
    /// Brings a created or updated resource into the world; an error is what CloudFormation would say.
    pub(super) fn materialise(
        &mut self,
        region: &str,
        resource: &ResourceRecord,
        new: bool,
    ) -> Result<(), String> {
        self.answers_stale();
        match resource.kind.as_str() {
            "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm" => {
                self.put_alarm(region, resource);
                Ok(())
            }
            "AWS::Route53::HealthCheck" => self.put_check(resource),
            "AWS::Route53::HostedZone" => {
                let comment = resource.properties.get("HostedZoneConfig");
                let comment = comment.and_then(|c| props::text(c, "Comment"));
                let name = props::text(&resource.properties, "Name").unwrap_or_default();
                let zone = self.new_zone(&resource.physical_id, &name, comment);
                self.route53
                    .zones
                    .entry(resource.physical_id.clone())
                    .or_insert(zone);
                self.fill_zone(&resource.physical_id);
                Ok(())
            }
            "AWS::S3::Bucket" => {
                self.open_bucket(region, &resource.physical_id);
                Ok(())
            }
            "AWS::Route53::RecordSet" | "AWS::Route53::RecordSetGroup" => {
                self.put_records(resource, new)
            }
            _ => {
                if let Some(host) = self.host_of(region, resource) {
                    self.hosts.insert(absolute(&host), region.to_owned());
                }
                Ok(())
            }
        }
    }

    /// Takes a resource out of the world.
    pub(super) fn dissolve(
        &mut self,
        region: &str,
        resource: &ResourceRecord,
    ) -> Result<(), String> {
        self.answers_stale();
        match resource.kind.as_str() {
            "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm" => {
                self.region_mut(region).alarms.remove(&resource.physical_id);
            }
            "AWS::Route53::HealthCheck" => {
                self.route53
                    .checks
                    .remove(&CheckId(resource.physical_id.clone()));
            }
            "AWS::Route53::HostedZone" => return self.remove_zone(&resource.physical_id),
            "AWS::S3::Bucket" => return self.close_bucket(&resource.physical_id),
            kind if kind.starts_with("Custom::")
                || kind == "AWS::CloudFormation::CustomResource" =>
            {
                self.empty_named(&resource.properties);
            }
            "AWS::Route53::RecordSet" | "AWS::Route53::RecordSetGroup" => {
                for (zone, record) in self.records_of(resource)? {
                    if let Some(zone) = self.route53.zones.get_mut(&zone) {
                        zone.remove(&record);
                    }
                }
            }
            _ => {
                if let Some(host) = self.host_of(region, resource) {
                    self.hosts.remove(&absolute(&host));
                }
            }
        }
        Ok(())
    }

    fn remove_zone(&mut self, id: &str) -> Result<(), String> {
        let leftovers = self.route53.zones.get(id).is_some_and(|z| {
            z.records
                .iter()
                .any(|r| r.name != z.zone.name || !matches!(r.kind.as_str(), "NS" | "SOA"))
        });
        if leftovers {
            return Err("The specified hosted zone contains non-required resource record sets and so cannot be deleted. (Service: Route53, Status Code: 400, HostedZoneNotEmpty)".to_owned());
        }
        self.route53.zones.remove(id);
        Ok(())
    }

    fn put_alarm(&mut self, region: &str, resource: &ResourceRecord) {
        let name = &resource.physical_id;
        let arn = format!("arn:aws:cloudwatch:{region}:{ACCOUNT}:alarm:{name}");
        let mut alarm = AlarmRecord::from_properties(&resource.properties, name, arn, self.now());
        let region = self.region_mut(region);
        if let Some(known) = region.alarms.get(name) {
            alarm.view.alarm = known.view.alarm.clone();
        }
        region.alarms.insert(name.clone(), alarm);
    }

    fn put_check(&mut self, resource: &ResourceRecord) -> Result<(), String> {
        let mut check = self.check_from_properties(&resource.physical_id, &resource.properties)?;
        let id = check.view.check.id.clone();
        if let Some(known) = self.route53.checks.get_mut(&id) {
            check.view.check.version = known.view.check.version + 1;
            check
                .view
                .caller_reference
                .clone_from(&known.view.caller_reference);
            known.in_force = check.view.check.clone();
            known.view = check.view;
        } else {
            self.route53.checks.insert(id, check);
        }
        Ok(())
    }

    fn put_records(&mut self, resource: &ResourceRecord, new: bool) -> Result<(), String> {
        let records = self.records_of(resource)?;
        for (zone, record) in &records {
            let known = self
                .route53
                .zones
                .get(zone)
                .map_or(&[][..], |z| z.records.as_slice());
            if new && known.iter().any(|r| same_place(r, record)) {
                return Err(format!(
                    "[Tried to create resource record set [name='{}', type='{}'] but it already exists]",
                    record.name, record.kind
                ));
            }
            let missing = record
                .check
                .as_ref()
                .filter(|c| !self.route53.checks.contains_key(*c));
            if let Some(check) = missing {
                return Err(format!("A specified health check was not found: {check}"));
            }
        }
        for (zone, record) in records {
            if let Some(zone) = self.route53.zones.get_mut(&zone) {
                zone.put(&record);
            }
        }
        Ok(())
    }

    /// The records that a resource stands for, each with its zone's id.
    fn records_of(&self, resource: &ResourceRecord) -> Result<Vec<(String, RecordSet)>, String> {
        let props = &resource.properties;
        let single = std::slice::from_ref(props);
        let sets = if resource.kind == "AWS::Route53::RecordSetGroup" {
            props::list(props, "RecordSets")
        } else {
            single
        };
        sets.iter()
            .map(|set| {
                let zone = self.zone_of(set).or_else(|| self.zone_of(props));
                let zone = zone.ok_or("The hosted zone of the record was not found")?;
                Ok((zone, record_set(set)))
            })
            .collect()
    }

    fn zone_of(&self, props: &Value) -> Option<String> {
        let by_id =
            props::text(props, "HostedZoneId").filter(|id| self.route53.zones.contains_key(id));
        by_id.or_else(|| {
            let name = absolute(&props::text(props, "HostedZoneName")?);
            self.route53
                .zones
                .values()
                .find(|z| z.zone.name == name)
                .map(|z| z.zone.id.clone())
        })
    }

    /// The host name under which clients reach a resource.
    fn host_of(&self, region: &str, resource: &ResourceRecord) -> Option<String> {
        let id = &resource.physical_id;
        let place = Place {
            chance: self.chance,
            region,
            stack: "",
        };
        match resource.kind.as_str() {
            "AWS::ApiGateway::RestApi" | "AWS::ApiGatewayV2::Api" => {
                Some(format!("{id}.execute-api.{region}.amazonaws.com"))
            }
            "AWS::ApiGateway::DomainName" | "AWS::ApiGatewayV2::DomainName" => {
                Some(regional_domain(place, id))
            }
            "AWS::ElasticLoadBalancingV2::LoadBalancer" => Some(balancer_name(region, id)),
            _ => None,
        }
    }
}

/// A record set from its properties.
fn record_set(props: &Value) -> RecordSet {
    let text = |key: &str| props::text(props, key);
    let policy = match (text("Failover").as_deref(), props::integer(props, "Weight")) {
        (Some("PRIMARY"), _) => Policy::Failover(FailoverRole::Primary),
        (Some(_), _) => Policy::Failover(FailoverRole::Secondary),
        (None, Some(weight)) => Policy::Weighted(weight),
        (None, None) => {
            text("Region").map_or(Policy::Simple, |_| Policy::Other("latency".to_owned()))
        }
    };
    RecordSet {
        name: absolute(&text("Name").unwrap_or_default()),
        kind: text("Type").unwrap_or_default(),
        set_identifier: text("SetIdentifier"),
        policy,
        ttl: props::integer(props, "TTL"),
        values: props::texts(props, "ResourceRecords"),
        alias: props.get("AliasTarget").map(|a| Alias {
            zone_id: props::text(a, "HostedZoneId").unwrap_or_default(),
            name: absolute(&props::text(a, "DNSName").unwrap_or_default()),
            evaluate_target_health: props::flag(a, "EvaluateTargetHealth"),
        }),
        check: text("HealthCheckId").map(CheckId),
    }
}
