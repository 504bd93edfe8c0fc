//! Health checks and what their checkers report.

use aws_sdk_route53::types as sdk;

use crate::aws::convert::{some_text, text};
use crate::domain::health::{CheckId, CheckTarget, CheckerCount, HealthCheck, InsufficientData};
use crate::domain::text::clean;

pub(in crate::aws) fn check(check: &sdk::HealthCheck) -> HealthCheck {
    let config = check.health_check_config();
    HealthCheck {
        id: CheckId(clean(check.id())),
        version: check.health_check_version(),
        target: config.map_or_else(|| CheckTarget::Other(String::new()), target),
        inverted: config.and_then(sdk::HealthCheckConfig::inverted) == Some(true),
        disabled: config.and_then(sdk::HealthCheckConfig::disabled) == Some(true),
        // Names are tags, which cost another call each.
        name: None,
    }
}

fn target(config: &sdk::HealthCheckConfig) -> CheckTarget {
    let kind = clean(config.r#type().as_str());
    match kind.as_str() {
        "HTTP" | "HTTPS" | "HTTP_STR_MATCH" | "HTTPS_STR_MATCH" | "TCP" => CheckTarget::Endpoint {
            kind,
            host: text(
                config
                    .fully_qualified_domain_name()
                    .or_else(|| config.ip_address()),
            ),
            port: config.port(),
            path: text(config.resource_path()),
            interval_seconds: config.request_interval().unwrap_or(30),
            failure_threshold: config.failure_threshold().unwrap_or(3),
        },
        "CALCULATED" => CheckTarget::Calculated {
            children: config
                .child_health_checks()
                .iter()
                .map(|id| CheckId(clean(id)))
                .collect(),
            threshold: config.health_threshold().unwrap_or_default(),
        },
        "CLOUDWATCH_METRIC" => match config.alarm_identifier() {
            Some(alarm) => CheckTarget::Metric {
                alarm: clean(alarm.name()),
                region: clean(alarm.region().as_str()),
                insufficient_data: insufficient_data(config),
            },
            None => CheckTarget::Other("CLOUDWATCH_METRIC without its alarm".into()),
        },
        _ => CheckTarget::Other(kind),
    }
}

/// What missing data means; left out or new, it asserts least to say that nothing changes.
fn insufficient_data(config: &sdk::HealthCheckConfig) -> InsufficientData {
    match config
        .insufficient_data_health_status()
        .map(sdk::InsufficientDataHealthStatus::as_str)
    {
        Some("Healthy") => InsufficientData::Healthy,
        Some("Unhealthy") => InsufficientData::Unhealthy,
        _ => InsufficientData::LastKnownStatus,
    }
}

/// Counts checkers whose report begins with "Success"; the words of a failing one are kept, if any fails.
pub(in crate::aws) fn count_checkers(observations: &[sdk::HealthCheckObservation]) -> CheckerCount {
    let mut count = CheckerCount::default();
    let mut failing = None;
    for status in observations
        .iter()
        .filter_map(|o| some_text(o.status_report()?.status()))
    {
        count.total += 1;
        if status.starts_with("Success") {
            count.succeeding += 1;
            count.detail.get_or_insert(status);
        } else {
            failing.get_or_insert(status);
        }
    }
    count.detail = failing.or(count.detail);
    count
}
