//! What a template would change in a stack, resource by resource.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::bundle::template::eval::{LATER, Scope};
use crate::bundle::template::{Resource, TemplateError};
use crate::domain::change::{Change, ChangeAction, Replacement};
use crate::rehearsal::world::cloudformation::attributes::{Place, attribute};
use crate::rehearsal::world::cloudformation::record::{ResourceRecord, StackRecord, Version};
use crate::rehearsal::world::cloudformation::timing::replaces;
use crate::rehearsal::world::{ACCOUNT, World, props};

/// Where a stack is, for evaluating its template.
pub(super) struct Site<'a> {
    pub(super) region: &'a str,
    pub(super) stack: &'a str,
    pub(super) arn: &'a str,
    pub(super) version: &'a Version,
    pub(super) resources: &'a BTreeMap<String, ResourceRecord>,
}

impl World {
    /// Evaluates with the resources that exist; what does not exist yet is [`LATER`].
    pub(super) fn with_scope<T>(&self, site: &Site<'_>, f: impl FnOnce(&Scope<'_>) -> T) -> T {
        let template = &site.version.template;
        let lookup = |id: &str, name: Option<&str>| match site.resources.get(id).filter(|r| r.alive)
        {
            Some(resource) => Some(self.attribute_of(site.region, site.stack, resource, name)),
            None => template
                .resources
                .contains_key(id)
                .then(|| Value::String(LATER.to_owned())),
        };
        f(&Scope {
            template,
            parameters: &site.version.parameters,
            region: site.region,
            account: ACCOUNT,
            stack_name: site.stack,
            stack_arn: site.arn,
            attribute: &lookup,
            import: &|name| self.export(site.region, name),
        })
    }

    fn attribute_of(
        &self,
        region: &str,
        stack: &str,
        resource: &ResourceRecord,
        name: Option<&str>,
    ) -> Value {
        let Some(name) = name else {
            return Value::String(resource.physical_id.clone());
        };
        if let (Some(zone), "NameServers") = (self.route53.zones.get(&resource.physical_id), name) {
            return Value::from(zone.zone.name_servers.clone());
        }
        let custom = resource.kind.starts_with("Custom::")
            || resource.kind == "AWS::CloudFormation::CustomResource";
        let found = custom.then(|| {
            let told = self.told_output(region, &resource.properties, name);
            told.or_else(|| self.far_output(region, name))
        });
        if let Some(value) = found.flatten() {
            return Value::String(value);
        }
        let place = Place {
            chance: self.chance,
            region,
            stack,
        };
        attribute(place, resource, name)
    }

    /// What a custom resource finds that is told where to look: in `Region`, in the stack whose name begins with
    /// `Prefix` or is `StackName`.
    fn told_output(&self, here: &str, properties: &Value, name: &str) -> Option<String> {
        let prefix = ["Prefix", "StackName"]
            .into_iter()
            .find_map(|key| props::text(properties, key))?;
        let region = props::text(properties, "Region").unwrap_or_else(|| here.to_owned());
        let output = name.rsplit('.').next().unwrap_or(name);
        let stack = self.newest_with_prefix(&region, &prefix)?;
        stack.outputs.get(output).cloned()
    }

    /// What a custom resource that reads the other region's outputs would find.
    fn far_output(&self, region: &str, name: &str) -> Option<String> {
        let output = name.rsplit('.').next().unwrap_or(name);
        let far = self.regions.values().filter(|r| r.name != region);
        far.flat_map(|r| r.stacks.iter().filter(|s| !s.is_deleted()))
            .find_map(|s| s.outputs.get(output).cloned())
    }

    /// The changes that a version would make, in the order in which they would be made.
    pub(super) fn changes(
        &self,
        region: &str,
        stack: &StackRecord,
        target: &Version,
    ) -> Result<Vec<Change>, TemplateError> {
        let mut known = stack.resources.clone();
        known.retain(|_, r| r.alive);
        let site = Site {
            region,
            stack: &stack.name,
            arn: &stack.arn,
            version: target,
            resources: &known,
        };
        let order = self.with_scope(&site, order)?;
        let mut after = known.clone();
        let mut changes = Vec::new();
        for id in &order {
            let Some(resource) = target.template.resources.get(id) else {
                continue;
            };
            let site = Site {
                region,
                stack: &stack.name,
                arn: &stack.arn,
                version: target,
                resources: &after,
            };
            let properties = self
                .with_scope(&site, |s| s.value(&resource.properties))?
                .unwrap_or_default();
            let change = compare(id, resource, known.get(id), &properties);
            if change
                .as_ref()
                .is_some_and(|c| c.replacement == Replacement::Yes)
            {
                after.remove(id);
            }
            changes.extend(change);
        }
        let gone = known.values().filter(|r| !order.contains(&r.logical_id));
        changes.extend(gone.map(|r| Change {
            action: ChangeAction::Remove,
            logical_id: r.logical_id.clone(),
            resource_type: r.kind.clone(),
            replacement: Replacement::No,
            causes: Vec::new(),
        }));
        Ok(changes)
    }
}

