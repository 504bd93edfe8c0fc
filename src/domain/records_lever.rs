//! The records lever: what it changes in the record sets, what takes that back, and what differs meanwhile.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::environment::{Environment, TrafficSpec};
use crate::domain::lever::Command;
use crate::domain::observation::Observation;
use crate::domain::placeholder::Placeholder;
use crate::domain::prediction::marker_role;
use crate::domain::region::Role;
use crate::domain::routing::{FailoverRole, Policy, RecordSet, absolute};

/// A change of record sets in one batch: all of them, or none. It is made only where the live ones still are `before`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordsChange {
    pub before: Vec<RecordSet>,
    pub after: Vec<RecordSet>,
}

/// Where the way back was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// The journal has the record sets as they were before they were moved.
    Journal,
    /// The stack's template says how they should be.
    Template,
    /// Neither is known: the primary gets all of the traffic.
    Rule,
}

impl Origin {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Journal => "restored exactly as the journal has them",
            Self::Template => "restored to what the stack's template says",
            Self::Rule => {
                "set so that the primary answers: neither journal nor template says how they were"
            }
        }
    }
}

impl RecordsChange {
    /// The change of a move that was refused.
    pub const NONE: Self = Self {
        before: Vec::new(),
        after: Vec::new(),
    };

    /// The record sets that really change.
    pub fn changed(&self) -> impl Iterator<Item = (&RecordSet, &RecordSet)> {
        self.before
            .iter()
            .zip(&self.after)
            .filter(|(before, after)| before != after)
    }

    /// The change in words, one line for each record set: `api.pay.test CNAME primary: weight 100 → weight 0`.
    pub fn words(&self) -> Vec<String> {
        self.changed()
            .map(|(before, after)| format!("{}: {}", label(before), difference(before, after)))
            .collect()
    }
}

/// The record sets of the service and its marker, as they were last read. Only those with a set identifier take part.
fn live(env: &Environment, seen: &Observation) -> Result<Vec<RecordSet>, String> {
    let traffic = traffic(env)?;
    let known = seen
        .traffic
        .records
        .last()
        .ok_or("the record sets were not read yet: the Route 53 API has not answered")?;
    let name = |text: &Placeholder| {
        let name = env.resolve(seen, text).map_err(|e| e.to_string())?;
        Ok::<_, String>(absolute(&name))
    };
    let (service, marker) = (name(&traffic.record)?, name(&traffic.marker)?);
    let ours = known
        .iter()
        .filter(|r| (r.name == service || r.name == marker) && r.set_identifier.is_some());
    Ok(ours.cloned().collect())
}

fn traffic(env: &Environment) -> Result<&TrafficSpec, String> {
    env.traffic
        .as_ref()
        .ok_or_else(|| "the bundle steers no traffic".to_owned())
}

/// Weights of 100 and 0, or the failover roles, so that the commanded side answers.
pub fn moved(
    env: &Environment,
    seen: &Observation,
    command: Command,
) -> Result<RecordsChange, String> {
    let before = live(env, seen)?;
    let sides: BTreeMap<&str, Role> = before
        .iter()
        .filter(|r| r.kind == "TXT")
        .filter_map(|r| Some((r.set_identifier.as_deref()?, marker_role(env, r)?)))
        .collect();
    let after: Option<Vec<RecordSet>> = before
        .iter()
        .map(|r| {
            with_preference(
                r,
                *sides.get(r.set_identifier.as_deref()?)? == command.wanted(),
            )
        })
        .collect();
    match after {
        Some(after) if !after.is_empty() => Ok(RecordsChange { before, after }),
        _ => Err("the record sets are neither weighted nor failover records with a marker, so they are not changed".to_owned()),
    }
}

fn with_preference(record: &RecordSet, preferred: bool) -> Option<RecordSet> {
    let policy = match (&record.policy, preferred) {
        (Policy::Weighted(_), true) => Policy::Weighted(100),
        (Policy::Weighted(_), false) => Policy::Weighted(0),
        (Policy::Failover(_), true) => Policy::Failover(FailoverRole::Primary),
        (Policy::Failover(_), false) => Policy::Failover(FailoverRole::Secondary),
        (Policy::Simple | Policy::Other(_), _) => return None,
    };
    Some(RecordSet {
        policy,
        ..record.clone()
    })
}

