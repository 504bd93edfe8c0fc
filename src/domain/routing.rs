//! Route 53's answer algorithm for simple, weighted and failover records.
//!
//! Source: Route 53 Developer Guide, "How Amazon Route 53 chooses records when health checking is
//! configured", and the API reference of `ResourceRecordSet` (facts/aws.md §1.4, §1.5).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::health::{CheckId, Health};

/// One record set, complete enough to be sent back unchanged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet {
    /// The name with its final dot, lower case.
    pub name: String,
    /// `A`, `AAAA`, `CNAME`, `TXT`, …
    pub kind: String,
    pub set_identifier: Option<String>,
    pub policy: Policy,
    /// Seconds; none for an alias.
    pub ttl: Option<i64>,
    /// As Route 53 spells them (TXT values carry their quotation marks).
    pub values: Vec<String>,
    pub alias: Option<Alias>,
    pub check: Option<CheckId>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Policy {
    Simple,
    Weighted(i64),
    Failover(FailoverRole),
    /// Latency, geolocation and others: shown, never changed.
    Other(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum FailoverRole {
    Primary,
    Secondary,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    pub zone_id: String,
    pub name: String,
    pub evaluate_target_health: bool,
}

/// The name with a final dot and in lower case, as records carry it.
pub fn absolute(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if lower.ends_with('.') {
        lower
    } else {
        format!("{lower}.")
    }
}

/// How many unknown checks are tried both ways; beyond it every record is a possible answer.
const MOST_UNKNOWN: usize = 8;

/// Every record that could be the answer to one query for `name` and `kind`.
///
/// With every health known, a failover group gives one record and a weighted group those that share the
/// traffic. Where a check's health is unknown, the answers for both of its values are united.
pub fn possible_answers<'a>(
    records: &'a [RecordSet],
    name: &str,
    kind: &str,
    health: &dyn Fn(&CheckId) -> Health,
) -> Vec<&'a RecordSet> {
    let name = absolute(name);
    let group: Vec<&RecordSet> = records
        .iter()
        .filter(|r| r.name == name && r.kind == kind)
        .collect();
    let unknown: Vec<&CheckId> = group
        .iter()
        .filter_map(|r| r.check.as_ref())
        .filter(|id| health(id) == Health::Unknown)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    if unknown.len() > MOST_UNKNOWN {
        return group;
    }
    let mut chosen = vec![false; group.len()];
    for world in 0..(1_u32 << unknown.len()) {
        let is_healthy = |record: &RecordSet| {
            record
                .check
                .as_ref()
                .is_none_or(|id| match unknown.iter().position(|u| *u == id) {
                    Some(bit) => world & (1 << bit) != 0,
                    None => health(id) == Health::Healthy,
                })
        };
        for index in choose(&group, &is_healthy) {
            if let Some(flag) = chosen.get_mut(index) {
                *flag = true;
            }
        }
    }
    group
        .into_iter()
        .zip(chosen)
        .filter_map(|(record, flag)| flag.then_some(record))
        .collect()
}

/// The answering records of one group (same name and kind) when every health is known.
fn choose(group: &[&RecordSet], is_healthy: &dyn Fn(&RecordSet) -> bool) -> Vec<usize> {
    match group.first().map(|r| &r.policy) {
        None => Vec::new(),
        Some(Policy::Simple | Policy::Other(_)) => (0..group.len()).collect(),
        Some(Policy::Failover(_)) => choose_failover(group, is_healthy).into_iter().collect(),
        Some(Policy::Weighted(_)) => choose_weighted(group, is_healthy),
    }
}

/// A healthy primary answers; else a healthy secondary (one without a check is healthy); else the primary.
fn choose_failover(group: &[&RecordSet], is_healthy: &dyn Fn(&RecordSet) -> bool) -> Option<usize> {
    let find = |role| {
        group
            .iter()
            .position(|r| r.policy == Policy::Failover(role))
    };
    let (primary, secondary) = (find(FailoverRole::Primary), find(FailoverRole::Secondary));
    let healthy = |index: &usize| group.get(*index).is_some_and(|r| is_healthy(r));
    primary
        .filter(healthy)
        .or_else(|| secondary.filter(healthy))
        .or(primary)
        .or(secondary)
}

