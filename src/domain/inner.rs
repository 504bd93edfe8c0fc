//! What a changed template of a `StackSet` changes in the stacks that it makes. CloudFormation's change set says of it
//! only that the set is modified, so both templates are held against each other.

use serde_json::{Map, Value};

use crate::domain::change::{Change, ChangeAction, Replacement};
use crate::domain::stack::STACK_SET;

/// Properties that are changed in place, whatever has them (CloudFormation's resource reference). Of any other it is not
/// known here whether its change replaces the resource.
const IN_PLACE: [&str; 12] = [
    "Tags",
    "Description",
    "Code",
    "Environment",
    "Layers",
    "MemorySize",
    "Timeout",
    "ReservedConcurrentExecutions",
    "Policies",
    "PolicyDocument",
    "KeyPolicy",
    "RetentionInDays",
];
/// Sections that decide which resources there are, or what their properties come to.
const DECIDING: [&str; 4] = ["Conditions", "Mappings", "Parameters", "Transform"];

/// What the sets among the changes do to the resources of their instances: `Set/Resource`. `old` is the template as it is
/// deployed, or why that could not be read.
pub fn inside(changes: &[Change], old: Result<&str, &str>, new: &str) -> Vec<Change> {
    let sets = changes.iter().filter(|change| is_modified_set(change));
    sets.flat_map(|set| one(set, old, new)).collect()
}

/// Whether the change is one of a set that stays.
pub fn is_modified_set(change: &Change) -> bool {
    change.resource_type == STACK_SET && change.action == ChangeAction::Modify
}

fn one(set: &Change, old: Result<&str, &str>, new: &str) -> Vec<Change> {
    let caused = |what: &str| {
        let mut causes = set.causes.iter();
        causes.any(|cause| cause.contains(what))
    };
    let mut found = if set.causes.is_empty() || caused("Template") {
        match old.and_then(|old| bodies(set, old, new)) {
            Ok((old, new)) => compared(set, &old, &new),
            Err(why) => vec![unknown(set, why, Replacement::Conditional)],
        }
    } else {
        Vec::new()
    };
    if caused("Parameters") {
        let why = "other parameters: what they change in it is not known here";
        found.push(unknown(set, why, Replacement::No));
    }
    found
}

/// Something may change in the set's stacks, and nobody can tell here what.
fn unknown(set: &Change, why: &str, replacement: Replacement) -> Change {
    Change {
        action: ChangeAction::Other,
        logical_id: format!("{}/*", set.logical_id),
        resource_type: STACK_SET.to_owned(),
        replacement,
        causes: vec![why.to_owned()],
    }
}

/// The inner templates before and after.
fn bodies(set: &Change, old: &str, new: &str) -> Result<(Value, Value), &'static str> {
    let inner = |outer: &str| -> Option<Value> {
        let outer: Value = serde_json::from_str(outer).ok()?;
        let set = outer.get("Resources")?.get(&set.logical_id)?;
        let body = set.get("Properties")?.get("TemplateBody")?.as_str()?;
        let body: Value = serde_json::from_str(body).ok()?;
        body.is_object().then_some(body)
    };
    inner(old)
        .zip(inner(new))
        .ok_or("its template can't be compared from here")
}

fn compared(set: &Change, old: &Value, new: &Value) -> Vec<Change> {
    let nothing = Map::new();
    let resources = |template: &Value| -> Map<String, Value> {
        let all = template.get("Resources").and_then(Value::as_object);
        all.unwrap_or(&nothing).clone()
    };
    let (before, after) = (resources(old), resources(new));
    let change = |id: &str, resource: &Value, action, (replacement, causes)| Change {
        action,
        logical_id: format!("{}/{id}", set.logical_id),
        resource_type: kind(resource).to_owned(),
        replacement,
        causes,
    };
    let mut found = Vec::new();
    for (id, resource) in &before {
        match after.get(id) {
            None => {
                let gone = (Replacement::No, Vec::new());
                found.push(change(id, resource, ChangeAction::Remove, gone));
            }
            Some(now) if now != resource => {
                let how = modified(resource, now);
                found.push(change(id, resource, ChangeAction::Modify, how));
            }
            Some(_) => {}
        }
    }
    for (id, resource) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
        let new = (Replacement::No, Vec::new());
        found.push(change(id, resource, ChangeAction::Add, new));
    }
    let decides = DECIDING
        .iter()
        .find(|part| old.get(*part) != new.get(*part));
    found.extend(decides.map(|part| {
        let why = format!("its {part} change: what that removes or replaces is not known here");
        unknown(set, &why, Replacement::Conditional)
    }));
    found
}

