//! The status for people.

use std::fmt::Write as _;

use crate::cli::output::board::tally;
use crate::cli::output::clock;
use crate::cli::output::region::{CheckSource, RegionStatus, SignalStatus};
use crate::cli::output::status::{Status, TrafficStatus};
use crate::cli::output::table::columns;
use crate::domain::guard::{GuardId, GuardVerdict};
use crate::domain::observation::Serving;
use crate::domain::region::Role;
use crate::domain::signal::Verdict;

impl Status {
    /// Lines for a terminal: where traffic goes, may it be moved, what is wrong on either side.
    pub fn text(&self) -> String {
        let mut out = String::new();
        writeln!(
            out,
            "{}  {}  {}",
            self.environment,
            self.badge,
            clock(self.as_of)
        )
        .unwrap_or_default();
        let condition = self.condition();
        writeln!(out, "{}", condition.word()).unwrap_or_default();
        for reason in &condition.reasons {
            writeln!(out, "  {reason}").unwrap_or_default();
        }
        if let Some(traffic) = &self.traffic {
            out.push('\n');
            out.push_str(&self.traffic_text(traffic));
        }
        for region in &self.regions {
            out.push('\n');
            out.push_str(&self.region_text(region));
        }
        out
    }

    fn traffic_text(&self, traffic: &TrafficStatus) -> String {
        let record = traffic.record.as_deref().unwrap_or("record not known");
        let held = match traffic.held {
            Some(true) => ", held",
            Some(false) if self.serving == Serving::Standby => ", NOT HELD",
            None if self.serving == Serving::Standby => ", it can't be told whether it is held",
            _ => "",
        };
        let predicted: Vec<&str> = traffic.predicted.iter().map(|r| r.as_str()).collect();
        let lever = traffic.lever.as_deref().unwrap_or("none engaged");
        let place = format!("{record} -> {}{held}", self.place());
        let commanded = format!(
            "{} (lever: {lever}), confirmed {}, predicted {}",
            traffic.commanded.as_str(),
            traffic.confirmed.as_str(),
            predicted.join(" or ")
        );
        let verdict = tally(self.guards.iter().map(|g| g.verdict));
        let mut rows = vec![
            ["traffic", &place],
            ["commanded", &commanded],
            ["verdict", &verdict],
        ];
        if let Some(promotion) = &traffic.promotion {
            rows.push(["promotion", &promotion.what]);
        }
        let rows: Vec<Vec<String>> = rows
            .iter()
            .map(|row| row.map(str::to_owned).to_vec())
            .collect();
        let mut out = columns(&rows, 0);
        let telling: Vec<Vec<String>> = self
            .guards
            .iter()
            .filter(|g| g.verdict != GuardVerdict::Allow || g.id == GuardId::Exposure)
            .map(|g| {
                let verdict = verdict_word(g.verdict).to_owned();
                vec![verdict, g.id.to_string(), g.value.clone(), g.reason.clone()]
            })
            .collect();
        out.push_str(&columns(&telling, 2));
        for remark in &traffic.remarks {
            writeln!(out, "  {}; {}", remark.what, remark.advice).unwrap_or_default();
        }
        out
    }

    /// Where traffic goes, in regions.
    fn place(&self) -> String {
        let region = |role: Role| {
            let found = self.regions.iter().find(|r| r.role == role);
            found.map_or(role.as_str(), |r| r.region.as_str())
        };
        match self.serving {
            Serving::Primary => format!("{} (primary)", region(Role::Primary)),
            Serving::Standby => format!("{} (standby)", region(Role::Standby)),
            Serving::Split => "split between both".to_owned(),
            Serving::Unknown => "unknown".to_owned(),
        }
    }

    fn region_text(&self, region: &RegionStatus) -> String {
        let serving = if self.serving.role() == Some(region.role) {
            ", serving"
        } else {
            ""
        };
        let reach = match (region.reachable, region.as_of) {
            (Some(true), _) => String::new(),
            (Some(false), Some(at)) => format!(", NOT ANSWERING, last read {}", clock(at)),
            (Some(false), None) => ", NOT ANSWERING, never read".to_owned(),
            (None, _) => ", not asked yet".to_owned(),
        };
        let mut out = format!("{} {}{serving}{reach}\n", region.region, region.role);
        out.push_str(&columns(&rows(region), 2));
        out
    }
}

fn rows(region: &RegionStatus) -> Vec<Vec<String>> {
    let row = |kind: &str, name: &str, state: &str, detail: &str| {
        [kind, name, state, detail].map(str::to_owned).to_vec()
    };
    let stacks = region.stacks.iter().map(|s| {
        let status = s.status.as_deref().unwrap_or("never read");
        row("stack", &s.name, s.phase.as_str(), status)
    });
    let checks = region.health_checks.iter().map(|c| {
        let kind = match c.source {
            CheckSource::Probe => "probe",
            CheckSource::Route53 => "check",
        };
        let detail = c.detail.as_deref().unwrap_or("");
        row(kind, &c.name, c.health.as_str(), detail)
    });
    let signals = region.signals.iter().map(|s| {
        let verdict = verdict_of(s.verdict);
        row("signal", &s.id.0, verdict, &value(s))
    });
    stacks
        .chain(checks)
        .chain(alarm_rows(region))
        .chain(signals)
        .collect()
}

/// Alarms that are OK are only counted.
fn alarm_rows(region: &RegionStatus) -> Vec<Vec<String>> {
    let row = |kind: &str, name: &str, state: &str, detail: &str| {
        [kind, name, state, detail].map(str::to_owned).to_vec()
    };
    let Some(alarms) = &region.alarms else {
        return vec![row("alarms", "", "unknown", "never read")];
    };
    let fine = alarms.iter().filter(|a| a.state == "OK").count();
    let telling = alarms.iter().filter(|a| a.state != "OK").map(|a| {
        let reason = a.reason.as_deref().unwrap_or("");
        row("alarm", &a.name, &a.state, reason)
    });
    telling
        .chain((fine > 0).then(|| row("alarms", &format!("{fine} of {}", alarms.len()), "OK", "")))
        .collect()
}

/// The value with its unit and its time.
pub(super) fn value(signal: &SignalStatus) -> String {
    let Some(value) = signal.value else {
        return "no value".to_owned();
    };
    let rounded = (value * 100.0).round() / 100.0;
    let at = signal
        .as_of
        .map_or_else(String::new, |at| format!(" at {}", clock(at)));
    format!("{rounded} {}{at}", signal.unit)
}

const fn verdict_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "good",
        Verdict::Unknown => "unknown",
        Verdict::Warn => "warn",
        Verdict::Breach => "BREACH",
    }
}

pub(super) const fn verdict_word(verdict: GuardVerdict) -> &'static str {
    match verdict {
        GuardVerdict::Allow => "allow",
        GuardVerdict::Warn => "WARN",
        GuardVerdict::Refuse => "REFUSE",
    }
}
