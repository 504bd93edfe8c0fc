//! A page made of lines and rules that may be longer than the screen.

use super::canvas::Canvas;
use super::line::Line;
use super::theme::Paint;

/// One row of a sheet.
#[derive(Clone, Debug)]
pub(super) enum Entry<'a> {
    Line(Line<'a>),
    /// A rule with a title, and words at its right.
    Rule(Line<'a>, Line<'a>),
}

/// Rows from top to bottom.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet<'a> {
    entries: Vec<Entry<'a>>,
}

impl<'a> Sheet<'a> {
    pub(super) fn rule(&mut self, title: impl Into<std::borrow::Cow<'a, str>>) {
        self.rule_with(Line::of(title, Paint::Title), Line::new());
    }

    pub(super) fn rule_with(&mut self, left: Line<'a>, right: Line<'a>) {
        self.entries.push(Entry::Rule(left, right));
    }

    pub(super) fn line(&mut self, line: Line<'a>) {
        self.entries
            .push(Entry::Line(Line::new().text(" ").join(line)));
    }

    pub(super) fn lines(&mut self, lines: impl IntoIterator<Item = Line<'a>>) {
        for line in lines {
            self.line(line);
        }
    }

    pub(super) fn append(&mut self, other: Self) {
        self.entries.extend(other.entries);
    }

    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Draws the entries from `first` on, and says how many are below.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, first: usize) {
        let height = canvas.height();
        let first = first.min(self.len().saturating_sub(height));
        // where not all fits, the last row says so
        let hides = usize::from(self.len() > first + height);
        let height = height.saturating_sub(hides);
        for (y, entry) in self.entries.iter().skip(first).take(height).enumerate() {
            match entry {
                Entry::Line(line) => canvas.line(y, line),
                Entry::Rule(left, right) => canvas.rule(y, left, right),
            }
        }
        let below = self.len().saturating_sub(first + height);
        if below > 0 {
            let words = format!(" {below} more below (j) ");
            canvas.line_right(height, &Line::of(words, Paint::Strong));
        }
    }
}

/// The first row to show when `selected` of `count` rows is to run over a sheet of another length.
pub(super) fn proportional(selected: usize, count: usize, hidden: usize) -> usize {
    let last = count.saturating_sub(1);
    if last == 0 {
        return if selected == 0 { 0 } else { hidden };
    }
    (selected.min(last) * hidden).div_ceil(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_row_reaches_the_end() {
        assert_eq!(proportional(0, 10, 30), 0);
        assert_eq!(proportional(9, 10, 30), 30);
        assert_eq!(proportional(usize::MAX, 10, 30), 30);
        assert_eq!(proportional(1, 10, 3), 1);
        assert_eq!(proportional(0, 0, 30), 0);
    }
}
