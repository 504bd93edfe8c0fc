//! Health checks, their checkers' reports and their tags.

use winterbaume_route53::wire;

use super::super::page::size;
use super::super::route::Call;
use super::super::{Response, iso};
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
                checked_time: Some(iso(report.at)),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::super::route;
    use super::*;
    use crate::aws::testing::route53::types as sdk;
    use crate::aws::testing::{Canned, PRIMARY, ProvideErrorMetadata as _, over, route53, world};
    use crate::domain::health::HealthCheck;

    fn view(id: &str, target: CheckTarget) -> HealthCheckView {
        let alarm = AlarmCopy {
            namespace: "Switchback/Failover".into(),
            metric: "FailoverEngaged".into(),
            dimensions: BTreeMap::from([("Environment".to_owned(), "t".to_owned())]),
            statistic: "Maximum".into(),
            period: 60,
            evaluation_periods: 1,
            threshold: 1.0,
            comparison: "GreaterThanOrEqualToThreshold".into(),
        };
        let metric = matches!(target, CheckTarget::Metric { .. });
        HealthCheckView {
            check: HealthCheck {
                id: CheckId(id.into()),
                version: 7,
                target,
                inverted: id == "lever",
                disabled: false,
                name: None,
            },
            caller_reference: format!("ref-{id}"),
            tags: BTreeMap::from([("Name".to_owned(), "a <b>".to_owned())]),
            enable_sni: true,
            alarm: metric.then_some(alarm),
        }
    }

    fn endpoint() -> HealthCheckView {
        let target = CheckTarget::Endpoint {
            kind: "HTTPS".into(),
            host: "api.example.com".into(),
            port: Some(443),
            path: "/health?a=1&b=2".into(),
            interval_seconds: 10,
            failure_threshold: 3,
        };
        view("endpoint", target)
    }

    fn calculated() -> HealthCheckView {
        let children = ["endpoint", "lever"].map(|id| CheckId(id.into())).to_vec();
        let target = CheckTarget::Calculated {
            children,
            threshold: 2,
        };
        view("all", target)
    }

    fn metric() -> HealthCheckView {
        let target = CheckTarget::Metric {
            alarm: "lever-alarm".into(),
            region: "us-west-2".into(),
            insufficient_data: InsufficientData::LastKnownStatus,
        };
        view("lever", target)
    }

    #[tokio::test]
    async fn checks_of_every_kind_arrive() {
        let checks = vec![endpoint(), calculated(), metric()];
        let shown: Vec<_> = checks.into_iter().map(health_check).collect();
        let output = wire::ListHealthChecksResponse {
            health_checks: Some(shown.into()),
            is_truncated: Some(true),
            marker: Some(String::new()),
            max_items: Some(3),
            next_marker: Some("m".into()),
        };
        let response = wire::serialize_list_health_checks_response(&output).into();
        let client = route53::Client::new(&Canned::new(response).config());
        let seen = client.list_health_checks().send().await.unwrap();
        assert_eq!(seen.next_marker(), Some("m"));
        let [endpoint, all, lever] = seen.health_checks() else {
            panic!("three checks")
        };
        let config = endpoint.health_check_config().unwrap();
        assert_eq!(config.resource_path(), Some("/health?a=1&b=2"));
        assert_eq!(
            (config.port(), config.request_interval()),
            (Some(443), Some(10))
        );
        assert_eq!(endpoint.health_check_version(), 7);
        let config = all.health_check_config().unwrap();
        assert_eq!(config.r#type(), &sdk::HealthCheckType::Calculated);
        assert_eq!(config.child_health_checks(), ["endpoint", "lever"]);
        assert_eq!(config.health_threshold(), Some(2));
        let config = lever.health_check_config().unwrap();
        assert_eq!(config.inverted(), Some(true));
        assert_eq!(config.alarm_identifier().unwrap().name(), "lever-alarm");
        let copy = lever.cloud_watch_alarm_configuration().unwrap();
        assert_eq!(copy.threshold(), 1.0);
        assert_eq!(copy.dimensions()[0].value(), "t");
    }

    #[tokio::test]
    async fn updates_are_read_as_they_are_meant() {
        let canned = Canned::deaf();
        let client = route53::Client::new(&canned.config());
        let update = client
            .update_health_check()
            .health_check_id("all")
            .health_check_version(7)
            .health_threshold(3)
            .disabled(false)
            .child_health_checks("endpoint")
            .child_health_checks("lever");
        assert!(update.send().await.is_err(), "the client is deaf");
        let call = route::read(canned.asked()).unwrap();
        assert_eq!(
            (call.operation.as_str(), call.id.as_str()),
            ("UpdateHealthCheck", "all")
        );
        let input =
            wire::deserialize_update_health_check_request(&call.mock(), &[], &call.params).unwrap();
        assert_eq!(
            (input.health_check_version, input.health_threshold),
            (Some(7), Some(3))
        );
        assert_eq!((input.disabled, input.inverted), (Some(false), None));
        assert_eq!(
            input.child_health_checks.as_ref().unwrap().items,
            ["endpoint", "lever"]
        );
        assert!(refuse_the_rest(&input).is_ok());
        let other = wire::UpdateHealthCheckRequest {
            resource_path: Some("/x".into()),
            ..input
        };
        assert!(
            refuse_the_rest(&other)
                .unwrap_err()
                .message
                .contains("ResourcePath")
        );
    }

    #[tokio::test]
    async fn tags_arrive() {
        let output = wire::ListTagsForResourceResponse {
            resource_tag_set: Some(tag_set(endpoint())),
        };
        let response = wire::serialize_list_tags_for_resource_response(&output).into();
        let canned = Canned::new(response);
        let client = route53::Client::new(&canned.config());
        let seen = client
            .list_tags_for_resource()
            .resource_type(sdk::TagResourceType::Healthcheck)
            .resource_id("endpoint");
        let seen = seen.send().await.unwrap();
        assert_eq!(
            seen.resource_tag_set().unwrap().tags()[0].value(),
            Some("a <b>")
        );
        let call = route::read(canned.asked()).unwrap();
        assert_eq!(
            (call.operation.as_str(), call.id.as_str()),
            ("ListTagsForResource", "endpoint")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_there_is_said_so() {
        let client = route53::Client::new(&over(&world(""), PRIMARY));
        let gone = client.get_health_check().health_check_id("x").send().await;
        assert!(
            gone.unwrap_err()
                .into_service_error()
                .is_no_such_health_check()
        );
        let gone = client
            .get_health_check_status()
            .health_check_id("x")
            .send()
            .await;
        assert_eq!(gone.unwrap_err().code(), Some("NoSuchHealthCheck"));
        let gone = client
            .update_health_check()
            .health_check_id("x")
            .send()
            .await;
        assert_eq!(gone.unwrap_err().code(), Some("NoSuchHealthCheck"));
        let ids = client
            .list_tags_for_resources()
            .resource_type(sdk::TagResourceType::Healthcheck)
            .resource_ids("x");
        assert_eq!(
            ids.send().await.unwrap_err().code(),
            Some("NoSuchHealthCheck")
        );
        let none = client.list_health_checks().send().await.unwrap();
        assert!(none.health_checks().is_empty());
    }
}
