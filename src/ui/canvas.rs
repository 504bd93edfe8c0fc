//! A part of the screen that can be written on but not left: whatever is written outside is cut off.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr as _;

use super::line::Line;
use super::text;
use super::theme::{Paint, Theme, ascii};

/// Columns and rows count from the part's own corner.
pub(super) struct Canvas<'a> {
    buf: &'a mut Buffer,
    theme: &'a Theme,
    area: Rect,
    /// The line of rules, by world, so that no screen of a rehearsal looks like a live one.
    rule: (&'static str, Paint),
}

impl<'a> Canvas<'a> {
    pub(super) fn new(buf: &'a mut Buffer, theme: &'a Theme, rule: (&'static str, Paint)) -> Self {
        let area = buf.area;
        Self {
            buf,
            theme,
            area,
            rule,
        }
    }

    pub(super) fn width(&self) -> usize {
        usize::from(self.area.width)
    }

    pub(super) fn height(&self) -> usize {
        usize::from(self.area.height)
    }

    pub(super) const fn rule_paint(&self) -> Paint {
        self.rule.1
    }

    /// A part of this part; smaller where it would stick out.
    pub(super) fn part(
        &mut self,
        (x, y): (usize, usize),
        width: usize,
        height: usize,
    ) -> Canvas<'_> {
        let wanted = Rect {
            x: self.area.x.saturating_add(clip(x)),
            y: self.area.y.saturating_add(clip(y)),
            width: clip(width),
            height: clip(height),
        };
        Canvas {
            area: wanted.intersection(self.area),
            buf: self.buf,
            theme: self.theme,
            rule: self.rule,
        }
    }

    /// The rows from `y` on.
    pub(super) fn rows(&mut self, y: usize, height: usize) -> Canvas<'_> {
        let width = self.width();
        self.part((0, y), width, height)
    }

    /// Writes a text; returns the column after it.
    pub(super) fn put(&mut self, x: usize, y: usize, text: &str, paint: Paint) -> usize {
        let end = x + text::width(text);
        if y >= self.height() || x >= self.width() || text.is_empty() {
            return end;
        }
        let style = self.theme.style(paint);
        let (left, top) = (self.area.x + clip(x), self.area.y + clip(y));
        let room = self.width() - x;
        if self.theme.is_ascii() && !text.is_ascii() {
            self.buf.set_stringn(left, top, to_ascii(text), room, style);
        } else {
            self.buf.set_stringn(left, top, text, room, style);
        }
        end
    }

    /// Writes a line from `x` on; one that does not fit ends in an ellipsis.
    pub(super) fn line_at(&mut self, x: usize, y: usize, line: &Line<'_>) -> usize {
        self.line_within(x, y, line, self.width())
    }

    /// Writes a line from the first column on.
    pub(super) fn line(&mut self, y: usize, line: &Line<'_>) {
        self.line_at(0, y, line);
    }

    fn line_within(&mut self, mut x: usize, y: usize, line: &Line<'_>, end: usize) -> usize {
        let end = end.min(self.width());
        let fits = x + line.width() <= end;
        for piece in &line.pieces {
            // a line that is cut keeps one column for the ellipsis
            let room = end.saturating_sub(x + usize::from(!fits));
            if text::width(&piece.text) > room {
                let cut = text::broken_off(&piece.text, end.saturating_sub(x));
                return self.put(x, y, &cut, piece.paint);
            }
            x = self.put(x, y, &piece.text, piece.paint);
        }
        x
    }

    /// Writes a line that ends in the last column.
    pub(super) fn line_right(&mut self, y: usize, line: &Line<'_>) {
        let x = self.width().saturating_sub(line.width());
        self.line_at(x, y, line);
    }

    /// Writes one line at the left and one at the right; the left one gives way.
    pub(super) fn both(&mut self, y: usize, left: &Line<'_>, right: &Line<'_>) {
        let taken = right.width();
        let end = if taken == 0 {
            self.width()
        } else {
            self.width().saturating_sub(taken + 2)
        };
        self.line_within(0, y, left, end);
        self.line_right(y, right);
    }

    /// A rule across the part with words in it.
    pub(super) fn rule(&mut self, y: usize, left: &Line<'_>, right: &Line<'_>) {
        let (glyph, paint) = self.rule;
        let line = glyph.repeat(self.width());
        self.put(0, y, &line, paint);
        let right_room = if right.is_empty() {
            0
        } else {
            right.width() + 4
        };
        if !left.is_empty() {
            let padded = Line::new().text(" ").join(left.clone()).text(" ");
            let end = self.width().saturating_sub(right_room.max(1));
            self.line_within(2, y, &padded, end);
        }
        if !right.is_empty() {
            let x = self.width().saturating_sub(right_room);
            let padded = Line::new().text(" ").join(right.clone()).text(" ");
            self.line_at(x, y, &padded);
        }
    }

    /// Gives a whole row the look of the selected one, keeping its text.
    pub(super) fn select(&mut self, y: usize) {
        if y < self.height() {
            let row = Rect {
                y: self.area.y + clip(y),
                height: 1,
                ..self.area
            };
            self.buf.set_style(row, self.theme.style(Paint::Selected));
        }
    }

    /// Makes the part step back behind a dialog, keeping its text.
    pub(super) fn fade(&mut self) {
        let style = self.theme.style(Paint::Dim);
        for y in self.area.top()..self.area.bottom() {
            for x in self.area.left()..self.area.right() {
                if let Some(cell) = self.buf.cell_mut((x, y)) {
                    cell.set_style(Style::reset()).set_style(style);
                }
            }
        }
    }

    /// Empties the part, and takes away a wide character that would reach into it from the left.
    pub(super) fn clear(&mut self) {
        for y in self.area.top()..self.area.bottom() {
            let before = self
                .area
                .x
                .checked_sub(1)
                .and_then(|x| self.buf.cell_mut((x, y)));
            if let Some(cell) = before.filter(|cell| cell.symbol().width() > 1) {
                cell.set_symbol(" ");
            }
            for x in self.area.left()..self.area.right() {
                if let Some(cell) = self.buf.cell_mut((x, y)) {
                    cell.reset();
                }
            }
        }
    }
}