/// Holds a resource against what there is of it.
fn compare(
    id: &str,
    resource: &Resource,
    known: Option<&ResourceRecord>,
    properties: &Value,
) -> Option<Change> {
    let change = |action, replacement, causes| Change {
        action,
        logical_id: id.to_owned(),
        resource_type: resource.kind.clone(),
        replacement,
        causes,
    };
    let Some(known) = known else {
        return Some(change(ChangeAction::Add, Replacement::No, Vec::new()));
    };
    if known.kind != resource.kind {
        return Some(change(
            ChangeAction::Modify,
            Replacement::Yes,
            vec!["Type".to_owned()],
        ));
    }
    let names: BTreeSet<&String> = [&known.properties, properties]
        .into_iter()
        .filter_map(Value::as_object)
        .flat_map(serde_json::Map::keys)
        .collect();
    let (mut causes, mut worst) = (Vec::new(), Replacement::No);
    for name in names {
        let (old, new) = (known.properties.get(name), properties.get(name));
        if old == new {
            continue;
        }
        causes.push(format!("Properties.{name}"));
        let replacing = replaces(&known.kind, name) || replaces_check(&known.kind, old, new);
        let unsure = new.is_some_and(|v| v.to_string().contains(LATER));
        worst = match (replacing, unsure, worst) {
            (true, false, _) | (_, _, Replacement::Yes) => Replacement::Yes,
            (true, true, _) => Replacement::Conditional,
            (false, _, other) => other,
        };
    }
    (!causes.is_empty()).then(|| change(ChangeAction::Modify, worst, causes))
}

/// A health check's type and interval can't be changed in place.
fn replaces_check(kind: &str, old: Option<&Value>, new: Option<&Value>) -> bool {
    kind == "AWS::Route53::HealthCheck"
        && ["Type", "RequestInterval", "MeasureLatency"]
            .iter()
            .any(|key| old.and_then(|v| v.get(key)) != new.and_then(|v| v.get(key)))
}

/// The resources that exist under the conditions, each after those it needs.
pub(super) fn order(scope: &Scope<'_>) -> Result<Vec<String>, TemplateError> {
    let mut waiting: BTreeMap<&String, BTreeSet<String>> = BTreeMap::new();
    for (id, resource) in &scope.template.resources {
        if scope.holds(resource.condition.as_deref())? {
            waiting.insert(id, needs(scope, resource)?);
        }
    }
    let existing: BTreeSet<String> = waiting.keys().map(|id| (*id).clone()).collect();
    for (id, needed) in &mut waiting {
        let missing = needed.iter().find(|n| !existing.contains(*n));
        if let Some(name) = missing.filter(|n| {
            !scope
                .template
                .resources
                .get(*id)
                .is_some_and(|r| r.depends_on.contains(n))
        }) {
            return Err(TemplateError::Unresolved {
                name: name.clone(),
                place: "the Resources block of the template".to_owned(),
            });
        }
        needed.retain(|n| existing.contains(n));
    }
    let mut order: Vec<String> = Vec::new();
    while !waiting.is_empty() {
        let ready: Vec<&String> = waiting
            .iter()
            .filter(|(_, n)| n.iter().all(|x| order.contains(x)))
            .map(|(id, _)| *id)
            .collect();
        if ready.is_empty() {
            let circle: Vec<&str> = waiting.keys().map(|id| id.as_str()).collect();
            return Err(TemplateError::Parameter(format!(
                "Circular dependency between resources: [{}]",
                circle.join(", ")
            )));
        }
        for id in ready {
            waiting.remove(id);
            order.push(id.clone());
        }
    }
    Ok(order)
}

/// What a resource needs before it can be made.
pub(super) fn needs(
    scope: &Scope<'_>,
    resource: &Resource,
) -> Result<BTreeSet<String>, TemplateError> {
    let mut needed = scope.references(&resource.properties)?;
    needed.extend(resource.depends_on.iter().cloned());
    Ok(needed)
}
