//! Least-privilege policies for an environment, from the templates in `assets/iam`.

use std::collections::BTreeMap;

use crate::domain::placeholder::{Bindings, Placeholder, PlaceholderError};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    ReadOnly,
    Operator,
}

impl Policy {
    /// The policy as JSON. Names: `account`, `primary`, `standby`, `stacks`, `zone`, `namespace`, `check`.
    pub fn fill(self, names: &BTreeMap<&str, String>) -> Result<String, PlaceholderError> {
        let mut bindings = Bindings::default();
        for (name, value) in names {
            bindings.insert(*name, value.as_str());
        }
        Placeholder::new(self.template()).resolve(&bindings)
    }

    const fn template(self) -> &'static str {
        match self {
            Self::ReadOnly => include_str!("../../assets/iam/read-only.json"),
            Self::Operator => include_str!("../../assets/iam/operator.json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn statements(policy: Policy) -> Vec<Value> {
        let names = [
            "account",
            "primary",
            "standby",
            "stacks",
            "zone",
            "namespace",
            "check",
        ];
        let names = names.map(|name| (name, format!("<{name}>"))).into();
        let text = policy.fill(&names).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        value["Statement"].as_array().unwrap().clone()
    }

    fn actions(statements: &[Value]) -> Vec<String> {
        let all = statements
            .iter()
            .flat_map(|s| s["Action"].as_array().unwrap());
        all.map(|a| a.as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn read_only_reads_only() {
        for action in actions(&statements(Policy::ReadOnly)) {
            let (_, verb) = action.split_once(':').unwrap();
            // a drift detection changes nothing: IAM calls it a read
            let reads = ["BatchDescribe", "Describe", "Detect", "Get", "List"].iter();
            assert!(reads.clone().any(|r| verb.starts_with(r)), "{action}");
        }
    }

    #[test]
    fn the_operators_wildcards_work_through_cloudformation_only() {
        let all = statements(Policy::Operator);
        for statement in &all {
            let is_wild = actions(std::slice::from_ref(statement))
                .iter()
                .any(|a| a.contains('*'));
            let via = &statement["Condition"]["ForAnyValue:StringEquals"]["aws:CalledVia"];
            assert_eq!(is_wild, *via == "cloudformation.amazonaws.com");
        }
        let read = actions(&statements(Policy::ReadOnly));
        let operator = actions(&all);
        assert!(read.iter().all(|action| operator.contains(action)));
        let error = Policy::Operator.fill(&BTreeMap::new()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("nothing is known as `${primary}`")
        );
    }
}
