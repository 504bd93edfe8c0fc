//! Texts of a manifest that name values known only later, such as `https://${primary.ApiDomain}/health`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A text with `${name}` references.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Placeholder(String);

/// What the references of a [`Placeholder`] stand for.
///
/// Keys: `suffix`, `region.primary`, `region.standby`, a parameter's name, or `<stack id>.<output name>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bindings(BTreeMap<String, String>);

/// Why a [`Placeholder`] has no value yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceholderError {
    #[error("nothing is known as `${{{name}}}` yet (in `{text}`)")]
    Unbound { name: String, text: String },
    #[error("`{text}` has a `${{` without its `}}`")]
    Unclosed { text: String },
}

impl Placeholder {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names between `${` and `}`, in order.
    pub fn names(&self) -> Result<Vec<&str>, PlaceholderError> {
        let mut names = Vec::new();
        self.walk(
            |_| {},
            |name| {
                names.push(name);
                Ok(())
            },
        )?;
        Ok(names)
    }

    /// The text with every reference replaced.
    pub fn resolve(&self, bindings: &Bindings) -> Result<String, PlaceholderError> {
        self.resolve_with(|name| bindings.get(name))
    }

    /// The text with every reference replaced by what `value` says of its name.
    pub fn resolve_with<'v>(
        &self,
        value: impl Fn(&str) -> Option<&'v str>,
    ) -> Result<String, PlaceholderError> {
        let out = std::cell::RefCell::new(String::new());
        self.walk(
            |plain| out.borrow_mut().push_str(plain),
            |name| {
                let found = value(name).ok_or_else(|| PlaceholderError::Unbound {
                    name: name.to_owned(),
                    text: self.0.clone(),
                })?;
                out.borrow_mut().push_str(found);
                Ok(())
            },
        )?;
        Ok(out.into_inner())
    }

    fn walk<'a>(
        &'a self,
        mut plain: impl FnMut(&'a str),
        mut name: impl FnMut(&'a str) -> Result<(), PlaceholderError>,
    ) -> Result<(), PlaceholderError> {
        let mut rest = self.0.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            plain(before);
            let (inner, tail) =
                after
                    .split_once('}')
                    .ok_or_else(|| PlaceholderError::Unclosed {
                        text: self.0.clone(),
                    })?;
            name(inner)?;
            rest = tail;
        }
        plain(rest);
        Ok(())
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Bindings {
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(k, v)| (k.as_str(), v.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_replaced_or_named() {
        let mut bindings = Bindings::default();
        bindings.insert("primary.ApiDomain", "a.test");
        let url = Placeholder::new("https://${primary.ApiDomain}/x");
        assert_eq!(url.resolve(&bindings).unwrap(), "https://a.test/x");
        assert_eq!(url.names().unwrap(), ["primary.ApiDomain"]);
        let unbound = Placeholder::new("${suffix}")
            .resolve(&bindings)
            .unwrap_err();
        assert_eq!(
            unbound.to_string(),
            "nothing is known as `${suffix}` yet (in `${suffix}`)"
        );
        assert!(Placeholder::new("${x").resolve(&bindings).is_err());
    }
}