/// Healthy records with a weight share the traffic; where there are none, healthy ones of weight zero do; where
/// no record is healthy, all count as healthy. A group of zeros shares equally.
fn choose_weighted(group: &[&RecordSet], is_healthy: &dyn Fn(&RecordSet) -> bool) -> Vec<usize> {
    let weight = |r: &RecordSet| {
        if let Policy::Weighted(w) = r.policy {
            w
        } else {
            0
        }
    };
    let pick = |healthy_only: bool, weighted: bool| -> Vec<usize> {
        group
            .iter()
            .enumerate()
            .filter(|(_, r)| (weight(r) > 0) == weighted && (!healthy_only || is_healthy(r)))
            .map(|(index, _)| index)
            .collect()
    };
    [(true, true), (true, false), (false, true), (false, false)]
        .into_iter()
        .map(|(healthy_only, weighted)| pick(healthy_only, weighted))
        .find(|chosen| !chosen.is_empty())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use Health::{Healthy, Unhealthy, Unknown};

    fn record(id: &str, policy: Policy, check: Option<&str>) -> RecordSet {
        RecordSet {
            name: "api.pay.test.".into(),
            kind: "TXT".into(),
            set_identifier: Some(id.into()),
            policy,
            ttl: Some(10),
            values: vec![format!("\"{id}\"")],
            alias: None,
            check: check.map(|c| CheckId(c.into())),
        }
    }

    fn ids(records: &[RecordSet], p: Health, s: Health) -> Vec<String> {
        let health = |id: &CheckId| if id.0 == "p" { p } else { s };
        possible_answers(records, "API.pay.test", "TXT", &health)
            .into_iter()
            .filter_map(|r| r.set_identifier.clone())
            .collect()
    }

    #[test]
    fn failover_prefers_the_primary_unless_only_the_secondary_is_healthy() {
        let both = [
            record("p", Policy::Failover(FailoverRole::Primary), Some("p")),
            record("s", Policy::Failover(FailoverRole::Secondary), Some("s")),
        ];
        assert_eq!(ids(&both, Healthy, Healthy), ["p"]);
        assert_eq!(ids(&both, Unhealthy, Healthy), ["s"]);
        assert_eq!(ids(&both, Unhealthy, Unhealthy), ["p"]);
        assert_eq!(ids(&both, Unhealthy, Unknown), ["p", "s"]);
    }

    #[test]
    fn a_secondary_without_a_check_is_healthy() {
        let both = [
            record("p", Policy::Failover(FailoverRole::Primary), Some("p")),
            record("s", Policy::Failover(FailoverRole::Secondary), None),
        ];
        assert_eq!(ids(&both, Unhealthy, Unhealthy), ["s"]);
    }

    #[test]
    fn weight_zero_answers_only_when_every_weighted_record_is_unhealthy() {
        let both = [
            record("p", Policy::Weighted(100), Some("p")),
            record("s", Policy::Weighted(0), Some("s")),
        ];
        assert_eq!(ids(&both, Healthy, Healthy), ["p"]);
        assert_eq!(ids(&both, Unhealthy, Healthy), ["s"]);
        // none healthy: all are considered healthy, so weight zero stays silent
        assert_eq!(ids(&both, Unhealthy, Unhealthy), ["p"]);
        assert_eq!(ids(&both, Unknown, Healthy), ["p", "s"]);
    }

    #[test]
    fn weighted_records_share_and_zeros_share_equally() {
        let share = [
            record("p", Policy::Weighted(50), None),
            record("s", Policy::Weighted(50), None),
        ];
        assert_eq!(ids(&share, Healthy, Healthy), ["p", "s"]);
        let zeros = [
            record("p", Policy::Weighted(0), None),
            record("s", Policy::Weighted(0), None),
        ];
        assert_eq!(ids(&zeros, Healthy, Healthy), ["p", "s"]);
    }

    #[test]
    fn other_names_and_kinds_do_not_answer() {
        let one = [record("p", Policy::Simple, None)];
        assert!(possible_answers(&one, "api.pay.test", "A", &|_| Healthy).is_empty());
        assert!(possible_answers(&one, "www.pay.test", "TXT", &|_| Healthy).is_empty());
    }
}
