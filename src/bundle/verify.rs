//! What a manifest must hold beyond its shape: names that exist, limits in order, patterns that compile.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::bundle::load::stays_inside;
use crate::bundle::manifest::{Lever, Manifest, Missing, SCHEMA, Signal, Stack};
use crate::domain::placeholder::Placeholder;
use crate::domain::region::{RegionPair, Role};
use crate::domain::signal::SignalKind;
use crate::domain::stack::StackId;

/// A JSON path and what is wrong there.
pub(super) type Wrong = (String, String);

/// Names that the checks of a manifest's traffic may have.
const CHECKS: [&str; 5] = ["primary", "standby", "lever", "endpoint_lever", "combined"];

const NEEDED_CHECKS: [&str; 3] = ["primary", "standby", "combined"];

/// Units of signals.
const UNITS: [&str; 8] = ["ms", "s", "epoch_s", "/min", "%", "count", "jobs", "bytes"];

/// A column of the Board has no room for more.
const MAX_LABEL: usize = 14;

/// Everything that is wrong with a manifest, given its templates.
pub(super) fn problems(manifest: &Manifest, templates: &BTreeMap<String, Value>) -> Vec<Wrong> {
    let mut verifier = Verifier {
        manifest,
        templates,
        found: Vec::new(),
    };
    verifier.head();
    verifier.parameters();
    verifier.stacks();
    verifier.signals();
    verifier.alarms();
    verifier.traffic();
    verifier.found
}

struct Verifier<'a> {
    manifest: &'a Manifest,
    templates: &'a BTreeMap<String, Value>,
    found: Vec<Wrong>,
}

/// Which references a text may make.
#[derive(Clone, Copy)]
enum Known<'a> {
    /// The suffix and the regions: what never waits for an operator or for AWS.
    Names,
    /// Also parameters, and outputs of these stacks.
    OutputsOf(&'a [StackId]),
    /// Also parameters, and outputs of every stack.
    Everything,
}

