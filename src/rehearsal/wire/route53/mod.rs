//! Route 53: REST with XML bodies. One control plane for the world, in us-east-1.

mod checks;
mod records;
mod zones;

use super::route::Call;
use super::{Response, not_implemented};
use crate::rehearsal::world::{ApiError, World};

pub(super) const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// Items of one page of zones or checks (API reference).
const PAGE: usize = 100;

pub(super) fn answer(world: &mut World, call: &Call) -> Result<Response, ApiError> {
    match call.operation.as_str() {
        "ListHostedZones" => zones::list(world, call),
        "ListHostedZonesByName" => zones::list_by_name(world, call),
        "GetHostedZone" => zones::get(world, call),
        "ListResourceRecordSets" => records::list(world, call),
        "ChangeResourceRecordSets" => records::change(world, call),
        "GetChange" => records::get_change(world, call),
        "ListHealthChecks" => checks::list(world, call),
        "GetHealthCheck" => checks::get(world, call),
        "GetHealthCheckStatus" => checks::status(world, call),
        "UpdateHealthCheck" => checks::update(world, call),
        "ListTagsForResource" => checks::tags(world, call),
        "ListTagsForResources" => checks::tags_of_many(world, call),
        _ => Err(not_implemented(call)),
    }
}

/// An id without the prefix that Route 53 hands out and takes back.
fn bare<'a>(id: &'a str, prefix: &str) -> &'a str {
    id.strip_prefix(prefix).unwrap_or(id)
}

/// A request that can't be read.
fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidInput", message)
}

/// Sorts names as Route 53 does: label by label from the right.
fn by_labels(name: &str) -> Vec<String> {
    crate::domain::routing::absolute(name)
        .trim_end_matches('.')
        .rsplit('.')
        .map(ToOwned::to_owned)
        .collect()
}
