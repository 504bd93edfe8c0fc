//! What a template's intrinsic functions come to, given parameters, a place and the resources' attributes.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::bundle::template::parts::{
    Piece, bad, blocks, deeper, function, intrinsic, list, list_of, loosely, pair, pieces, scalar,
    single, sub_parts,
};
use crate::bundle::template::{Template, TemplateError, text_of};

/// Stands for a value that only exists once the resource does.
pub const LATER: &str = "{{known after apply}}";

/// Where and with what a template is evaluated.
pub struct Scope<'a> {
    pub template: &'a Template,
    /// Bound values ([`Template::bind`]).
    pub parameters: &'a BTreeMap<String, String>,
    pub region: &'a str,
    pub account: &'a str,
    pub stack_name: &'a str,
    pub stack_arn: &'a str,
    /// The value of a resource's attribute; of `Ref` where the attribute is `None`.
    pub attribute: &'a dyn Fn(&str, Option<&str>) -> Option<Value>,
    /// The value of an export of the same region.
    pub import: &'a dyn Fn(&str) -> Option<String>,
}

type Evaluated = Result<Option<Value>, TemplateError>;

impl Scope<'_> {
    /// Whether a resource or output with this condition exists.
    pub fn holds(&self, condition: Option<&str>) -> Result<bool, TemplateError> {
        condition.map_or(Ok(true), |name| self.condition(name, 0))
    }

    /// The value with every function applied; `None` is `AWS::NoValue`.
    pub fn value(&self, value: &Value) -> Evaluated {
        self.at(value, 0)
    }

    /// A value that must come to a scalar, as text.
    pub fn text(&self, value: &Value) -> Result<String, TemplateError> {
        self.text_at(value, 0)
    }

    fn condition(&self, name: &str, depth: u8) -> Result<bool, TemplateError> {
        let rule = self
            .template
            .conditions
            .get(name)
            .ok_or_else(|| intrinsic(format!("the condition {name} is not defined")))?;
        self.truth(rule, deeper(depth)?)
    }

    fn truth(&self, value: &Value, depth: u8) -> Result<bool, TemplateError> {
        let depth = deeper(depth)?;
        let Some((name, argument)) = function(value) else {
            return match value {
                Value::Bool(flag) => Ok(*flag),
                other => Ok(text_of(Some(other)).is_some_and(|t| t == "true")),
            };
        };
        let list = || list(name, argument);
        match name {
            "Condition" => self.condition(&text_of(Some(argument)).unwrap_or_default(), depth),
            "Fn::Equals" => {
                let [left, right] = pair(name, argument)?;
                Ok(self.loose(left, depth)? == self.loose(right, depth)?)
            }
            "Fn::Not" => {
                let first = list()?.first().ok_or_else(|| bad(name))?;
                Ok(!self.truth(first, depth)?)
            }
            "Fn::And" => list()?
                .iter()
                .try_fold(true, |all, v| Ok(self.truth(v, depth)? && all)),
            "Fn::Or" => list()?
                .iter()
                .try_fold(false, |any, v| Ok(self.truth(v, depth)? || any)),
            "Fn::Contains" => {
                let [all, one] = pair(name, argument)?;
                let one = self.loose(one, depth)?;
                let all = list_of(self.at(all, depth)?);
                Ok(all.iter().any(|v| loosely(v) == one))
            }
            other => Err(intrinsic(format!("{other} is not a condition function"))),
        }
    }

    /// A value for comparison: numbers and booleans compare as text, as in CloudFormation.
    fn loose(&self, value: &Value, depth: u8) -> Result<Value, TemplateError> {
        Ok(self.at(value, depth)?.as_ref().map_or(Value::Null, loosely))
    }

    fn at(&self, value: &Value, depth: u8) -> Evaluated {
        let depth = deeper(depth)?;
        if let Some((name, argument)) = function(value) {
            return self.call(name, argument, depth);
        }
        match value {
            Value::Array(list) => {
                let items: Result<Vec<_>, _> = list.iter().map(|v| self.at(v, depth)).collect();
                Ok(Some(Value::Array(items?.into_iter().flatten().collect())))
            }
            Value::Object(map) => {
                let mut out = Map::new();
                for (key, inner) in map {
                    if let Some(inner) = self.at(inner, depth)? {
                        out.insert(key.clone(), inner);
                    }
                }
                Ok(Some(Value::Object(out)))
            }
            scalar => Ok(Some(scalar.clone())),
        }
    }

    fn call(&self, name: &str, argument: &Value, depth: u8) -> Evaluated {
        match name {
            "Ref" => self.reference(&text_of(Some(argument)).unwrap_or_default()),
            "Fn::GetAtt" => self.get_att(argument, depth).map(Some),
            "Fn::Sub" => self
                .substitute(argument, depth)
                .map(|t| Some(Value::String(t))),
            "Fn::If" => self
                .branch(argument, depth)
                .and_then(|chosen| self.at(chosen, depth)),
            "Fn::Join" => self.join(argument, depth),
            "Fn::Split" => self.split(argument, depth),
            "Fn::Select" => self.select(argument, depth),
            "Fn::FindInMap" => self.find_in_map(argument, depth),
            "Fn::GetAZs" => Ok(Some(self.zones(argument, depth)?)),
            "Fn::Cidr" => self.cidr(argument, depth),
            "Fn::Base64" => Ok(Some(Value::String(self.text_at(argument, depth)?))),
            "Fn::ImportValue" => {
                let export = self.text_at(argument, depth)?;
                let value = (self.import)(&export).ok_or_else(|| {
                    TemplateError::Parameter(format!("No export named {export} found."))
                })?;
                Ok(Some(Value::String(value)))
            }
            "Fn::ToJsonString" => {
                let inner = self.at(argument, depth)?.unwrap_or(Value::Null);
                Ok(Some(Value::String(inner.to_string())))
            }
            "Fn::Length" => Ok(Some(Value::from(list_of(self.at(argument, depth)?).len()))),
            other => self
                .truth(&single(other, argument), depth)
                .map(|flag| Some(Value::Bool(flag))),
        }
    }

    fn reference(&self, name: &str) -> Evaluated {
        let text = |text: &str| Ok(Some(Value::String(text.to_owned())));
        match name {
            "AWS::NoValue" => Ok(None),
            "AWS::Region" => text(self.region),
            "AWS::AccountId" => text(self.account),
            "AWS::StackName" => text(self.stack_name),
            "AWS::StackId" => text(self.stack_arn),
            "AWS::Partition" => text("aws"),
            "AWS::URLSuffix" => text("amazonaws.com"),
            "AWS::NotificationARNs" => Ok(Some(Value::Array(Vec::new()))),
            _ => match self.parameters.get(name) {
                Some(value) => Ok(Some(self.typed(name, value))),
                None => self.resource(name, None).map(Some),
            },
        }
    }

    /// Parameters of a list type refer to a list.
    fn typed(&self, name: &str, value: &str) -> Value {
        let is_list = self
            .template
            .parameters
            .get(name)
            .is_some_and(|p| p.kind == "CommaDelimitedList" || p.kind.starts_with("List<"));
        if is_list {
            Value::Array(
                value
                    .split(',')
                    .map(|v| Value::String(v.trim().to_owned()))
                    .collect(),
            )
        } else {
            Value::String(value.to_owned())
        }
    }

    fn resource(&self, id: &str, attribute: Option<&str>) -> Result<Value, TemplateError> {
        if !self.template.resources.contains_key(id) {
            return Err(TemplateError::Unresolved {
                name: id.to_owned(),
                place: "the template".to_owned(),
            });
        }
        (self.attribute)(id, attribute).ok_or_else(|| {
            let what = attribute.map_or_else(|| "Ref".to_owned(), |a| format!("attribute {a}"));
            intrinsic(format!("resource {id} has no {what}"))
        })
    }

    fn get_att(&self, argument: &Value, depth: u8) -> Result<Value, TemplateError> {
        match argument {
            Value::String(dotted) => match dotted.split_once('.') {
                Some((id, attribute)) => self.resource(id, Some(attribute)),
                None => Err(bad("Fn::GetAtt")),
            },
            other => {
                let [id, attribute] = pair("Fn::GetAtt", other)?;
                let attribute = self.text_at(attribute, depth)?;
                self.resource(&text_of(Some(id)).unwrap_or_default(), Some(&attribute))
            }
        }
    }

    fn substitute(&self, argument: &Value, depth: u8) -> Result<String, TemplateError> {
        let empty = Map::new();
        let (pattern, own) = sub_parts(argument, &empty)?;
        let mut out = String::new();
        for piece in pieces(pattern)? {
            match piece {
                Piece::Plain(text) => out.push_str(text),
                Piece::Name(name) => out.push_str(&self.sub_name(name, own, depth)?),
            }
        }
        Ok(out)
    }

    fn sub_name(
        &self,
        name: &str,
        own: &Map<String, Value>,
        depth: u8,
    ) -> Result<String, TemplateError> {
        if let Some(value) = own.get(name) {
            return self.text_at(value, depth);
        }
        let value = match name.split_once('.') {
            Some((id, attribute)) => Some(self.resource(id, Some(attribute))?),
            None => self.reference(name)?,
        };
        scalar(value.as_ref(), "Fn::Sub")
    }

    pub(super) fn branch<'v>(
        &self,
        argument: &'v Value,
        depth: u8,
    ) -> Result<&'v Value, TemplateError> {
        match list("Fn::If", argument)?.as_slice() {
            [condition, yes, no] => {
                let name = text_of(Some(condition)).unwrap_or_default();
                Ok(if self.condition(&name, depth)? {
                    yes
                } else {
                    no
                })
            }
            _ => Err(bad("Fn::If")),
        }
    }

    fn join(&self, argument: &Value, depth: u8) -> Evaluated {
        let [separator, items] = pair("Fn::Join", argument)?;
        let separator = text_of(Some(separator)).unwrap_or_default();
        let items: Result<Vec<_>, _> = list_of(self.at(items, depth)?)
            .iter()
            .map(|v| scalar(Some(v), "Fn::Join"))
            .collect();
        Ok(Some(Value::String(items?.join(&separator))))
    }

    fn split(&self, argument: &Value, depth: u8) -> Evaluated {
        let [separator, text] = pair("Fn::Split", argument)?;
        let separator = text_of(Some(separator)).unwrap_or_default();
        let text = self.text_at(text, depth)?;
        let parts = text
            .split(separator.as_str())
            .map(|p| Value::String(p.to_owned()));
        Ok(Some(Value::Array(parts.collect())))
    }

    fn select(&self, argument: &Value, depth: u8) -> Evaluated {
        let [index, items] = pair("Fn::Select", argument)?;
        let index: usize = self
            .text_at(index, depth)?
            .parse()
            .map_err(|_not_a_number| bad("Fn::Select"))?;
        let items = list_of(self.at(items, depth)?);
        if items.iter().any(|v| v == LATER) {
            return Ok(Some(Value::String(LATER.to_owned())));
        }
        items
            .into_iter()
            .nth(index)
            .map(Some)
            .ok_or_else(|| intrinsic(format!("Fn::Select cannot select index {index}")))
    }

    fn find_in_map(&self, argument: &Value, depth: u8) -> Evaluated {
        let keys: Result<Vec<_>, _> = list("Fn::FindInMap", argument)?
            .iter()
            .map(|v| self.text_at(v, depth))
            .collect();
        let keys = keys?;
        let found = match keys.as_slice() {
            [map, top, second] => self
                .template
                .mappings
                .get(map)
                .and_then(|m| m.get(top)?.get(second)),
            _ => None,
        };
        found
            .cloned()
            .map(Some)
            .ok_or_else(|| intrinsic(format!("unable to get mapping for {}", keys.join("::"))))
    }

    fn zones(&self, argument: &Value, depth: u8) -> Result<Value, TemplateError> {
        let given = self.text_at(argument, depth)?;
        let region = if given.is_empty() {
            self.region
        } else {
            given.as_str()
        };
        let zones = ["a", "b", "c"].map(|z| Value::String(format!("{region}{z}")));
        Ok(Value::Array(zones.to_vec()))
    }

    fn cidr(&self, argument: &Value, depth: u8) -> Evaluated {
        let parts: Result<Vec<_>, _> = list("Fn::Cidr", argument)?
            .iter()
            .map(|v| self.text_at(v, depth))
            .collect();
        blocks(&parts?).map(Some).ok_or_else(|| bad("Fn::Cidr"))
    }

    fn text_at(&self, value: &Value, depth: u8) -> Result<String, TemplateError> {
        scalar(self.at(value, depth)?.as_ref(), "a function")
    }
}

