//! A whole story through the real SDK clients: a stack is deployed, its alarms, metrics, records and checks are
//! read and changed, and it is deleted. No fixture, no waiting: the clock is tokio's, paused.

use std::time::Duration;

use crate::aws::testing::cloudformation::types::{
    ChangeSetType, Parameter, StackResourceDriftStatus,
};
use crate::aws::testing::cloudwatch::types as metrics;
use crate::aws::testing::route53::types as dns;
use crate::aws::testing::{
    DateTime, PRIMARY, ProvideErrorMetadata as _, STANDBY, cloudformation, cloudwatch, patient,
    route53, world,
};
use crate::rehearsal::SharedWorld;

const TEMPLATE: &str = r#"{
  "Parameters": { "Words": { "Type": "String", "Default": "plain" } },
  "Resources": {
    "Logs": { "Type": "AWS::Logs::LogGroup", "Properties": { "LogGroupName": "story" } },
    "Zone": { "Type": "AWS::Route53::HostedZone", "Properties": { "Name": "story.example" } },
    "Engaged": { "Type": "AWS::CloudWatch::Alarm", "Properties": {
      "AlarmName": "story-engaged", "Namespace": "Story", "MetricName": "Engaged", "Statistic": "Maximum", "Period": 60,
      "EvaluationPeriods": 1, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
      "TreatMissingData": "ignore", "Dimensions": [{ "Name": "Environment", "Value": "t" }] } },
    "Any": { "Type": "AWS::CloudWatch::CompositeAlarm", "DependsOn": "Engaged", "Properties": {
      "AlarmName": "story-any", "AlarmRule": "ALARM(\"story-engaged\")" } },
    "Endpoint": { "Type": "AWS::Route53::HealthCheck", "Properties": { "HealthCheckConfig": {
      "Type": "HTTPS", "FullyQualifiedDomainName": "api.story.example", "Port": 443, "ResourcePath": "/health",
      "RequestInterval": 10, "FailureThreshold": 3, "EnableSNI": true },
      "HealthCheckTags": [{ "Key": "Name", "Value": "endpoint" }] } },
    "Lever": { "Type": "AWS::Route53::HealthCheck", "DependsOn": "Engaged", "Properties": { "HealthCheckConfig": {
      "Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": { "Name": "story-engaged", "Region": "us-west-2" },
      "InsufficientDataHealthStatus": "LastKnownStatus" } } },
    "All": { "Type": "AWS::Route53::HealthCheck", "Properties": { "HealthCheckConfig": {
      "Type": "CALCULATED", "HealthThreshold": 2, "ChildHealthChecks": [{ "Ref": "Endpoint" }, { "Ref": "Lever" }] } } },
    "One": { "Type": "AWS::Route53::RecordSet", "Properties": { "HostedZoneId": { "Ref": "Zone" },
      "Name": "active.story.example", "Type": "TXT", "TTL": "60", "SetIdentifier": "one", "Weight": 100,
      "HealthCheckId": { "Ref": "All" }, "ResourceRecords": ["\"us-east-1\""] } },
    "Two": { "Type": "AWS::Route53::RecordSet", "Properties": { "HostedZoneId": { "Ref": "Zone" },
      "Name": "active.story.example", "Type": "TXT", "TTL": "60", "SetIdentifier": "two", "Weight": 0,
      "ResourceRecords": ["\"us-west-2\""] } }
  },
  "Outputs": { "Said": { "Value": { "Ref": "Words" } }, "ZoneId": { "Value": { "Ref": "Zone" } },
    "All": { "Value": { "Ref": "All" } }, "Endpoint": { "Value": { "Ref": "Endpoint" } } }
}"#;

const WORDS: &str = "<b> & \"c\" 'd' é€ +%41";

/// Waits in world time, ten seconds a look, at most an hour.
async fn until(world: &SharedWorld, mut done: impl AsyncFnMut() -> bool) {
    for _ in 0..360 {
        if done().await {
            return;
        }
        world.clock().sleep(Duration::from_secs(10)).await;
    }
    panic!("it did not come about within an hour");
}

async fn status(client: &cloudformation::Client) -> String {
    let seen = client.describe_stacks().stack_name("story").send().await;
    match seen {
        Ok(seen) => seen.stacks()[0].stack_status().unwrap().as_str().to_owned(),
        Err(failed) => failed.code().unwrap_or("?").to_owned(),
    }
}

