//! Route 53's answer algorithm for simple, weighted and failover records.
//!
//! Source: Route 53 Developer Guide, "How Amazon Route 53 chooses records when health checking is
//! configured" and "… in complex configurations", and the API reference of `ResourceRecordSet` (facts/aws.md §1.4, §1.5).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

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

impl Policy {
    /// For people: `weight 100`, `failover primary`, `simple`.
    pub fn words(&self) -> String {
        match self {
            Self::Simple => "simple".to_owned(),
            Self::Weighted(weight) => format!("weight {weight}"),
            Self::Failover(FailoverRole::Primary) => "failover primary".to_owned(),
            Self::Failover(FailoverRole::Secondary) => "failover secondary".to_owned(),
            Self::Other(name) => name.clone(),
        }
    }
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

/// How many unknown states are tried both ways; beyond it every record is a possible answer.
const MOST_UNKNOWN: usize = 8;
/// Aliases that lead to aliases: a longer chain (or a circle) is not followed, and its end is unknown.
const DEEPEST: usize = 4;

/// What is known of the health of everything that an answer may depend on.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    pub check: &'a dyn Fn(&CheckId) -> Health,
    /// The health of an alias target that is no record of the zone.
    pub target: &'a dyn Fn(&Alias) -> Health,
}

/// The health of an alias target outside the zone, as far as its name tells.
///
/// For API Gateway, S3 and VPC endpoints `EvaluateTargetHealth` brings nothing, for `CloudFront` it must be false
/// (API reference, `AliasTarget`): they count as healthy. A load balancer's target groups can't be seen from here.
pub fn target_health(alias: &Alias) -> Health {
    let name = alias.name.to_ascii_lowercase();
    let name = name.trim_end_matches('.');
    if name.ends_with(".elb.amazonaws.com") || name.contains(".elb.") {
        Health::Unknown
    } else {
        Health::Healthy
    }
}

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
    let known = Known {
        check: health,
        target: &target_health,
    };
    answers_where(records, name, kind, known)
}

/// The same, where the health of targets outside the zone is known too.
pub fn answers_where<'a>(
    records: &'a [RecordSet],
    name: &str,
    kind: &str,
    known: Known<'_>,
) -> Vec<&'a RecordSet> {
    let group = group(records, name, kind);
    // a check stands behind several records and is asked again for each way in which the unknown may be
    let asked = RefCell::new(BTreeMap::new());
    let once = |id: &CheckId| {
        let found = asked.borrow().get(id).copied();
        found.unwrap_or_else(|| {
            let health = (known.check)(id);
            asked.borrow_mut().insert(id.clone(), health);
            health
        })
    };
    let known = Known {
        check: &once,
        ..known
    };
    let mut unknown = BTreeSet::new();
    for record in &group {
        gather_unknown(records, record, known, (&mut unknown, 0));
    }
    let unknown: Vec<Thing<'_>> = unknown.into_iter().collect();
    if unknown.len() > MOST_UNKNOWN {
        return group;
    }
    let mut chosen = vec![false; group.len()];
    for bits in 0..(1_u32 << unknown.len()) {
        let world = World {
            records,
            known,
            unknown: &unknown,
            bits,
        };
        for index in choose(&group, &|record| world.is_healthy(record, 0)) {
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

/// The record sets of one name and kind.
fn group<'a>(records: &'a [RecordSet], name: &str, kind: &str) -> Vec<&'a RecordSet> {
    let name = absolute(name);
    records
        .iter()
        .filter(|r| r.name == name && r.kind == kind)
        .collect()
}

/// Something whose health decides: a check, or a target outside the zone by its name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing<'a> {
    Check(&'a CheckId),
    Target(&'a str),
}

/// Adds what is unknown of the things that a record's health depends on.
fn gather_unknown<'a>(
    records: &'a [RecordSet],
    record: &'a RecordSet,
    known: Known<'_>,
    (unknown, depth): (&mut BTreeSet<Thing<'a>>, usize),
) {
    let check = record.check.as_ref();
    unknown.extend(
        check
            .filter(|id| (known.check)(id) == Health::Unknown)
            .map(Thing::Check),
    );
    let Some(alias) = evaluated(record) else {
        return;
    };
    let targets = group(records, &alias.name, &record.kind);
    if depth >= DEEPEST || (targets.is_empty() && (known.target)(alias) == Health::Unknown) {
        unknown.insert(Thing::Target(&alias.name));
    } else {
        for target in targets {
            gather_unknown(records, target, known, (unknown, depth + 1));
        }
    }
}

/// The alias whose target's health counts.
fn evaluated(record: &RecordSet) -> Option<&Alias> {
    record.alias.as_ref().filter(|a| a.evaluate_target_health)
}

/// One way in which everything unknown may be.
struct World<'a> {
    records: &'a [RecordSet],
    known: Known<'a>,
    unknown: &'a [Thing<'a>],
    /// One bit for each unknown thing: set is healthy.
    bits: u32,
}

