//! Where things are on the screen.
//!
//! ```text
//! header      environment, badge of the world, marks ............. role, credentials, load, clock
//! pause       one line, only while an operation waits for a new login
//! ┌ page ───────────────────────────────────────────────────────────────────────────────────────┐
//! │ ━━ region rule ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ │
//! │             primary  value ● │ = thing        │ ● value  standby               (Board: mirror) │
//! │ ━━ traffic ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ │
//! │   where traffic goes, may I move it              (Board: traffic strip, or the running operation) │
//! │ ━━ alarms ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ │
//! │ ━━ events ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ │
//! └─────────────────────────────────────────────────────────────────────────────────────────────┘
//! tabs        ━━ 1 Board  2 Stacks  3 Traffic  4 Signals  5 Journal ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
//! footer      the keys that apply, or a notice, or the text being typed
//! ```
//!
//! A dialog lies over the page; header, tabs and footer stay visible.

use crate::app::model::{Model, Page};

use super::canvas::Canvas;
use super::{
    board, dialogs, footer, header, journal_page, paused, signals_page, stacks_page, too_small,
    traffic_page,
};

/// The smallest screen that shows everything.
pub(super) const LEAST: (usize, usize) = (80, 24);

/// Rows that every page leaves to header, tabs and footer.
const FRAME_ROWS: usize = 3;

/// From this width on there is room for two columns of text.
pub(super) const WIDE: usize = 110;

/// From this size on the Board shows everything in full.
pub(super) const RICH: (usize, usize) = (160, 50);

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model) {
    if canvas.width() < LEAST.0 || canvas.height() < LEAST.1 {
        too_small::render(canvas, model);
        return;
    }
    let height = canvas.height();
    header::render(&mut canvas.rows(0, 1), model);
    match paused::pause(model) {
        Some(pause) => {
            paused::render(&mut canvas.rows(1, 1), pause);
            page(&mut canvas.rows(2, height - FRAME_ROWS - 1), model);
        }
        None => page(&mut canvas.rows(1, height - FRAME_ROWS), model),
    }
    footer::render(&mut canvas.rows(height - 2, 2), model);
    if let Some(dialog) = &model.dialog {
        dialogs::render(&mut canvas.rows(1, height - FRAME_ROWS), model, dialog);
    }
}

fn page(canvas: &mut Canvas<'_>, model: &Model) {
    match model.page {
        Page::Board => board::render(canvas, model),
        Page::Stacks => stacks_page::render(canvas, model),
        Page::Traffic => traffic_page::render(canvas, model),
        Page::Signals => signals_page::render(canvas, model),
        Page::Journal => journal_page::render(canvas, model),
    }
}

/// Shares rows among sections: each gets its least, then what it wants, in the order of the list. The rest is
/// left over.
pub(super) fn share(total: usize, wants: &[(usize, usize)]) -> Vec<usize> {
    let mut left = total;
    let mut given: Vec<usize> = Vec::with_capacity(wants.len());
    for (least, _) in wants {
        let rows = (*least).min(left);
        given.push(rows);
        left -= rows;
    }
    for (rows, (_, want)) in given.iter_mut().zip(wants) {
        let more = want.saturating_sub(*rows).min(left);
        *rows += more;
        left -= more;
    }
    given
}

/// The first row to show so that the selected one of `count` is visible in `height` rows.
pub(super) fn first_row(selected: usize, count: usize, height: usize) -> usize {
    let selected = selected.min(count.saturating_sub(1));
    let most = count.saturating_sub(height);
    selected.saturating_sub(height / 2).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_shared_by_rank() {
        assert_eq!(share(17, &[(2, 3), (6, 9), (1, 2), (2, 9)]), [3, 9, 2, 3]);
        assert_eq!(share(5, &[(2, 3), (6, 9), (1, 2)]), [2, 3, 0]);
        assert_eq!(share(99, &[(2, 3), (6, 9)]), [3, 9]);
    }

    #[test]
    fn the_selected_row_is_visible() {
        assert_eq!(first_row(0, 100, 10), 0);
        assert_eq!(first_row(50, 100, 10), 45);
        assert_eq!(first_row(500, 100, 10), 90);
        assert_eq!(first_row(3, 4, 10), 0);
    }
}
