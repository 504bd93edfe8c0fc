//! Query strings and form bodies: `a=b&c=d`, percent-decoded with UTF-8 kept whole.

use std::collections::HashMap;

/// The parameters of a query string or of a form body.
pub(super) type Params = HashMap<String, String>;

/// Reads the pairs; of a name that comes twice the last one counts. A piece without `=` has an empty value.
pub(super) fn parse(text: &str) -> Params {
    text.split('&')
        .filter(|piece| !piece.is_empty())
        .map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            (decode(name, true), decode(value, true))
        })
        .collect()
}

/// Decodes `%41` (and `+` where `plus` says that it means a blank); a broken escape stays as it is written.
pub(super) fn decode(text: &str, plus: bool) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let (byte, after) = match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => ((high << 4) | low, after),
                _ => (first, tail),
            },
            (b'+', _) if plus => (b' ', tail),
            _ => (first, tail),
        };
        out.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf8_blanks_and_broken_escapes_survive() {
        let params =
            parse("Action=DescribeStacks&A=a+b%20c&B=%C3%A9%E2%82%AC&C=100%&D=%zz&E&&F=x%3Dy");
        assert_eq!(params["A"], "a b c");
        assert_eq!(params["B"], "é€");
        assert_eq!(params["C"], "100%");
        assert_eq!(params["D"], "%zz");
        assert_eq!(params["E"], "");
        assert_eq!(params["F"], "x=y");
        assert_eq!(params.len(), 7);
        assert_eq!(decode("a+b%2Fc", false), "a+b/c");
    }
}
