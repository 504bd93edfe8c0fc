//! Secrets stay out of the journal, whoever forgot to leave them out.

use serde_json::Value;

use crate::domain::environment::Environment;
use crate::journal::Entry;

/// What stands where a secret was.
const MASK: &str = "***";

/// Values of sensitive parameters.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets(Vec<String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}

impl Secrets {
    /// The longest comes first, so that a secret within another one leaves nothing behind.
    pub fn new(values: impl IntoIterator<Item = String>) -> Self {
        let mut values: Vec<String> = values.into_iter().filter(|v| !v.is_empty()).collect();
        values.sort_by_key(|v| std::cmp::Reverse(v.len()));
        Self(values)
    }

    /// The values given for the sensitive parameters of an environment.
    pub fn of(env: &Environment) -> Self {
        let sensitive = env.parameters.iter().filter(|p| p.sensitive);
        Self::new(sensitive.filter_map(|p| env.given.get(&p.name).map(str::to_owned)))
    }

    /// The text without the secrets.
    pub fn hide(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }

    fn hide_some(&self, text: &mut Option<String>) {
        if let Some(text) = text {
            *text = self.hide(text);
        }
    }
}

/// Replaces every secret in the strings of a value; keys stay as they are.
pub fn mask(value: &mut Value, secrets: &Secrets) {
    match value {
        Value::String(text) => *text = secrets.hide(text),
        Value::Array(items) => items.iter_mut().for_each(|item| mask(item, secrets)),
        Value::Object(fields) => fields.values_mut().for_each(|field| mask(field, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The entry without the secrets, in every text that is free.
pub(super) fn masked(mut entry: Entry, secrets: &Secrets) -> Entry {
    match &mut entry {
        Entry::Opened {
            plan,
            reason,
            overrides,
            ..
        } => {
            mask(plan, secrets);
            secrets.hide_some(reason);
            for one in overrides {
                one.reason = secrets.hide(&one.reason);
            }
        }
        Entry::Step { title, note, .. } => {
            *title = secrets.hide(title);
            secrets.hide_some(note);
        }
        Entry::Situation(opening) => {
            for value in opening.parameters.values_mut() {
                *value = secrets.hide(value);
            }
        }
        Entry::Order { order, .. } => mask(order, secrets),
        Entry::Resumed {
            reason, overrides, ..
        } => {
            secrets.hide_some(reason);
            for one in overrides {
                one.reason = secrets.hide(&one.reason);
            }
        }
        Entry::Note { text } => *text = secrets.hide(text),
        Entry::Undo { what } => mask(what, secrets),
        Entry::Closed { reason, .. }
        | Entry::Cancelled { reason }
        | Entry::Accepted { reason, .. } => secrets.hide_some(reason),
        Entry::Follows { .. } | Entry::Milestone { .. } | Entry::Requests { .. } => {}
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_within_a_secret_leaves_nothing_behind() {
        let secrets = Secrets::new(["hunter".into(), "hunter2".into(), String::new()]);
        assert_eq!(secrets.hide("a hunter2 b hunter"), "a *** b ***");
        assert_eq!(format!("{secrets:?}"), "2 secrets");
    }

    #[test]
    fn secrets_are_found_at_any_depth() {
        let mut value = serde_json::json!({ "a": ["x", { "b": "p=hunter2" }], "n": 2 });
        mask(&mut value, &Secrets::new(["hunter2".into()]));
        assert_eq!(
            value,
            serde_json::json!({ "a": ["x", { "b": "p=***" }], "n": 2 })
        );
    }
}
