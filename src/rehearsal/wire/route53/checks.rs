//! Health checks, their checkers' reports and their tags.

use winterbaume_route53::wire;

use super::super::Response;
use super::super::page::size;
use super::super::route::Call;
use super::{PAGE, invalid};
use crate::domain::health::{CheckId, CheckTarget, InsufficientData};
use crate::rehearsal::world::route53::{AlarmCopy, HealthCheckUpdate, HealthCheckView};
use crate::rehearsal::world::{ApiError, World};

pub(super) fn list(world: &World, call: &Call) -> Result<Response, ApiError> {
    let input = wire::deserialize_list_health_checks_request(&call.mock(), &[], &call.params)
        .map_err(invalid)?;
    let mut checks = world.health_checks();
    checks.sort_by(|a, b| a.check.id.cmp(&b.check.id));
    if let Some(marker) = &input.marker {
        checks.retain(|view| view.check.id.0 >= *marker);
    }
    let rest = checks.split_off(size(input.max_items, PAGE, PAGE).min(checks.len()));
    let next = rest.into_iter().next().map(|view| view.check.id.0);
    let shown: Vec<_> = checks.into_iter().map(health_check).collect();
    let output = wire::ListHealthChecksResponse {
        health_checks: Some(shown.into()),
        is_truncated: Some(next.is_some()),
        marker: Some(input.marker.unwrap_or_default()),
        max_items: Some(input.max_items.unwrap_or(100)),
        next_marker: next,
    };
    Ok(wire::serialize_list_health_checks_response(&output).into())
}

pub(super) fn get(world: &World, call: &Call) -> Result<Response, ApiError> {
    let output = wire::GetHealthCheckResponse {
        health_check: Some(health_check(world.health_check(&call.id)?)),
    };
    Ok(wire::serialize_get_health_check_response(&output).into())
}

pub(super) fn status(world: &World, call: &Call) -> Result<Response, ApiError> {
    let reports = world.health_check_status(&call.id)?;
    let observations: Vec<_> = reports
        .into_iter()
        .map(|report| wire::HealthCheckObservation {
            region: Some(report.region),
            i_p_address: Some(report.ip),
            status_report: Some(wire::StatusReport {
                status: Some(report.words),
                checked_time: Some(report.at.to_string()),
            }),
        })
        .collect();
    let output = wire::GetHealthCheckStatusResponse {
        health_check_observations: Some(observations.into()),
    };
    Ok(wire::serialize_get_health_check_status_response(&output).into())
}

pub(super) fn update(world: &mut World, call: &Call) -> Result<Response, ApiError> {
    let labels = [("HealthCheckId", call.id.as_str())];
    let input = wire::deserialize_update_health_check_request(&call.mock(), &labels, &call.params)
        .map_err(invalid)?;
    refuse_the_rest(&input)?;
    let update = HealthCheckUpdate {
        threshold: input.health_threshold,
        failure_threshold: input.failure_threshold,
        inverted: input.inverted,
        disabled: input.disabled,
        children: input
            .child_health_checks
            .map(|list| list.items.into_iter().map(CheckId).collect()),
        alarm: input.alarm_identifier.map(|id| (id.name, id.region)),
    };
    let view = world.update_health_check(&call.id, input.health_check_version, &update)?;
    let output = wire::UpdateHealthCheckResponse {
        health_check: Some(health_check(view)),
    };
    Ok(wire::serialize_update_health_check_response(&output).into())
}

/// A change that would be lost must not look done.
fn refuse_the_rest(input: &wire::UpdateHealthCheckRequest) -> Result<(), ApiError> {
    let text = [
        (
            &input.fully_qualified_domain_name,
            "FullyQualifiedDomainName",
        ),
        (&input.i_p_address, "IPAddress"),
        (&input.resource_path, "ResourcePath"),
        (&input.search_string, "SearchString"),
        (
            &input.insufficient_data_health_status,
            "InsufficientDataHealthStatus",
        ),
    ];
    let mut unknown = text.iter().filter(|(value, _)| value.is_some());
    let named = unknown.next().map(|(_, name)| *name);
    let others = input.port.is_some()
        || input.enable_s_n_i.is_some()
        || input.regions.is_some()
        || input.reset_elements.is_some();
    match named.or_else(|| others.then_some("Port, EnableSNI, Regions or ResetElements")) {
        Some(field) => Err(invalid(format!(
            "the rehearsal can't change {field} of a health check"
        ))),
        None => Ok(()),
    }
}

