//! Columns of text, as wide as their widest cell.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

/// Lays rows out in columns, two blanks apart and `indent` blanks in; the last column is as long as it is.
pub(super) fn columns(rows: &[Vec<String>], indent: usize) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|i| {
            let cells = rows.iter().filter_map(|row| row.get(i));
            cells.map(|cell| cell.width()).max().unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = " ".repeat(indent);
        for (cell, width) in row.iter().zip(&widths) {
            let blanks = width.saturating_sub(cell.width()) + 2;
            line.push_str(cell);
            line.push_str(&" ".repeat(blanks));
        }
        writeln!(out, "{}", line.trim_end()).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_what_is_seen() {
        let rows = [vec!["a", "b", "c"], vec!["日本", "", "long"]];
        let rows = rows.map(|row| row.into_iter().map(str::to_owned).collect());
        assert_eq!(columns(&rows, 1), " a     b  c\n 日本     long\n");
    }
}
