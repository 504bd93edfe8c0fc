//! Turns a bundle and the operator's choices into an environment.

use std::collections::BTreeMap;

use crate::bundle::Bundle;
use crate::bundle::error::BundleError;
use crate::bundle::manifest::{Lever, Manifest, Parameter, Promotion, Signal, Stack, Traffic};
use crate::domain::drill::DrillWindow;
use crate::domain::environment::{
    Environment, EnvironmentName, MadeBy, Mode, Objectives, ParameterSpec, PromotionSpec,
    StackSpec, TrafficSpec,
};
use crate::domain::lever::LeverSpec;
use crate::domain::placeholder::Bindings;
use crate::domain::region::{PerRole, RegionId, RegionPair, Role};
use crate::domain::signal::SignalSpec;
use crate::domain::text::clean;

/// What the operator says about an environment; what is left out comes from the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    pub suffix: String,
    pub primary: Option<RegionId>,
    pub standby: Option<RegionId>,
    /// The name that is typed to confirm; else `<bundle>-<suffix>`.
    pub name: Option<String>,
    pub parameters: BTreeMap<String, String>,
    pub mode: Mode,
    pub production: bool,
    pub drill_windows: Vec<DrillWindow>,
    pub read_only: bool,
}

impl Choices {
    /// Live, writable, not production, with everything else as the manifest has it.
    pub fn of_suffix(suffix: impl Into<String>) -> Self {
        Self {
            suffix: suffix.into(),
            primary: None,
            standby: None,
            name: None,
            parameters: BTreeMap::new(),
            mode: Mode::Live,
            production: false,
            drill_windows: Vec::new(),
            read_only: false,
        }
    }
}

impl Bundle {
    /// The environment that the choices describe.
    ///
    /// Required parameters may still be missing: only a deployment needs them, see [`missing_parameters`].
    pub fn environment(&self, choices: Choices) -> Result<Environment, BundleError> {
        let manifest = &self.manifest;
        check_suffix(manifest, &choices.suffix)?;
        let defaults = manifest.regions.per_role();
        let regions = RegionPair::new(
            choices.primary.clone().unwrap_or(defaults.primary),
            choices.standby.clone().unwrap_or(defaults.standby),
        )?;
        let given = self.given(&choices, &regions)?;
        let name = choices
            .name
            .map(|name| clean(&name))
            .filter(|name| !name.trim().is_empty())
            .unwrap_or_else(|| format!("{}-{}", manifest.name, choices.suffix));
        Ok(Environment {
            name: EnvironmentName(name),
            bundle: manifest.name.clone(),
            title: manifest.title.clone(),
            suffix: choices.suffix,
            regions,
            mode: choices.mode,
            production: choices.production,
            drill_windows: choices.drill_windows,
            read_only: choices.read_only,
            objectives: Objectives {
                rto: manifest.objectives.rto_seconds,
                rpo: manifest.objectives.rpo_seconds,
            },
            stacks: self.stack_specs(&given)?,
            delete_order: manifest.delete_order.clone(),
            signals: manifest.signals.iter().map(Signal::spec).collect(),
            critical_alarms: manifest.alarms.critical.clone(),
            alarm_prefixes: PerRole {
                primary: manifest.alarms.prefixes.primary.clone(),
                standby: manifest.alarms.prefixes.standby.clone(),
            },
            traffic: Some(manifest.traffic.spec()),
            parameters: manifest.parameters.iter().map(Parameter::spec).collect(),
            given,
            defaults: self.defaults(),
        })
    }

    fn given(&self, choices: &Choices, regions: &RegionPair) -> Result<Bindings, BundleError> {
        let mut given = Bindings::default();
        given.insert("suffix", &choices.suffix);
        for role in Role::BOTH {
            given.insert(format!("region.{role}"), regions.get(role).as_str());
        }
        for name in choices.parameters.keys() {
            if !self.manifest.parameters.iter().any(|p| p.name == *name) {
                return Err(self.unknown_parameter(name));
            }
        }
        for parameter in &self.manifest.parameters {
            if let Some(value) = choices.parameters.get(&parameter.name) {
                check_parameter(&parameter.spec(), value).map_err(|reason| {
                    BundleError::Parameter {
                        name: parameter.name.clone(),
                        reason,
                    }
                })?;
                given.insert(&parameter.name, value);
            }
        }
        Ok(given)
    }