impl World<'_> {
    /// A record without a check is healthy. One with a check and an evaluated target needs both; a target in the zone is
    /// healthy while any of its records is ("How Amazon Route 53 chooses records in complex configurations").
    fn is_healthy(&self, record: &RecordSet, depth: usize) -> bool {
        let check = record.check.as_ref();
        if check.is_some_and(|id| !self.holds(Thing::Check(id), || (self.known.check)(id))) {
            return false;
        }
        let Some(alias) = evaluated(record) else {
            return true;
        };
        let targets = group(self.records, &alias.name, &record.kind);
        if targets.is_empty() || depth >= DEEPEST {
            return self.holds(Thing::Target(&alias.name), || (self.known.target)(alias));
        }
        targets.iter().any(|t| self.is_healthy(t, depth + 1))
    }

    fn holds(&self, thing: Thing<'_>, otherwise: impl Fn() -> Health) -> bool {
        match self.unknown.iter().position(|u| *u == thing) {
            Some(bit) => self.bits & (1 << bit) != 0,
            None => otherwise() == Health::Healthy,
        }
    }
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
    use proptest::prelude::*;

    use super::*;
    use Health::{Healthy, Unhealthy, Unknown};

    /// Checks by letter: `a` and `b` are whatever the case says, `H` is healthy, `U` unhealthy, `?` unknown.
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

    const PRIMARY: Policy = Policy::Failover(FailoverRole::Primary);
    const SECONDARY: Policy = Policy::Failover(FailoverRole::Secondary);

    fn weighted(weight: i64) -> Policy {
        Policy::Weighted(weight)
    }

    fn by_letter(id: &CheckId) -> Health {
        match id.0.as_str() {
            "H" => Healthy,
            "U" => Unhealthy,
            _ => Unknown,
        }
    }

    fn ids(records: &[RecordSet]) -> String {
        let known = Known {
            check: &by_letter,
            target: &|alias| by_letter(&CheckId(alias.name.clone())),
        };
        let found = answers_where(records, "API.pay.test", "TXT", known);
        let ids = found.into_iter().filter_map(|r| r.set_identifier.clone());
        ids.collect::<Vec<_>>().join(" ")
    }

    fn alias(record: RecordSet, name: &str, evaluate_target_health: bool) -> RecordSet {
        RecordSet {
            ttl: None,
            values: Vec::new(),
            alias: Some(Alias {
                zone_id: "Z1".into(),
                name: name.into(),
                evaluate_target_health,
            }),
            ..record
        }
    }

    fn named(name: &str, record: RecordSet) -> RecordSet {
        RecordSet {
            name: name.into(),
            ..record
        }
    }

    /// One rule a line: where it is documented and what it says, the group, who answers. `chooses` is "How Amazon Route
    /// 53 chooses records when health checking is configured" (R53-choose), `failover` and `weight` are the API
    /// reference of `ResourceRecordSet` (BM). In a group `p` and `s` are the primary and the secondary, other letters
    /// records of a weight; after the colon the check's health, or `-` for no check.
    const RULES: &str = "
        failover: the primary answers while it is healthy             | p:H s:H | p
        failover: whatever the secondary's health                     | p:H s:U | p
        failover: the secondary answers for an unhealthy primary      | p:U s:H | s
        failover: both unhealthy, the primary answers                 | p:U s:U | p
        failover: a secondary without a check always takes over       | p:U s:- | s
        chooses: a record without a check is healthy                  | p:- s:H | p
        failover: no secondary, the primary stays                     | p:U | p
        failover: no primary, the secondary answers                   | s:U | s
        failover: the secondary's health unknown, either answers      | p:U s:? | p s
        failover: the primary's health unknown, either answers        | p:? s:H | p s
        failover: with an unhealthy secondary it does not matter      | p:? s:U | p
        chooses: healthy records with a weight share the traffic      | a50:H b50:H | a b
        chooses: an unhealthy one is left out                         | a50:U b1:H | b
        chooses: weight zero is silent while another is healthy       | a100:H b0:H | a
        chooses: weight zero answers once every other is unhealthy    | a100:U b0:H | b
        chooses: none healthy, all count as healthy                   | a50:U b50:U | a b
        chooses: then weight zero is silent again                     | a100:U b0:U | a
        weight: a group of zeros shares equally                       | a0:- b0:- | a b
        chooses: of which the unhealthy are left out                  | a0:U b0:- | b
        chooses: an unknown check of weight, either answers           | a100:? b0:H | a b
        chooses: one unknown check on both, they fall together        | a100:? b0:? | a
        chooses: a simple record answers, healthy or not              | =:U | =
        other policies are not judged, all may answer                 | ~:U ~:H | ~ ~";

    fn group_of(words: &str) -> Vec<RecordSet> {
        let member = |word: &str| {
            let (who, health) = word.split_once(':').unwrap();
            let id = who.trim_end_matches(|c: char| c.is_ascii_digit());
            let policy = match id {
                "p" => PRIMARY,
                "s" => SECONDARY,
                "=" => Policy::Simple,
                "~" => Policy::Other("LATENCY".into()),
                letter => weighted(who.trim_start_matches(letter).parse().unwrap()),
            };
            record(id, policy, (health != "-").then_some(health))
        };
        words.split_whitespace().map(member).collect()
    }

    #[test]
    fn the_documented_rules_one_by_one() {
        let mut tried = 0;
        for line in RULES.lines().filter(|line| !line.is_empty()) {
            let [rule, group, wanted] = line.split('|').collect::<Vec<_>>()[..] else {
                panic!("{line}")
            };
            assert_eq!(ids(&group_of(group)), wanted.trim(), "{}", rule.trim());
            tried += 1;
        }
        assert_eq!(tried, 23);
    }

    /// API reference, `AliasTarget.EvaluateTargetHealth`, and "How Amazon Route 53 chooses records in complex
    /// configurations" (R53-choose).
    #[test]
    fn an_alias_inherits_the_health_of_its_target_where_it_is_told_to() {
        let pair = |primary| vec![primary, record("s", SECONDARY, None)];
        let primary = || record("p", PRIMARY, None);
        let to = |name, evaluate| pair(alias(primary(), name, evaluate));
        assert_eq!(ids(&to("U", true)), "s", "an unhealthy target");
        assert_eq!(ids(&to("U", false)), "p", "is not asked without the flag");
        assert_eq!(ids(&to("H", true)), "p");
        assert_eq!(ids(&to("?", true)), "p s", "a target that can't be seen");
        let both = |check| pair(alias(record("p", PRIMARY, Some(check)), "H", true));
        assert_eq!(ids(&both("U")), "s", "a check counts beside a target");
        let tree = |first, second| {
            let mut records = to("inner.pay.test.", true);
            let inner = |id, check| named("inner.pay.test.", record(id, weighted(1), Some(check)));
            records.extend([inner("one", first), inner("two", second)]);
            ids(&records)
        };
        assert_eq!(
            tree("U", "H"),
            "p",
            "one healthy record of the target is enough"
        );
        assert_eq!(tree("U", "U"), "s", "and none is not");
        assert_eq!(tree("U", "?"), "p s");
        let mut circle = to("inner.pay.test.", true);
        let turning = alias(record("one", weighted(1), None), "inner.pay.test.", true);
        circle.push(named("inner.pay.test.", turning));
        assert_eq!(ids(&circle), "p s", "a circle is not followed for ever");
    }

    #[test]
    fn only_a_load_balancers_health_can_not_be_told_by_its_name() {
        let health = |name: &str| {
            target_health(&Alias {
                zone_id: "Z".into(),
                name: name.into(),
                evaluate_target_health: true,
            })
        };
        assert_eq!(health("d-1.execute-api.us-east-1.amazonaws.com."), Healthy);
        assert_eq!(
            health("dualstack.lb-1.us-east-1.elb.amazonaws.com."),
            Unknown
        );
    }

    #[test]
    fn other_names_and_kinds_do_not_answer() {
        let one = [record("p", Policy::Simple, None)];
        assert!(possible_answers(&one, "api.pay.test", "A", &|_| Healthy).is_empty());
        assert!(possible_answers(&one, "www.pay.test", "TXT", &|_| Healthy).is_empty());
    }

    #[test]
    fn with_too_much_unknown_every_record_may_answer() {
        let many: Vec<RecordSet> = (0..9)
            .map(|n| record(&n.to_string(), weighted(n), Some(&format!("?{n}"))))
            .collect();
        assert_eq!(ids(&many), "0 1 2 3 4 5 6 7 8");
    }

    /// The rules said once more, as a judgement of one record in one world: may it answer?
    fn may_answer(
        group: &[RecordSet],
        this: &RecordSet,
        healthy: &dyn Fn(&RecordSet) -> bool,
    ) -> bool {
        let weight = |r: &RecordSet| match r.policy {
            Policy::Weighted(w) => w,
            Policy::Simple | Policy::Failover(_) | Policy::Other(_) => -1,
        };
        let any_healthy = group.iter().any(healthy);
        let counts = |r: &RecordSet| !any_healthy || healthy(r);
        match &this.policy {
            Policy::Failover(FailoverRole::Primary) => {
                healthy(this) || !group.iter().any(|r| r.policy == SECONDARY && healthy(r))
            }
            Policy::Failover(FailoverRole::Secondary) => {
                let primary = group.iter().find(|r| r.policy == PRIMARY);
                primary.is_none_or(|p| !healthy(p) && healthy(this))
            }
            Policy::Weighted(_) => {
                let weighty = group.iter().any(|r| counts(r) && weight(r) > 0);
                counts(this) && (weight(this) > 0 || !weighty)
            }
            Policy::Simple | Policy::Other(_) => true,
        }
    }

    /// A group as Route 53 accepts it: one primary and one secondary at most, or weighted records.
    fn any_group() -> impl Strategy<Value = Vec<RecordSet>> {
        let check = || proptest::option::of(0..3_usize);
        let target = || proptest::option::weighted(0.3, (0..3_usize, any::<bool>()));
        let failover = (check(), target(), check(), target(), any::<bool>()).prop_map(
            |(first, to, second, other, alone)| {
                let mut pair = vec![
                    dressed("p", PRIMARY, first, to),
                    dressed("s", SECONDARY, second, other),
                ];
                if alone {
                    pair.pop();
                }
                pair
            },
        );
        let share = prop::sample::select(vec![0, 0, 1, 100]);
        let member = (share, check(), target());
        let weighted = proptest::collection::vec(member, 1..5).prop_map(|members| {
            let each = members.into_iter().enumerate();
            each.map(|(n, (w, check, to))| dressed(&n.to_string(), weighted(w), check, to))
                .collect()
        });
        prop_oneof![failover, weighted]
    }

    /// Checks and outside targets 0 to 2 share the same three states.
    fn dressed(
        id: &str,
        policy: Policy,
        check: Option<usize>,
        target: Option<(usize, bool)>,
    ) -> RecordSet {
        let check = check.map(|n| n.to_string());
        let plain = record(id, policy, check.as_deref());
        match target {
            Some((n, evaluate)) => alias(plain, &n.to_string(), evaluate),
            None => plain,
        }
    }

    proptest! {
        #[test]
        fn the_answers_are_those_of_the_rules_in_every_world_that_is_possible(
            group in any_group(),
            states in prop::array::uniform3(prop::sample::select(vec![Healthy, Unhealthy, Unknown])),
            targets in prop::array::uniform3(prop::sample::select(vec![Healthy, Unhealthy, Unknown])),
        ) {
            let at = |all: &[Health; 3], name: &str| all[name.parse::<usize>().unwrap()];
            let known = Known {
                check: &|id| at(&states, &id.0),
                target: &|alias| at(&targets, &alias.name),
            };
            let found: Vec<String> = answers_where(&group, "api.pay.test", "TXT", known)
                .into_iter()
                .filter_map(|r| r.set_identifier.clone())
                .collect();
            let mut wanted = BTreeSet::new();
            for bits in 0..64_u32 {
                let is = |all: &[Health; 3], first: u32, name: &str| {
                    let n: u32 = name.parse().unwrap();
                    match all[n as usize] {
                        Unknown => bits & (1 << (first + n)) != 0,
                        Healthy => true,
                        Unhealthy => false,
                    }
                };
                let healthy = |r: &RecordSet| {
                    r.check.as_ref().is_none_or(|id| is(&states, 0, &id.0))
                        && evaluated(r).is_none_or(|alias| is(&targets, 3, &alias.name))
                };
                let may = group.iter().filter(|r| may_answer(&group, r, &healthy));
                wanted.extend(may.filter_map(|r| r.set_identifier.clone()));
            }
            let found: BTreeSet<String> = found.into_iter().collect();
            prop_assert_eq!(found, wanted);
        }
    }
}
