//! A bar that fills from the left.

use super::line::Line;
use super::theme::{Paint, glyph};

/// `share` of the columns filled; what is over one stays full.
pub(super) fn bar(share: f64, columns: usize, paint: Paint) -> Line<'static> {
    let share = if share.is_finite() {
        share.clamp(0.0, 1.0)
    } else {
        0.0
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between zero and the number of columns"
    )]
    let full = (share * columns as f64).floor() as usize;
    Line::of(glyph::BAR_FULL.repeat(full), paint)
        .dim(glyph::BAR_EMPTY.repeat(columns.saturating_sub(full)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_wide_as_asked() {
        for share in [-1.0, 0.0, 0.3, 1.0, 7.0, f64::NAN] {
            assert_eq!(bar(share, 10, Paint::Good).width(), 10);
        }
    }
}