    /// What the manifest says where nobody else does.
    fn defaults(&self) -> Bindings {
        let mut defaults = Bindings::default();
        for parameter in &self.manifest.parameters {
            if let Some(default) = &parameter.default {
                defaults.insert(&parameter.name, default);
            }
        }
        defaults
    }

    fn unknown_parameter(&self, name: &str) -> BundleError {
        let known: Vec<&str> = self
            .manifest
            .parameters
            .iter()
            .map(|p| p.name.as_str())
            .collect();
        BundleError::UnknownParameter {
            name: clean(name),
            known: known.join(", "),
        }
    }

    fn stack_specs(&self, given: &Bindings) -> Result<Vec<StackSpec>, BundleError> {
        let specs = self.manifest.stacks.iter();
        specs
            .map(|stack| {
                Ok(StackSpec {
                    id: stack.id.clone(),
                    role: stack.role,
                    name: stack.name.resolve(given)?,
                    template: self.body(stack).to_owned(),
                    capabilities: stack.capabilities.clone(),
                    parameters: stack.parameters.clone(),
                    after: stack.after.clone(),
                    made_by: stack.made_by.as_ref().map(|maker| MadeBy {
                        stack: maker.stack.clone(),
                        resource: maker.resource.clone(),
                    }),
                })
            })
            .collect()
    }

    /// The minified template of a stack.
    pub fn body(&self, stack: &Stack) -> &str {
        self.templates
            .get(&stack.template)
            .map_or("", String::as_str)
    }
}

/// The required parameters that have no value yet.
pub fn missing_parameters(environment: &Environment) -> Vec<&ParameterSpec> {
    let specs = environment.parameters.iter();
    specs
        .filter(|spec| spec.required && environment.given.get(&spec.name).is_none_or(str::is_empty))
        .collect()
}

/// Whether a value is one that the parameter takes; the reason never repeats the value, it may be secret.
pub fn check_parameter(spec: &ParameterSpec, value: &str) -> Result<(), String> {
    if spec.required && value.is_empty() {
        return Err("is required and empty".into());
    }
    check_value(spec.pattern.as_deref(), value)
}

pub(super) fn check_value(pattern: Option<&str>, value: &str) -> Result<(), String> {
    if clean(value) != value {
        return Err("has control characters or line ends".into());
    }
    // CloudFormation's own limit for the value of a parameter.
    if value.len() > 4096 {
        return Err(format!("has {} bytes, 4096 at most", value.len()));
    }
    let Some(pattern) = pattern else {
        return Ok(());
    };
    match regex_lite::Regex::new(pattern) {
        Ok(regex) if regex.is_match(value) => Ok(()),
        Ok(_) => Err(format!("does not match {pattern}")),
        Err(error) => Err(format!("cannot be checked: {error}")),
    }
}

fn check_suffix(manifest: &Manifest, suffix: &str) -> Result<(), BundleError> {
    let pattern = &manifest.suffix.pattern;
    check_value(Some(pattern), suffix).map_err(|_reason| BundleError::Suffix {
        suffix: clean(suffix),
        pattern: pattern.clone(),
    })
}

impl Parameter {
    pub fn spec(&self) -> ParameterSpec {
        ParameterSpec {
            name: self.name.clone(),
            label: self.label.clone(),
            pattern: self.pattern.clone(),
            required: self.required,
            default: self.default.clone(),
            sensitive: self.sensitive,
        }
    }
}

impl Signal {
    pub fn spec(&self) -> SignalSpec {
        SignalSpec {
            id: self.id.clone(),
            kind: self.kind,
            direction: self.direction,
            label: self.label.clone(),
            pair: self.pair.clone(),
            role: self.role,
            namespace: self.namespace.clone(),
            metric: self.metric.clone(),
            dimensions: self.dimensions.clone(),
            statistic: self.statistic.clone(),
            period_seconds: self.period,
            unit: match self.unit.as_str() {
                "epoch_s" => "epoch".into(),
                other => other.to_owned(),
            },
            warn: self.warn,
            breach: self.breach,
        }
    }
}

