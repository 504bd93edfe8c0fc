//! Numbers, durations, ages and times as operators read them.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::observed::age;
use crate::domain::plan::Situation;
use crate::domain::recovery::Exposure;
use crate::domain::signal::{SignalKind, SignalSpec};

/// The clock in the header: minutes, so that an idle screen stays as it is for a minute.
pub(super) fn clock(now: Timestamp) -> String {
    now.strftime("%H:%MZ").to_string()
}

/// A moment to the second, UTC.
pub(super) fn exact(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// A moment in five columns: the time today, the weekday this week, else month and day.
pub(super) fn when(at: Timestamp, now: Timestamp) -> String {
    let day = |t: Timestamp| -> Date { t.to_zoned(TimeZone::UTC).date() };
    let form = if day(at) == day(now) {
        "%H:%M"
    } else if age(at, now).as_secs() < 6 * DAY && at <= now {
        "%a"
    } else {
        "%m-%d"
    };
    at.strftime(form).to_string()
}

/// Date and time, UTC.
pub(super) fn date_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// A duration in two units at most, for example `0.8 s`, `12 s`, `4m12s`, `1h05m`, `12 d`.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "?".to_owned();
    }
    let seconds = seconds.max(0.0);
    if seconds > 0.0 && seconds < 9.95 && (seconds - seconds.round()).abs() > 0.05 {
        return format!("{seconds:.1} s");
    }
    let whole = whole(seconds);
    match whole {
        0..MINUTE => format!("{whole} s"),
        MINUTE..HOUR => format!("{}m{:02}s", whole / MINUTE, whole % MINUTE),
        HOUR..DAY => format!("{}h{:02}m", whole / HOUR, whole % HOUR / MINUTE),
        _ => format!("{} d", whole / DAY),
    }
}

/// How long ago, in steps, so that it seldom changes: 15 s, then minutes of the clock, hours, days.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let exact = age(at, now).as_secs();
    if exact < MINUTE {
        return format!("{}s", (exact / 15 * 15).max(15));
    }
    match age(at, this_minute(now)).as_secs().max(MINUTE) {
        secs @ ..HOUR => format!("{}m", secs / MINUTE),
        secs @ HOUR..DAY => format!("{}h", secs / HOUR),
        secs => format!("{}d", secs / DAY),
    }
}

/// Minutes until a moment, counted from the full minute so that they change with the clock.
pub(super) fn minutes_until(at: Timestamp, now: Timestamp) -> u64 {
    age(this_minute(now), at).as_secs() / MINUTE
}

fn this_minute(now: Timestamp) -> Timestamp {
    let second = now.as_second();
    Timestamp::from_second(second - second.rem_euclid(60)).unwrap_or(now)
}

/// Data at risk in seconds. While the primary lives, and for an upper bound, the figure follows the clock: it is
/// shown in steps of 15 s, rounded up, and so is a bound, whatever it comes from. At the cut it is exact.
pub(super) fn exposure(exposure: &Exposure, situation: Situation) -> String {
    if situation == Situation::Emergency && !exposure.is_upper_bound {
        return format!("{} s", whole(exposure.seconds));
    }
    let steps = whole(exposure.seconds.ceil())
        .div_ceil(Exposure::STEP)
        .max(1)
        * Exposure::STEP;
    format!("at most {steps} s")
}

/// Seconds in full, rounded.
fn whole(seconds: f64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to what an u64 holds"
    )]
    let rounded = seconds.round().clamp(0.0, 1e15) as u64;
    rounded
}

/// A duration whose rest is left out where it is zero: limits and objectives are round.
pub(super) fn round(seconds: f64) -> String {
    let full = duration(seconds);
    let short = full
        .strip_suffix("00s")
        .or_else(|| full.strip_suffix("00m"));
    short.map_or_else(|| full.clone(), str::to_owned)
}

/// A signal's limit with its unit.
pub(super) fn limit(spec: &SignalSpec, limit: f64) -> String {
    spec.seconds(limit)
        .map_or_else(|| value(spec, limit), round)
}

