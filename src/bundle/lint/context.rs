//! What the rules look at: each template as each stack deploys it.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::bundle::manifest::{Manifest, Stack};
use crate::bundle::{Bundle, inline};
use crate::domain::placeholder::{Bindings, Placeholder};
use crate::domain::region::Role;

/// The suffix that templates are looked at with; no name contains it by accident.
pub(super) const SUFFIX: &str = "sfx9z";

/// A bundle, ready to be looked at.
pub struct Context<'a> {
    pub(super) bundle: &'a Bundle,
    /// One per stack, and one more per template inside a stack set.
    pub(super) units: Vec<Unit<'a>>,
}

/// A template as one stack deploys it.
pub(super) struct Unit<'a> {
    /// Where the template is: its file, or the property of a stack set.
    pub place: String,
    pub tree: Value,
    /// None for a template inside a stack set, unless the manifest names the stack that it makes.
    pub stack: Option<&'a Stack>,
    pub role: Role,
    pub region: String,
    /// Parameters whose value does not depend on the operator.
    pub fixed: BTreeMap<String, String>,
    /// What the other parameters may be, as far as manifest and template say.
    pub open: BTreeMap<String, Vec<Value>>,
    /// What a stack set passes; empty for the stacks that the console deploys.
    pub passed: BTreeMap<String, Value>,
}

/// A resource that the stack has, or may have.
pub(super) struct Resource<'a> {
    pub unit: &'a Unit<'a>,
    pub id: &'a str,
    pub kind: &'a str,
    pub value: &'a Value,
}

impl<'a> Context<'a> {
    pub fn new(bundle: &'a Bundle) -> Self {
        let mut units = Vec::new();
        let ours = bundle.manifest.stacks.iter();
        for stack in ours.filter(|stack| stack.made_by.is_none()) {
            let tree = serde_json::from_str(bundle.body(stack)).unwrap_or(Value::Null);
            let unit = Unit::of_stack(&bundle.manifest, stack, tree);
            units.extend(unit.inner(&bundle.manifest));
            units.push(unit);
        }
        Self { bundle, units }
    }

    pub(super) fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        self.units.iter().flat_map(Unit::resources)
    }

    pub(super) fn of_type(&self, kind: &'static str) -> impl Iterator<Item = Resource<'_>> {
        self.resources().filter(move |r| r.kind == kind)
    }

    pub(super) fn unit(&self, stack: &str) -> Option<&Unit<'a>> {
        self.units
            .iter()
            .find(|unit| unit.stack.is_some_and(|s| s.id.0 == stack))
    }

    /// What is known before deployment, the suffix being [`SUFFIX`].
    pub(super) fn bindings(manifest: &Manifest) -> Bindings {
        let mut bindings = Bindings::default();
        bindings.insert("suffix", SUFFIX);
        bindings.insert("region.primary", manifest.regions.primary.as_str());
        bindings.insert("region.standby", manifest.regions.standby.as_str());
        bindings
    }
}

impl<'a> Unit<'a> {
    fn of_stack(manifest: &Manifest, stack: &'a Stack, tree: Value) -> Self {
        let mut unit = Self {
            place: stack.template.clone(),
            role: stack.role,
            region: manifest.regions.per_role().get(stack.role).to_string(),
            stack: Some(stack),
            fixed: BTreeMap::new(),
            open: BTreeMap::new(),
            passed: BTreeMap::new(),
            tree,
        };
        unit.settle_parameters(manifest, &stack.parameters);
        unit
    }

    /// The templates of this one's stack sets: each is deployed where the manifest says, else to the other region.
    fn inner(&self, manifest: &'a Manifest) -> Vec<Self> {
        let of = |r: &Resource<'_>, made: Option<&'a Stack>| {
            let role = made.map_or_else(|| self.role.other(), |stack| stack.role);
            let mut unit = Self {
                place: format!("{}.Properties.TemplateBody", r.path()),
                tree: inline::inner_template(r.value)?,
                stack: made,
                role,
                region: manifest.regions.per_role().get(role).to_string(),
                fixed: BTreeMap::new(),
                open: BTreeMap::new(),
                passed: stack_set_parameters(r),
            };
            unit.settle_parameters(manifest, &BTreeMap::new());
            unit.take(self);
            Some(unit)
        };
        let maker = self.stack;
        let mut units = Vec::new();
        for r in self.resources() {
            let mut made = manifest
                .stacks
                .iter()
                .filter(|s| is_made_by(s, maker, r.id))
                .peekable();
            if made.peek().is_none() {
                units.extend(of(&r, None));
            }
            units.extend(made.filter_map(|stack| of(&r, Some(stack))));
        }
        units
    }

