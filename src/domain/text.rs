//! Text from outside is made safe to show before it is kept.

/// Returns the text without control characters (line ends and tabs become one space), so that nothing
/// read from AWS, from DNS or from a file can move the cursor, colour the screen or ring the bell.
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c if c.is_control() || is_direction_override(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Whether the character reorders text (a way to show one name and mean another).
const fn is_direction_override(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_lose_their_teeth() {
        assert_eq!(clean("a\u{1b}[2Jb\u{7}\r\n\tc\u{202e}d"), "a[2Jb cd");
    }
}
