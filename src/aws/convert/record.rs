//! Record sets, read and sent back without losing a byte.

use aws_sdk_route53::error::BuildError;
use aws_sdk_route53::types as sdk;

use crate::aws::error::ActError;
use crate::domain::health::CheckId;
use crate::domain::routing::{Alias, FailoverRole, Policy, RecordSet, absolute};
use crate::domain::text::clean;

/// Route 53 writes unusual characters of names as octal escapes (`\052` for `*`).
pub(in crate::aws) fn spelled_out(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let code = after
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        if let Some(code) = code {
            out.push(char::from(code));
            rest = after.get(3..).unwrap_or_default();
        } else {
            out.push('\\');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

pub(in crate::aws) fn record(record: &sdk::ResourceRecordSet) -> RecordSet {
    RecordSet {
        name: absolute(&clean(record.name())),
        kind: clean(record.r#type().as_str()),
        // Kept byte for byte: the record is found by it, and it is sent back.
        set_identifier: record.set_identifier().map(str::to_owned),
        policy: policy(record),
        ttl: record.ttl(),
        values: record
            .resource_records()
            .iter()
            .map(|r| r.value().to_owned())
            .collect(),
        alias: record.alias_target().map(|alias| Alias {
            zone_id: clean(alias.hosted_zone_id()),
            name: clean(alias.dns_name()),
            evaluate_target_health: alias.evaluate_target_health(),
        }),
        check: record.health_check_id().map(|id| CheckId(clean(id))),
    }
}

/// The routing policy. A record that could not be sent back exactly as it is counts as another policy, so
/// that it is never changed.
fn policy(record: &sdk::ResourceRecordSet) -> Policy {
    let other = |name: &str| Policy::Other(name.to_owned());
    let exact = record
        .resource_records()
        .iter()
        .all(|r| is_clean(r.value()))
        && record.set_identifier().is_none_or(is_clean);
    if !exact {
        return other("values with control characters");
    }
    if record.traffic_policy_instance_id().is_some() {
        return other("traffic policy");
    }
    if record.region().is_some() {
        return other("latency");
    }
    if record.geo_location().is_some() || record.geo_proximity_location().is_some() {
        return other("geolocation");
    }
    if record.multi_value_answer().is_some() {
        return other("multivalue answer");
    }
    if record.cidr_routing_config().is_some() {
        return other("IP-based");
    }
    match (
        record.weight(),
        record
            .failover()
            .map(sdk::ResourceRecordSetFailover::as_str),
    ) {
        (None, None) => Policy::Simple,
        (Some(weight), None) => Policy::Weighted(weight),
        (None, Some("PRIMARY")) => Policy::Failover(FailoverRole::Primary),
        (None, Some("SECONDARY")) => Policy::Failover(FailoverRole::Secondary),
        (_, Some(failover)) => Policy::Other(format!("failover {}", clean(failover))),
    }
}

fn is_clean(text: &str) -> bool {
    clean(text) == text
}

pub(in crate::aws) fn upsert(record: &RecordSet) -> Result<sdk::Change, ActError> {
    let incomplete = |e: BuildError| ActError::not_sent(e.to_string());
    sdk::Change::builder()
        .action(sdk::ChangeAction::Upsert)
        .resource_record_set(to_sdk(record)?)
        .build()
        .map_err(incomplete)
}

fn to_sdk(record: &RecordSet) -> Result<sdk::ResourceRecordSet, ActError> {
    let incomplete = |e: BuildError| ActError::not_sent(e.to_string());
    let set = sdk::ResourceRecordSet::builder()
        .name(&record.name)
        .r#type(record.kind.as_str().into())
        .set_set_identifier(record.set_identifier.clone())
        .set_ttl(record.ttl)
        .set_health_check_id(record.check.as_ref().map(|c| c.0.clone()));
    let set = match &record.policy {
        Policy::Simple => set,
        Policy::Weighted(weight) => set.weight(*weight),
        Policy::Failover(FailoverRole::Primary) => {
            set.failover(sdk::ResourceRecordSetFailover::Primary)
        }
        Policy::Failover(FailoverRole::Secondary) => {
            set.failover(sdk::ResourceRecordSetFailover::Secondary)
        }
        Policy::Other(policy) => {
            return Err(ActError::not_sent(format!(
                "{} {} is routed by {policy}, which is not changed from here",
                record.name, record.kind
            )));
        }
    };
    let alias = record.alias.as_ref().map(|alias| {
        sdk::AliasTarget::builder()
            .hosted_zone_id(&alias.zone_id)
            .dns_name(&alias.name)
            .evaluate_target_health(alias.evaluate_target_health)
            .build()
            .map_err(incomplete)
    });
    let values = record
        .values
        .iter()
        .map(|value| sdk::ResourceRecord::builder().value(value).build())
        .collect::<Result<Vec<_>, _>>()
        .map_err(incomplete)?;
    set.set_alias_target(alias.transpose()?)
        .set_resource_records((!values.is_empty()).then_some(values))
        .build()
        .map_err(incomplete)
}