/// Checks the template's rules.
pub fn check_rules(scope: &Scope<'_>) -> Result<(), TemplateError> {
    for (name, rule) in &scope.template.rules {
        if let Some(when) = rule.get("RuleCondition")
            && !scope.truth(when, 0)?
        {
            continue;
        }
        for assertion in rule
            .get("Assertions")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let holds = assertion
                .get("Assert")
                .map_or(Ok(true), |a| scope.truth(a, 0))?;
            if !holds {
                let why =
                    text_of(assertion.get("AssertDescription")).unwrap_or_else(|| name.clone());
                return Err(TemplateError::Rule(format!(
                    "rule {name} is violated: {why}"
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template() -> Template {
        Template::parse(
            r#"{"Parameters":{"role":{"Type":"String"},"zones":{"Type":"CommaDelimitedList"}},
                "Mappings":{"M":{"us-east-1":{"n":5}}},
                "Rules":{"R":{"RuleCondition":{"Fn::Equals":[{"Ref":"role"},"odd"]},"Assertions":[{"Assert":{"Fn::Not":[{"Fn::Equals":[{"Ref":"role"},"odd"]}]},"AssertDescription":"not odd"}]}},
                "Conditions":{"P":{"Fn::Equals":[{"Ref":"role"},"primary"]},"Q":{"Fn::And":[{"Condition":"P"},{"Fn::Not":[{"Fn::Equals":[1,"2"]}]}]},"Loop":{"Condition":"Loop"}},
                "Resources":{"A":{"Type":"T"},"B":{"Type":"T"}}}"#,
        )
        .unwrap()
    }

    fn with<T>(role: &str, f: impl FnOnce(&Scope<'_>) -> T) -> T {
        let template = template();
        let parameters = BTreeMap::from([
            ("role".to_owned(), role.to_owned()),
            ("zones".to_owned(), "x, y".to_owned()),
        ]);
        f(&Scope {
            template: &template,
            parameters: &parameters,
            region: "us-east-1",
            account: "123456789012",
            stack_name: "s",
            stack_arn: "arn:s",
            attribute: &|id, attribute| Some(json!(format!("{id}/{}", attribute.unwrap_or("ref")))),
            import: &|name| (name == "e").then(|| "imported".to_owned()),
        })
    }

    fn eval(value: &Value) -> Value {
        with("primary", |s| s.value(value)).unwrap().unwrap()
    }

    #[test]
    fn functions_come_to_their_values() {
        assert_eq!(
            eval(&json!({"Fn::Sub": "${A}-${B.Arn}-${AWS::Region}-${!x}"})),
            "A/ref-B/Arn-us-east-1-${x}"
        );
        assert_eq!(
            eval(&json!({"Fn::Sub": ["${v}", {"v": {"Ref": "role"}}]})),
            "primary"
        );
        assert_eq!(eval(&json!({"Fn::Join": [",", {"Ref": "zones"}]})), "x,y");
        assert_eq!(
            eval(&json!({"Fn::Select": ["1", {"Fn::Split": ["/", "a/b"]}]})),
            "b"
        );
        assert_eq!(
            eval(&json!({"Fn::FindInMap": ["M", {"Ref": "AWS::Region"}, "n"]})),
            5
        );
        assert_eq!(eval(&json!({"Fn::If": ["Q", 1, 2]})), 1);
        assert_eq!(eval(&json!({"Fn::GetAtt": "A.Arn"})), "A/Arn");
        assert_eq!(eval(&json!({"Fn::ImportValue": "e"})), "imported");
        assert_eq!(
            eval(&json!({"Fn::Cidr": ["10.0.0.0/16", 2, 8]})),
            json!(["10.0.0.0/24", "10.0.1.0/24"])
        );
        assert_eq!(
            eval(&json!({"x": {"Ref": "AWS::NoValue"}, "y": [1]})),
            json!({"y": [1]})
        );
    }

    #[test]
    fn only_the_chosen_branch_counts_as_a_reference() {
        let value = json!({"a": {"Fn::If": ["P", {"Ref": "A"}, {"Ref": "B"}]}, "b": {"Fn::Sub": "${AWS::Region}"}});
        let primary = with("primary", |s| s.references(&value)).unwrap();
        let standby = with("standby", |s| s.references(&value)).unwrap();
        assert_eq!((primary.first().unwrap().as_str(), primary.len()), ("A", 1));
        assert_eq!((standby.first().unwrap().as_str(), standby.len()), ("B", 1));
    }

    #[test]
    fn nonsense_is_an_error_and_never_a_panic() {
        for value in [
            json!({"Ref": "Nobody"}),
            json!({"Fn::If": ["Loop", 1, 2]}),
            json!({"Fn::Select": ["9", ["a"]]}),
            json!({"Fn::Join": "x"}),
            json!({"Fn::Sub": "${x"}),
            json!({"Fn::Cidr": ["10.0.0.0/16", 2, 99]}),
            json!({"Fn::Dance": []}),
        ] {
            assert!(with("primary", |s| s.value(&value)).is_err(), "{value}");
        }
    }

    #[test]
    fn a_violated_rule_says_why() {
        let check = |role| with(role, check_rules);
        assert!(check("primary").is_ok());
        let error = check("odd").unwrap_err();
        assert!(error.to_string().contains("not odd"));
    }
}
