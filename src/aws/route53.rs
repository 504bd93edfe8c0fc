//! Route 53: the zone, its records, the health checks and the two levers of its control plane.
//!
//! Its API allows five requests a second for the whole account, CloudFormation included (facts/aws.md §3.1):
//! a pace keeps this console at two.

use std::collections::BTreeSet;

use aws_sdk_route53::types as sdk;

use crate::aws::client::{GlobalClient, change};
use crate::aws::convert::check::{check, count_checkers};
use crate::aws::convert::record::{record, spelled_out, upsert};
use crate::aws::error::ActError;
use crate::domain::health::{CheckId, CheckerCount, HealthChecks};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::routing::{RecordSet, absolute};
use crate::domain::text::clean;

/// A service that repeats its marker must not keep us for ever.
const MOST_PAGES: usize = 100;

/// Route 53's id of a change of records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeId(pub String);

impl GlobalClient {
    /// The id of the public zone that holds the record: the one with the longest matching name.
    pub async fn zone_for(&self, record_name: &str) -> Result<String, ReadError> {
        let wanted = absolute(record_name);
        let mut zones = Vec::new();
        let mut marker = None;
        for _ in 0..MOST_PAGES {
            self.pace.turn().await;
            let answer = self
                .route53
                .list_hosted_zones()
                .set_marker(marker)
                .send()
                .await
                .map_err(|e| self.site.read_error("route53:ListHostedZones", &e))?;
            zones.extend(answer.hosted_zones().iter().filter_map(public_zone));
            marker = answer.next_marker;
            if !answer.is_truncated || marker.is_none() {
                break;
            }
        }
        longest_match(zones, &wanted)
    }

    /// The record sets with these names, whatever their type.
    pub async fn records(
        &self,
        zone_id: &str,
        names: &[String],
    ) -> Result<Vec<RecordSet>, ReadError> {
        let mut found = Vec::new();
        let names: BTreeSet<String> = names.iter().map(|name| absolute(name)).collect();
        for name in &names {
            self.records_named(zone_id, name, &mut found).await?;
        }
        Ok(found)
    }

