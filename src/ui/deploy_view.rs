//! A deploy or a delete as it runs: one line per stack, the first failure pinned, the events of both regions.

use jiff::Timestamp;

use crate::app::model::{Model, Page};
use crate::app::run::{LiveEvent, Run, StepRun};
use crate::domain::observed::age;
use crate::domain::operation::StepState;
use crate::domain::plan::{Action, Step};
use crate::domain::region::Role;

use super::bar::bar;
use super::canvas::Canvas;
use super::layout::WIDE;
use super::line::Line;
use super::sheet::Sheet;
use super::state::State;
use super::theme::Paint;
use super::{format, lookup, run_strip, text};

/// The operation to show here, if there is one that changes stacks.
pub(super) fn run(model: &Model) -> Option<&Run> {
    model
        .run
        .as_deref()
        .filter(|run| !run.plan().kind.moves_traffic())
}

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model, run: &Run) {
    let mut sheet = Sheet::default();
    sheet.rule_with(title(model, run), clock(model, run));
    let steps = run.plan().steps.iter().zip(&run.steps);
    for (step, state) in steps {
        sheet.lines(stack_lines(model, run, (step, state), canvas.width()));
    }
    sheet.lines(run_strip::warnings(run, canvas.width().saturating_sub(2)));
    first_failure(&mut sheet, model, run, canvas.width());
    let head = sheet.len().min(canvas.height().saturating_sub(4));
    sheet.draw(&mut canvas.rows(0, head), 0);
    let height = canvas.height() - head;
    events(&mut canvas.rows(head, height), model, run);
}

fn title(model: &Model, run: &Run) -> Line<'static> {
    let kind = run.plan().kind.title().to_uppercase();
    let what = format!("{kind} {} as {}", model.env.bundle, model.env.suffix);
    Line::of(what, Paint::Title)
}

fn clock(model: &Model, run: &Run) -> Line<'static> {
    let done = run.steps.iter().filter(|s| is_done(s.state)).count();
    let end = run.finished.as_ref().map_or(model.now, |f| f.at);
    let taken = age(run.confirmed.at(), end).as_secs();
    let words = format!(
        "{done} of {}, {}  ",
        run.steps.len(),
        format::duration(taken as f64)
    );
    Line::of(words, Paint::Text).join(run_strip::standing(run))
}

const fn is_done(state: StepState) -> bool {
    matches!(state, StepState::Done | StepState::Skipped)
}

/// Glyph, region, name, status, progress, how long; the note below where there is no room beside.
fn stack_lines<'a>(
    model: &'a Model,
    run: &'a Run,
    (step, state): (&'a Step, &'a StepRun),
    width: usize,
) -> Vec<Line<'a>> {
    let region = step
        .role
        .map_or_else(String::new, |role| lookup::region_column(model, role));
    let glyph = State::from(state.state);
    let name_room = if width >= WIDE { 36 } else { 20 };
    let name_at = 3 + text::width(&lookup::region_column(model, Role::Primary));
    let status_at = name_at + name_room + 1;
    let (status, done, total) = progress(run, step);
    let status = if status.is_empty() {
        waiting(run, state.state)
    } else {
        status
    };
    let mut line = Line::new()
        .state(glyph)
        .dim(region)
        .pad_to(name_at - 1)
        .text(text::cut_middle(name(model, step), name_room).into_owned())
        .pad_to(status_at)
        .add(text::cut_end(status, 20), glyph.words())
        .pad_to(status_at + 21);
    if total > 0 {
        let share = done as f64 / total as f64;
        let columns = if width >= WIDE { 26 } else { 6 };
        line = line
            .text(format!("{:>7} ", format!("{done}/{total}")))
            .join(bar(share, columns, glyph.paint()))
            .text(" ");
    }
    if let Some(started) = state.started {
        line = line.dim(elapsed(started, state.finished.unwrap_or(model.now)));
    }
    // the status stands in the line already
    let Some(note) = state.note.as_ref().filter(|note| *note != status) else {
        return vec![line];
    };
    if line.width() + text::width(note) + 3 <= width {
        return vec![line.text(" ").dim(note.as_str())];
    }
    let below = text::wrap(note, width.saturating_sub(6));
    let below = below.into_iter().map(|l| Line::new().text("    ").dim(l));
    std::iter::once(line).chain(below).collect()
}

const fn waiting(run: &Run, state: StepState) -> &'static str {
    match state {
        StepState::Waiting if run.finished.is_some() => "not begun",
        StepState::Waiting => "waiting",
        StepState::Running => "starting",
        StepState::Done => "done",
        StepState::Skipped => "nothing to do",
        StepState::Failed => "failed",
    }
}

/// The stack's name, or the step's title where it is about none.
fn name<'a>(model: &'a Model, step: &'a Step) -> &'a str {
    match &step.action {
        Action::DeployStack { stack }
        | Action::DeleteStack { stack }
        | Action::RepairStack { stack, .. } => model
            .env
            .stack(stack)
            .map_or(step.title.as_str(), |spec| spec.name.as_str()),
        Action::Pull { .. }
        | Action::AwaitAlarm { .. }
        | Action::AwaitDns { .. }
        | Action::AwaitHealthy { .. }
        | Action::Approve { .. }
        | Action::AwaitPromotion { .. } => &step.title,
    }
}