fn kind(resource: &Value) -> &str {
    let kind = resource.get("Type").and_then(Value::as_str);
    kind.unwrap_or_default()
}

/// How a resource that both templates have differs.
fn modified(old: &Value, new: &Value) -> (Replacement, Vec<String>) {
    if kind(old) != kind(new) {
        return (Replacement::Yes, vec![format!("becomes {}", kind(new))]);
    }
    let nothing = Map::new();
    let part = |resource: &Value, name: &str| resource.get(name).cloned();
    let properties = |resource: &Value| -> Map<String, Value> {
        let all = resource.get("Properties").and_then(Value::as_object);
        all.unwrap_or(&nothing).clone()
    };
    let (before, after) = (properties(old), properties(new));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    names.retain(|name| before.get(*name) != after.get(*name));
    let in_place = names.iter().all(|name| IN_PLACE.contains(&name.as_str()));
    let mut causes: Vec<String> = names.iter().map(|n| format!("Properties.{n}")).collect();
    // another condition may leave the resource out
    let conditional = part(old, "Condition") != part(new, "Condition");
    if conditional {
        causes.push("Condition".to_owned());
    }
    let replacement = if in_place && !conditional {
        Replacement::No
    } else {
        Replacement::Conditional
    };
    (replacement, causes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn set(cause: &str) -> Change {
        Change {
            action: ChangeAction::Modify,
            logical_id: "Regions".into(),
            resource_type: STACK_SET.into(),
            replacement: Replacement::No,
            causes: vec![cause.into()],
        }
    }

    fn outer(inner: &Value) -> String {
        let set = json!({"Type": STACK_SET, "Properties": {"TemplateBody": inner.to_string()}});
        json!({"Resources": {"Regions": set}}).to_string()
    }

    fn template() -> Value {
        json!({"Conditions": {"Always": true}, "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "a", "Tags": []}},
            "Fn": {"Type": "AWS::Lambda::Function", "Properties": {"Code": "1"}}}})
    }

    fn found(old: &Value, new: &Value) -> Vec<Change> {
        let changes = [set("Properties.TemplateBody")];
        inside(&changes, Ok(&outer(old)), &outer(new))
    }

    #[test]
    fn what_a_set_would_remove_or_replace_in_its_stacks_endangers_data() {
        let old = template();
        let mut new = old.clone();
        new["Resources"]["Fn"]["Properties"]["Code"] = json!("2");
        new["Resources"]["Bucket"]["Properties"]["Tags"] = json!(["x"]);
        let harmless = found(&old, &new);
        assert_eq!(harmless.len(), 2);
        assert!(!harmless.iter().any(Change::endangers_data), "{harmless:?}");

        new["Resources"]["Bucket"]["Properties"]["BucketName"] = json!("b");
        let renamed = found(&old, &new);
        assert!(renamed[0].endangers_data(), "{renamed:?}");
        assert_eq!(renamed[0].logical_id, "Regions/Bucket");

        new["Resources"].as_object_mut().unwrap().remove("Bucket");
        let removed = found(&old, &new);
        assert_eq!(removed[0].action, ChangeAction::Remove);
        assert_eq!(removed[0].resource_type, "AWS::S3::Bucket");
        assert!(removed[0].endangers_data());

        assert!(found(&old, &old).is_empty());
    }

    #[test]
    fn what_can_not_be_known_is_said_and_counts_as_a_danger() {
        let old = template();
        let mut new = old.clone();
        new["Conditions"]["Always"] = json!(false);
        let conditions = found(&old, &new);
        assert_eq!(conditions.len(), 1);
        assert!(conditions[0].endangers_data(), "{conditions:?}");

        let changes = [set("Properties.TemplateURL")];
        for old in [Ok("Resources: {}"), Err("not allowed")] {
            let unread = inside(&changes, old, &outer(&new));
            assert!(unread[0].endangers_data(), "{unread:?}");
        }
        // other values for its parameters are no other template
        let parameters = inside(&[set("Properties.Parameters")], Ok(""), "");
        assert!(!parameters[0].endangers_data(), "{parameters:?}");
        assert_eq!(parameters[0].logical_id, "Regions/*");
        assert!(inside(&[set("Tags")], Ok(""), "").is_empty());
    }
}