impl Traffic {
    pub fn spec(&self) -> TrafficSpec {
        TrafficSpec {
            record: self.record.clone(),
            marker: self.marker.clone(),
            zone: self.zone.clone(),
            endpoints: self.endpoints.per_role(),
            checks: self.checks.clone(),
            levers: self.levers.iter().map(Lever::spec).collect(),
            promotion: self.promotion.as_ref().map(Promotion::spec),
        }
    }
}

impl Promotion {
    fn spec(&self) -> PromotionSpec {
        PromotionSpec {
            role: self.role,
            namespace: self.namespace.clone(),
            dimensions: self.dimensions.clone(),
            approval: self.approval.clone(),
            progress: self.progress.clone(),
            steps: self.steps.clone(),
            return_steps: self.return_steps.clone(),
            loss: self.loss.clone(),
        }
    }
}

impl Lever {
    pub fn spec(&self) -> LeverSpec {
        match self.clone() {
            Self::Metric {
                role,
                namespace,
                dimensions,
                alarm,
            } => LeverSpec::Metric {
                role,
                namespace,
                dimensions,
                alarm,
            },
            Self::Endpoint {
                role,
                stack,
                parameter,
                url,
            } => LeverSpec::Endpoint {
                role,
                stack,
                parameter,
                url,
            },
            Self::Force { check } => LeverSpec::Force { check },
            Self::Records {} => LeverSpec::Records,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::samples;
    use crate::domain::observation::Observation;
    use serde_json::Value;

    fn chosen(change: impl Fn(&mut Choices)) -> Result<Environment, BundleError> {
        let mut choices = Choices::of_suffix("demo");
        change(&mut choices);
        samples::bundle().environment(choices)
    }

    #[test]
    fn the_manifest_fills_what_was_not_chosen() {
        let environment = chosen(|_| {}).unwrap();
        assert_eq!(environment.name.0, "sample-demo");
        assert_eq!(environment.stacks[0].name, "sample-demo");
        assert_eq!(environment.given.get("region.standby"), Some("us-west-2"));
        assert_eq!(environment.given.get("size"), None);
        assert_eq!(environment.defaults.get("size"), Some("small"));
        assert_eq!(environment.given.get("domainName"), None);
        let missing = missing_parameters(&environment);
        assert_eq!(missing.len(), 1);
        assert_eq!(missing[0].name, "domainName");
        assert!(!environment.stacks[0].template.contains('\n'));
    }

    #[test]
    fn choices_are_checked() {
        for (change, expected) in [
            (
                Box::new(|c: &mut Choices| c.suffix = "Demo!".into()) as Box<dyn Fn(&mut Choices)>,
                "suffix `Demo!` does not match ^[a-z0-9]",
            ),
            (
                Box::new(|c| c.primary = Some(RegionId::parse("us-west-2").unwrap())),
                "primary and standby are both us-west-2",
            ),
            (
                Box::new(|c| drop(c.parameters.insert("size".into(), "huge".into()))),
                "parameter size: does not match ^(small|large)$",
            ),
            (
                Box::new(|c| drop(c.parameters.insert("domainName".into(), String::new()))),
                "parameter domainName: is required and empty",
            ),
            (
                Box::new(|c| drop(c.parameters.insert("domainName".into(), "a\n.test".into()))),
                "parameter domainName: has control characters",
            ),
            (
                Box::new(|c| drop(c.parameters.insert("colour".into(), "red".into()))),
                "unknown parameter `colour`; there are: domainName, size",
            ),
        ] {
            let error = chosen(change).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn every_text_of_a_built_in_bundle_can_be_resolved_once_the_stacks_are_there() {
        for bundle in crate::bundle::catalogue(None).unwrap() {
            let environment = bundle.environment(Choices::of_suffix("demo")).unwrap();
            let mut bindings = environment.bindings(&Observation::default());
            for stack in &environment.stacks {
                let body: Value = serde_json::from_str(&stack.template).unwrap();
                for output in body["Outputs"].as_object().unwrap().keys() {
                    bindings.insert(format!("{}.{output}", stack.id), "x");
                }
            }
            for missing in missing_parameters(&environment) {
                bindings.insert(&missing.name, "x");
            }
            let traffic = environment.traffic.as_ref().unwrap();
            traffic.record.resolve(&bindings).unwrap();
            for stack in &environment.stacks {
                for text in stack.parameters.values() {
                    text.resolve(&bindings).unwrap();
                }
            }
        }
    }
}