fn progress<'a>(run: &'a Run, step: &Step) -> (&'a str, usize, usize) {
    let stack = match &step.action {
        Action::DeployStack { stack }
        | Action::DeleteStack { stack }
        | Action::RepairStack { stack, .. } => Some(stack),
        Action::Pull { .. }
        | Action::AwaitAlarm { .. }
        | Action::AwaitDns { .. }
        | Action::AwaitHealthy { .. }
        | Action::Approve { .. }
        | Action::AwaitPromotion { .. } => None,
    };
    stack
        .and_then(|id| run.progress.get(id))
        // a rollback goes over what was done once more
        .map_or(("", 0, 0), |p| {
            (p.status.as_str(), p.done.min(p.total), p.total)
        })
}

fn elapsed(from: Timestamp, to: Timestamp) -> String {
    format::duration(age(from, to).as_secs() as f64)
}

/// Lines of the first failure's reason at most.
const MOST_REASON: usize = 4;

fn first_failure(sheet: &mut Sheet<'_>, model: &Model, run: &Run, width: usize) {
    let Some(failure) = &run.first_failure else {
        return;
    };
    let event = &failure.event;
    let title = format!("first failure {}", format::exact(event.at));
    sheet.rule_with(Line::of(title, Paint::Bad), Line::new());
    let region = model.env.regions.get(failure.role);
    let head = Line::new()
        .state(State::Bad)
        .dim(format!("{region} "))
        .add(event.logical_id.clone(), Paint::Bad)
        .dim(format!(" {} ", short_type(&event.resource_type)))
        .add(event.status.0.clone(), Paint::Bad);
    sheet.line(head);
    let reason = event.reason.as_deref().unwrap_or("no reason given");
    let lines = text::wrap(reason, width.saturating_sub(5));
    sheet.lines(
        lines
            .into_iter()
            .take(MOST_REASON)
            .map(|line| Line::new().text("  ").text(line)),
    );
}

fn short_type(kind: &str) -> &str {
    kind.strip_prefix("AWS::").unwrap_or(kind)
}

/// Newest first, from the selected one on.
fn events(canvas: &mut Canvas<'_>, model: &Model, run: &Run) {
    let filter = model.filter.as_ref().map_or("", |f| f.value());
    let skip = model.rows.get(Page::Stacks as usize).copied().unwrap_or(0);
    let count = run.events.len();
    let title = Line::of("events", Paint::Title);
    let right = if run.first_failure.is_none() && run.is_running() {
        "no failure so far"
    } else {
        ""
    };
    canvas.rule(0, &title, &Line::of(right, Paint::Dim));
    let room = canvas.height().saturating_sub(1);
    let fits = |e: &&LiveEvent| {
        let event = &e.event;
        [&event.logical_id, &event.resource_type, &event.status.0]
            .into_iter()
            .any(|t| text::contains(t, filter))
    };
    let newest = run.events.iter().rev().filter(fits);
    let shown = newest.skip(skip.min(count.saturating_sub(room))).take(room);
    let width = canvas.width();
    let lines = shown.flat_map(|event| event_lines(model, event, width));
    for (y, line) in lines.take(room).enumerate() {
        canvas.line(y + 1, &line);
    }
    if count == 0 {
        canvas.line(1, &Line::of(" none yet", Paint::Dim));
    }
}

/// Columns of a reason that are worth showing.
const LEAST_REASON: usize = 24;

/// One event; why a resource failed goes below where there is no room beside, other reasons are left out there.
fn event_lines<'a>(model: &Model, news: &'a LiveEvent, width: usize) -> Vec<Line<'a>> {
    let event = &news.event;
    let state = State::from(&event.status);
    let region = lookup::region_column(model, news.role);
    let kind = short_type(&event.resource_type);
    let (name_room, type_room, kind) = if width >= WIDE {
        (34, 34, kind)
    } else {
        // the statuses of a rollback are long
        (18, 11, kind.rsplit("::").next().unwrap_or(kind))
    };
    let name_at = 12 + text::width(&region);
    let line = Line::new()
        .dim(format!(" {} {region}", format::exact(event.at)))
        .state(state)
        .add(
            text::cut_middle(&event.logical_id, name_room),
            state.words(),
        )
        .pad_to(name_at + name_room + 1)
        .dim(text::cut_start(kind, type_room))
        .pad_to(name_at + name_room + type_room + 2)
        .add(event.status.0.as_str(), state.words());
    let line = match news.took_seconds {
        Some(took) => line.dim(format!(" {}", format::duration(took as f64))),
        None => line,
    };
    let Some(reason) = &event.reason else {
        return vec![line];
    };
    let needed = text::width(reason).min(LEAST_REASON);
    if line.width() + 2 + needed <= width {
        vec![line.dim("  ").dim(reason.as_str())]
    } else if state == State::Bad {
        let below = Line::new().pad_to(name_at).dim(reason.as_str());
        vec![line, below]
    } else {
        vec![line]
    }
}
