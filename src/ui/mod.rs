//! Draws the model: `&Model` in, a frame out; nothing is changed, read or remembered here.
//!
//! [`layout`] has the map of the screen. Each file draws one thing on it and shows its tests at its bottom; whole
//! screens are tested in `screens`. Colours and glyphs come from [`theme`] only.

use std::io;

use ratatui::backend::TestBackend;
use ratatui::{Frame, Terminal};

use crate::app::model::Model;

use self::canvas::Canvas;

mod alarms;
mod bar;
mod board;
mod board_rows;
mod canvas;
mod checks_tree;
mod compare;
mod confirm;
mod deploy_view;
mod dialog_box;
mod dialogs;
mod errors;
mod events;
mod faults;
#[cfg(test)]
mod fixtures;
mod footer;
mod forecast;
mod form;
mod format;
mod guards;
mod header;
mod help;
mod journal_page;
mod layout;
mod line;
mod lookup;
mod name_servers;
mod paused;
mod quit;
mod reading;
mod reason;
mod repair;
mod run_strip;
#[cfg(test)]
mod screens;
mod serving;
mod sheet;
mod signal_rows;
mod signals_page;
mod sparkline;
mod stack_rows;
mod stacks_page;
mod state;
mod text;
pub mod theme;
mod too_small;
mod traffic_page;
mod traffic_strip;
mod unfinished;

pub use self::theme::{Palette, Theme};

/// A screen as text, of the size that the model knows, without colours.
pub fn plain(model: &Model) -> io::Result<String> {
    let (width, height) = model.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).map_err(io::Error::other)?;
    let theme = Theme::of_terminal(true, None, None, true);
    let drawn = terminal
        .draw(|frame| draw(frame, model, &theme))
        .map_err(io::Error::other)?;
    let mut text = String::new();
    for y in 0..height {
        let mut row = String::new();
        let mut x = 0;
        while let Some(cell) = drawn.buffer.cell((x, y)).filter(|_| x < width) {
            row.push_str(cell.symbol());
            x += u16::try_from(text::width(cell.symbol()).max(1)).unwrap_or(1);
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    Ok(text)
}

/// Draws one frame.
pub fn draw(frame: &mut Frame<'_>, model: &Model, theme: &Theme) {
    let rule = header::world_rule(&model.env.mode);
    let mut canvas = Canvas::new(frame.buffer_mut(), theme, rule);
    layout::render(&mut canvas, model);
}
