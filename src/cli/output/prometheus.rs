//! The status as metrics in the Prometheus text format (version 0.0.4). What is not known is not exported.

use std::fmt::{Display, Write as _};

use crate::cli::output::promotion::PromotionStatus;
use crate::cli::output::region::RegionStatus;
use crate::cli::output::status::Status;
use crate::domain::guard::GuardVerdict;
use crate::domain::observation::Serving;
use crate::domain::signal::Verdict;

impl Status {
    /// Metrics of the environment, each with its `environment` and `mode`.
    pub fn prometheus(&self) -> String {
        let mut page = Page::new(&self.environment, self.mode);
        page.family("status", "Exit code of `switchback status`.");
        page.sample("status", &[], self.condition().code.number());
        page.family("as_of_timestamp_seconds", "When this was observed.");
        page.sample("as_of_timestamp_seconds", &[], self.as_of.as_second());
        page.family("serving", "Where DNS sends traffic: one of the sides is 1.");
        for side in [
            Serving::Primary,
            Serving::Standby,
            Serving::Split,
            Serving::Unknown,
        ] {
            let labels = [("side", side.as_str())];
            page.sample("serving", &labels, u8::from(self.serving == side));
        }
        if let Some(traffic) = &self.traffic {
            page.family("commanded", "Where the levers want traffic.");
            let labels = [("side", traffic.commanded.as_str())];
            page.sample("commanded", &labels, 1);
            if let Some(held) = traffic.held {
                page.family("held", "Whether a lever holds traffic on the standby.");
                page.sample("held", &[], u8::from(held));
            }
            if let Some(promotion) = &traffic.promotion {
                promotion_of(&mut page, promotion);
            }
        }
        self.regions_of(&mut page);
        page.family("guard", "What a guard says of the next move.");
        for guard in &self.guards {
            let verdict = match guard.verdict {
                GuardVerdict::Allow => "allow",
                GuardVerdict::Warn => "warn",
                GuardVerdict::Refuse => "refuse",
            };
            let labels = [("guard", guard.id.as_str()), ("verdict", verdict)];
            page.sample("guard", &labels, 1);
        }
        page.text
    }

    fn regions_of(&self, page: &mut Page) {
        page.family(
            "region_reachable",
            "Whether the AWS APIs of a region answer.",
        );
        for region in &self.regions {
            if let Some(reachable) = region.reachable {
                page.sample("region_reachable", &place(region), u8::from(reachable));
            }
        }
        let name = "region_as_of_timestamp_seconds";
        page.family(name, "When a region was last read.");
        for region in &self.regions {
            if let Some(at) = region.as_of {
                page.sample(name, &place(region), at.as_second());
            }
        }
        page.states(
            "stack",
            "The phase of a stack.",
            self.each(|r| &r.stacks),
            |s| [("stack", s.name.as_str()), ("phase", s.phase.as_str())],
        );
        let help = "What a health check or our own probe says.";
        page.states("health_check", help, self.each(|r| &r.health_checks), |c| {
            [("check", c.name.as_str()), ("health", c.health.as_str())]
        });
        let alarms = self.each(|r| r.alarms.as_deref().unwrap_or_default());
        page.states("alarm", "The state of an alarm.", alarms, |a| {
            [("alarm", a.name.as_str()), ("state", a.state.as_str())]
        });
        self.signals_of(page);
    }

    fn signals_of(&self, page: &mut Page) {
        page.family("signal", "The newest value of a signal, in its own unit.");
        for (region, signal) in self.each(|r| &r.signals) {
            let own = [
                ("signal", signal.id.0.as_str()),
                ("kind", signal.kind.as_str()),
                ("unit", signal.unit.as_str()),
            ];
            // a scrape would stamp an old value with the time of now
            let value = signal.value.filter(|_| signal.verdict != Verdict::Unknown);
            if let Some(value) = value {
                page.sample("signal", &[place(region).as_slice(), &own].concat(), value);
            }
        }
        let help = "A signal held against its limits.";
        page.states("signal_verdict", help, self.each(|r| &r.signals), |s| {
            let verdict = match s.verdict {
                Verdict::Good => "good",
                Verdict::Unknown => "unknown",
                Verdict::Warn => "warn",
                Verdict::Breach => "breach",
            };
            [("signal", s.id.0.as_str()), ("verdict", verdict)]
        });
    }

    /// What each region has, with its region.
    fn each<'a, T: 'a>(
        &'a self,
        of: impl Fn(&'a RegionStatus) -> &'a [T],
    ) -> Vec<(&'a RegionStatus, &'a T)> {
        let regions = self.regions.iter();
        regions
            .flat_map(|region| of(region).iter().map(move |one| (region, one)))
            .collect()
    }
}

/// How far a promotion is: its stage as a state, and its steps as numbers where it is at one, or has failed in one.
fn promotion_of(page: &mut Page, promotion: &PromotionStatus) {
    let direction = [("direction", promotion.direction.unwrap_or("none"))];
    page.family(
        "promotion_stage",
        "The stage of a promotion's state machine.",
    );
    let stage = [direction.as_slice(), &[("stage", promotion.stage)]].concat();
    page.sample("promotion_stage", &stage, 1);
    page.family("promotion_steps", "How many steps a promotion has.");
    page.sample("promotion_steps", &direction, promotion.steps);
    if let Some(step) = promotion.step {
        page.family(
            "promotion_step",
            "The step that a promotion is at, or has failed in.",
        );
        page.sample("promotion_step", &direction, step);
    }
}

fn place(region: &RegionStatus) -> [(&str, &str); 2] {
    [
        ("region", region.region.as_str()),
        ("role", region.role.as_str()),
    ]
}

/// A page of metrics in the making.
struct Page {
    text: String,
    common: String,
}

impl Page {
    fn new(environment: &str, mode: &str) -> Self {
        Self {
            text: String::new(),
            common: format!(
                "environment=\"{}\",mode=\"{}\"",
                escaped(environment),
                escaped(mode)
            ),
        }
    }

    fn family(&mut self, name: &str, help: &str) {
        write!(
            self.text,
            "# HELP switchback_{name} {help}\n# TYPE switchback_{name} gauge\n"
        )
        .unwrap_or_default();
    }

    /// A family of states, each 1 with the state among its labels.
    fn states<'a, T: 'a>(
        &mut self,
        name: &str,
        help: &str,
        all: Vec<(&RegionStatus, &'a T)>,
        labels: impl Fn(&'a T) -> [(&'a str, &'a str); 2],
    ) {
        self.family(name, help);
        for (region, one) in all {
            let all = [place(region).as_slice(), &labels(one)].concat();
            self.sample(name, &all, 1);
        }
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let mut all = self.common.clone();
        for (label, text) in labels {
            write!(all, ",{label}=\"{}\"", escaped(text)).unwrap_or_default();
        }
        writeln!(self.text, "switchback_{name}{{{all}}} {value}").unwrap_or_default();
    }
}

/// A label's value as the format wants it.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
