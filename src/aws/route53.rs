//! Route 53: the zone, its records, the health checks and the two levers of its control plane.
//!
//! Its API allows five requests a second for the whole account, CloudFormation included (facts/aws.md §3.1):
//! a pace keeps this console at two.

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
        for name in names {
            self.records_named(zone_id, &absolute(name), &mut found)
                .await?;
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
