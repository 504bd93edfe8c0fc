//! CloudWatch, which speaks three protocols: RPC v2 CBOR (our SDK), awsJson 1.0 (AWS CLI and boto3 of today) and
//! the query protocol (their older versions).

mod alarms;
mod codec;
mod legacy;
mod metrics;

use jiff::Timestamp;
use winterbaume_cloudwatch::wire;

use super::route::Call;
use super::{Response, not_implemented};
use crate::rehearsal::world::{ApiError, World};

pub(super) const NAMESPACE: &str = "http://monitoring.amazonaws.com/doc/2010-08-01/";

pub(super) fn answer(world: &mut World, call: &Call) -> Result<Response, ApiError> {
    match call.operation.as_str() {
        "DescribeAlarms" => alarms::describe(world, call),
        "DescribeAlarmHistory" => alarms::history(world, call),
        "SetAlarmState" => alarms::set_state(world, call),
        "GetMetricData" => metrics::get(world, call),
        "PutMetricData" => metrics::put(world, call),
        "ListMetrics" => metrics::list(world, call),
        _ => Err(not_implemented(call)),
    }
}

/// Seconds since the epoch, as the models carry time.
fn seconds(at: Timestamp) -> f64 {
    at.as_millisecond() as f64 / 1000.0
}

/// The time that a client wrote, or an error that names it.
fn timestamp(seconds: f64, field: &str) -> Result<Timestamp, ApiError> {
    let milliseconds = (seconds * 1000.0).round();
    if !(-1e15..=1e15).contains(&milliseconds) {
        return Err(invalid(format!("{field} {seconds} is not a time")));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range was checked, and fractions of a millisecond do not count"
    )]
    Timestamp::from_millisecond(milliseconds as i64)
        .map_err(|cause| invalid(format!("{field} {seconds} is not a time: {cause}")))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterValue", message)
}

fn dimensions(given: Option<Vec<wire::Dimension>>) -> std::collections::BTreeMap<String, String> {
    let given = given.unwrap_or_default();
    given.into_iter().map(|d| (d.name, d.value)).collect()
}

fn dimension_list(given: std::collections::BTreeMap<String, String>) -> Vec<wire::Dimension> {
    given
        .into_iter()
        .map(|(name, value)| wire::Dimension { name, value })
        .collect()
}