    /// Starts at the name and stops after it: a zone may hold ten thousand others.
    async fn records_named(
        &self,
        zone_id: &str,
        name: &str,
        found: &mut Vec<RecordSet>,
    ) -> Result<(), ReadError> {
        let mut from = (name.to_owned(), None, None);
        for _ in 0..MOST_PAGES {
            self.pace.turn().await;
            let (start, kind, identifier) = from;
            let answer = self
                .route53
                .list_resource_record_sets()
                .hosted_zone_id(zone_id)
                .start_record_name(start)
                .set_start_record_type(kind)
                .set_start_record_identifier(identifier)
                .max_items(100)
                .send()
                .await
                .map_err(|e| self.site.read_error("route53:ListResourceRecordSets", &e))?;
            let same = |other: &str| spelled_out(&absolute(other)) == spelled_out(name);
            found.extend(
                answer
                    .resource_record_sets()
                    .iter()
                    .filter(|r| same(r.name()))
                    .map(record),
            );
            match answer.next_record_name {
                Some(next) if answer.is_truncated && same(&next) => {
                    from = (next, answer.next_record_type, answer.next_record_identifier);
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// Every health check of the account.
    pub async fn checks(&self) -> Result<HealthChecks, ReadError> {
        let mut checks = HealthChecks::default();
        let mut marker = None;
        for _ in 0..MOST_PAGES {
            self.pace.turn().await;
            let answer = self
                .route53
                .list_health_checks()
                .set_marker(marker)
                .send()
                .await
                .map_err(|e| self.site.read_error("route53:ListHealthChecks", &e))?;
            let found = answer.health_checks().iter().map(check);
            checks.0.extend(found.map(|c| (c.id.clone(), c)));
            marker = answer.next_marker;
            if !answer.is_truncated || marker.is_none() {
                break;
            }
        }
        Ok(checks)
    }

    /// What the checkers of one endpoint check say.
    pub async fn checkers(&self, id: &CheckId) -> Result<CheckerCount, ReadError> {
        self.pace.turn().await;
        let answer = self
            .route53
            .get_health_check_status()
            .health_check_id(&id.0)
            .send()
            .await
            .map_err(|e| self.site.read_error("route53:GetHealthCheckStatus", &e))?;
        Ok(count_checkers(answer.health_check_observations()))
    }

    /// Replaces all given record sets in one batch: all of them change, or none.
    pub async fn change_records(
        &self,
        zone_id: &str,
        upserts: Vec<RecordSet>,
        comment: &str,
    ) -> Result<ChangeId, ActError> {
        let changes = upserts
            .iter()
            .map(upsert)
            .collect::<Result<Vec<_>, ActError>>()?;
        let batch = sdk::ChangeBatch::builder()
            .comment(comment)
            .set_changes(Some(changes))
            .build()
            .map_err(|e| ActError::not_sent(e.to_string()))?;
        self.pace.jump();
        let request = self
            .route53
            .change_resource_record_sets()
            .hosted_zone_id(zone_id)
            .change_batch(batch);
        let answer = change!(
            aws_sdk_route53,
            self.site,
            "route53:ChangeResourceRecordSets",
            request
        )?;
        let id = answer.change_info().map(|info| clean(info.id()));
        Ok(ChangeId(id.unwrap_or_default()))
    }

    /// Whether every name server of Route 53 has the change.
    pub async fn change_settled(&self, id: &ChangeId) -> Result<bool, ReadError> {
        self.pace.turn().await;
        let answer = self
            .route53
            .get_change()
            .id(&id.0)
            .send()
            .await
            .map_err(|e| self.site.read_error("route53:GetChange", &e))?;
        Ok(answer
            .change_info()
            .is_some_and(|info| info.status().as_str() == "INSYNC"))
    }

    /// Sets how many children a calculated check needs, if it is still in the version that was reviewed.
    pub async fn set_threshold(
        &self,
        id: &CheckId,
        version: i64,
        threshold: i32,
    ) -> Result<(), ActError> {
        self.pace.jump();
        let request = self
            .route53
            .update_health_check()
            .health_check_id(&id.0)
            .health_check_version(version)
            .health_threshold(threshold);
        change!(
            aws_sdk_route53,
            self.site,
            "route53:UpdateHealthCheck",
            request
        )?;
        Ok(())
    }
}

struct Zone {
    id: String,
    name: String,
}

fn public_zone(zone: &sdk::HostedZone) -> Option<Zone> {
    let private = zone
        .config()
        .is_some_and(sdk::HostedZoneConfig::private_zone);
    (!private).then(|| Zone {
        id: clean(zone.id().trim_start_matches("/hostedzone/")),
        name: absolute(&clean(zone.name())),
    })
}

fn longest_match(mut zones: Vec<Zone>, record: &str) -> Result<String, ReadError> {
    zones.retain(|z| record == z.name || record.ends_with(&format!(".{}", z.name)));
    let longest = zones.iter().map(|z| z.name.len()).max();
    zones.retain(|z| Some(z.name.len()) == longest);
    let fail = |kind, message| Err(ReadError { kind, message });
    match zones.as_slice() {
        [zone] => Ok(zone.id.clone()),
        [] => fail(
            FailureKind::NotFound,
            format!("no public hosted zone holds {record}"),
        ),
        [first, ..] => fail(
            FailureKind::Invalid,
            format!(
                "{} public hosted zones are named {}: which one holds {record} can't be told",
                zones.len(),
                first.name
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::Clients;
    use crate::aws::scripted::{clients, error_xml, script, sent, settings};
    use crate::domain::health::{CheckTarget, Health};
    use crate::domain::routing::{Alias, FailoverRole, Policy};

    fn zones(zones: &[(&str, &str, bool)]) -> (u16, String) {
        let members = zones
            .iter()
            .map(|(id, name, private)| {
                format!(
                    "<HostedZone><Id>/hostedzone/{id}</Id><Name>{name}</Name><CallerReference>r</CallerReference>\
                     <Config><PrivateZone>{private}</PrivateZone></Config></HostedZone>"
                )
            })
            .collect::<Vec<_>>()
            .concat();
        let body = format!(
            "<ListHostedZonesResponse><HostedZones>{members}</HostedZones><Marker/>\
             <IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesResponse>"
        );
        (200, body)
    }

    #[tokio::test(start_paused = true)]
    async fn the_longest_public_zone_holds_the_record() {
        let all = zones(&[
            ("Z1", "example.org.", false),
            ("Z2", "pay.example.org.", false),
            ("Z3", "api.pay.example.org.", true),
            ("Z4", "ay.example.org.", false),
        ]);
        let twice = zones(&[("Z1", "example.org.", false), ("Z2", "example.org.", false)]);
        let aws = clients(script([all.clone(), all, twice])).await;
        let zone = |name| aws.global.zone_for(name);
        assert_eq!(zone("API.pay.example.org").await.unwrap(), "Z2");
        let none = zone("api.elsewhere.net").await.unwrap_err();
        assert_eq!(none.kind, FailureKind::NotFound);
        let error = zone("api.example.org").await.unwrap_err();
        assert_eq!(
            error.message,
            "2 public hosted zones are named example.org.: which one holds api.example.org. can't be told"
        );
    }

    fn record_sets(sets: &str, rest: &str) -> (u16, String) {
        let body = format!(
            "<ListResourceRecordSetsResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\">\
             <ResourceRecordSets>{sets}</ResourceRecordSets>{rest}<MaxItems>100</MaxItems>\
             </ListResourceRecordSetsResponse>"
        );
        (200, body)
    }

    const WHOLE: &str = "<IsTruncated>false</IsTruncated>";
    const MARKER: &str = "<ResourceRecordSet><Name>m.pay.test.</Name><Type>TXT</Type>\
        <SetIdentifier>one</SetIdentifier><Failover>PRIMARY</Failover><TTL>10</TTL><ResourceRecords>\
        <ResourceRecord><Value>\"us-east-1\" \"a&amp;b\\\"c\\040 d\"</Value></ResourceRecord></ResourceRecords>\
        <HealthCheckId>check-1</HealthCheckId></ResourceRecordSet>";
    const ALIAS: &str = "<ResourceRecordSet><Name>api.pay.test.</Name><Type>A</Type>\
        <SetIdentifier>two</SetIdentifier><Weight>0</Weight><AliasTarget><HostedZoneId>ZAPI</HostedZoneId>\
        <DNSName>d-1.execute-api.us-east-1.amazonaws.com.</DNSName>\
        <EvaluateTargetHealth>true</EvaluateTargetHealth></AliasTarget></ResourceRecordSet>";
    const LATENCY: &str = "<ResourceRecordSet><Name>api.pay.test.</Name><Type>AAAA</Type>\
        <SetIdentifier>three</SetIdentifier><Region>us-east-1</Region></ResourceRecordSet>";
    const NEXT: &str =
        "<ResourceRecordSet><Name>z.pay.test.</Name><Type>NS</Type></ResourceRecordSet>";

    #[tokio::test(start_paused = true)]
    async fn records_survive_the_round_trip_byte_for_byte() {
        let replay = script([
            record_sets(&format!("{ALIAS}{MARKER}{NEXT}"), WHOLE),
            record_sets(&format!("{MARKER}{NEXT}"), WHOLE),
            (
                200,
                "<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status>\
                 <SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>"
                    .into(),
            ),
        ]);
        let aws = clients(replay.clone()).await;
        let names = ["API.pay.test", "m.pay.test.", "api.pay.test."].map(str::to_owned);
        let found = aws.global.records("Z1", &names).await.unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].policy, Policy::Weighted(0));
        assert_eq!(
            found[0].alias,
            Some(Alias {
                zone_id: "ZAPI".into(),
                name: "d-1.execute-api.us-east-1.amazonaws.com.".into(),
                evaluate_target_health: true,
            })
        );
        assert_eq!(found[1].policy, Policy::Failover(FailoverRole::Primary));
        assert_eq!(found[1].values, [r#""us-east-1" "a&b\"c\040 d""#]);
        let id = aws.global.change_records("Z1", found, "op-1").await;
        assert_eq!(id, Ok(ChangeId("/change/C1".into())));
        let requests = sent(&replay);
        assert_eq!(
            requests[0],
            "GET https://route53.amazonaws.com/2013-04-01/hostedzone/Z1/rrset?name=api.pay.test.&maxitems=100 "
        );
        let batch = &requests[2];
        assert!(batch.contains("<Comment>op-1</Comment>"), "{batch}");
        assert_eq!(batch.matches("<Action>UPSERT</Action>").count(), 2);
        for part in [
            "<Weight>0</Weight>",
            "<EvaluateTargetHealth>true</EvaluateTargetHealth>",
            "<Failover>PRIMARY</Failover>",
            "<TTL>10</TTL>",
            "<HealthCheckId>check-1</HealthCheckId>",
            "&quot;us-east-1&quot; &quot;a&amp;b\\&quot;c\\040 d&quot;",
        ] {
            assert!(batch.contains(part), "{part} is not in {batch}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_with_many_records_is_paged_and_no_further() {
        let more = "<IsTruncated>true</IsTruncated><NextRecordName>api.pay.test.</NextRecordName>\
                    <NextRecordType>A</NextRecordType><NextRecordIdentifier>two</NextRecordIdentifier>";
        let beyond = "<IsTruncated>true</IsTruncated><NextRecordName>b.pay.test.</NextRecordName>\
                      <NextRecordType>A</NextRecordType>";
        let replay = script([record_sets(LATENCY, more), record_sets(ALIAS, beyond)]);
        let aws = clients(replay.clone()).await;
        let names = ["api.pay.test".to_owned()];
        let found = aws.global.records("Z1", &names).await.unwrap();
        assert_eq!(found.len(), 2);
        assert!(sent(&replay)[1].contains("name=api.pay.test.&type=A&identifier=two"));
        let refused = aws.global.change_records("Z1", found, "op-1").await;
        let error = refused.unwrap_err();
        assert_eq!(
            error.message,
            "api.pay.test. AAAA is routed by latency, which is not changed from here"
        );
        assert!(error.nothing_changed);
        assert_eq!(sent(&replay).len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn checks_of_every_kind_are_understood() {
        let check = |id: &str, config: &str| {
            format!(
                "<HealthCheck><Id>{id}</Id><CallerReference>r</CallerReference>\
                 <HealthCheckConfig>{config}</HealthCheckConfig>\
                 <HealthCheckVersion>3</HealthCheckVersion></HealthCheck>"
            )
        };
        let all = [
            check("p", "<Type>HTTPS</Type><FullyQualifiedDomainName>h</FullyQualifiedDomainName>"),
            check("l", "<Type>CLOUDWATCH_METRIC</Type><AlarmIdentifier><Region>mars-north-1</Region><Name>a</Name>\
                  </AlarmIdentifier><InsufficientDataHealthStatus>LastKnownStatus</InsufficientDataHealthStatus>"),
            check("x", "<Type>CLOUDWATCH_METRIC</Type>"),
            check("c", "<Type>CALCULATED</Type><HealthThreshold>2</HealthThreshold><Inverted>true</Inverted>\
                  <ChildHealthChecks><ChildHealthCheck>p</ChildHealthCheck><ChildHealthCheck>l</ChildHealthCheck>\
                  </ChildHealthChecks>"),
            check("n", "<Type>TELEPATHY</Type><Disabled>true</Disabled>"),
        ]
        .concat();
        let body = format!(
            "<ListHealthChecksResponse><HealthChecks>{all}</HealthChecks><Marker/>\
             <IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHealthChecksResponse>"
        );
        let aws = clients(script([(200, body)])).await;
        let checks = aws.global.checks().await.unwrap();
        let get = |id: &str| checks.get(&CheckId(id.into())).unwrap();
        assert!(
            matches!(&get("p").target, CheckTarget::Endpoint { host, interval_seconds: 30, .. } if host == "h")
        );
        assert!(
            matches!(&get("l").target, CheckTarget::Metric { region, .. } if region == "mars-north-1")
        );
        assert!(matches!(&get("x").target, CheckTarget::Other(_)));
        assert!(
            matches!(&get("c").target, CheckTarget::Calculated { threshold: 2, children } if children.len() == 2)
        );
        assert!(get("c").inverted && get("c").version == 3);
        assert_eq!(get("n").target, CheckTarget::Other("TELEPATHY".into()));
        assert!(get("n").disabled);
    }

    #[tokio::test(start_paused = true)]
    async fn checkers_are_counted_and_a_failing_one_speaks() {
        let observation = |status: &str| {
            format!(
                "<HealthCheckObservation><Region>eu-west-1</Region><StatusReport><Status>{status}</Status>\
                 </StatusReport></HealthCheckObservation>"
            )
        };
        let body = format!(
            "<GetHealthCheckStatusResponse><HealthCheckObservations>{}{}{}<HealthCheckObservation/>\
             </HealthCheckObservations></GetHealthCheckStatusResponse>",
            observation("Success: HTTP Status Code 200, OK"),
            observation("Failure: Connection timed out."),
            observation("Success: HTTP Status Code 200, OK"),
        );
        let aws = clients(script([(200, body)])).await;
        let count = aws.global.checkers(&CheckId("p".into())).await.unwrap();
        assert_eq!((count.succeeding, count.total), (2, 3));
        assert_eq!(
            count.detail.as_deref(),
            Some("Failure: Connection timed out.")
        );
        assert_eq!(count.health(), Health::Healthy);
    }

    #[tokio::test(start_paused = true)]
    async fn a_threshold_is_sent_with_the_reviewed_version() {
        let conflict = error_xml("HealthCheckVersionMismatch", "version is 4");
        let replay = script([(409, conflict)]);
        let aws = clients(replay.clone()).await;
        let id = CheckId("c".into());
        let set = aws.global.set_threshold(&id, 3, 4);
        let error = set.await.unwrap_err();
        assert_eq!(error.kind, FailureKind::Invalid);
        assert_eq!(
            error.message,
            "Route 53 rejected route53:UpdateHealthCheck: version is 4"
        );
        assert!(error.nothing_changed);
        let request = &sent(&replay)[0];
        assert!(
            request.starts_with("POST https://route53.amazonaws.com/2013-04-01/healthcheck/c ")
        );
        assert!(request.contains("<HealthCheckVersion>3</HealthCheckVersion>"));
        assert!(request.contains("<HealthThreshold>4</HealthThreshold>"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_settles() {
        let info = |status: &str| {
            let body = format!(
                "<GetChangeResponse><ChangeInfo><Id>/change/C1</Id><Status>{status}</Status>\
                 <SubmittedAt>2026-01-01T00:00:00Z</SubmittedAt></ChangeInfo></GetChangeResponse>"
            );
            (200, body)
        };
        let lost = (404, error_xml("NoSuchChange", "no such change"));
        let aws = clients(script([info("PENDING"), info("INSYNC"), lost])).await;
        let id = ChangeId("/change/C1".into());
        assert_eq!(aws.global.change_settled(&id).await, Ok(false));
        assert_eq!(aws.global.change_settled(&id).await, Ok(true));
        let error = aws.global.change_settled(&id).await.unwrap_err();
        assert_eq!(error.kind, FailureKind::NotFound);
    }

    #[tokio::test(start_paused = true)]
    async fn two_requests_a_second_leave() {
        let empty = || zones(&[("Z1", "pay.test.", false)]);
        let set = settings(script((0..9).map(|_| empty())));
        let aws = Clients::connect(&set).await.unwrap();
        let started = set.clock.now();
        for _ in 0..9 {
            aws.global.zone_for("api.pay.test").await.unwrap();
        }
        let passed = set.clock.now().duration_since(started).as_millis();
        assert!((3_500..4_100).contains(&passed), "{passed}");
    }
}
