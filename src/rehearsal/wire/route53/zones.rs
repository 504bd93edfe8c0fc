//! Hosted zones.

use winterbaume_route53::wire;

use super::super::Response;
use super::super::page::size;
use super::super::route::Call;
use super::{PAGE, bare, by_labels, invalid};
use crate::rehearsal::world::route53::Zone;
use crate::rehearsal::world::{ApiError, World};

pub(super) fn list(world: &World, call: &Call) -> Result<Response, ApiError> {
    let input = wire::deserialize_list_hosted_zones_request(&call.mock(), &[], &call.params)
        .map_err(invalid)?;
    let mut zones = world.zones();
    zones.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(marker) = &input.marker {
        zones.retain(|zone| zone.id.as_str() >= bare(marker, "/hostedzone/"));
    }
    let (zones, next) = split(zones, size(input.max_items, PAGE, PAGE));
    let output = wire::ListHostedZonesResponse {
        is_truncated: Some(next.is_some()),
        next_marker: next.map(|zone| zone.id),
        marker: input.marker,
        max_items: Some(input.max_items.unwrap_or(100)),
        hosted_zones: Some(all(zones)),
    };
    Ok(wire::serialize_list_hosted_zones_response(&output).into())
}

pub(super) fn list_by_name(world: &World, call: &Call) -> Result<Response, ApiError> {
    let input =
        wire::deserialize_list_hosted_zones_by_name_request(&call.mock(), &[], &call.params)
            .map_err(invalid)?;
    let key = |zone: &Zone| (by_labels(&zone.name), zone.id.clone());
    let mut zones = world.zones();
    zones.sort_by_key(key);
    if let Some(name) = &input.d_n_s_name {
        let id = input.hosted_zone_id.as_deref().unwrap_or_default();
        let start = (by_labels(name), bare(id, "/hostedzone/").to_owned());
        zones.retain(|zone| key(zone) >= start);
    }
    let (zones, next) = split(zones, size(input.max_items, PAGE, PAGE));
    let output = wire::ListHostedZonesByNameResponse {
        d_n_s_name: input.d_n_s_name,
        hosted_zone_id: input.hosted_zone_id,
        is_truncated: Some(next.is_some()),
        max_items: Some(input.max_items.unwrap_or(100)),
        next_d_n_s_name: next.as_ref().map(|zone| zone.name.clone()),
        next_hosted_zone_id: next.map(|zone| zone.id),
        hosted_zones: Some(all(zones)),
    };
    Ok(wire::serialize_list_hosted_zones_by_name_response(&output).into())
}

pub(super) fn get(world: &World, call: &Call) -> Result<Response, ApiError> {
    let id = bare(&call.id, "/hostedzone/");
    let found = world.zones().into_iter().find(|zone| zone.id == id);
    let zone = found.ok_or_else(|| {
        ApiError::new(
            404,
            "NoSuchHostedZone",
            format!("No hosted zone found with ID: {id}"),
        )
    })?;
    let servers = zone.name_servers.iter().map(|name| {
        // the API writes name servers without the final dot
        name.trim_end_matches('.').to_owned()
    });
    let output = wire::GetHostedZoneResponse {
        delegation_set: Some(wire::DelegationSet {
            name_servers: Some(servers.collect::<Vec<_>>().into()),
            ..Default::default()
        }),
        hosted_zone: Some(hosted_zone(zone)),
        ..Default::default()
    };
    Ok(wire::serialize_get_hosted_zone_response(&output).into())
}

/// The page, and the first zone of the next one.
fn split(mut zones: Vec<Zone>, size: usize) -> (Vec<Zone>, Option<Zone>) {
    let rest = zones.split_off(size.min(zones.len()));
    (zones, rest.into_iter().next())
}

fn all(zones: Vec<Zone>) -> wire::HostedZones {
    zones
        .into_iter()
        .map(hosted_zone)
        .collect::<Vec<_>>()
        .into()
}

fn hosted_zone(zone: Zone) -> wire::HostedZone {
    wire::HostedZone {
        id: Some(format!("/hostedzone/{}", zone.id)),
        name: Some(zone.name),
        caller_reference: Some(zone.caller_reference),
        config: Some(wire::HostedZoneConfig {
            comment: zone.comment,
            private_zone: Some(false),
        }),
        resource_record_set_count: i64::try_from(zone.records).ok(),
        ..Default::default()
    }
}
