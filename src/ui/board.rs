//! The Board: both regions side by side, where traffic goes between them, what fires, what happened.
//!
//! Order of reading: where does traffic go → may I move it → what is wrong on either side → what happened last.

use crate::app::model::Model;
use crate::domain::observation::Serving;
use crate::domain::observed::FailureKind;
use crate::domain::region::{PerRole, Role};

use super::board_rows::{Rank, Row, Side, rows};
use super::canvas::Canvas;
use super::line::Line;
use super::state::{Mark, State};
use super::theme::{Paint, glyph};
use super::{alarms, events, layout, run_strip, text, traffic_strip};

/// Rows of the mirror that stay whatever happens.
const LEAST_ROWS: usize = 6;

/// Lines of a signal's chart where there is room.
const MOST_CHART: usize = 3;

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model) {
    let rows = rows(model);
    let parts = Parts::of(canvas, model, &rows);
    let mut y = 0;
    region_rule(&mut canvas.rows(y, 1), model);
    mirror(&mut canvas.rows(y + 1, parts.mirror), &rows, parts.chart);
    y += 1 + parts.mirror;
    let page = (canvas.width(), canvas.height());
    let strip = &mut canvas.rows(y, 1 + parts.strip);
    match run_strip::run(model) {
        Some(run) => run_strip::render(strip, model, run),
        None => traffic_strip::render(strip, model, page),
    }
    y += 1 + parts.strip;
    alarms::render(&mut canvas.rows(y, 1 + parts.alarms), model);
    y += 1 + parts.alarms;
    events::render(&mut canvas.rows(y, 1 + parts.events), model);
}

/// How the page's rows are shared, the rules not counted.
struct Parts {
    mirror: usize,
    chart: usize,
    strip: usize,
    alarms: usize,
    events: usize,
}

impl Parts {
    fn of(canvas: &Canvas<'_>, model: &Model, rows: &[Row<'_>]) -> Self {
        const RULES: usize = 4;
        let total = canvas.height().saturating_sub(RULES);
        let strip = match run_strip::run(model) {
            Some(run) => run_strip::height(model, run, canvas.width()),
            None => traffic_strip::height(model, (canvas.width(), canvas.height())),
        };
        let alarms = alarms::height(model, canvas.width());
        let charts = rows.iter().filter(|row| has_chart(row)).count();
        // while traffic moves, the sides matter more than what has long been known to be wrong
        let (least_alarms, least_events) = if run_strip::run(model).is_some() {
            (1, 2)
        } else {
            (alarms.min(3), 1)
        };
        let wants = [
            (strip, strip),
            (LEAST_ROWS.min(rows.len()), rows.len()),
            (least_alarms, alarms.min(total / 6)),
            (least_events, 6),
        ];
        let shared = layout::share(total, &wants);
        let (taken, of) = (shared.iter().sum::<usize>(), |i: usize| {
            shared.get(i).copied().unwrap_or(0)
        });
        let mut left = total.saturating_sub(taken);
        // charts of several lines are for screens where everything else already fits
        let most = if canvas.width() >= layout::RICH.0 {
            MOST_CHART - 1
        } else {
            0
        };
        let chart = 1 + left.checked_div(charts).unwrap_or(0).min(most);
        left = left.saturating_sub(charts * (chart - 1));
        Self {
            mirror: of(1) + charts * (chart - 1),
            chart,
            strip: of(0),
            alarms: of(2),
            events: of(3) + left,
        }
    }
}

fn has_chart(row: &Row<'_>) -> bool {
    row.sides
        .iter()
        .any(|(_, side)| side.as_ref().is_some_and(|s| s.spark.is_some()))
}