/// The way back: as the journal has them, else as the template says, else so that the primary answers.
pub fn restored(
    env: &Environment,
    seen: &Observation,
    undo: Option<&RecordsChange>,
) -> Result<(RecordsChange, Origin), String> {
    let before = live(env, seen)?;
    if let Some(undo) = undo {
        let before = in_order_of(&undo.before, &before);
        // what others have added stays: it is not ours to remove
        let known = undo.before.iter();
        let after = known.chain(added(&undo.before, &before)).cloned().collect();
        return Ok((RecordsChange { before, after }, Origin::Journal));
    }
    if let Some(policies) = template_policies(env, seen) {
        let after: Option<Vec<RecordSet>> = before
            .iter()
            .map(|record| {
                let policy = policies.get(record.set_identifier.as_deref()?)?.clone();
                Some(RecordSet {
                    policy,
                    ..record.clone()
                })
            })
            .collect();
        if let Some(after) = after.filter(|after| !after.is_empty()) {
            return Ok((RecordsChange { before, after }, Origin::Template));
        }
    }
    moved(env, seen, Command::Release).map(|change| (change, Origin::Rule))
}

/// The change that a plan with the records lever makes: there the move, back what takes it back.
pub fn planned(
    env: &Environment,
    seen: &Observation,
    command: Command,
    undo: Option<&RecordsChange>,
) -> Result<RecordsChange, String> {
    match command {
        Command::Engage => moved(env, seen, command),
        Command::Release => restored(env, seen, undo).map(|(change, _)| change),
    }
}

/// The live record sets in the order of the wanted ones, so that both lists can be read side by side. Those that are not
/// wanted at all stand behind them.
fn in_order_of(wanted: &[RecordSet], live: &[RecordSet]) -> Vec<RecordSet> {
    let found = wanted
        .iter()
        .map(|w| live.iter().find(|l| same_place(w, l)).unwrap_or(w));
    found.chain(added(wanted, live)).cloned().collect()
}

/// Record sets of the same names and types that are not expected: they have a part of the answers.
fn added<'a>(
    expected: &'a [RecordSet],
    live: &'a [RecordSet],
) -> impl Iterator<Item = &'a RecordSet> {
    live.iter().filter(|l| {
        let beside = |e: &RecordSet| (&e.name, &e.kind) == (&l.name, &l.kind);
        expected.iter().any(beside) && !expected.iter().any(|e| same_place(e, l))
    })
}

/// What somebody else did since the lever was pulled: the live record sets against those that the lever left. Nothing
/// where they are back already.
pub fn foreign_changes(env: &Environment, seen: &Observation, undo: &RecordsChange) -> Vec<String> {
    let Ok(live) = live(env, seen) else {
        return Vec::new();
    };
    if differences(&undo.before, &live).is_empty() {
        return Vec::new();
    }
    differences(&undo.after, &live)
}

/// Where the live record sets are not as expected, in words; also those that were added beside them.
pub fn differences(expected: &[RecordSet], live: &[RecordSet]) -> Vec<String> {
    let new = added(expected, live).map(|l| format!("{}: is new, {}", label(l), l.policy.words()));
    expected
        .iter()
        .filter_map(|wanted| match live.iter().find(|l| same_place(wanted, l)) {
            None => Some(format!("{}: is gone", label(wanted))),
            Some(found) if found == wanted => None,
            Some(found) => Some(format!("{}: {}", label(wanted), difference(wanted, found))),
        })
        .chain(new)
        .collect()
}

/// Whether two record sets are the same one of a zone, whatever they hold.
fn same_place(a: &RecordSet, b: &RecordSet) -> bool {
    (&a.name, &a.kind, &a.set_identifier) == (&b.name, &b.kind, &b.set_identifier)
}

fn label(record: &RecordSet) -> String {
    let name = record.name.trim_end_matches('.');
    let id = record.set_identifier.as_deref().unwrap_or_default();
    format!("{name} {} {id}", record.kind)
}

