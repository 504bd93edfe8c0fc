//! Rules on physical names: environments and regions must not get into each other's way.

use std::collections::BTreeMap;

use super::context::SUFFIX;
use super::{Context, Found, Rule, tables};
use crate::domain::region::Role;

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "SB601",
        title: "a physical name contains the suffix",
        source: "a second environment in the account would collide",
        look: suffixed,
    },
    Rule {
        id: "SB602",
        title: "a name that all regions share is taken once",
        source: "IAM, dashboards and buckets are not regional: the second stack fails, or overwrites",
        look: taken_once,
    },
];

/// Whether some resource of the bundle goes by that name, where the dimension is one that names resources.
///
/// A global table is in both regions, whichever stack makes it; anything else must be in the role's region.
pub(super) fn names_something(
    context: &Context<'_>,
    role: Role,
    dimension: &str,
    value: &str,
) -> bool {
    let mut kinds = tables::NAMED_BY
        .iter()
        .filter(|(name, _)| *name == dimension)
        .peekable();
    // What stands in braces is not known before deployment.
    if kinds.peek().is_none() || value.contains('{') {
        return true;
    }
    kinds.any(|(_, kind)| {
        let everywhere = *kind == "AWS::DynamoDB::GlobalTable";
        let property = tables::kind(kind)
            .and_then(|known| known.physical)
            .unwrap_or_default();
        context
            .of_type(kind)
            .filter(|resource| everywhere || resource.unit.role == role)
            .any(|resource| resource.may_be(property, value))
    })
}

/// Every physical name: its path, the name, and whether all regions share it.
fn names(context: &Context<'_>) -> Vec<(String, String, bool)> {
    let mut all = Vec::new();
    for resource in context.resources() {
        let Some(kind) = tables::kind(resource.kind) else {
            continue;
        };
        let Some(property) = kind.physical else {
            continue;
        };
        let texts = resource.texts(property).into_iter();
        all.extend(texts.map(|name| (resource.at(property), name, kind.everywhere)));
    }
    all
}

fn suffixed(context: &Context<'_>) -> Vec<Found> {
    let allowed = &context.bundle.manifest.policy.fixed_names;
    names(context)
        .into_iter()
        .filter(|(_, name, _)| !name.contains(SUFFIX) && !allowed.contains(name))
        .map(|(path, name, _)| (path, format!("`{name}` is without the suffix")))
        .collect()
}

fn taken_once(context: &Context<'_>) -> Vec<Found> {
    let mut taken: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, name, everywhere) in names(context) {
        if everywhere {
            taken.entry(name).or_default().push(path);
        }
    }
    let twice = taken.into_iter().filter(|(_, paths)| paths.len() > 1);
    twice
        .flat_map(|(name, paths)| {
            let reason = format!(
                "`{name}` is taken {} times: let it name the region",
                paths.len()
            );
            paths.into_iter().map(move |path| (path, reason.clone()))
        })
        .collect()
}