/// A signal's value with its unit.
pub(super) fn value(spec: &SignalSpec, value: f64) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    match spec.unit.as_str() {
        "ms" | "s" => {
            let seconds = spec.seconds(value).unwrap_or(value);
            if spec.unit == "ms" && seconds < 1.0 && spec.kind == SignalKind::Latency {
                format!("{value:.0} ms")
            } else {
                duration(seconds)
            }
        }
        "epoch" => epoch(value),
        "percent" => format!("{} %", number(value)),
        "bytes" => bytes(value),
        _ => count(spec, value),
    }
}

/// A moment that is itself the value.
fn epoch(seconds: f64) -> String {
    let whole = i64::try_from(whole(seconds)).unwrap_or(i64::MAX);
    Timestamp::from_second(whole).map_or_else(|_| "?".to_owned(), exact)
}

/// A count is shown per minute, where it is a sum over a period.
fn count(spec: &SignalSpec, value: f64) -> String {
    if spec.statistic == "Sum" && spec.period_seconds > 0 {
        let per_minute = value * 60.0 / f64::from(spec.period_seconds);
        format!("{}/min", number(per_minute))
    } else {
        number(value)
    }
}

fn number(value: f64) -> String {
    let size = value.abs();
    if size >= 1e15 {
        format!("{value:.1e}")
    } else if size >= 1e6 {
        format!("{:.1} M", value / 1e6)
    } else if size >= 10.0 || (value - value.round()).abs() < 0.05 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

fn bytes(value: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    units
        .into_iter()
        .find(|(size, _)| value.abs() >= *size)
        .map_or_else(
            || format!("{value:.0} B"),
            |(size, unit)| format!("{:.1} {unit}", value / size),
        )
}

/// A count with its noun, for example `1 alarm`, `2 alarms`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn durations_have_at_most_two_units() {
        let shown = [
            0.0,
            0.8,
            12.0,
            59.7,
            252.0,
            3_905.0,
            1_036_800.0,
            -4.0,
            f64::NAN,
        ]
        .map(duration);
        assert_eq!(
            shown,
            [
                "0 s", "0.8 s", "12 s", "1m00s", "4m12s", "1h05m", "12 d", "0 s", "?"
            ]
        );
    }

    #[test]
    fn ages_change_in_steps() {
        let shown = |seconds: i64| ago(at(600_000), at(600_000 + seconds));
        assert_eq!(shown(5), "15s");
        assert_eq!(shown(44), "30s");
        assert_eq!(shown(60), "1m");
        assert_eq!(shown(119), "1m");
        assert_eq!(shown(7_300), "2h");
        assert_eq!(shown(200_000), "2d");
    }

    #[test]
    fn ages_past_a_minute_change_with_the_clock_only() {
        let read = at(600_017);
        let first = ago(read, at(600_180));
        assert!((600_180..600_240).all(|now| ago(read, at(now)) == first));
    }

    #[test]
    fn days_of_events() {
        let now: Timestamp = "2026-11-26T12:04:30Z".parse().unwrap();
        let shown = |text: &str| when(text.parse().unwrap(), now);
        assert_eq!(shown("2026-11-26T09:12:00Z"), "09:12");
        assert_eq!(shown("2026-11-23T09:12:00Z"), "Mon");
        assert_eq!(shown("2026-10-02T09:12:00Z"), "10-02");
    }

    #[test]
    fn an_upper_bound_is_rounded_up() {
        let of = |seconds, is_upper_bound, situation| {
            let heartbeat = at(0);
            let found = Exposure {
                seconds,
                is_upper_bound,
                heartbeat,
                source: crate::domain::recovery::Source::default(),
            };
            exposure(&found, situation)
        };
        assert_eq!(of(0.8, false, Situation::Emergency), "1 s");
        assert_eq!(of(31.0, true, Situation::Emergency), "at most 45 s");
        assert_eq!(of(0.8, false, Situation::Planned), "at most 15 s");
    }
}
