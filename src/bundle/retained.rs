//! What a bundle that retains everything leaves behind, stack by stack.

use serde::Serialize;

use crate::bundle::Bundle;
use crate::bundle::manifest::{Retain, Stack};
use crate::domain::retained::{Fate, fates};

/// Resources of one stack with the same fate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Left {
    pub stack: String,
    pub fate: Fate,
    /// Logical ids, in the template's order.
    pub resources: Vec<String>,
}

/// What a bundle leaves behind; empty unless it retains everything.
pub fn left(bundle: &Bundle) -> Vec<Left> {
    let manifest = &bundle.manifest;
    if manifest.policy.retain != Retain::Always {
        return Vec::new();
    }
    let stacks = manifest.stacks.iter();
    stacks.flat_map(|stack| left_by(bundle, stack)).collect()
}

fn left_by(bundle: &Bundle, stack: &Stack) -> Vec<Left> {
    let fated = fates(bundle.body(stack), stack.made_by.is_some());
    let with = |wanted: Fate| Left {
        stack: stack.id.to_string(),
        fate: wanted,
        resources: fated
            .iter()
            .filter(|(fate, _)| *fate == wanted)
            .map(|(_, id)| id.clone())
            .collect(),
    };
    let all = Fate::ALL.into_iter().map(with);
    all.filter(|left| !left.resources.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::{find, samples};
    use serde_json::Value;

    #[test]
    fn a_bundle_that_deletes_leaves_nothing() {
        assert!(left(&samples::bundle()).is_empty());
    }

    #[test]
    fn what_transaction_dr_leaves_is_told_stack_by_stack() {
        let bundle = find(None, "transaction-dr").unwrap();
        let all = left(&bundle);
        let ids = |stack: &str, fate: Fate| -> Vec<&str> {
            let found = all.iter().filter(|l| l.stack == stack && l.fate == fate);
            found
                .flat_map(|l| &l.resources)
                .map(String::as_str)
                .collect()
        };
        assert!(ids("root", Fate::Adopted).contains(&"Table"));
        assert!(ids("root", Fate::Clashes).contains(&"Regions"));
        assert!(ids("root", Fate::Orphaned).contains(&"PrimaryCheck"));
        assert!(
            ids("standby", Fate::Adopted).is_empty(),
            "no stack set imports"
        );
        assert!(ids("standby", Fate::Clashes).contains(&"Bucket"));
        assert!(ids("standby", Fate::Orphaned).contains(&"Key"));
        let resources = |name: &str| {
            let tree: Value = serde_json::from_str(&bundle.templates[name]).unwrap();
            tree["Resources"].as_object().unwrap().len()
        };
        let told: usize = all.iter().map(|l| l.resources.len()).sum();
        let custom = 3;
        assert_eq!(
            told,
            resources("root.json") - custom + 2 * resources("region.json")
        );
    }
}
