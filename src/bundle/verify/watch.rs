//! What a manifest says about signals, alarms, traffic and levers.

use super::{Known, Verifier};
use crate::bundle::manifest::{Lever, Missing, Promotion, Signal};
use crate::domain::placeholder::Placeholder;
use crate::domain::region::Role;
use crate::domain::signal::{Direction, SignalKind};
use crate::domain::stack::StackId;

/// Names that the checks of a manifest's traffic may have.
const CHECKS: [&str; 5] = ["primary", "standby", "lever", "endpoint_lever", "combined"];

const NEEDED_CHECKS: [&str; 3] = ["primary", "standby", "combined"];

/// Units of signals.
const UNITS: [&str; 8] = ["ms", "s", "epoch_s", "/min", "%", "count", "jobs", "bytes"];

/// A column of the Board has no room for more.
const MAX_LABEL: usize = 14;

impl Verifier<'_> {
    pub(super) fn signals(&mut self) {
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
            | SignalKind::Connections
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
        if signal.direction == Direction::Reverse && signal.kind != SignalKind::ReplicationLag {
            self.wrong(
                format!("{path}.direction"),
                format!("only a `replication_lag` has one, not a `{kind}`"),
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

    pub(super) fn alarms(&mut self) {
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

    pub(super) fn traffic(&mut self) {
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
        if let Some(promotion) = &traffic.promotion {
            self.promotion(promotion);
        }
    }

    fn promotion(&mut self, promotion: &Promotion) {
        let path = "traffic.promotion";
        if promotion.role != Role::Standby {
            self.wrong(
                format!("{path}.region"),
                "must be standby: the promotion has to work while the primary is dead",
            );
        }
        for (name, text) in &promotion.dimensions {
            let path = format!("{path}.dimensions.{name}");
            self.text(&path, text, Known::Everything);
        }
        let texts = [
            ("namespace", &promotion.namespace),
            ("approval", &promotion.approval),
            ("progress", &promotion.progress),
            ("loss", &promotion.loss),
        ];
        for (name, text) in texts {
            if text.trim().is_empty() {
                self.wrong(format!("{path}.{name}"), "is empty");
            }
        }
        if promotion.approval == promotion.progress {
            self.wrong(format!("{path}.progress"), "is the metric of the approval");
        }
        if promotion.steps.is_empty() {
            self.wrong(format!("{path}.steps"), "is empty: what would be promoted?");
        }
        let steps = promotion.steps.iter().chain(&promotion.return_steps);
        if steps.into_iter().any(|step| step.trim().is_empty()) {
            self.wrong(format!("{path}.steps"), "one of them is empty");
        }
        let lever = self.manifest.traffic.levers.iter();
        if !lever.into_iter().any(|l| matches!(l, Lever::Metric { .. })) {
            self.wrong(
                path,
                "needs a `metric` lever: its command number is the approval",
            );
        }
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
        if stack.made_by.is_some() {
            self.wrong(
                format!("{path}.stack"),
                format!("`{id}` is made by a stack set, which would undo the update"),
            );
        }
        if !self.has(&stack.template, "Parameters", parameter) {
            self.wrong(
                format!("{path}.parameter"),
                format!("{} has no parameter `{parameter}`", stack.template),
            );
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