/// What is another between two versions of one record set.
fn difference(from: &RecordSet, to: &RecordSet) -> String {
    let text = |check: &Option<crate::domain::health::CheckId>| {
        check
            .as_ref()
            .map_or_else(|| "none".to_owned(), ToString::to_string)
    };
    let ttl =
        |ttl: Option<i64>| ttl.map_or_else(|| "of the alias".to_owned(), |s| format!("{s} s"));
    let parts = [
        (from.policy != to.policy).then(|| arrow("", &from.policy.words(), &to.policy.words())),
        (from.values != to.values)
            .then(|| arrow("values ", &from.values.join(", "), &to.values.join(", "))),
        (from.ttl != to.ttl).then(|| arrow("TTL ", &ttl(from.ttl), &ttl(to.ttl))),
        (from.check != to.check).then(|| arrow("check ", &text(&from.check), &text(&to.check))),
        (from.alias != to.alias).then(|| arrow("alias ", &target(from), &target(to))),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn arrow(what: &str, from: &str, to: &str) -> String {
    format!("{what}{from} → {to}")
}

fn target(record: &RecordSet) -> String {
    let none = || "none".to_owned();
    record.alias.as_ref().map_or_else(none, |alias| {
        let evaluated = if alias.evaluate_target_health {
            " (its health counts)"
        } else {
            ""
        };
        format!("{}{evaluated}", alias.name)
    })
}

/// The policy that the templates give each set identifier. Nothing where two record sets of one identifier differ, or
/// where a weight is neither a number nor a parameter: then the template does not say it plainly.
fn template_policies(env: &Environment, seen: &Observation) -> Option<BTreeMap<String, Policy>> {
    let mut found = BTreeMap::new();
    for spec in &env.stacks {
        let template: Value = serde_json::from_str(&spec.template).ok()?;
        let resources = template.get("Resources").and_then(Value::as_object);
        let sets = resources.into_iter().flatten().filter(|(_, resource)| {
            resource.get("Type").and_then(Value::as_str) == Some("AWS::Route53::RecordSet")
        });
        let deployed = seen.stack(&spec.id).map(|stack| &stack.parameters);
        let parameter = |name: &str| {
            let given = deployed.and_then(|known| known.get(name).cloned());
            given.or_else(|| {
                let default = template.pointer(&format!("/Parameters/{name}/Default"))?;
                default
                    .as_str()
                    .map_or_else(|| Some(default.to_string()), |s| Some(s.to_owned()))
            })
        };
        for (_, resource) in sets {
            let properties = resource.get("Properties")?;
            let Some(id) = properties.get("SetIdentifier").and_then(Value::as_str) else {
                continue;
            };
            let policy = policy_of(properties, &parameter)?;
            let known = found.insert(id.to_owned(), policy.clone());
            if known.is_some_and(|known| known != policy) {
                return None;
            }
        }
    }
    (!found.is_empty()).then_some(found)
}

fn policy_of(properties: &Value, parameter: &dyn Fn(&str) -> Option<String>) -> Option<Policy> {
    match properties.get("Failover").and_then(Value::as_str) {
        Some("PRIMARY") => return Some(Policy::Failover(FailoverRole::Primary)),
        Some("SECONDARY") => return Some(Policy::Failover(FailoverRole::Secondary)),
        _ => {}
    }
    let weight = properties.get("Weight")?;
    let number = match weight {
        Value::Number(number) => return number.as_i64().map(Policy::Weighted),
        Value::String(text) => text.clone(),
        Value::Object(_) => parameter(weight.get("Ref")?.as_str()?)?,
        Value::Null | Value::Bool(_) | Value::Array(_) => return None,
    };
    number.parse().ok().map(Policy::Weighted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures::{see, steady};
    use crate::domain::health::CheckId;
    use crate::domain::observation::Seen;

    fn weights(records: &[RecordSet]) -> Vec<i64> {
        let weight = |r: &RecordSet| match r.policy {
            Policy::Weighted(weight) => weight,
            Policy::Simple | Policy::Failover(_) | Policy::Other(_) => -1,
        };
        records.iter().map(weight).collect()
    }

    fn change(weights: &[i64]) -> Vec<RecordSet> {
        let model = steady();
        let live = model.seen.traffic.records.last().unwrap();
        let each = live.iter().zip(weights);
        each.map(|(record, weight)| RecordSet {
            policy: Policy::Weighted(*weight),
            ..record.clone()
        })
        .collect()
    }

    #[test]
    fn weights_move_and_each_change_is_said() {
        let model = steady();
        let change = moved(&model.env, &model.seen, Command::Engage).unwrap();
        assert_eq!(weights(&change.before), [100, 0, 100, 0]);
        assert_eq!(weights(&change.after), [0, 100, 0, 100]);
        assert_eq!(
            change.words()[0],
            "api.pay.test CNAME primary: weight 100 → weight 0"
        );
    }

    #[test]
    fn failover_roles_are_swapped() {
        let mut model = steady();
        let roles = [FailoverRole::Primary, FailoverRole::Secondary];
        let mut records = change(&[0; 4]);
        for (record, role) in records.iter_mut().zip(roles.into_iter().cycle()) {
            record.policy = Policy::Failover(role);
        }
        see(&mut model, Seen::Records(Ok(records)));
        let change = moved(&model.env, &model.seen, Command::Engage).unwrap();
        let after: Vec<_> = change.after.iter().map(|r| r.policy.words()).collect();
        assert_eq!(after[..2], ["failover secondary", "failover primary"]);
    }

    #[test]
    fn the_journal_restores_what_no_rule_could_guess() {
        let mut model = steady();
        let undo = RecordsChange {
            before: change(&[90, 10, 90, 10]),
            after: change(&[0, 100, 0, 100]),
        };
        see(&mut model, Seen::Records(Ok(undo.after.clone())));
        let (back, origin) = restored(&model.env, &model.seen, Some(&undo)).unwrap();
        assert_eq!((origin, back.after), (Origin::Journal, undo.before.clone()));
        assert_eq!(
            foreign_changes(&model.env, &model.seen, &undo),
            Vec::<String>::new()
        );
        // without the journal, the template's weights: the parameters' defaults
        let (back, origin) = restored(&model.env, &model.seen, None).unwrap();
        assert_eq!(
            (origin, weights(&back.after)),
            (Origin::Template, vec![100, 0, 100, 0])
        );
    }

    #[test]
    fn what_others_changed_is_shown_and_what_is_back_already_is_not() {
        let mut model = steady();
        let undo = RecordsChange {
            before: change(&[100, 0, 100, 0]),
            after: change(&[0, 100, 0, 100]),
        };
        assert_eq!(
            foreign_changes(&model.env, &model.seen, &undo),
            Vec::<String>::new()
        );
        let mut theirs = change(&[0, 50, 0, 100]);
        theirs[1].check = Some(CheckId("new".into()));
        theirs[3].ttl = Some(5);
        theirs.remove(2);
        see(&mut model, Seen::Records(Ok(theirs)));
        assert_eq!(
            foreign_changes(&model.env, &model.seen, &undo),
            [
                "api.pay.test CNAME standby: weight 100 → weight 50, check s → new",
                "active-region.pay.test TXT primary: is gone",
                "active-region.pay.test TXT standby: TTL 60 s → 5 s",
            ]
        );
    }

    #[test]
    fn a_record_set_that_others_added_is_a_difference_and_stays_when_ours_are_put_back() {
        let mut model = steady();
        let undo = RecordsChange {
            before: change(&[100, 0, 100, 0]),
            after: change(&[0, 100, 0, 100]),
        };
        let theirs = RecordSet {
            set_identifier: Some("third".into()),
            ..change(&[50])[0].clone()
        };
        let mut live = undo.after.clone();
        live.insert(0, theirs.clone());
        see(&mut model, Seen::Records(Ok(live.clone())));
        let foreign = ["api.pay.test CNAME third: is new, weight 50"];
        assert_eq!(foreign_changes(&model.env, &model.seen, &undo), foreign);
        assert_eq!(differences(&undo.before, &live).len(), 5);

        // overridden: it was reviewed as it is, so that the batch may go out, and it is not touched
        let (back, _) = restored(&model.env, &model.seen, Some(&undo)).unwrap();
        assert_eq!(differences(&back.before, &live), Vec::<String>::new());
        let wanted = [undo.before, vec![theirs]].concat();
        assert_eq!(back.after, wanted);
        assert_eq!(back.changed().count(), 4);
    }
}
