//! SDK values become domain values; whatever a service left out becomes nothing, never a panic.

pub(super) mod check;
pub(super) mod cloudformation;
pub(super) mod record;

use aws_smithy_types::DateTime;
use jiff::Timestamp;

use crate::domain::text::clean;

/// A moment as the domain holds it; none if it lies outside what can be held.
pub(super) fn timestamp(at: &DateTime) -> Option<Timestamp> {
    let nanos = i32::try_from(at.subsec_nanos()).ok()?;
    Timestamp::new(at.secs(), nanos).ok()
}

/// A moment as the SDK wants it, to the second below.
pub(super) fn date_time(at: Timestamp) -> DateTime {
    DateTime::from_secs(at.as_second())
}

/// A text from AWS, safe to keep; an absent one is empty.
pub(super) fn text(value: Option<&str>) -> String {
    value.map(clean).unwrap_or_default()
}

/// A text from AWS, safe to keep, if there is one.
pub(super) fn some_text(value: Option<&str>) -> Option<String> {
    value.map(clean).filter(|t| !t.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_survive_and_impossible_ones_are_none() {
        let at = DateTime::from_secs_and_nanos(1_700_000_000, 250_000_000);
        assert_eq!(timestamp(&at).unwrap().as_millisecond(), 1_700_000_000_250);
        assert_eq!(timestamp(&DateTime::from_secs(i64::MAX)), None);
        assert_eq!(date_time(timestamp(&at).unwrap()).secs(), 1_700_000_000);
    }
}
