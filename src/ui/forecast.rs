//! What a deployment would change, in the review: what could lose data on top, then counts, resources, parameters.

use crate::app::dialog::Confirm;
use crate::domain::change::{Change, ChangeAction, Replacement};
use crate::domain::forecast::{Basis, Forecast, ParameterChange};
use crate::domain::plan::{Plan, Step};

use super::canvas::Canvas;
use super::footer::{Shown, field_at};
use super::line::Line;
use super::state::State;
use super::text;
use super::theme::Paint;

/// Every change that could lose data, above everything else.
pub(super) fn dangers(plan: &Plan, columns: usize) -> Vec<Line<'static>> {
    let forecasts = plan.steps.iter().filter_map(|step| step.forecast.as_ref());
    let all = forecasts.flat_map(Forecast::dangers).map(|change| {
        let causes = if change.causes.is_empty() {
            String::new()
        } else {
            format!(", because of {}", change.causes.join(", "))
        };
        let words = format!(
            "{} {} {}: data would be lost{causes}",
            word(change),
            change.logical_id,
            change.resource_type
        );
        Line::new().state(State::Bad).add(
            text::cut_end(&words, columns.saturating_sub(2)).into_owned(),
            Paint::Bad,
        )
    });
    all.collect()
}

/// What is known of one step's stack; with a filter only the changes and parameters that contain it.
pub(super) fn lines<'a>(step: &'a Step, filter: &str, columns: usize) -> Vec<Line<'a>> {
    let Some(forecast) = &step.forecast else {
        return Vec::new();
    };
    let paint = match &forecast.basis {
        Basis::Failed(_) => Paint::Bad,
        Basis::Pending | Basis::Later { .. } => Paint::Warn,
        Basis::Template | Basis::Unchanged | Basis::ChangeSet { .. } => Paint::Text,
    };
    let headline = text::wrap(&forecast.headline(), columns.saturating_sub(4));
    let mut lines: Vec<Line<'_>> = headline
        .into_iter()
        .map(|words| Line::of("    ", Paint::Text).add(words, paint))
        .collect();
    if !matches!(forecast.basis, Basis::Template) || !filter.is_empty() {
        // what a new stack adds is its template: the count says enough, unless something is looked for
        let all = forecast.changes.iter();
        let mut changes: Vec<&Change> = all.filter(|c| contains(c, filter)).collect();
        changes.sort_by_key(|change| rank(change));
        lines.extend(
            changes
                .into_iter()
                .map(|change| change_line(change, columns)),
        );
    }
    let changed = forecast
        .parameters
        .iter()
        .filter(|p| p.differs() || p.hidden)
        .filter(|p| text::contains(&p.name, filter));
    lines.extend(changed.map(|parameter| parameter_line(parameter, columns)));
    lines
}

/// Whether a change contains the text, in what its line says of it.
fn contains(change: &Change, wanted: &str) -> bool {
    let causes = change.causes.iter().map(String::as_str);
    [word(change), &change.logical_id, &change.resource_type]
        .into_iter()
        .chain(causes)
        .any(|said| text::contains(said, wanted))
}

/// The filter while it is typed, what it leaves, or its key.
pub(super) fn filter(canvas: &mut Canvas<'_>, confirm: &Confirm) {
    let Some(filter) = &confirm.filter else {
        if confirm.has_changes() {
            canvas.line(0, &Line::of("/", Paint::Key).dim(" filter the changes"));
        }
        return;
    };
    let field = &filter.text;
    let steps = confirm.plan.steps.iter();
    let forecasts = steps.filter_map(|step| step.forecast.as_ref());
    let all: Vec<&Change> = forecasts.flat_map(|f| &f.changes).collect();
    let left = all.iter().filter(|c| contains(c, field.value())).count();
    let count = format!("{left} of {} changes", all.len());
    let room = canvas.width().saturating_sub(text::width(&count) + 3);
    if filter.typing {
        let x = canvas.put(0, 0, "/", Paint::Key);
        field_at(&mut canvas.part((x, 0), room, 1), field, Shown::Plain);
    } else {
        let kept = format!("/{}", text::cut_end(field.value(), room));
        let how = Line::of(kept, Paint::Warn).gap().dim("Esc clears");
        canvas.line(0, &how);
    }
    canvas.line_right(0, &Line::of(count, Paint::Dim));
}

/// That AWS is still asked about a stack that is to go.
pub(super) fn inspecting(step: &Step) -> Option<Line<'static>> {
    let pending = step.inspection.as_ref()?.is_pending();
    pending.then(|| Line::of("    AWS is asked what stands in its way", Paint::Warn))
}

/// The most dangerous first.
const fn rank(change: &Change) -> u8 {
    match (change.action, change.replacement) {
        (ChangeAction::Remove, _) => 0,
        (ChangeAction::Modify, Replacement::Yes) => 1,
        (ChangeAction::Modify, Replacement::Conditional) => 2,
        (ChangeAction::Modify, Replacement::No) => 3,
        (ChangeAction::Import | ChangeAction::Other, _) => 4,
        (ChangeAction::Add, _) => 5,
    }
}

const fn word(change: &Change) -> &'static str {
    match (change.action, change.replacement) {
        (ChangeAction::Add, _) => "add",
        (ChangeAction::Modify, Replacement::No) => "modify",
        (ChangeAction::Modify, Replacement::Conditional) => "REPLACE?",
        (ChangeAction::Modify, Replacement::Yes) => "REPLACE",
        (ChangeAction::Remove, _) => "REMOVE",
        (ChangeAction::Import, _) => "import",
        (ChangeAction::Other, _) => "other",
    }
}

fn change_line(change: &Change, columns: usize) -> Line<'_> {
    let paint = if rank(change) < 3 {
        Paint::Bad
    } else {
        Paint::Dim
    };
    let line = Line::of("      ", Paint::Text)
        .add(word(change), paint)
        .pad_to(15)
        .text(text::cut_middle(&change.logical_id, 26))
        .pad_to(42);
    let room = columns.saturating_sub(43);
    let words = if change.causes.is_empty() {
        change.resource_type.clone()
    } else {
        format!("{} {}", change.causes.join(", "), change.resource_type)
    };
    line.dim(text::cut_end(&words, room).into_owned())
}

fn parameter_line(parameter: &ParameterChange, columns: usize) -> Line<'_> {
    let line = Line::of("      ", Paint::Text)
        .dim(text::cut_middle(&parameter.name, 26))
        .pad_to(33);
    if parameter.hidden {
        return line.dim(format!("(hidden), {}", parameter.source));
    }
    let old = parameter.old.as_deref().unwrap_or("-");
    let new = parameter.new.as_deref().unwrap_or("-");
    let words = if parameter.old.is_none() {
        format!("{new} ({})", parameter.source)
    } else {
        format!("{old} -> {new} ({})", parameter.source)
    };
    line.text(text::cut_end(&words, columns.saturating_sub(34)).into_owned())
}
