//! Text in columns: widths, cuts and wraps that never split what the terminal shows as one character.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

use super::theme::glyph::ELLIPSIS;

/// The columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// At most `columns` wide; what is missing at the end is shown by an ellipsis.
pub(super) fn cut_end(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    Cow::Owned(broken_off(text, columns))
}

/// The start of a text and an ellipsis, even where the text itself would fit: more was to follow.
pub(super) fn broken_off(text: &str, columns: usize) -> String {
    let Some(room) = columns.checked_sub(1) else {
        return String::new();
    };
    let mut cut = head(text, room);
    cut.push_str(ELLIPSIS);
    cut
}

/// At most `columns` wide; what is missing at the start is shown by an ellipsis.
pub(super) fn cut_start(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    Cow::Owned(format!("{ELLIPSIS}{}", tail(text, columns - 1)))
}

/// At most `columns` wide, keeping both ends: names differ at their ends more often than in the middle.
pub(super) fn cut_middle(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns < 5 {
        return cut_end(text, columns);
    }
    let end = (columns - 1) / 2;
    let start = columns - 1 - end;
    let (start, end) = (head(text, start), tail(text, end));
    Cow::Owned(format!("{start}{ELLIPSIS}{end}"))
}

/// The first characters that fit into `columns`.
fn head(text: &str, columns: usize) -> String {
    let mut used = 0;
    let fits = |g: &&str| {
        used += width(g);
        used <= columns
    };
    text.graphemes(true).take_while(fits).collect()
}

/// The last characters that fit into `columns`.
fn tail(text: &str, columns: usize) -> String {
    let mut used = 0;
    let fits = |g: &&str| {
        used += width(g);
        used <= columns
    };
    let mut kept: Vec<&str> = text.graphemes(true).rev().take_while(fits).collect();
    kept.reverse();
    kept.concat()
}

/// Lines of at most `columns`, broken at spaces, within a word only where it is longer than a line.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_whitespace() {
        let room = columns.saturating_sub(width(&line) + 1);
        if !line.is_empty() && width(word) > room {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        push_word(&mut lines, &mut line, word, columns);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

fn push_word(lines: &mut Vec<String>, line: &mut String, word: &str, columns: usize) {
    for grapheme in word.graphemes(true) {
        if !line.is_empty() && width(line) + width(grapheme) > columns {
            lines.push(std::mem::take(line));
        }
        line.push_str(grapheme);
    }
}

/// Whether `text` contains `needle`, upper and lower case of ASCII being the same. Does not allocate: it is asked
/// of thousands of alarms while a filter is typed.
pub(super) fn contains(text: &str, needle: &str) -> bool {
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    needle.is_empty()
        || text
            .windows(needle.len())
            .any(|part| part.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cuts_keep_what_tells_names_apart() {
        assert_eq!(cut_end("payment-standby-prod", 10), "payment-s…");
        assert_eq!(cut_middle("payment-standby-prod", 11), "payme…-prod");
        assert_eq!(cut_middle("short", 11), "short");
        assert_eq!(cut_end("東京東京", 5), "東京…");
        assert_eq!(cut_end("東京東京", 4), "東…");
        assert_eq!(cut_end("abc", 0), "");
        assert_eq!(cut_start("payment-standby-prod", 6), "…-prod");
    }

    #[test]
    fn wraps_at_spaces_and_inside_long_words() {
        assert_eq!(wrap("a bc def", 4), ["a bc", "def"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("  ", 3), Vec::<String>::new());
    }

    #[test]
    fn a_filter_ignores_case() {
        assert!(contains("payment-Throttles", "THROTTLE"));
        assert!(contains("x", ""));
        assert!(!contains("x", "xy"));
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_asked(text in "\\PC{0,40}", columns in 0_usize..30) {
            prop_assert!(width(&cut_end(&text, columns)) <= columns);
            prop_assert!(width(&cut_middle(&text, columns)) <= columns);
            // what the terminal shows as one character is never split, however wide it is
            let widest = text.graphemes(true).map(width).max().unwrap_or(0);
            for line in wrap(&text, columns) {
                prop_assert!(width(&line) <= columns.max(widest).max(1));
            }
        }
    }
}
