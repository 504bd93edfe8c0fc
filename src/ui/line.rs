//! One line of text made of pieces, each with its meaning.

use std::borrow::Cow;

use super::state::State;
use super::text;
use super::theme::Paint;

/// A piece of text with one meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) paint: Paint,
}

/// Pieces from left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) pieces: Vec<Piece<'a>>,
}

impl<'a> Line<'a> {
    pub(super) const fn new() -> Self {
        Self { pieces: Vec::new() }
    }

    pub(super) fn of(text: impl Into<Cow<'a, str>>, paint: Paint) -> Self {
        Self::new().add(text, paint)
    }

    pub(super) fn add(mut self, text: impl Into<Cow<'a, str>>, paint: Paint) -> Self {
        self.push(text, paint);
        self
    }

    pub(super) fn push(&mut self, text: impl Into<Cow<'a, str>>, paint: Paint) {
        let text = text.into();
        if !text.is_empty() {
            self.pieces.push(Piece { text, paint });
        }
    }

    pub(super) fn text(self, text: impl Into<Cow<'a, str>>) -> Self {
        self.add(text, Paint::Text)
    }

    pub(super) fn dim(self, text: impl Into<Cow<'a, str>>) -> Self {
        self.add(text, Paint::Dim)
    }

    /// The glyph of a state and a space.
    pub(super) fn state(self, state: State) -> Self {
        self.add(state.glyph(), state.paint()).text(" ")
    }

    /// Two spaces, unless the line is still empty.
    pub(super) fn gap(self) -> Self {
        if self.is_empty() {
            self
        } else {
            self.text("  ")
        }
    }

    pub(super) fn join(mut self, other: Self) -> Self {
        self.pieces.extend(other.pieces);
        self
    }

    /// Spaces up to a column, so that what follows stands in a table.
    pub(super) fn pad_to(self, column: usize) -> Self {
        let missing = column.saturating_sub(self.width());
        self.text(" ".repeat(missing))
    }

    pub(super) fn width(&self) -> usize {
        self.pieces.iter().map(|p| text::width(&p.text)).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }
}

/// Puts groups one after the other into as few lines as fit, without breaking a group.
pub(super) fn flow<'a>(groups: Vec<Line<'a>>, columns: usize, between: &'a str) -> Vec<Line<'a>> {
    let (mut lines, mut line) = (Vec::new(), Line::new());
    for group in groups.into_iter().filter(|g| !g.is_empty()) {
        let needed = line.width() + text::width(between) + group.width();
        if line.is_empty() {
            line = group;
        } else if needed <= columns {
            line = line.text(between).join(group);
        } else {
            lines.push(std::mem::replace(&mut line, group));
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_flow_without_breaking() {
        let groups = ["aaa", "bb", "cccc"]
            .map(|t| Line::of(t, Paint::Text))
            .to_vec();
        let widths: Vec<usize> = flow(groups, 8, "  ").iter().map(Line::width).collect();
        assert_eq!(widths, [7, 4]);
    }
}
