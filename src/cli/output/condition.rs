//! What a status amounts to: its exit code, and why.

use crate::cli::output::region::RegionStatus;
use crate::cli::output::status::Status;
use crate::domain::health::Health;
use crate::domain::observation::Serving;
use crate::domain::signal::Verdict;
use crate::domain::stack::Phase;
use crate::error::ExitCode;

/// The exit code of `status` with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    pub code: ExitCode,
    pub reasons: Vec<String>,
}

impl Condition {
    /// The code in words.
    pub const fn word(&self) -> &'static str {
        match self.code {
            ExitCode::Done => "healthy",
            ExitCode::OnStandby => "traffic on the standby",
            ExitCode::CannotTell => "cannot tell",
            _ => "degraded",
        }
    }
}

impl Status {
    /// Cannot tell beats traffic on the standby beats degraded.
    pub fn condition(&self) -> Condition {
        let degraded: Vec<String> = self.regions.iter().flat_map(problems).collect();
        let (code, mut reasons) = match (self.obscurity(), self.serving) {
            (Some(why), _) => (ExitCode::CannotTell, vec![why.to_owned()]),
            (None, Serving::Standby) => {
                (ExitCode::OnStandby, vec!["the standby serves".to_owned()])
            }
            (None, Serving::Split) => (
                ExitCode::OnStandby,
                vec!["name servers disagree: both sides serve".to_owned()],
            ),
            (None, Serving::Primary | Serving::Unknown) if degraded.is_empty() => {
                (ExitCode::Done, Vec::new())
            }
            (None, Serving::Primary | Serving::Unknown) => (ExitCode::Degraded, Vec::new()),
        };
        reasons.extend(degraded);
        Condition { code, reasons }
    }

    /// Why it can't be told how the environment is.
    fn obscurity(&self) -> Option<&'static str> {
        let mut phases = self.regions.iter().flat_map(|r| &r.stacks).map(|s| s.phase);
        if self.regions.iter().all(|r| !r.is_readable) {
            Some("neither region could be read")
        } else if phases.clone().next().is_some() && phases.all(|p| p == Phase::Absent) {
            Some("it is not deployed")
        } else if self.traffic.is_some() && self.serving == Serving::Unknown {
            Some("it can't be told which side serves")
        } else {
            None
        }
    }
}

/// What keeps a region from being healthy.
fn problems(region: &RegionStatus) -> Vec<String> {
    let name = &region.region;
    let mut found = Vec::new();
    if region.reachable == Some(false) {
        found.push(format!("{name} does not answer"));
    }
    // absent, failed and moving stacks; unknown ones are among the missing readings
    let unsettled = region
        .stacks
        .iter()
        .filter(|s| !matches!(s.phase, Phase::Settled | Phase::RolledBack | Phase::Unknown));
    found.extend(unsettled.map(|s| {
        let status = s.status.as_deref().unwrap_or(s.phase.as_str());
        format!("{name}: stack {} is {status}", s.name)
    }));
    let odd = region
        .stacks
        .iter()
        .filter(|s| s.phase == Phase::Unknown && region.missing.is_empty());
    found.extend(odd.map(|s| format!("{name}: the phase of stack {} is unknown", s.name)));
    let alarms = region.alarms.iter().flatten();
    found.extend(
        alarms
            .filter(|a| a.state == "ALARM")
            .map(|a| format!("{name}: {} in ALARM", a.name)),
    );
    let breaches = region.signals.iter();
    found.extend(
        breaches
            .filter(|s| s.verdict == Verdict::Breach)
            .map(|s| format!("{name}: {} in breach", s.id)),
    );
    let checks = region.health_checks.iter();
    found.extend(
        checks
            .filter(|c| c.health != Health::Healthy)
            .map(|c| format!("{name}: {} is {}", c.name, c.health.as_str())),
    );
    found.extend(region.missing.iter().cloned());
    found
}
