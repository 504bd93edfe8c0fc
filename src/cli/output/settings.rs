//! The settings for people.

use crate::cli::output::table::columns;
use crate::config::Line;
use crate::domain::text::clean;

/// Each setting with its value and where it comes from; what is not set has neither.
pub fn settings_text(lines: &[Line]) -> String {
    let rows: Vec<Vec<String>> = lines
        .iter()
        .map(|line| match &line.value {
            Some(value) => vec![
                line.key.clone(),
                clean(value),
                format!("({})", clean(&line.source)),
            ],
            None => vec![line.key.clone(), "-".to_owned()],
        })
        .collect();
    columns(&rows, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_is_a_dash() {
        let line = |key: &str, value: Option<&str>, source: &str| Line {
            key: key.to_owned(),
            value: value.map(str::to_owned),
            source: source.to_owned(),
        };
        let text = settings_text(&[
            line("suffix", Some("demo"), "--suffix"),
            line("profile", None, "default"),
        ]);
        assert_eq!(text, "suffix   demo  (--suffix)\nprofile  -\n");
    }
}
