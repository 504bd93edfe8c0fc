//! What stands in the way of deleting a stack: asked of AWS, each part by itself, within a limited time.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::effect::StackTarget;
use crate::aws::RegionClient;
use crate::domain::blocker::{Bucket, Findings, ForeignRecord, Import, Inquiry, Zone};
use crate::domain::observed::FailureKind;
use crate::domain::routing::{RecordSet, absolute};
use crate::domain::stack::StackResource;
use crate::runtime::session::Shared;

/// What the questions about one stack may take; what is missing by then is unknown.
const LIMIT: Duration = Duration::from_secs(20);
/// Between two tries of a call that was throttled.
const PAUSE: Duration = Duration::from_secs(1);
/// How many exports of one stack are asked about.
const MOST_EXPORTS: usize = 60;

/// Asks about one stack.
pub(super) async fn inspect(session: &Shared, target: &StackTarget, inquiry: &Inquiry) -> Findings {
    let now = session.clock.now();
    let asking = Asking {
        session,
        region: session.clients.regions.get(target.role),
        until: now.checked_add(LIMIT).unwrap_or(now),
    };
    let (imports, (buckets, zones)) = futures_util::future::join(
        asking.imports(&inquiry.exports),
        asking.stores(&target.name, inquiry),
    )
    .await;
    Findings {
        at: session.clock.now(),
        imports,
        buckets,
        zones,
    }
}

/// Where is asked, and until when.
struct Asking<'a> {
    session: &'a Shared,
    region: &'a RegionClient,
    until: Timestamp,
}

impl Asking<'_> {
    /// One export after the other; once the region does not answer, the others are not asked about.
    async fn imports(&self, exports: &[String]) -> Vec<Import> {
        let mut found = Vec::new();
        let mut silent: Option<String> = None;
        for (index, export) in exports.iter().enumerate() {
            let by = match &silent {
                Some(why) => Err(why.clone()),
                None if index >= MOST_EXPORTS => Err(format!("more than {MOST_EXPORTS} exports")),
                None => self.patiently(|| self.region.importers(export)).await,
            };
            silent = silent.or_else(|| by.as_ref().err().cloned());
            found.push(Import {
                export: export.clone(),
                by,
            });
        }
        found
    }

    async fn stores(&self, stack: &str, inquiry: &Inquiry) -> (Vec<Bucket>, Vec<Zone>) {
        if inquiry.buckets.is_empty() && inquiry.zones.is_empty() {
            return (Vec::new(), Vec::new());
        }
        let listed = self.patiently(|| self.region.stack_resources(stack)).await;
        match listed {
            Ok(resources) => {
                futures_util::future::join(
                    self.buckets(&resources, &inquiry.buckets),
                    self.zones(&resources, inquiry),
                )
                .await
            }
            Err(why) => unlisted(inquiry, &why),
        }
    }

    async fn buckets(&self, resources: &[StackResource], wanted: &[String]) -> Vec<Bucket> {
        let there = physical(resources, wanted);
        let names: Vec<String> = there.iter().map(|(_, name)| name.clone()).collect();
        if names.is_empty() {
            return Vec::new();
        }
        let counts = self.patiently(|| self.region.object_counts(&names)).await;
        let bucket = |(resource, name): (String, String)| Bucket {
            resource,
            objects: match &counts {
                Ok(counts) => Ok(counts.get(&name).copied()),
                Err(why) => Err(why.clone()),
            },
        };
        there.into_iter().map(bucket).collect()
    }

    async fn zones(&self, resources: &[StackResource], inquiry: &Inquiry) -> Vec<Zone> {
        let mut found = Vec::new();
        for (resource, id) in physical(resources, &inquiry.zones) {
            let global = &self.session.clients.global;
            let read = self.patiently(|| global.records_of_zone(&id)).await;
            found.push(match read {
                Ok((records, more)) => Zone {
                    resource,
                    foreign: Ok(foreign(&records, resources, inquiry)),
                    more,
                },
                Err(why) => Zone {
                    resource,
                    foreign: Err(why),
                    more: false,
                },
            });
        }
        found
    }

    /// Calls until it is heard, as long as there is time.
    async fn patiently<T, F>(&self, mut call: impl FnMut() -> F) -> Result<T, String>
    where
        F: Future<Output = Result<T, crate::domain::observed::ReadError>>,
    {
        loop {
            match call().await {
                Ok(answer) => return Ok(answer),
                Err(error)
                    if error.kind == FailureKind::Throttled
                        && self.session.clock.now() < self.until => {}
                Err(error) => return Err(error.to_string()),
            }
            self.session.clock.sleep(PAUSE).await;
        }
    }
}

