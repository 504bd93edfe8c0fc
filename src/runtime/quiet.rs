//! A terminal backend that says nothing when there is nothing to say.
//!
//! An empty frame costs crossterm's backend a reset of the styles and a hidden cursor, some 25 bytes: over SSH, twice a
//! second, that is most of what an idle console would write.

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

/// Passes on what changes the terminal.
#[derive(Debug)]
pub(super) struct Quiet<B> {
    inner: B,
    is_cursor_hidden: bool,
    /// Something was passed on since the last flush.
    is_pending: bool,
}

impl<B> Quiet<B> {
    pub(super) const fn new(inner: B) -> Self {
        Self {
            inner,
            is_cursor_hidden: false,
            is_pending: false,
        }
    }
}

impl<B: Backend> Backend for Quiet<B> {
    type Error = B::Error;

    fn draw<'a, I>(&mut self, content: I) -> Result<(), Self::Error>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.is_pending = true;
        self.inner.draw(content)
    }

    fn hide_cursor(&mut self) -> Result<(), Self::Error> {
        if self.is_cursor_hidden {
            return Ok(());
        }
        self.is_cursor_hidden = true;
        self.is_pending = true;
        self.inner.hide_cursor()
    }

    fn show_cursor(&mut self) -> Result<(), Self::Error> {
        self.is_cursor_hidden = false;
        self.is_pending = true;
        self.inner.show_cursor()
    }

    fn get_cursor_position(&mut self) -> Result<Position, Self::Error> {
        self.inner.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> Result<(), Self::Error> {
        self.is_pending = true;
        self.inner.set_cursor_position(position)
    }

    fn clear(&mut self) -> Result<(), Self::Error> {
        self.is_pending = true;
        self.inner.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> Result<(), Self::Error> {
        self.is_pending = true;
        self.inner.clear_region(region)
    }

    fn size(&self) -> Result<Size, Self::Error> {
        self.inner.size()
    }

    fn window_size(&mut self) -> Result<WindowSize, Self::Error> {
        self.inner.window_size()
    }

    fn flush(&mut self) -> Result<(), Self::Error> {
        if !self.is_pending {
            return Ok(());
        }
        self.is_pending = false;
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::CrosstermBackend;
    use ratatui::layout::Rect;
    use ratatui::{TerminalOptions, Viewport};

    use super::*;

    #[test]
    fn the_same_frame_again_writes_nothing() {
        let mut bytes: Vec<u8> = Vec::new();
        let options = TerminalOptions {
            viewport: Viewport::Fixed(Rect::new(0, 0, 20, 2)),
        };
        {
            let backend = Quiet::new(CrosstermBackend::new(&mut bytes));
            let mut terminal = Terminal::with_options(backend, options).unwrap();
            for _ in 0..3 {
                terminal
                    .draw(|frame| frame.render_widget("hello", frame.area()))
                    .unwrap();
            }
        }
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.matches("hello").count(), 1, "{text:?}");
        assert_eq!(text.matches("\u{1b}[?25l").count(), 1, "{text:?}");
        assert_eq!(text.matches("\u{1b}[0m").count(), 1, "{text:?}");
    }
}