    /// Settles what the stack set of `maker` passes.
    fn take(&mut self, maker: &Unit<'_>) {
        for (name, value) in &self.passed {
            if let Some(text) = maker.fixed_text(value) {
                self.open.remove(name);
                self.fixed.insert(name.clone(), text);
            } else {
                self.open.insert(name.clone(), maker.possible(value));
            }
        }
    }

    fn settle_parameters(&mut self, manifest: &Manifest, passed: &BTreeMap<String, Placeholder>) {
        let bindings = Context::bindings(manifest);
        let declared: Vec<(String, Value)> = self
            .section("Parameters")
            .into_iter()
            .flatten()
            .map(|(name, spec)| (name.clone(), spec.clone()))
            .collect();
        for (name, spec) in declared {
            match passed.get(&name) {
                Some(text) => match text.resolve(&bindings) {
                    Ok(value) => drop(self.fixed.insert(name, value)),
                    Err(_) => drop(self.open.insert(name, open_values(manifest, &spec, text))),
                },
                None => drop(self.open.insert(name, template_values(&spec))),
            }
        }
    }

    pub(super) fn section(&self, name: &str) -> Option<&Map<String, Value>> {
        self.tree.get(name)?.as_object()
    }

    pub(super) fn resource(&self, id: &str) -> Option<Resource<'_>> {
        self.resources().find(|r| r.id == id)
    }

    /// The resources, without those whose condition is false for certain.
    pub(super) fn resources(&self) -> impl Iterator<Item = Resource<'_>> {
        self.section("Resources")
            .into_iter()
            .flatten()
            .filter(|(_, value)| self.may_exist(value))
            .map(|(id, value)| Resource {
                unit: self,
                id,
                kind: value.get("Type").and_then(Value::as_str).unwrap_or(""),
                value,
            })
    }

    /// Whether a resource or output can be there, as far as its condition is known.
    pub(super) fn may_exist(&self, value: &Value) -> bool {
        value
            .get("Condition")
            .and_then(Value::as_str)
            .is_none_or(|name| self.condition(name) != Some(false))
    }
}

impl<'a> Resource<'a> {
    /// File and JSON path.
    pub(super) fn path(&self) -> String {
        format!("{}: Resources.{}", self.unit.place, self.id)
    }

    pub(super) fn at(&self, property: &str) -> String {
        format!("{}.Properties.{property}", self.path())
    }

    /// A property by its path, such as `HealthCheckConfig.Type`.
    pub(super) fn property(&self, path: &str) -> Option<&'a Value> {
        let mut at = self.value.get("Properties")?;
        for key in path.split('.') {
            at = at.get(key)?;
        }
        Some(at)
    }

    /// The values that a property may have; empty if it is not there.
    pub(super) fn values(&self, path: &str) -> Vec<Value> {
        self.property(path)
            .map(|value| self.unit.possible(value))
            .unwrap_or_default()
    }

    /// The texts that a property may have.
    pub(super) fn texts(&self, path: &str) -> Vec<String> {
        self.values(path)
            .iter()
            .filter_map(super::value::text)
            .collect()
    }

    /// Whether the property may have that text.
    pub(super) fn may_be(&self, path: &str, text: &str) -> bool {
        self.texts(path).iter().any(|t| t == text)
    }
}

fn is_made_by(stack: &Stack, maker: Option<&Stack>, resource: &str) -> bool {
    stack.made_by.as_ref().is_some_and(|made| {
        maker.is_some_and(|maker| maker.id == made.stack) && made.resource == resource
    })
}

/// The parameters that a stack set passes to its instances.
fn stack_set_parameters(set: &Resource<'_>) -> BTreeMap<String, Value> {
    let list = set.property("Parameters").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|entry| {
            let name = entry.get("ParameterKey")?.as_str()?;
            Some((name.to_owned(), entry.get("ParameterValue")?.clone()))
        })
        .collect()
}

/// What a template parameter may be by itself: its default first, then everything it allows.
fn template_values(spec: &Value) -> Vec<Value> {
    let default = spec.get("Default").into_iter();
    let allowed = spec.get("AllowedValues").and_then(Value::as_array);
    default
        .chain(allowed.into_iter().flatten())
        .cloned()
        .collect()
}

/// What a parameter may be whose value the operator or another stack gives.
fn open_values(manifest: &Manifest, spec: &Value, text: &Placeholder) -> Vec<Value> {
    let name = text.as_str().trim_start_matches("${").trim_end_matches('}');
    if name.contains('.') {
        // An output of another stack: its name stands for it.
        return vec![Value::String(text.as_str().to_owned())];
    }
    let declared = manifest.parameters.iter().find(|p| p.name == name);
    let default = declared.and_then(|p| p.default.clone());
    let default = default.map(Value::String).into_iter();
    default.chain(template_values(spec)).collect()
}
