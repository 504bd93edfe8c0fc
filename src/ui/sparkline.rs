//! A small chart of a signal's history, one column per period, newest at the right.
//!
//! Periods without a reading are gaps (`·`), never zeros, unless silence means zero for the signal. Columns over a
//! limit take the limit's colour. The two sides of a row share their scale, so that they can be compared.

use jiff::Timestamp;

use crate::domain::signal::{Series, SignalSpec, Verdict};

use super::canvas::Canvas;
use super::theme::{Paint, glyph};

/// What to draw.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spark<'a> {
    pub(super) spec: &'a SignalSpec,
    pub(super) series: &'a Series,
    /// When the series was read.
    pub(super) read: Timestamp,
    /// The right edge: the newest datapoint while the reading is fresh, else now.
    pub(super) end: Timestamp,
    /// The value of a full column.
    pub(super) top: f64,
}

/// The value that fills a column: the largest seen, or the warning limit if that is higher.
pub(super) fn top(spec: &SignalSpec, series: &Series) -> f64 {
    let largest = series
        .0
        .iter()
        .map(|p| p.value)
        .filter(|v| v.is_finite())
        .fold(0.0, f64::max);
    largest.max(spec.warn.or(spec.breach).unwrap_or(0.0))
}

impl Spark<'_> {
    /// The value of each of the last `columns` periods.
    fn values(&self, columns: usize) -> Vec<Option<f64>> {
        let period = i64::from(self.spec.period_seconds.max(1));
        let slot = |at: Timestamp| at.as_second().div_euclid(period);
        let last = slot(self.end);
        let first = last - i64::try_from(columns).unwrap_or(0) + 1;
        let silent = self.spec.kind.silence_is_zero().then_some(0.0);
        let mut values: Vec<Option<f64>> = (first..=last)
            .map(|s| if s <= slot(self.read) { silent } else { None })
            .collect();
        for point in self.series.0.iter().rev() {
            let Ok(index) = usize::try_from(slot(point.at) - first) else {
                break;
            };
            if let Some(value) = values.get_mut(index).filter(|_| point.value.is_finite()) {
                *value = Some(point.value);
            }
        }
        values
    }

    /// Draws over the whole canvas, from its lower edge up.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>) {
        let (columns, rows) = (canvas.width(), canvas.height());
        for (x, value) in self.values(columns).into_iter().enumerate() {
            let Some(value) = value else {
                canvas.put(x, rows.saturating_sub(1), glyph::GAP, Paint::Dim);
                continue;
            };
            let paint = match self.spec.judge(Some(value)) {
                Verdict::Good | Verdict::Unknown => Paint::Spark,
                Verdict::Warn => Paint::Warn,
                Verdict::Breach => Paint::Bad,
            };
            // a full column stays below the row above, which may have a chart of its own
            let mut eighths = level(value, self.top, rows * 8 - 1);
            for y in (0..rows).rev() {
                let Some(cell) = eighths.min(8).checked_sub(1) else {
                    break;
                };
                canvas.put(x, y, glyph::LEVELS.get(cell).unwrap_or(&""), paint);
                eighths = eighths.saturating_sub(8);
            }
        }
    }
}

/// Eighths of a row, at least one: zero is a reading too.
fn level(value: f64, top: f64, most: usize) -> usize {
    if top <= 0.0 || value <= 0.0 {
        return 1;
    }
    let wanted = (value / top * most as f64).round().clamp(1.0, most as f64);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 1..=most"
    )]
    let level = wanted as usize;
    level
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::fixtures;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_was_not_read_is_a_gap_and_silence_of_a_counter_is_zero() {
        let env = fixtures::environment();
        let spec = |id: &str| env.signals.iter().find(|s| s.id.0 == id).unwrap();
        let series = fixtures::series(at(600), &[1.0, 2.0]);
        let spark = |id| Spark {
            spec: spec(id),
            series: &series,
            read: at(700),
            end: at(779),
            top: 2.0,
        };
        // points at 540 and 600, the reading at 700, now 779
        let lag = spark("table-lag").values(5);
        assert_eq!(lag, [None, Some(1.0), Some(2.0), None, None]);
        let errors = spark("errors-primary").values(5);
        assert_eq!(errors, [Some(0.0), Some(1.0), Some(2.0), Some(0.0), None]);
    }

    #[test]
    fn levels_fill_from_below() {
        assert_eq!(level(0.0, 10.0, 8), 1);
        assert_eq!(level(10.0, 10.0, 8), 8);
        assert_eq!(level(5.0, 10.0, 16), 8);
        assert_eq!(level(f64::MAX, 10.0, 8), 8);
        assert_eq!(level(1.0, 0.0, 8), 1);
    }
}