async fn deploy(world: &SharedWorld, client: &cloudformation::Client) {
    let words = Parameter::builder().parameter_key("Words");
    let made = client
        .create_change_set()
        .stack_name("story")
        .change_set_name("first")
        .change_set_type(ChangeSetType::Create)
        .template_body(TEMPLATE)
        .parameters(words.parameter_value(WORDS).build())
        .client_token("op-1")
        .send()
        .await
        .unwrap();
    let set = made.id().unwrap().to_owned();
    until(world, async || {
        let seen = client.describe_change_set().change_set_name(&set).send();
        let seen = seen.await.unwrap();
        seen.status().unwrap().as_str() == "CREATE_COMPLETE" && seen.changes().len() == 9
    })
    .await;
    assert_eq!(status(client).await, "REVIEW_IN_PROGRESS");
    client
        .execute_change_set()
        .change_set_name(&set)
        .client_request_token("op-1")
        .send()
        .await
        .unwrap();
    until(world, async || status(client).await == "CREATE_COMPLETE").await;
}

async fn output(client: &cloudformation::Client, key: &str) -> String {
    let seen = client
        .describe_stacks()
        .stack_name("story")
        .send()
        .await
        .unwrap();
    let found = seen.stacks()[0]
        .outputs()
        .iter()
        .find(|o| o.output_key() == Some(key));
    found.unwrap().output_value().unwrap().to_owned()
}

async fn told(client: &cloudformation::Client) {
    assert_eq!(output(client, "Said").await, WORDS);
    let events = client.describe_stack_events().stack_name("story").send();
    let events = events.await.unwrap();
    let newest = &events.stack_events()[0];
    assert_eq!(
        newest.resource_status().unwrap().as_str(),
        "CREATE_COMPLETE"
    );
    assert_eq!(newest.client_request_token(), Some("op-1"));
    let resources = client.describe_stack_resources().stack_name("story").send();
    assert_eq!(resources.await.unwrap().stack_resources().len(), 9);
    let resources = client.list_stack_resources().stack_name("story").send();
    assert_eq!(resources.await.unwrap().stack_resource_summaries().len(), 9);
    let template = client.get_template().stack_name("story").send().await;
    assert_eq!(template.unwrap().template_body(), Some(TEMPLATE));
    let stacks = client.list_stacks().send().await.unwrap();
    assert_eq!(stacks.stack_summaries()[0].stack_name(), Some("story"));
    let same = client
        .update_stack()
        .stack_name("story")
        .use_previous_template(true)
        .parameters(
            Parameter::builder()
                .parameter_key("Words")
                .use_previous_value(true)
                .build(),
        )
        .send()
        .await;
    let same = same.unwrap_err();
    assert_eq!(same.message(), Some("No updates are to be performed."));
}

async fn alarm(client: &cloudwatch::Client) -> String {
    let seen = client.describe_alarms().alarm_names("story-engaged").send();
    let seen = seen.await.unwrap();
    seen.metric_alarms()[0]
        .state_value()
        .unwrap()
        .as_str()
        .to_owned()
}

async fn engage(world: &SharedWorld, client: &cloudwatch::Client) {
    let dimension = metrics::Dimension::builder()
        .name("Environment")
        .value("t")
        .build();
    let datum = metrics::MetricDatum::builder()
        .metric_name("Engaged")
        .dimensions(dimension.clone())
        .value(1.0)
        .build();
    client
        .put_metric_data()
        .namespace("Story")
        .metric_data(datum)
        .send()
        .await
        .unwrap();
    until(world, async || alarm(client).await == "ALARM").await;
    let any = client
        .describe_alarms()
        .alarm_types(metrics::AlarmType::CompositeAlarm);
    let any = any.alarm_name_prefix("story-").send().await.unwrap();
    assert_eq!(any.composite_alarms()[0].alarm_name(), Some("story-any"));
    measured(world, client, dimension).await;
    let history = client
        .describe_alarm_history()
        .alarm_name("story-engaged")
        .send();
    let history = history.await.unwrap();
    let summary = history.alarm_history_items()[0].history_summary().unwrap();
    assert!(summary.ends_with("to ALARM"), "{summary}");
    client
        .set_alarm_state()
        .alarm_name("story-engaged")
        .state_value(metrics::StateValue::Ok)
        .state_reason("by hand")
        .send()
        .await
        .unwrap();
    assert_eq!(alarm(client).await, "OK");
}