/// Both regions with their roles; which one serves.
fn region_rule(canvas: &mut Canvas<'_>, model: &Model) {
    let serves = |role: Role| model.facts.serving == Serving::of(role);
    let name = |role: Role| {
        let title = role.as_str().to_uppercase();
        Line::of(model.env.regions.get(role).to_string(), Paint::Strong)
            .text(" ")
            .add(title, Paint::Title)
    };
    let mut left = name(Role::Primary).join(trouble(model, Role::Primary));
    if serves(Role::Primary) {
        left = left.add(" ◀ SERVING", Paint::Serving);
    }
    let mut right = Line::new();
    if serves(Role::Standby) {
        right = right.add("SERVING ▶ ", Paint::Serving);
    }
    right = right
        .join(name(Role::Standby))
        .join(trouble(model, Role::Standby));
    canvas.rule(0, &left, &right);
    let middle = middle(model);
    if !middle.is_empty() {
        let padded = Line::new().text(" ").join(middle).text(" ");
        let free = canvas
            .width()
            .saturating_sub(left.width() + right.width() + 8);
        if padded.width() <= free {
            let x = left.width() + 4 + (free - padded.width()) / 2;
            canvas.line_at(x, 0, &padded);
        }
    }
}

fn middle(model: &Model) -> Line<'static> {
    let moving = model.run.as_deref().filter(|run| run.is_running());
    match moving.and_then(|run| run.plan().destination()) {
        Some(Role::Standby) => Line::of("moving ▶", Paint::Progress),
        Some(Role::Primary) => Line::of("◀ moving", Paint::Progress),
        None => match model.facts.serving {
            Serving::Split => Line::of("traffic is SPLIT", Paint::Bad),
            Serving::Unknown => Line::of("serving unknown", Paint::Unknown),
            Serving::Primary | Serving::Standby => Line::new(),
        },
    }
}

/// Whether a side does not answer: its health path, or only AWS there.
fn trouble(model: &Model, role: Role) -> Line<'static> {
    let region = model.seen.regions.get(role);
    let dark = region
        .endpoint
        .failure()
        .is_some_and(|f| f.kind == FailureKind::Unreachable);
    if dark {
        Line::of(" NOT ANSWERING", Paint::Bad)
    } else if region.is_reachable() == Some(false) {
        Line::of(" AWS NOT ANSWERING", Paint::Bad)
    } else {
        Line::new()
    }
}

/// The columns of the mirror.
struct Columns {
    left: usize,
    label: usize,
    right: usize,
    /// The widest value beside a chart, of each side.
    values: PerRole<usize>,
}

impl Columns {
    fn of(width: usize, rows: &[Row<'_>]) -> Self {
        let longest = rows
            .iter()
            .map(|row| text::width(&row.label))
            .max()
            .unwrap_or(0);
        let label = longest.clamp(14, (width / 5).max(14));
        let sides = width.saturating_sub(label + 6);
        Self {
            left: sides / 2,
            label,
            right: sides - sides / 2,
            values: PerRole::from_fn(|role| widest_value(rows, role)),
        }
    }

    const fn right_at(&self) -> usize {
        self.left + self.label + 6
    }
}

/// Charts of all rows line up beside the widest of their values.
fn widest_value(rows: &[Row<'_>], role: Role) -> usize {
    let sides = rows.iter().filter_map(|row| row.sides.get(role).as_ref());
    let charted = sides.filter(|side| side.spark.is_some());
    charted
        .map(|side| side.cell.line().width())
        .max()
        .unwrap_or(0)
}

fn mirror(canvas: &mut Canvas<'_>, rows: &[Row<'_>], chart: usize) {
    let columns = Columns::of(canvas.width(), rows);
    let lines: usize = rows.iter().map(|row| height_of(row, chart)).sum();
    let (shown, hidden) = if lines <= canvas.height() {
        ((0..rows.len()).collect(), 0)
    } else {
        choose(rows, canvas.height())
    };
    let chart = if hidden > 0 { 1 } else { chart };
    let mut y = 0;
    for row in shown.into_iter().filter_map(|index| rows.get(index)) {
        let height = height_of(row, chart);
        draw_row(&mut canvas.rows(y, height), &columns, row);
        y += height;
    }
    if hidden > 0 {
        let more = format!("{hidden} more on pages 2 and 4");
        canvas.put(columns.left + 2, y, glyph::ELLIPSIS, Paint::Dim);
        canvas.put(
            columns.left + 4,
            y,
            &text::cut_end(&more, columns.label + columns.right),
            Paint::Dim,
        );
    }
}

fn height_of(row: &Row<'_>, chart: usize) -> usize {
    if has_chart(row) { chart } else { 1 }
}

/// The rows that are shown where not all fit: the core, then what is not well, then what would be lost, then the rest in
/// order.
fn choose(rows: &[Row<'_>], height: usize) -> (Vec<usize>, usize) {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|index| {
        rows.get(*index).map(|row| match (row.rank, row.state()) {
            (Rank::Core, _) => 0,
            (_, State::Bad | State::Warn) => 1,
            (Rank::Replication, _) => 2,
            (Rank::Other, State::Progress | State::Unknown) => 3,
            (Rank::Other, State::Good) => 4,
        })
    });
    order.truncate(height.saturating_sub(1));
    order.sort_unstable();
    let hidden = rows.len() - order.len();
    (order, hidden)
}