impl Verifier<'_> {
    fn wrong(&mut self, path: impl Into<String>, reason: impl Into<String>) {
        self.found.push((path.into(), reason.into()));
    }

    fn head(&mut self) {
        let manifest = self.manifest;
        if manifest.schema != SCHEMA {
            self.wrong(
                "schema",
                format!("is {}, this program reads {SCHEMA}", manifest.schema),
            );
        }
        self.identifier("name", &manifest.name);
        if manifest.title.trim().is_empty() {
            self.wrong("title", "is empty");
        }
        let pair = manifest.regions.clone();
        if let Err(error) = RegionPair::new(pair.primary, pair.standby) {
            self.wrong("regions", error.to_string());
        }
        self.pattern("suffix.pattern", &manifest.suffix.pattern);
        let objectives = manifest.objectives;
        if objectives.rto_seconds == 0 || objectives.rpo_seconds == 0 {
            self.wrong("objectives", "must be a second at least");
        }
    }

    fn identifier(&mut self, path: &str, name: &str) {
        let good = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !good {
            self.wrong(
                path,
                format!(
                    "`{name}` must begin with a lower-case letter and be of those, digits and `-`"
                ),
            );
        }
    }

    fn pattern(&mut self, path: &str, pattern: &str) {
        if let Err(error) = regex_lite::Regex::new(pattern) {
            self.wrong(path, format!("is not a pattern: {error}"));
        } else if !(pattern.starts_with('^') && pattern.ends_with('$')) {
            self.wrong(
                path,
                "must begin with ^ and end with $, or it would match a part only",
            );
        }
    }

    fn unique<'n>(&mut self, list: &str, names: impl Iterator<Item = &'n str>) {
        let mut seen = BTreeSet::new();
        for (index, name) in names.enumerate() {
            if !seen.insert(name) {
                self.wrong(
                    format!("{list}[{index}]"),
                    format!("`{name}` is there twice"),
                );
            }
        }
    }

    fn parameters(&mut self) {
        let manifest = self.manifest;
        self.unique(
            "parameters",
            manifest.parameters.iter().map(|p| p.name.as_str()),
        );
        for (index, parameter) in manifest.parameters.iter().enumerate() {
            let path = format!("parameters[{index}]");
            let plain = parameter.name.bytes().all(|b| b.is_ascii_alphanumeric());
            if !plain || parameter.name.is_empty() || parameter.name == "suffix" {
                self.wrong(
                    format!("{path}.name"),
                    format!(
                        "`{}` must be of letters and digits, and not `suffix`",
                        parameter.name
                    ),
                );
            }
            if let Some(pattern) = &parameter.pattern {
                self.pattern(&format!("{path}.pattern"), pattern);
            }
            if parameter.required == parameter.default.is_some() {
                self.wrong(
                    format!("{path}.default"),
                    "there must be one, except for a required parameter",
                );
            }
            let Some(default) = &parameter.default else {
                continue;
            };
            if let Err(reason) = super::choose::check_value(parameter.pattern.as_deref(), default) {
                self.wrong(format!("{path}.default"), reason);
            }
        }
    }

    fn stacks(&mut self) {
        let manifest = self.manifest;
        self.unique("stacks", manifest.stacks.iter().map(|s| s.id.0.as_str()));
        for role in Role::BOTH {
            if !manifest.stacks.iter().any(|stack| stack.role == role) {
                self.wrong("stacks", format!("no stack is in the {role} region"));
            }
        }
        for (index, stack) in manifest.stacks.iter().enumerate() {
            self.stack(&format!("stacks[{index}]"), stack);
        }
        self.delete_order();
    }

    fn stack(&mut self, path: &str, stack: &Stack) {
        self.identifier(&format!("{path}.id"), &stack.id.0);
        if stack.id.0 == "region" {
            self.wrong(format!("{path}.id"), "`region` is taken: ${region.primary}");
        }
        let plain = stays_inside(&stack.template) && !stack.template.contains('/');
        if !plain || !stack.template.ends_with(".json") {
            self.wrong(
                format!("{path}.template"),
                format!(
                    "`{}` must be a .json file beside the manifest",
                    stack.template
                ),
            );
        }
        self.text(&format!("{path}.name"), &stack.name, Known::Names);
        for (index, id) in stack.after.iter().enumerate() {
            if self.manifest.stack(id).is_none() {
                self.wrong(format!("{path}.after[{index}]"), self.no_stack(id));
            }
        }
        let before = self.before(&stack.id);
        if before.contains(&stack.id) {
            self.wrong(format!("{path}.after"), "leads back to this stack");
        }
        for (name, text) in &stack.parameters {
            let path = format!("{path}.parameters.{name}");
            self.text(&path, text, Known::OutputsOf(&before));
        }
    }

    /// Every stack that is deployed before this one.
    fn before(&self, id: &StackId) -> Vec<StackId> {
        let mut all: Vec<StackId> = Vec::new();
        let mut open = vec![id.clone()];
        while let Some(next) = open.pop() {
            let Some(stack) = self.manifest.stack(&next) else {
                continue;
            };
            for other in &stack.after {
                if !all.contains(other) {
                    all.push(other.clone());
                    open.push(other.clone());
                }
            }
        }
        all
    }

    fn delete_order(&mut self) {
        let manifest = self.manifest;
        self.unique(
            "delete_order",
            manifest.delete_order.iter().map(|id| id.0.as_str()),
        );
        for (index, id) in manifest.delete_order.iter().enumerate() {
            if manifest.stack(id).is_none() {
                self.wrong(format!("delete_order[{index}]"), self.no_stack(id));
            }
        }
        for stack in &manifest.stacks {
            if !manifest.delete_order.contains(&stack.id) {
                self.wrong("delete_order", format!("`{}` is missing", stack.id));
            }
        }
    }

    fn signals(&mut self) {
        let manifest = self.manifest;
        self.unique("signals", manifest.signals.iter().map(|s| s.id.0.as_str()));
        for (index, signal) in manifest.signals.iter().enumerate() {
            self.signal(&format!("signals[{index}]"), signal);
        }
        for role in Role::BOTH {
            let known = |s: &Signal| s.kind == SignalKind::Requests && s.role == role;
            if !manifest.signals.iter().any(known) {
                self.wrong(
                    "signals",
                    format!(
                        "no signal of kind `requests` for the {role} region: nothing would tell when it is drained"
                    ),
                );
            }
        }
    }

    fn signal(&mut self, path: &str, signal: &Signal) {
        self.identifier(&format!("{path}.id"), &signal.id.0);
        if let Some(pair) = &signal.pair {
            self.identifier(&format!("{path}.pair"), pair);
        }
        self.label(&format!("{path}.label"), &signal.label);
        for (name, text) in &signal.dimensions {
            self.text(
                &format!("{path}.dimensions.{name}"),
                text,
                Known::Everything,
            );
        }
        if !statistic_is_known(&signal.statistic) {
            self.wrong(
                format!("{path}.statistic"),
                format!(
                    "`{}` is none of Sum, Average, Minimum, Maximum, SampleCount, or p99 and the like",
                    signal.statistic
                ),
            );
        }
        if signal.period == 0 || !signal.period.is_multiple_of(60) {
            self.wrong(
                format!("{path}.period"),
                format!(
                    "{} is not a number of whole minutes, in seconds",
                    signal.period
                ),
            );
        }
        if let (Some(warn), Some(breach)) = (signal.warn, signal.breach)
            && warn > breach
        {
            self.wrong(
                format!("{path}.warn"),
                format!("{warn} is above breach, {breach}"),
            );
        }
        self.unit_and_silence(path, signal);
    }

    fn label(&mut self, path: &str, label: &str) {
        let length = label.chars().count();
        if !(1..=MAX_LABEL).contains(&length) {
            self.wrong(
                path,
                format!("has {length} characters, not 1 to {MAX_LABEL}"),
            );
        }
    }

    fn unit_and_silence(&mut self, path: &str, signal: &Signal) {
        let wanted: &[&str] = match signal.kind {
            SignalKind::ReplicationLag
            | SignalKind::Staleness
            | SignalKind::Latency
            | SignalKind::QueueAge => &["ms", "s"],
            SignalKind::Heartbeat => &["epoch_s"],
            SignalKind::Errors
            | SignalKind::ErrorRate
            | SignalKind::Throttles
            | SignalKind::QueueDepth
            | SignalKind::Requests
            | SignalKind::Backup => &UNITS,
        };
        let kind = signal.kind.as_str();
        if !wanted.contains(&signal.unit.as_str()) {
            self.wrong(
                format!("{path}.unit"),
                format!(
                    "of kind `{kind}` is {}, not `{}`",
                    wanted.join(" or "),
                    signal.unit
                ),
            );
        }
        let silence = if signal.kind.silence_is_zero() {
            Missing::Zero
        } else {
            Missing::Unknown
        };
        if signal.missing.is_some_and(|missing| missing != silence) {
            self.wrong(
                format!("{path}.missing"),
                format!("silence of kind `{kind}` is {silence:?}").to_lowercase(),
            );
        }
    }

    fn alarms(&mut self) {
        for (index, name) in self.manifest.alarms.critical.iter().enumerate() {
            let path = format!("alarms.critical[{index}]");
            self.text(&path, name, Known::Everything);
        }
        let prefixes = &self.manifest.alarms.prefixes;
        for prefix in prefixes.primary.iter().chain(&prefixes.standby) {
            self.text("alarms.prefixes", prefix, Known::Everything);
            if prefix.as_str().is_empty() {
                self.wrong("alarms.prefixes", "an empty one would match every alarm");
            }
        }
    }

    fn traffic(&mut self) {
        let traffic = &self.manifest.traffic;
        let everything = Known::Everything;
        self.text("traffic.record", &traffic.record, everything);
        self.text("traffic.marker", &traffic.marker, everything);
        if let Some(zone) = &traffic.zone {
            self.text("traffic.zone", zone, everything);
        }
        for (role, url) in traffic.endpoints.per_role().iter() {
            let path = format!("traffic.endpoints.{role}");
            self.url(&path, url);
        }
        for (name, check) in &traffic.checks {
            let path = format!("traffic.checks.{name}");
            if !CHECKS.contains(&name.as_str()) {
                self.wrong(path.clone(), format!("is none of {}", CHECKS.join(", ")));
            }
            self.text(&path, check, everything);
        }
        for name in NEEDED_CHECKS {
            if !traffic.checks.contains_key(name) {
                self.wrong("traffic.checks", format!("`{name}` is missing"));
            }
        }
        if traffic.levers.is_empty() {
            self.wrong("traffic.levers", "is empty: nothing could move the traffic");
        }
        for (index, lever) in traffic.levers.iter().enumerate() {
            self.lever(&format!("traffic.levers[{index}]"), lever);
        }
        self.unique("traffic.levers", traffic.levers.iter().map(kind_of));
    }

    fn url(&mut self, path: &str, url: &Placeholder) {
        self.text(path, url, Known::Everything);
        // An address that is a reference as a whole shows its scheme only once the stack is there.
        let inner = url.as_str().strip_prefix("${");
        let reference = inner.and_then(|rest| rest.strip_suffix('}'));
        let whole = reference.is_some_and(|name| !name.contains('}'));
        let host = url.as_str().strip_prefix("https://");
        if !whole && host.is_none_or(str::is_empty) {
            self.wrong(path, "must be an https:// address, or one reference");
        }
    }

    fn lever(&mut self, path: &str, lever: &Lever) {
        match lever {
            Lever::Metric {
                role,
                dimensions,
                alarm,
                ..
            } => {
                self.in_standby(path, *role);
                for (name, text) in dimensions {
                    self.text(
                        &format!("{path}.dimensions.{name}"),
                        text,
                        Known::Everything,
                    );
                }
                self.text(&format!("{path}.alarm"), alarm, Known::Everything);
            }
            Lever::Endpoint {
                role,
                stack,
                parameter,
                url,
            } => {
                self.in_standby(path, *role);
                self.endpoint_lever(path, stack, parameter);
                if let Some(url) = url {
                    self.url(&format!("{path}.url"), url);
                }
            }
            Lever::Force { check } => {
                if check != "combined" {
                    self.wrong(
                        format!("{path}.check"),
                        format!("`{check}`: only `combined` decides for the primary's records"),
                    );
                }
            }
            Lever::Records {} => {}
        }
    }

    /// A lever that must work while the primary is dead cannot be in it.
    fn in_standby(&mut self, path: &str, role: Role) {
        if role != Role::Standby {
            self.wrong(
                format!("{path}.region"),
                "must be standby: the lever has to work while the primary is dead",
            );
        }
    }

    fn endpoint_lever(&mut self, path: &str, id: &StackId, parameter: &str) {
        let Some(stack) = self.manifest.stack(id) else {
            self.wrong(format!("{path}.stack"), self.no_stack(id));
            return;
        };
        self.in_standby(&format!("{path}.stack"), stack.role);
        if !self.has(&stack.template, "Parameters", parameter) {
            self.wrong(
                format!("{path}.parameter"),
                format!("{} has no parameter `{parameter}`", stack.template),
            );
        }
    }

    fn no_stack(&self, id: &StackId) -> String {
        let known: Vec<&str> = self
            .manifest
            .stacks
            .iter()
            .map(|s| s.id.0.as_str())
            .collect();
        format!("no stack `{id}`; there are: {}", known.join(", "))
    }

    fn has(&self, template: &str, section: &str, name: &str) -> bool {
        self.templates
            .get(template)
            .and_then(|tree| tree.get(section)?.get(name))
            .is_some()
    }

    /// Checks that every reference of a text names something that will be known.
    fn text(&mut self, path: &str, text: &Placeholder, known: Known<'_>) {
        match text.names() {
            Err(error) => self.wrong(path, error.to_string()),
            Ok(names) => {
                for name in names {
                    if let Err(reason) = self.reference(name, known) {
                        self.wrong(path, reason);
                    }
                }
            }
        }
    }

    fn reference(&self, name: &str, known: Known<'_>) -> Result<(), String> {
        if matches!(name, "suffix" | "region.primary" | "region.standby") {
            return Ok(());
        }
        if let Known::Names = known {
            return Err(format!(
                "`${{{name}}}` may not be used here, only ${{suffix}} and ${{region.…}}"
            ));
        }
        let Some((stack, output)) = name.split_once('.') else {
            let declared = self.manifest.parameters.iter().any(|p| p.name == name);
            return if declared {
                Ok(())
            } else {
                Err(format!("`${{{name}}}` is not a declared parameter"))
            };
        };
        let id = StackId(stack.to_owned());
        let Some(spec) = self.manifest.stack(&id) else {
            return Err(format!("`${{{name}}}`: {}", self.no_stack(&id)));
        };
        if let Known::OutputsOf(before) = known
            && !before.contains(&id)
        {
            return Err(format!(
                "`${{{name}}}` is not known yet: `{id}` is not in `after`"
            ));
        }
        if self.has(&spec.template, "Outputs", output) {
            Ok(())
        } else {
            Err(format!(
                "`${{{name}}}`: {} has no output `{output}`",
                spec.template
            ))
        }
    }
}

fn statistic_is_known(text: &str) -> bool {
    matches!(
        text,
        "Sum" | "Average" | "Minimum" | "Maximum" | "SampleCount"
    ) || text
        .strip_prefix('p')
        .and_then(|number| number.parse::<f64>().ok())
        .is_some_and(|number| (0.0..=100.0).contains(&number))
}

const fn kind_of(lever: &Lever) -> &'static str {
    match lever {
        Lever::Metric { .. } => "metric",
        Lever::Endpoint { .. } => "endpoint",
        Lever::Force { .. } => "force",
        Lever::Records {} => "records",
    }
}
