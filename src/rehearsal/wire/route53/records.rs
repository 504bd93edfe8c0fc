//! Record sets and their changes.

use winterbaume_route53::wire;

use super::super::Response;
use super::super::page::size;
use super::super::route::Call;
use super::{bare, by_labels, invalid};
use crate::domain::health::CheckId;
use crate::domain::routing::{Alias, FailoverRole, Policy, RecordSet, absolute};
use crate::rehearsal::world::route53::{ChangeView, RecordAction, RecordChange};
use crate::rehearsal::world::{ApiError, World};

/// Records of one page (API reference).
const PAGE: usize = 300;

pub(super) fn list(world: &World, call: &Call) -> Result<Response, ApiError> {
    let labels = [("HostedZoneId", call.id.as_str())];
    let input =
        wire::deserialize_list_resource_record_sets_request(&call.mock(), &labels, &call.params)
            .map_err(invalid)?;
    let mut records = world.records(bare(&call.id, "/hostedzone/"))?;
    if let Some(name) = &input.start_record_name {
        let start = (
            by_labels(name),
            input.start_record_type.unwrap_or_default(),
            input.start_record_identifier.unwrap_or_default(),
        );
        records.retain(|record| key(record) >= start);
    }
    let size = size(input.max_items, PAGE, PAGE);
    let rest = records.split_off(size.min(records.len()));
    let next = rest.into_iter().next();
    let sets: Vec<_> = records.into_iter().map(record_set).collect();
    let output = wire::ListResourceRecordSetsResponse {
        resource_record_sets: Some(sets.into()),
        is_truncated: Some(next.is_some()),
        max_items: Some(input.max_items.unwrap_or(300)),
        next_record_name: next.as_ref().map(|record| record.name.clone()),
        next_record_type: next.as_ref().map(|record| record.kind.clone()),
        next_record_identifier: next.and_then(|record| record.set_identifier),
    };
    Ok(wire::serialize_list_resource_record_sets_response(&output).into())
}

/// Route 53's order: name from the right, kind, set identifier.
fn key(record: &RecordSet) -> (Vec<String>, String, String) {
    let identifier = record.set_identifier.clone().unwrap_or_default();
    (by_labels(&record.name), record.kind.clone(), identifier)
}

pub(super) fn change(world: &mut World, call: &Call) -> Result<Response, ApiError> {
    let labels = [("HostedZoneId", call.id.as_str())];
    let input =
        wire::deserialize_change_resource_record_sets_request(&call.mock(), &labels, &call.params)
            .map_err(invalid)?;
    let changes = input.change_batch.changes.items;
    if changes.is_empty() {
        return Err(invalid("the change batch has no changes"));
    }
    let changes = changes
        .into_iter()
        .map(record_change)
        .collect::<Result<Vec<_>, _>>()?;
    let view = world.change_records(
        bare(&call.id, "/hostedzone/"),
        &changes,
        input.change_batch.comment.as_deref(),
    )?;
    let output = wire::ChangeResourceRecordSetsResponse {
        change_info: Some(change_info(view)),
    };
    Ok(wire::serialize_change_resource_record_sets_response(&output).into())
}

pub(super) fn get_change(world: &World, call: &Call) -> Result<Response, ApiError> {
    let view = world.change(bare(&call.id, "/change/"))?;
    let output = wire::GetChangeResponse {
        change_info: Some(change_info(view)),
    };
    Ok(wire::serialize_get_change_response(&output).into())
}

fn change_info(view: ChangeView) -> wire::ChangeInfo {
    wire::ChangeInfo {
        id: Some(format!("/change/{}", view.id)),
        status: Some(view.status),
        submitted_at: Some(view.submitted_at.to_string()),
        comment: view.comment,
    }
}

fn record_set(record: RecordSet) -> wire::ResourceRecordSet {
    let values: Vec<_> = record
        .values
        .into_iter()
        .map(|value| wire::ResourceRecord { value })
        .collect();
    let mut set = wire::ResourceRecordSet {
        name: record.name,
        r#type: record.kind,
        set_identifier: record.set_identifier,
        t_t_l: record.ttl,
        resource_records: (!values.is_empty()).then(|| values.into()),
        alias_target: record.alias.map(|alias| wire::AliasTarget {
            d_n_s_name: alias.name,
            hosted_zone_id: alias.zone_id,
            evaluate_target_health: alias.evaluate_target_health,
        }),
        health_check_id: record.check.map(|check| check.0),
        ..Default::default()
    };
    match record.policy {
        Policy::Simple => {}
        Policy::Weighted(weight) => set.weight = Some(weight),
        Policy::Failover(FailoverRole::Primary) => set.failover = Some("PRIMARY".to_owned()),
        Policy::Failover(FailoverRole::Secondary) => set.failover = Some("SECONDARY".to_owned()),
        // latency is the one of the others that every tool knows; the world itself makes none of them
        Policy::Other(region) => set.region = Some(region),
    }
    set
}

fn record_change(change: wire::Change) -> Result<RecordChange, ApiError> {
    let action = match change.action.as_str() {
        "CREATE" => RecordAction::Create,
        "UPSERT" => RecordAction::Upsert,
        "DELETE" => RecordAction::Delete,
        other => return Err(invalid(format!("{other:?} is not an action"))),
    };
    let record = read_record(change.resource_record_set)?;
    Ok(RecordChange { action, record })
}

fn read_record(set: wire::ResourceRecordSet) -> Result<RecordSet, ApiError> {
    if set.name.is_empty() || set.r#type.is_empty() {
        return Err(invalid("a record set needs a Name and a Type"));
    }
    let policy = policy(&set)?;
    let values = set.resource_records.map(|list| list.items);
    let values = values.unwrap_or_default().into_iter();
    Ok(RecordSet {
        name: absolute(&set.name),
        kind: set.r#type,
        set_identifier: set.set_identifier,
        policy,
        ttl: set.t_t_l,
        values: values.map(|record| record.value).collect(),
        alias: set.alias_target.map(|alias| Alias {
            zone_id: alias.hosted_zone_id,
            name: absolute(&alias.d_n_s_name),
            evaluate_target_health: alias.evaluate_target_health,
        }),
        check: set.health_check_id.map(CheckId),
    })
}

fn policy(set: &wire::ResourceRecordSet) -> Result<Policy, ApiError> {
    if set.region.is_some() || set.geo_location.is_some() || set.multi_value_answer == Some(true) {
        return Err(invalid(
            "the rehearsal knows simple, weighted and failover records only",
        ));
    }
    match (set.weight, set.failover.as_deref()) {
        (None, None) => Ok(Policy::Simple),
        (Some(weight), None) => Ok(Policy::Weighted(weight)),
        (None, Some("PRIMARY")) => Ok(Policy::Failover(FailoverRole::Primary)),
        (None, Some("SECONDARY")) => Ok(Policy::Failover(FailoverRole::Secondary)),
        (None, Some(other)) => Err(invalid(format!("{other:?} is not a failover role"))),
        (Some(_), Some(_)) => Err(invalid("a record set has one routing policy, not two")),
    }
}