async fn measured(world: &SharedWorld, client: &cloudwatch::Client, dimension: metrics::Dimension) {
    let now = world.clock().now().as_second();
    let metric = metrics::Metric::builder()
        .namespace("Story")
        .metric_name("Engaged");
    let stat = metrics::MetricStat::builder().metric(metric.dimensions(dimension).build());
    let query = metrics::MetricDataQuery::builder()
        .id("q")
        .metric_stat(stat.period(60).stat("Maximum").build());
    let seen = client
        .get_metric_data()
        .start_time(DateTime::from_secs(now - 3600))
        .end_time(DateTime::from_secs(now + 60))
        .metric_data_queries(query.build())
        .send()
        .await
        .unwrap();
    assert_eq!(seen.metric_data_results()[0].values(), [1.0]);
    let listed = client
        .list_metrics()
        .namespace("Story")
        .send()
        .await
        .unwrap();
    assert_eq!(listed.metrics()[0].metric_name(), Some("Engaged"));
}

fn marker(action: dns::ChangeAction) -> dns::ChangeBatch {
    let value = dns::ResourceRecord::builder()
        .value("\"x <&> y\"")
        .build()
        .unwrap();
    let set = dns::ResourceRecordSet::builder()
        .name("Marker.story.example")
        .r#type(dns::RrType::Txt)
        .ttl(60)
        .resource_records(value)
        .build()
        .unwrap();
    let change = dns::Change::builder()
        .action(action)
        .resource_record_set(set);
    let batch = dns::ChangeBatch::builder().changes(change.build().unwrap());
    batch.comment("op-1").build().unwrap()
}

async fn records(world: &SharedWorld, client: &route53::Client, zone: &str) {
    let zones = client.list_hosted_zones().send().await.unwrap();
    assert!(
        zones
            .hosted_zones()
            .iter()
            .any(|z| z.name() == "story.example.")
    );
    let named = client
        .list_hosted_zones_by_name()
        .dns_name("story.example")
        .send();
    let named = named.await.unwrap();
    assert_eq!(named.hosted_zones()[0].id(), format!("/hostedzone/{zone}"));
    let one = client.get_hosted_zone().id(zone).send().await.unwrap();
    assert!(!one.delegation_set().unwrap().name_servers().is_empty());
    let page = client
        .list_resource_record_sets()
        .hosted_zone_id(zone)
        .start_record_name("active.story.example")
        .max_items(1)
        .send()
        .await
        .unwrap();
    assert_eq!(page.resource_record_sets()[0].weight(), Some(100));
    assert_eq!(page.next_record_identifier(), Some("two"));
    let send = async |action| {
        let change = client.change_resource_record_sets().hosted_zone_id(zone);
        change.change_batch(marker(action)).send().await
    };
    let gone = send(dns::ChangeAction::Delete).await.unwrap_err();
    assert!(gone.into_service_error().is_invalid_change_batch());
    let made = send(dns::ChangeAction::Upsert).await.unwrap();
    let info = made.change_info().unwrap().clone();
    assert_eq!(info.status(), &dns::ChangeStatus::Pending);
    until(world, async || {
        let seen = client.get_change().id(info.id()).send().await.unwrap();
        seen.change_info().unwrap().status() == &dns::ChangeStatus::Insync
    })
    .await;
    send(dns::ChangeAction::Delete).await.unwrap();
}

async fn checks(client: &route53::Client, all: &str, endpoint: &str) {
    let seen = client.list_health_checks().send().await.unwrap();
    let kinds = seen
        .health_checks()
        .iter()
        .map(|c| c.health_check_config().unwrap().r#type().as_str());
    let mut kinds: Vec<_> = kinds.collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["CALCULATED", "CLOUDWATCH_METRIC", "HTTPS"]);
    let reports = client
        .get_health_check_status()
        .health_check_id(endpoint)
        .send();
    let reports = reports.await.unwrap();
    assert!(!reports.health_check_observations().is_empty());
    let tags = client
        .list_tags_for_resources()
        .resource_type(dns::TagResourceType::Healthcheck)
        .resource_ids(endpoint);
    let tags = tags.send().await.unwrap();
    assert_eq!(
        tags.resource_tag_sets()[0].tags()[0].value(),
        Some("endpoint")
    );
    let check = client
        .get_health_check()
        .health_check_id(all)
        .send()
        .await
        .unwrap();
    let version = check.health_check().unwrap().health_check_version();
    let force = async |version| {
        let update = client.update_health_check().health_check_id(all);
        update
            .health_check_version(version)
            .health_threshold(3)
            .send()
            .await
    };
    let stale = force(version + 5).await.unwrap_err().into_service_error();
    assert!(stale.is_health_check_version_mismatch());
    let done = force(version).await.unwrap();
    let config = done.health_check().unwrap().health_check_config().unwrap();
    assert_eq!(config.health_threshold(), Some(3));
}

