//! What is known beforehand of a stack's deployment: resources added, modified, replaced, removed; parameters.

use serde::{Deserialize, Serialize};

use crate::domain::change::{Change, ChangeAction, Replacement};

/// What a deployment would do to one stack, as far as it can be known before it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forecast {
    pub basis: Basis,
    pub changes: Vec<Change>,
    pub parameters: Vec<ParameterChange>,
}

/// Where the knowledge comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// A change set is being made for the review.
    Pending,
    /// The stack is new: what its template holds is added, and no change set was made.
    Template,
    /// A change set said so. `inputs` names earlier stacks whose outputs may still change it.
    ChangeSet { inputs: Vec<String> },
    /// A change set said that nothing would change.
    Unchanged,
    /// Inputs are known only when these stacks are deployed.
    Later { inputs: Vec<String> },
    /// No change set could be made, and why.
    Failed(String),
}

/// One parameter of a stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterChange {
    pub name: String,
    /// Where the value comes from, for example `given` or `output of standby`.
    pub source: String,
    /// None: there was no such value, or it is hidden.
    pub old: Option<String>,
    /// None: it is known later, or it is hidden.
    pub new: Option<String>,
    /// `NoEcho`, or sensitive by the manifest: no value is kept here.
    pub hidden: bool,
}

impl ParameterChange {
    /// Whether the value is another one than before, as far as it may be looked at.
    pub fn differs(&self) -> bool {
        !self.hidden && self.new.is_some() && self.old != self.new
    }
}

/// How many resources are added, modified, replaced (perhaps), removed, imported or otherwise changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub add: usize,
    pub modify: usize,
    pub replace: usize,
    pub remove: usize,
    pub other: usize,
}

impl Forecast {
    /// Nothing would change.
    pub fn is_unchanged(&self) -> bool {
        self.basis == Basis::Unchanged
    }

    pub fn is_pending(&self) -> bool {
        self.basis == Basis::Pending
    }

    /// Changes that could lose data.
    pub fn dangers(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|c| c.endangers_data())
    }

    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in &self.changes {
            let place = match (change.action, change.replacement) {
                (ChangeAction::Add, _) => &mut counts.add,
                (ChangeAction::Modify, Replacement::No) => &mut counts.modify,
                (ChangeAction::Modify, _) => &mut counts.replace,
                (ChangeAction::Remove, _) => &mut counts.remove,
                (ChangeAction::Import | ChangeAction::Other, _) => &mut counts.other,
            };
            *place += 1;
        }
        counts
    }

    /// The counts, or why there are none, in words.
    pub fn headline(&self) -> String {
        let later = |inputs: &[String]| inputs.join(", ");
        match &self.basis {
            Basis::Pending => "a change set is being made".to_owned(),
            Basis::Later { inputs } => {
                format!("known when {} is deployed", later(inputs))
            }
            Basis::Failed(why) => format!("no change set could be made: {why}"),
            Basis::Template => format!("new: {}", self.counted()),
            Basis::Unchanged => "no changes".to_owned(),
            Basis::ChangeSet { .. } if self.changes.is_empty() => "only tags or outputs".to_owned(),
            Basis::ChangeSet { inputs } if inputs.is_empty() => self.counted(),
            Basis::ChangeSet { inputs } => format!(
                "{}, unless the outputs of {} change",
                self.counted(),
                later(inputs)
            ),
        }
    }

    fn counted(&self) -> String {
        let counts = self.counts();
        let parts = [
            (counts.add, "add"),
            (counts.modify, "modify"),
            (counts.replace, "REPLACE"),
            (counts.remove, "REMOVE"),
            (counts.other, "other"),
        ];
        let words = parts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"));
        words.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(action: ChangeAction, replacement: Replacement, kind: &str) -> Change {
        Change {
            action,
            logical_id: "R".into(),
            resource_type: kind.into(),
            replacement,
            causes: Vec::new(),
        }
    }

    #[test]
    fn the_headline_counts_and_says_what_it_rests_on() {
        let mut forecast = Forecast {
            basis: Basis::ChangeSet { inputs: Vec::new() },
            changes: vec![
                change(ChangeAction::Add, Replacement::No, "AWS::SQS::Queue"),
                change(ChangeAction::Modify, Replacement::No, "AWS::SQS::Queue"),
                change(
                    ChangeAction::Modify,
                    Replacement::Conditional,
                    "AWS::SQS::Queue",
                ),
                change(ChangeAction::Remove, Replacement::No, "AWS::IAM::Role"),
            ],
            parameters: Vec::new(),
        };
        assert_eq!(forecast.headline(), "1 add, 1 modify, 1 REPLACE, 1 REMOVE");
        assert_eq!(forecast.dangers().count(), 1, "the queue, not the role");
        forecast.basis = Basis::ChangeSet {
            inputs: vec!["standby".into()],
        };
        assert!(forecast.headline().ends_with("of standby change"));
        forecast.changes.clear();
        assert_eq!(forecast.headline(), "only tags or outputs");
        forecast.basis = Basis::Unchanged;
        assert_eq!(forecast.headline(), "no changes");
        assert!(forecast.is_unchanged());
        forecast.basis = Basis::Template;
        assert!(!forecast.is_unchanged(), "a new stack is a change");
    }

    #[test]
    fn a_hidden_value_never_differs() {
        let mut parameter = ParameterChange {
            name: "p".into(),
            source: "given".into(),
            old: Some("a".into()),
            new: Some("b".into()),
            hidden: false,
        };
        assert!(parameter.differs());
        parameter.hidden = true;
        assert!(!parameter.differs());
    }
}