/// Logical ids with what each is called; one that a condition leaves out, or that is gone, is not there.
fn physical(resources: &[StackResource], wanted: &[String]) -> Vec<(String, String)> {
    let there = resources.iter().filter(|r| {
        wanted.contains(&r.logical_id)
            && !matches!(r.status.0.as_str(), "DELETE_COMPLETE" | "DELETE_SKIPPED")
    });
    there
        .filter_map(|r| Some((r.logical_id.clone(), r.physical_id.clone()?)))
        .collect()
}

/// Nothing is known of any store.
fn unlisted(inquiry: &Inquiry, why: &str) -> (Vec<Bucket>, Vec<Zone>) {
    let buckets = inquiry.buckets.iter().map(|resource| Bucket {
        resource: resource.clone(),
        objects: Err(why.to_owned()),
    });
    let zones = inquiry.zones.iter().map(|resource| Zone {
        resource: resource.clone(),
        foreign: Err(why.to_owned()),
        more: false,
    });
    (buckets.collect(), zones.collect())
}

/// The records that neither the stack nor the zone itself has made. CloudFormation calls a record by its name.
fn foreign(
    records: &[RecordSet],
    resources: &[StackResource],
    inquiry: &Inquiry,
) -> Vec<ForeignRecord> {
    let own = |record: &RecordSet| {
        resources.iter().any(|resource| {
            let Some(types) = inquiry.records.get(&resource.logical_id) else {
                return false;
            };
            let name = resource.physical_id.as_deref().map(absolute);
            let same_name = name.is_some_and(|name| name.eq_ignore_ascii_case(&record.name));
            same_name && (types.is_empty() || types.contains(&record.kind))
        })
    };
    // the zone's own two stand at its apex, which is the shortest name
    let apex = records
        .iter()
        .map(|r| r.name.as_str())
        .min_by_key(|n| n.len());
    let of_the_zone = |record: &RecordSet| {
        Some(record.name.as_str()) == apex && matches!(record.kind.as_str(), "NS" | "SOA")
    };
    let strange = records.iter().filter(|r| !of_the_zone(r) && !own(r));
    let named: BTreeSet<ForeignRecord> = strange
        .map(|r| ForeignRecord {
            name: r.name.clone(),
            kind: r.kind.clone(),
        })
        .collect();
    named.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::routing::Policy;
    use crate::domain::stack::ResourceStatus;

    fn record(name: &str, kind: &str) -> RecordSet {
        RecordSet {
            name: name.into(),
            kind: kind.into(),
            set_identifier: None,
            policy: Policy::Simple,
            ttl: None,
            values: Vec::new(),
            alias: None,
            check: None,
        }
    }

    fn resource(id: &str, physical: &str, status: &str) -> StackResource {
        StackResource {
            logical_id: id.into(),
            physical_id: Some(physical.into()),
            resource_type: "T".into(),
            status: ResourceStatus(status.into()),
        }
    }

    #[test]
    fn own_records_and_those_of_the_zone_are_not_foreign() {
        let inquiry = Inquiry {
            records: [
                ("Api".to_owned(), vec!["A".to_owned(), "CNAME".to_owned()]),
                ("Any".to_owned(), Vec::new()),
            ]
            .into(),
            ..Inquiry::default()
        };
        let resources = [
            resource("Api", "API.x.test", "CREATE_COMPLETE"),
            resource("Any", "any.x.test.", "CREATE_COMPLETE"),
        ];
        let records = [
            record("x.test.", "NS"),
            record("x.test.", "SOA"),
            record("x.test.", "MX"),
            record("api.x.test.", "CNAME"),
            record("api.x.test.", "TXT"),
            record("any.x.test.", "SRV"),
            record("sub.x.test.", "NS"),
        ];
        let found = foreign(&records, &resources, &inquiry);
        let found: Vec<String> = found
            .iter()
            .map(|r| format!("{} {}", r.name, r.kind))
            .collect();
        assert_eq!(found, ["api.x.test. TXT", "sub.x.test. NS", "x.test. MX"]);
    }

    #[test]
    fn what_is_gone_or_was_never_made_is_not_asked_about() {
        let resources = [
            resource("A", "a-1", "CREATE_COMPLETE"),
            resource("B", "b-1", "DELETE_COMPLETE"),
        ];
        let wanted = ["A", "B", "C"].map(str::to_owned);
        let there = physical(&resources, &wanted);
        assert_eq!(there, [("A".to_owned(), "a-1".to_owned())]);
    }
}
