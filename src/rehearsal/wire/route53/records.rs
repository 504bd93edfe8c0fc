//! Record sets and their changes.

use winterbaume_route53::wire;

use super::super::page::size;
use super::super::route::Call;
use super::super::{Response, iso};
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
    let records = world.records(bare(&call.id, "/hostedzone/"))?;
    Ok(shown(input, records))
}

/// The page that begins at the start record.
fn shown(input: wire::ListResourceRecordSetsRequest, mut records: Vec<RecordSet>) -> Response {
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
    wire::serialize_list_resource_record_sets_response(&output).into()
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
        submitted_at: Some(iso(view.submitted_at)),
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

#[cfg(test)]
mod tests {
    use super::super::super::route;
    use super::*;
    use crate::aws::testing::route53::types as sdk;
    use crate::aws::testing::{
        Canned, PRIMARY, ProvideErrorMetadata as _, patient, route53, world,
    };

    fn record(name: &str, kind: &str, policy: Policy, identifier: Option<&str>) -> RecordSet {
        RecordSet {
            name: name.into(),
            kind: kind.into(),
            set_identifier: identifier.map(ToOwned::to_owned),
            policy,
            ttl: Some(60),
            values: vec!["\"a <b> & c\"".into()],
            alias: None,
            check: Some(CheckId("check-1".into())),
        }
    }

    fn records() -> Vec<RecordSet> {
        let mut alias = record(
            "api.example.com.",
            "A",
            Policy::Failover(FailoverRole::Primary),
            Some("p"),
        );
        alias.ttl = None;
        alias.values.clear();
        alias.alias = Some(Alias {
            zone_id: "Z2".into(),
            name: "d-1.execute-api.us-east-1.amazonaws.com.".into(),
            evaluate_target_health: true,
        });
        vec![
            record("example.com.", "NS", Policy::Simple, None),
            record(
                "active.example.com.",
                "TXT",
                Policy::Weighted(0),
                Some("one"),
            ),
            record(
                "active.example.com.",
                "TXT",
                Policy::Weighted(255),
                Some("two"),
            ),
            alias,
        ]
    }

    /// What the SDK sends, as the wire reads it.
    async fn asked(send: impl AsyncFnOnce(route53::Client)) -> Call {
        let canned = Canned::deaf();
        send(route53::Client::new(&canned.config())).await;
        route::read(canned.asked()).unwrap()
    }

    #[tokio::test]
    async fn records_survive_the_way_out_and_back() {
        let shown = shown(wire::ListResourceRecordSetsRequest::default(), records());
        let client = route53::Client::new(&Canned::new(shown).config());
        let seen = client
            .list_resource_record_sets()
            .hosted_zone_id("Z1")
            .send();
        let seen = seen.await.unwrap();
        assert!(!seen.is_truncated());
        let sets = seen.resource_record_sets().to_vec();
        let call = asked(async |client| {
            let changes = sets.into_iter().map(|set| {
                let change = sdk::Change::builder().action(sdk::ChangeAction::Upsert);
                change.resource_record_set(set).build().unwrap()
            });
            let batch = sdk::ChangeBatch::builder()
                .set_changes(Some(changes.collect()))
                .comment("op-1 <&>");
            let sent = client
                .change_resource_record_sets()
                .hosted_zone_id("/hostedzone/Z1")
                .change_batch(batch.build().unwrap());
            assert!(sent.send().await.is_err(), "the client is deaf");
        });
        let call = call.await;
        assert_eq!(
            (call.operation.as_str(), call.id.as_str()),
            ("ChangeResourceRecordSets", "Z1")
        );
        assert_eq!(call.region, "us-east-1");
        let input =
            wire::deserialize_change_resource_record_sets_request(&call.mock(), &[], &call.params)
                .unwrap();
        assert_eq!(input.change_batch.comment.as_deref(), Some("op-1 <&>"));
        let back = input
            .change_batch
            .changes
            .items
            .into_iter()
            .map(record_change);
        let back: Vec<RecordSet> = back.map(|change| change.unwrap().record).collect();
        assert_eq!(back, records());
    }

    #[tokio::test]
    async fn pages_begin_where_they_are_told() {
        let input = wire::ListResourceRecordSetsRequest {
            start_record_name: Some("active.example.com".into()),
            start_record_type: Some("TXT".into()),
            start_record_identifier: Some("two".into()),
            max_items: Some(1),
            ..Default::default()
        };
        let client = route53::Client::new(&Canned::new(shown(input, records())).config());
        let seen = client
            .list_resource_record_sets()
            .hosted_zone_id("Z1")
            .send();
        let seen = seen.await.unwrap();
        assert_eq!(seen.resource_record_sets()[0].weight(), Some(255));
        assert_eq!(seen.next_record_name(), Some("api.example.com."));
        assert_eq!(seen.next_record_type(), Some(&sdk::RrType::A));
        assert_eq!(seen.next_record_identifier(), Some("p"));
        assert!(seen.is_truncated());
    }

    #[tokio::test]
    async fn changes_arrive_with_their_status() {
        let view = ChangeView {
            id: "C1".into(),
            status: "PENDING".into(),
            submitted_at: "2026-11-20T09:00:00Z".parse().unwrap(),
            comment: Some("op-1".into()),
        };
        let output = wire::GetChangeResponse {
            change_info: Some(change_info(view)),
        };
        let response = wire::serialize_get_change_response(&output).into();
        let client = route53::Client::new(&Canned::new(response).config());
        let seen = client.get_change().id("C1").send().await.unwrap();
        let seen = seen.change_info().unwrap();
        assert_eq!(seen.status(), &sdk::ChangeStatus::Pending);
        assert_eq!(seen.id(), "/change/C1");
        assert_eq!(seen.comment(), Some("op-1"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_there_is_said_so() {
        let client = route53::Client::new(&patient(&world(""), PRIMARY));
        let gone = client
            .list_resource_record_sets()
            .hosted_zone_id("Z0")
            .send();
        assert!(
            gone.await
                .unwrap_err()
                .into_service_error()
                .is_no_such_hosted_zone()
        );
        let gone = client.get_hosted_zone().id("Z0").send().await;
        assert!(
            gone.unwrap_err()
                .into_service_error()
                .is_no_such_hosted_zone()
        );
        let gone = client.get_change().id("C0").send().await;
        assert!(gone.unwrap_err().into_service_error().is_no_such_change());
        let zones = client.list_hosted_zones().send().await.unwrap();
        assert!(!zones.is_truncated());
        client
            .list_hosted_zones_by_name()
            .dns_name("example.com")
            .send()
            .await
            .unwrap();
        let unknown = client.list_traffic_policies().send().await.unwrap_err();
        assert_eq!(unknown.code(), Some("NotImplemented"));
    }

    #[test]
    fn two_policies_or_an_unknown_one_are_refused() {
        let set = |weight: Option<i64>, failover: Option<&str>, region: Option<&str>| {
            policy(&wire::ResourceRecordSet {
                weight,
                failover: failover.map(ToOwned::to_owned),
                region: region.map(ToOwned::to_owned),
                ..Default::default()
            })
        };
        assert!(set(Some(1), Some("PRIMARY"), None).is_err());
        assert!(set(None, Some("TERTIARY"), None).is_err());
        assert!(set(None, None, Some("us-east-1")).is_err());
        assert_eq!(set(None, None, None), Ok(Policy::Simple));
    }
}