/// A terminal has fewer than 65,536 columns and rows.
fn clip(size: usize) -> u16 {
    u16::try_from(size).unwrap_or(u16::MAX)
}

fn to_ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            out.push_str(ascii(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::Palette;

    fn shown(width: u16, write: impl FnOnce(&mut Canvas<'_>)) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
        let theme = Theme::new(Palette::NoColour, false);
        write(&mut Canvas::new(&mut buf, &theme, ("━", Paint::RuleLive)));
        buf.content
            .iter()
            .map(ratatui::buffer::Cell::symbol)
            .collect()
    }

    #[test]
    fn what_does_not_fit_ends_in_an_ellipsis() {
        let line = Line::of("abc", Paint::Text).text("defgh");
        assert_eq!(shown(8, |c| c.line(0, &line)), "abcdefgh");
        assert_eq!(shown(6, |c| c.line(0, &line)), "abcde…");
        assert_eq!(shown(3, |c| c.line(0, &line)), "ab…");
        assert_eq!(shown(2, |c| c.line(0, &line)), "a…");
    }

    #[test]
    fn the_left_gives_way_to_the_right() {
        let (left, right) = (
            Line::of("abcdefgh", Paint::Text),
            Line::of("xy", Paint::Text),
        );
        assert_eq!(shown(9, |c| c.both(0, &left, &right)), "abcd…  xy");
    }

    #[test]
    fn nothing_is_written_outside_of_a_part() {
        let written = shown(6, |c| {
            let mut part = c.part((2, 0), 3, 1);
            part.put(0, 0, "abcdef", Paint::Text);
            part.put(0, 7, "no", Paint::Text);
            part.put(9, 0, "no", Paint::Text);
        });
        assert_eq!(written, "  abc ");
    }
}
