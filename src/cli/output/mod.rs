//! What commands print: documented JSON, text for people, and metrics for Prometheus.
//!
//! Everything here turns values into text and prints nothing; whoever calls it owns stdout.

mod board;
mod compare;
mod condition;
mod journal;
mod operation;
mod prometheus;
mod promotion;
mod region;
mod report;
mod settings;
mod status;
mod status_text;
mod table;

use serde::Serialize;

pub use board::{Preflight, guards_text};
pub use compare::{DriftShown, ParityShown, standing};
pub use condition::Condition;
pub use journal::{journal_list_text, journal_show_text, record_text};
pub use operation::{plan_text, progress_text, result_text};
pub use promotion::PromotionStatus;
pub use region::{AlarmStatus, HealthCheckStatus, RegionStatus, SignalStatus, StackStatus};
pub use report::report_text;
pub use settings::settings_text;
pub use status::{GuardStatus, Status, TrafficStatus};

/// A value as pretty JSON with a final line end.
pub fn json<T: Serialize>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| text + "\n")
}

/// A value as one line of JSON, for `--watch` and `--progress json`.
pub fn json_line<T: Serialize>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string(value).map(|text| text + "\n")
}

/// A moment as people read it on the day.
fn clock(at: jiff::Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

/// A moment as people read it later.
fn date(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// A span of seconds such as `48 s` or `2m48s`.
fn span(seconds: f64) -> String {
    let whole = seconds.round().max(0.0);
    if whole < 60.0 {
        return format!("{whole} s");
    }
    let (hours, minutes) = ((whole / 3600.0).floor(), ((whole % 3600.0) / 60.0).floor());
    let rest = whole % 60.0;
    if hours > 0.0 {
        format!("{hours}h{minutes:02}m{rest:02}s")
    } else {
        format!("{minutes}m{rest:02}s")
    }
}

#[cfg(test)]
mod fixture;

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_are_short() {
        let shown = [0.4, 59.6, 168.0, 3605.0].map(span);
        assert_eq!(shown, ["0 s", "1m00s", "2m48s", "1h00m05s"]);
    }
}