/// The check that was forced is no longer as the template says.
async fn drifted(world: &SharedWorld, client: &cloudformation::Client) {
    let begun = client.detect_stack_drift().stack_name("story").send().await;
    let id = begun.unwrap();
    let id = id.stack_drift_detection_id().unwrap();
    let mut seen = None;
    until(world, async || {
        let asked = client.describe_stack_drift_detection_status();
        let told = asked.stack_drift_detection_id(id).send().await.unwrap();
        let done = told.detection_status().unwrap().as_str() == "DETECTION_COMPLETE";
        seen = Some(told);
        done
    })
    .await;
    let seen = seen.unwrap();
    assert_eq!(seen.stack_drift_status().unwrap().as_str(), "DRIFTED");
    assert_eq!(seen.drifted_stack_resource_count(), Some(1));
    let drifts = client
        .describe_stack_resource_drifts()
        .stack_name("story")
        .stack_resource_drift_status_filters(StackResourceDriftStatus::Modified)
        .send()
        .await
        .unwrap();
    let [check] = drifts.stack_resource_drifts() else {
        panic!("{drifts:?}");
    };
    assert_eq!(check.logical_resource_id(), Some("All"));
    let difference = &check.property_differences()[0];
    assert_eq!(
        difference.property_path(),
        Some("/HealthCheckConfig/HealthThreshold")
    );
    assert_eq!(difference.expected_value(), Some("2"));
    assert_eq!(difference.actual_value(), Some("3"));
    assert_eq!(difference.difference_type().unwrap().as_str(), "NOT_EQUAL");
    assert!(check.expected_properties().unwrap().contains("CALCULATED"));
    let stacks = client.describe_stacks().stack_name("story").send().await;
    let stacks = stacks.unwrap();
    let told = stacks.stacks()[0].drift_information().unwrap();
    assert_eq!(told.stack_drift_status().unwrap().as_str(), "DRIFTED");
    assert!(told.last_check_timestamp().is_some());
}

/// A change set that would replace the log group, looked at and thrown away.
async fn reviewed(world: &SharedWorld, client: &cloudformation::Client) {
    let template = TEMPLATE.replace("\"story\" } }", "\"story-2\" } }");
    let made = client
        .create_change_set()
        .stack_name("story")
        .change_set_name("second")
        .template_body(template)
        .send()
        .await
        .unwrap();
    let set = made.id().unwrap();
    until(world, async || {
        let seen = client.describe_change_set().change_set_name(set).send();
        seen.await.unwrap().status().unwrap().as_str() == "CREATE_COMPLETE"
    })
    .await;
    let seen = client
        .describe_change_set()
        .change_set_name(set)
        .send()
        .await
        .unwrap();
    let change = seen.changes().iter().filter_map(|c| c.resource_change());
    let change = change
        .clone()
        .find(|c| c.logical_resource_id() == Some("Logs"))
        .unwrap();
    assert_eq!(change.replacement().unwrap().as_str(), "True");
    client
        .delete_change_set()
        .change_set_name(set)
        .send()
        .await
        .unwrap();
    let gone = client
        .describe_change_set()
        .change_set_name(set)
        .send()
        .await
        .unwrap_err();
    assert!(
        gone.into_service_error()
            .is_change_set_not_found_exception()
    );
}

async fn delete(world: &SharedWorld, client: &cloudformation::Client) {
    let protect = async |on| {
        let call = client.update_termination_protection().stack_name("story");
        call.enable_termination_protection(on).send().await.unwrap()
    };
    protect(true).await;
    let kept = client.delete_stack().stack_name("story").send().await;
    assert_eq!(kept.unwrap_err().code(), Some("ValidationError"));
    protect(false).await;
    let stuck = client.continue_update_rollback().stack_name("story");
    assert_eq!(
        stuck.send().await.unwrap_err().code(),
        Some("ValidationError")
    );
    client
        .delete_stack()
        .stack_name("story")
        .send()
        .await
        .unwrap();
    until(world, async || status(client).await == "ValidationError").await;
}

#[tokio::test(start_paused = true)]
async fn a_stack_lives_and_dies_through_the_sdk() {
    let world = world("");
    let stacks = cloudformation::Client::new(&patient(&world, STANDBY));
    let dns = route53::Client::new(&patient(&world, PRIMARY));
    deploy(&world, &stacks).await;
    told(&stacks).await;
    engage(&world, &cloudwatch::Client::new(&patient(&world, STANDBY))).await;
    records(&world, &dns, &output(&stacks, "ZoneId").await).await;
    let (all, endpoint) = (
        output(&stacks, "All").await,
        output(&stacks, "Endpoint").await,
    );
    checks(&dns, &all, &endpoint).await;
    drifted(&world, &stacks).await;
    reviewed(&world, &stacks).await;
    delete(&world, &stacks).await;
}
