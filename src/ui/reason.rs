//! CloudWatch's reasons for an alarm's state, without what is the same in all of them.

use std::borrow::Cow;

use super::text;

/// Comparisons as CloudWatch names them, and as operators read them.
const COMPARISONS: [(&str, &str); 4] = [
    ("GreaterThanOrEqualToThreshold", "≥"),
    ("LessThanOrEqualToThreshold", "≤"),
    ("GreaterThanThreshold", ">"),
    ("LessThanThreshold", "<"),
];

/// The longest number that is left as it is.
const LONG_NUMBER: usize = 7;

/// The part of a reason that differs between alarms, long numbers rounded; of the kind
/// `35.0 did meet GreaterThanOrEqualToThreshold 5`, `35.0 ≥ 5`.
pub(super) fn short(reason: &str) -> String {
    let reason = reason.strip_prefix("Threshold Crossed: ").unwrap_or(reason);
    let words: Vec<Cow<'_, str>> = reason.split(' ').map(round).collect();
    let mut text = words.join(" ");
    for (name, sign) in COMPARISONS {
        if text.contains(name) {
            text = text
                .replace(&format!("did not meet {name}"), &format!("not {sign}"))
                .replace(&format!("did meet {name}"), sign)
                .replace(name, sign);
        }
    }
    text
}

/// A number with many decimals, rounded; any other word as it is. Brackets and commas around it stay.
fn round(word: &str) -> Cow<'_, str> {
    let number = word.trim_matches(|c: char| !c.is_ascii_digit() && c != '-');
    let long = text::width(number) > LONG_NUMBER && number.contains('.');
    match number.parse::<f64>() {
        Ok(value) if long && value.is_finite() => {
            Cow::Owned(word.replace(number, &format!("{value:.2}")))
        }
        _ => Cow::Borrowed(word),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_shortened() {
        assert_eq!(
            short(
                "Threshold Crossed: 1 datapoint [35.0 (26/11/26 11:52:00)] did meet \
                 GreaterThanOrEqualToThreshold 5"
            ),
            "1 datapoint [35.0 (26/11/26 11:52:00)] ≥ 5"
        );
        assert_eq!(short("[12.3456789012, 3.1]"), "[12.35, 3.1]");
        assert_eq!(
            short("a text é 东京 of another kind"),
            "a text é 东京 of another kind"
        );
    }
}