fn draw_row(canvas: &mut Canvas<'_>, columns: &Columns, row: &Row<'_>) {
    let last = canvas.height().saturating_sub(1);
    for y in 0..=last {
        canvas.put(columns.left, y, "│", Paint::Dim);
        canvas.put(columns.right_at() - 1, y, "│", Paint::Dim);
    }
    let x = columns.left + 2;
    canvas.put(x, last, row.mark.glyph(), mark_paint(row));
    let label = text::cut_end(&row.label, columns.label);
    canvas.put(x + 2, last, &label, Paint::Text);
    if let Some(side) = &row.sides.primary {
        let part = &mut canvas.part((0, 0), columns.left, last + 1);
        left(part, side, columns.values.primary);
    }
    if let Some(side) = &row.sides.standby {
        let (x, width) = (columns.right_at(), columns.right);
        let part = &mut canvas.part((x, 0), width, last + 1);
        right(part, side, columns.values.standby);
    }
}

/// A difference between two sides that are both well is no reason to look.
fn mark_paint(row: &Row<'_>) -> Paint {
    match (row.mark, row.state()) {
        (Mark::Same | Mark::OneSide, _) | (Mark::Differs, State::Good) => Paint::Dim,
        (Mark::CannotTell, _) => Paint::Unknown,
        (Mark::Differs, _) => Paint::Warn,
    }
}

/// Columns beside the value: a blank, the glyph, a blank.
const GLYPH: usize = 3;

/// The narrowest chart that still shows a trend.
const LEAST_SPARK: usize = 4;

/// The primary's side: its value ends at the middle, its chart stands to the left of it.
fn left(canvas: &mut Canvas<'_>, side: &Side<'_>, value: usize) {
    let (width, last) = (canvas.width(), canvas.height() - 1);
    let line = side.cell.line();
    let room = width.saturating_sub(GLYPH + 1);
    let x = 1 + room.saturating_sub(line.width());
    canvas
        .part((x, last), room.min(line.width()), 1)
        .line(0, &line);
    canvas.put(
        width.saturating_sub(2),
        last,
        side.cell.state.glyph(),
        side.cell.state.paint(),
    );
    if let Some(spark) = &side.spark {
        let end = width.saturating_sub(GLYPH + value + 2);
        let wide = end.saturating_sub(1).min(chart_width(width));
        if wide >= LEAST_SPARK {
            spark.draw(&mut canvas.part((end - wide, 0), wide, last + 1));
        }
    }
}

/// The standby's side: its value begins at the middle, its chart stands to the right of it.
fn right(canvas: &mut Canvas<'_>, side: &Side<'_>, value: usize) {
    let (width, last) = (canvas.width(), canvas.height() - 1);
    canvas.put(1, last, side.cell.state.glyph(), side.cell.state.paint());
    let line = side.cell.line();
    let room = width.saturating_sub(GLYPH + 1);
    canvas.part((GLYPH, last), room, 1).line(0, &line);
    if let Some(spark) = &side.spark {
        let start = GLYPH + value + 2;
        let wide = width.saturating_sub(start + 1).min(chart_width(width));
        if wide >= LEAST_SPARK {
            spark.draw(&mut canvas.part((start, 0), wide, last + 1));
        }
    }
}

/// A little less than half of a side, so that charts of all rows line up beside their values.
const fn chart_width(side: usize) -> usize {
    side * 9 / 20
}
