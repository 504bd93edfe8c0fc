//! Which resources a value of a template refers to, in the branches that count: the order of making them follows.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::bundle::template::eval::Scope;
use crate::bundle::template::parts::{Piece, deeper, function, pieces, sub_parts};
use crate::bundle::template::{TemplateError, text_of};

impl Scope<'_> {
    /// The resources that a value refers to, in the branches that count here.
    pub fn references(&self, value: &Value) -> Result<BTreeSet<String>, TemplateError> {
        let mut found = BTreeSet::new();
        self.collect(value, &mut found, 0)?;
        Ok(found)
    }

    fn collect(
        &self,
        value: &Value,
        found: &mut BTreeSet<String>,
        depth: u8,
    ) -> Result<(), TemplateError> {
        let depth = deeper(depth)?;
        let known = |name: &str| self.template.resources.contains_key(name);
        match function(value) {
            Some(("Ref", argument)) => {
                found.extend(text_of(Some(argument)).filter(|name| known(name)));
                Ok(())
            }
            Some(("Fn::GetAtt", argument)) => {
                let id = match argument {
                    Value::Array(parts) => text_of(parts.first()),
                    other => {
                        text_of(Some(other)).and_then(|t| Some(t.split_once('.')?.0.to_owned()))
                    }
                };
                found.extend(id.filter(|name| known(name)));
                Ok(())
            }
            Some(("Fn::Sub", argument)) => {
                let empty = Map::new();
                let (pattern, own) = sub_parts(argument, &empty)?;
                let names = pieces(pattern)?.into_iter().filter_map(|p| match p {
                    Piece::Name(name) => Some(name.split('.').next().unwrap_or(name)),
                    Piece::Plain(_) => None,
                });
                found.extend(
                    names
                        .filter(|n| known(n) && !own.contains_key(*n))
                        .map(str::to_owned),
                );
                own.values().try_for_each(|v| self.collect(v, found, depth))
            }
            Some(("Fn::If", argument)) => {
                let chosen = self.branch(argument, depth)?;
                self.collect(chosen, found, depth)
            }
            _ => match value {
                Value::Array(list) => list.iter().try_for_each(|v| self.collect(v, found, depth)),
                Value::Object(map) => map.values().try_for_each(|v| self.collect(v, found, depth)),
                _ => Ok(()),
            },
        }
    }
}