pub(super) fn tags(world: &World, call: &Call) -> Result<Response, ApiError> {
    let output = wire::ListTagsForResourceResponse {
        resource_tag_set: Some(tag_set(world.health_check(&call.id)?)),
    };
    Ok(wire::serialize_list_tags_for_resource_response(&output).into())
}

pub(super) fn tags_of_many(world: &World, call: &Call) -> Result<Response, ApiError> {
    let labels = [("ResourceType", "healthcheck")];
    let input =
        wire::deserialize_list_tags_for_resources_request(&call.mock(), &labels, &call.params)
            .map_err(invalid)?;
    let sets = input
        .resource_ids
        .items
        .iter()
        .map(|id| world.health_check(id).map(tag_set))
        .collect::<Result<Vec<_>, _>>()?;
    let output = wire::ListTagsForResourcesResponse {
        resource_tag_sets: Some(sets.into()),
    };
    Ok(wire::serialize_list_tags_for_resources_response(&output).into())
}

fn tag_set(view: HealthCheckView) -> wire::ResourceTagSet {
    let tags: Vec<_> = view
        .tags
        .into_iter()
        .map(|(key, value)| wire::Tag {
            key: Some(key),
            value: Some(value),
        })
        .collect();
    wire::ResourceTagSet {
        resource_id: Some(view.check.id.0),
        resource_type: Some("healthcheck".to_owned()),
        tags: Some(tags.into()),
    }
}

fn health_check(view: HealthCheckView) -> wire::HealthCheck {
    let mut config = wire::HealthCheckConfig {
        inverted: Some(view.check.inverted),
        disabled: Some(view.check.disabled),
        ..Default::default()
    };
    configure(&mut config, view.check.target);
    if config.request_interval.is_some() {
        config.enable_s_n_i = Some(view.enable_sni);
        config.measure_latency = Some(false);
    }
    wire::HealthCheck {
        id: Some(view.check.id.0),
        caller_reference: Some(view.caller_reference),
        health_check_version: Some(view.check.version),
        health_check_config: Some(config),
        cloud_watch_alarm_configuration: view.alarm.map(alarm_configuration),
        linked_service: None,
    }
}

fn configure(config: &mut wire::HealthCheckConfig, target: CheckTarget) {
    match target {
        CheckTarget::Endpoint {
            kind,
            host,
            port,
            path,
            interval_seconds,
            failure_threshold,
        } => {
            config.r#type = kind;
            config.fully_qualified_domain_name = Some(host);
            config.port = port;
            config.resource_path = Some(path);
            config.request_interval = Some(interval_seconds);
            config.failure_threshold = Some(failure_threshold);
        }
        CheckTarget::Calculated {
            children,
            threshold,
        } => {
            let children: Vec<_> = children.into_iter().map(|child| child.0).collect();
            "CALCULATED".clone_into(&mut config.r#type);
            config.child_health_checks = Some(children.into());
            config.health_threshold = Some(threshold);
        }
        CheckTarget::Metric {
            alarm,
            region,
            insufficient_data,
        } => {
            let status = match insufficient_data {
                InsufficientData::Healthy => "Healthy",
                InsufficientData::Unhealthy => "Unhealthy",
                InsufficientData::LastKnownStatus => "LastKnownStatus",
            };
            "CLOUDWATCH_METRIC".clone_into(&mut config.r#type);
            config.alarm_identifier = Some(wire::AlarmIdentifier {
                name: alarm,
                region,
            });
            config.insufficient_data_health_status = Some(status.to_owned());
        }
        CheckTarget::Other(kind) => config.r#type = kind,
    }
}

fn alarm_configuration(copy: AlarmCopy) -> wire::CloudWatchAlarmConfiguration {
    let dimensions: Vec<_> = copy
        .dimensions
        .into_iter()
        .map(|(name, value)| wire::Dimension {
            name: Some(name),
            value: Some(value),
        })
        .collect();
    wire::CloudWatchAlarmConfiguration {
        namespace: Some(copy.namespace),
        metric_name: Some(copy.metric),
        dimensions: Some(dimensions.into()),
        statistic: Some(copy.statistic),
        period: i32::try_from(copy.period).ok(),
        evaluation_periods: i32::try_from(copy.evaluation_periods).ok(),
        threshold: Some(copy.threshold),
        comparison_operator: Some(copy.comparison),
    }
}
