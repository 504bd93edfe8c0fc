//! What stands in the way of deleting a stack: who imports its exports, what its buckets hold, what is in its zones.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::aws::client::{GlobalClient, RegionClient};
use crate::aws::cloudwatch::SignalQuery;
use crate::aws::convert::record::record;
use crate::aws::error::says_unimported;
use crate::domain::blocker::Count;
use crate::domain::observed::ReadError;
use crate::domain::routing::RecordSet;
use crate::domain::signal::{Series, SignalId};
use crate::domain::text::clean;

/// A service that repeats its token must not keep us for ever.
const MOST_PAGES: usize = 20;
/// Pages of three hundred records that are looked at in one zone: its API has a limit of five calls a second.
const MOST_RECORD_PAGES: usize = 4;
/// How far back a daily count is looked for: it may be two days late (facts/aws.md §2).
const COUNTED_WITHIN: SignedDuration = SignedDuration::from_hours(96);
const DAY_SECONDS: u32 = 86_400;

impl RegionClient {
    /// The names of the stacks that import a value.
    pub async fn importers(&self, export: &str) -> Result<Vec<String>, ReadError> {
        let mut names = Vec::new();
        let mut token = None;
        for _ in 0..MOST_PAGES {
            let asked = self
                .cloudformation
                .list_imports()
                .export_name(export)
                .set_next_token(token)
                .send()
                .await;
            let answer = match asked {
                Ok(answer) => answer,
                Err(error) if says_unimported(&error) => break,
                Err(error) => {
                    let site = self.cloudformation_site();
                    return Err(site.read_error("cloudformation:ListImports", &error));
                }
            };
            names.extend(answer.imports().iter().map(|name| clean(name)));
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        Ok(names)
    }

    /// How many objects each bucket held when S3 counted them last, by the buckets' names; at most 500 buckets. One that
    /// was not counted lately has no entry.
    pub async fn object_counts(
        &self,
        buckets: &[String],
    ) -> Result<BTreeMap<String, Count>, ReadError> {
        let now = self.clock.now();
        let start = now.checked_sub(COUNTED_WITHIN).unwrap_or(Timestamp::MIN);
        let queries: Vec<SignalQuery> = buckets.iter().map(|bucket| counting(bucket)).collect();
        let series = self.signals(&queries, start, now).await?;
        let newest = |(id, series): (SignalId, Series)| {
            let point = series.newest()?;
            let objects = whole(point.value);
            let at = point.at;
            Some((id.0, Count { objects, at }))
        };
        Ok(series.into_iter().filter_map(newest).collect())
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of objects, which CloudWatch gives as a float; the cast saturates"
)]
const fn whole(value: f64) -> u64 {
    value as u64
}

fn counting(bucket: &str) -> SignalQuery {
    let dimension = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    SignalQuery {
        id: SignalId(bucket.to_owned()),
        namespace: "AWS/S3".to_owned(),
        metric: "NumberOfObjects".to_owned(),
        dimensions: vec![
            dimension("BucketName", bucket),
            dimension("StorageType", "AllStorageTypes"),
        ],
        statistic: "Average".to_owned(),
        period_seconds: DAY_SECONDS,
    }
}

impl GlobalClient {
    /// The records of a zone, and whether there are more than were read.
    pub async fn records_of_zone(&self, zone: &str) -> Result<(Vec<RecordSet>, bool), ReadError> {
        let mut found = Vec::new();
        let mut from = (None, None, None);
        for _ in 0..MOST_RECORD_PAGES {
            self.pace.turn().await;
            let (name, kind, identifier) = from;
            let answer = self
                .route53
                .list_resource_record_sets()
                .hosted_zone_id(zone)
                .set_start_record_name(name)
                .set_start_record_type(kind)
                .set_start_record_identifier(identifier)
                .max_items(300)
                .send()
                .await
                .map_err(|e| self.site.read_error("route53:ListResourceRecordSets", &e))?;
            found.extend(answer.resource_record_sets().iter().map(record));
            if !answer.is_truncated || answer.next_record_name.is_none() {
                return Ok((found, false));
            }
            from = (
                answer.next_record_name,
                answer.next_record_type,
                answer.next_record_identifier,
            );
        }
        Ok((found, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::scripted::{clients, error_xml, script, sent};

    fn imports(names: &[&str], next: &str) -> (u16, String) {
        let members = names.join("</member><member>");
        let body = format!(
            "<ListImportsResponse><ListImportsResult><Imports><member>{members}</member></Imports>{next}</ListImportsResult></ListImportsResponse>"
        );
        (200, body)
    }

    #[tokio::test(start_paused = true)]
    async fn importers_come_from_all_pages_and_none_is_no_error() {
        let unused = "Export 'x' is not imported by any stack.";
        let replay = script([
            imports(&["one"], "<NextToken>more</NextToken>"),
            imports(&["two"], ""),
            (400, error_xml("ValidationError", unused)),
            (400, error_xml("AccessDenied", "no")),
        ]);
        let aws = clients(replay.clone()).await;
        let region = &aws.regions.primary;
        assert_eq!(region.importers("x").await.unwrap(), ["one", "two"]);
        assert!(region.importers("x").await.unwrap().is_empty());
        let denied = region.importers("x").await.unwrap_err();
        assert!(
            denied.message.contains("cloudformation:ListImports"),
            "{denied}"
        );
        assert!(sent(&replay)[1].ends_with("&ExportName=x&NextToken=more"));
    }

    fn page(record: &str, more: &str) -> (u16, String) {
        let body = format!(
            "<ListResourceRecordSetsResponse><ResourceRecordSets><ResourceRecordSet><Name>{record}</Name><Type>MX</Type>\
             </ResourceRecordSet></ResourceRecordSets>{more}<MaxItems>300</MaxItems></ListResourceRecordSetsResponse>"
        );
        (200, body)
    }

    #[tokio::test(start_paused = true)]
    async fn the_records_of_a_zone_are_read_to_a_limit() {
        let last = "<IsTruncated>false</IsTruncated>";
        let next = "<IsTruncated>true</IsTruncated><NextRecordName>b.x.</NextRecordName><NextRecordType>MX</NextRecordType>";
        let replay = script([page("a.x.", next), page("b.x.", last)]);
        let aws = clients(replay.clone()).await;
        let (records, more) = aws.global.records_of_zone("Z1").await.unwrap();
        assert_eq!((records.len(), more), (2, false));
        assert!(sent(&replay)[1].contains("name=b.x.&type=MX&maxitems=300"));
        let endless = script((0..9).map(|_| page("a.x.", next)));
        let aws = clients(endless).await;
        let (records, more) = aws.global.records_of_zone("Z1").await.unwrap();
        assert_eq!((records.len(), more), (MOST_RECORD_PAGES, true));
    }
}
