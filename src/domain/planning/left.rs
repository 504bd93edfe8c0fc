//! What a deletion leaves: lost data, or everything, and what that means for the next deployment.

use crate::domain::environment::{Environment, StackSpec};
use crate::domain::plan::Plan;
use crate::domain::retained::{Fate, fates};

/// How the next deployment fares, once a plan's deletions are through; none where nothing is meant to stay.
pub fn after(env: &Environment, plan: &Plan) -> Option<String> {
    let steps = plan.steps.iter();
    let specs: Vec<&StackSpec> = steps
        .filter_map(|step| env.stack(step.action.stack()?))
        .collect();
    deployed_again(env, &specs)
}

/// What the next deployment under the same suffix finds of stacks that retain everything, with those that their sets made.
pub(super) fn deployed_again(env: &Environment, deleted: &[&StackSpec]) -> Option<String> {
    if deleted.is_empty() || !deleted.iter().all(|spec| retains_everything(spec)) {
        return None;
    }
    let all = deleted.iter().copied().chain(made_by(&env.stacks, deleted));
    let found: Vec<Fate> = all
        .flat_map(|spec| fates(&spec.template, spec.made_by.is_some()))
        .map(|(fate, _)| fate)
        .collect();
    let counted = Fate::ALL.into_iter().filter_map(|wanted| {
        let count = found.iter().filter(|fate| **fate == wanted).count();
        (count > 0).then(|| format!("{count} {}", wanted.words()))
    });
    Some(format!(
        "deployed again under this suffix, the resources of the templates are: {}; `switchback stacks show {}` names each",
        counted.collect::<Vec<_>>().join("; "),
        env.bundle
    ))
}

/// The stacks that the sets of other stacks have made.
fn made_by<'a>(
    all: &'a [StackSpec],
    makers: &'a [&'a StackSpec],
) -> impl Iterator<Item = &'a StackSpec> {
    all.iter().filter(|spec| {
        let maker = spec.made_by.as_ref().map(|made| &made.stack);
        maker.is_some_and(|maker| makers.iter().any(|spec| spec.id == *maker))
    })
}

/// What becomes of the data in stacks that are deleted, in a sentence.
pub(super) fn loss(all: &[StackSpec], deleted: &[&StackSpec]) -> String {
    if !deleted.iter().all(|spec| retains_everything(spec)) {
        return "data in the stacks is lost: tables, buckets, backups and secrets are deleted with them".into();
    }
    let staying = made_by(all, deleted);
    let staying: Vec<String> = staying
        .map(|spec| format!("{}… ({})", spec.name, spec.role))
        .collect();
    let too = if staying.is_empty() {
        String::new()
    } else {
        format!(
            ", the stacks that a StackSet made too: {}",
            staying.join(", ")
        )
    };
    format!(
        "only the stacks go: all they made stays, works and costs{too}; the bundle's README says how to remove it"
    )
}

/// Whether every resource of the stack outlives it.
fn retains_everything(spec: &StackSpec) -> bool {
    let tree: serde_json::Value = serde_json::from_str(&spec.template).unwrap_or_default();
    let resources = tree.get("Resources").and_then(|r| r.as_object());
    resources.is_some_and(|resources| {
        let mut policies = resources.values().map(|r| r.get("DeletionPolicy"));
        !resources.is_empty() && policies.all(|p| p.is_some_and(|p| p == "Retain"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::environment::MadeBy;
    use crate::domain::region::Role;
    use crate::domain::stack::StackId;

    fn spec(id: &str, role: Role, policy: &str) -> StackSpec {
        StackSpec {
            id: StackId(id.into()),
            role,
            name: format!("{id}-demo"),
            template: format!(
                r#"{{"Resources": {{"A": {{"DeletionPolicy": "Retain"}}, "B": {{"DeletionPolicy": "{policy}"}}}}}}"#
            ),
            capabilities: Vec::new(),
            parameters: std::collections::BTreeMap::new(),
            after: Vec::new(),
            made_by: None,
        }
    }

    #[test]
    fn a_deletion_says_whether_data_is_lost_or_everything_stays() {
        let kept = spec("root", Role::Primary, "Retain");
        let gone = spec("other", Role::Primary, "Delete");
        let mut instance = spec("standby", Role::Standby, "Retain");
        instance.made_by = Some(MadeBy {
            stack: kept.id.clone(),
            resource: "Regions".into(),
        });
        let all = [kept.clone(), gone.clone(), instance];
        assert!(loss(&all, &[&gone]).contains("is lost"));
        assert!(loss(&all, &[&kept, &gone]).contains("is lost"));
        let said = loss(&all, &[&kept]);
        assert!(said.contains("stays") && !said.contains("lost"), "{said}");
        assert!(said.contains("standby-demo… (standby)"), "{said}");
        let alone = loss(std::slice::from_ref(&kept), &[&kept]);
        assert!(alone.contains("stays") && !alone.contains("StackSet"));
        let unreadable = StackSpec {
            template: "none".into(),
            ..kept
        };
        assert!(loss(&[], &[&unreadable]).contains("is lost"));
    }

    #[test]
    fn a_deletion_that_keeps_everything_says_how_the_next_deployment_fares() {
        let kept = |id: &str, resources: &str| StackSpec {
            template: format!(r#"{{"Resources": {{{resources}}}}}"#),
            ..spec(id, Role::Primary, "Retain")
        };
        let root = kept(
            "root",
            r#""T": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "Properties": {"TableName": "t"}},
               "C": {"Type": "AWS::Route53::HealthCheck", "DeletionPolicy": "Retain"},
               "Own": {"Type": "Custom::Read", "DeletionPolicy": "Retain"}"#,
        );
        let mut instance = kept(
            "standby",
            r#""B": {"Type": "AWS::S3::Bucket", "DeletionPolicy": "Retain", "Properties": {"BucketName": "b"}}"#,
        );
        instance.made_by = Some(MadeBy {
            stack: root.id.clone(),
            resource: "Regions".into(),
        });
        let mut env = crate::app::fixtures::unseen().env;
        env.stacks = vec![root.clone(), instance];
        let said = deployed_again(&env, &[&root]).unwrap();
        for words in [
            "1 adopted by a change set with --import-existing-resources",
            "1 in the way by name",
            "1 made anew, the old one stays",
            "`switchback stacks show payment-standby`",
        ] {
            assert!(said.contains(words), "{said}");
        }
        let gone = spec("other", Role::Primary, "Delete");
        assert_eq!(deployed_again(&env, &[&root, &gone]), None);
        assert_eq!(deployed_again(&env, &[]), None);
    }
}
