//! The review of a plan and its confirmation: steps, what takes them back, guards, and the name to be typed.
//!
//! The text scrolls where it is long; the fields and the buttons are always visible. Cancel has the focus first.

use std::borrow::Cow;

use crate::app::dialog::{Confirm, ConfirmFocus};
use crate::app::model::Model;
use crate::domain::environment::Mode;
use crate::domain::guard::GuardVerdict;
use crate::domain::plan::{Plan, Situation, Step};
use crate::domain::region::Role;
use crate::domain::unfinished::Choice;

use super::canvas::Canvas;
use super::footer::{Shown, field_at, field_unfocused};
use super::line::{Line, flow};
use super::state::State;
use super::theme::Paint;
use super::{dialog_box, forecast, format, guards, header, lookup, serving, text};

/// Lines below the text: override, error, two fields, a blank, the buttons.
const FIXED: usize = 6;

/// Where the text of a field begins.
const FIELD_AT: usize = 32;

pub(super) fn render(canvas: &mut Canvas<'_>, model: &Model, confirm: &Confirm) {
    let columns = canvas.width().saturating_sub(8).min(110);
    let text = review(model, confirm, columns);
    let rows = text.len() + 1 + FIXED;
    dialog_box::draw(canvas, &title(model, confirm), (columns, rows), |inside| {
        let height = inside.height().saturating_sub(FIXED);
        dialog_box::scrolled(&mut inside.rows(0, height), &text, confirm.scroll);
        fixed(&mut inside.rows(height, FIXED), model, confirm);
    });
}

fn title(model: &Model, confirm: &Confirm) -> Line<'static> {
    let plan = &confirm.plan;
    let kind = serving::verb(model, plan.kind);
    let to = if kind == plan.kind.title() {
        "to"
    } else {
        "on"
    };
    let kind = kind.to_uppercase();
    let to = plan.destination().map_or_else(String::new, |role| {
        format!(" {to} {}", model.env.regions.get(role))
    });
    let paint = if plan.production {
        Paint::Bad
    } else {
        Paint::Title
    };
    let choice = match confirm.resumes.as_ref().map(|r| r.choice) {
        None if confirm.cancels => "STOP: ",
        None => "",
        Some(Choice::Continue) => "CONTINUE: ",
        Some(Choice::GiveUp) => "GIVE UP: ",
    };
    let words = Line::of(format!("{choice}{kind} {}{to}", plan.environment), paint);
    match model.env.mode {
        Mode::Live => words,
        Mode::Rehearsal { .. } | Mode::Endpoint { .. } => {
            header::badge(&model.env.mode, 80).text(" ").join(words)
        }
    }
}

/// The plan in full.
fn review<'a>(model: &'a Model, confirm: &'a Confirm, columns: usize) -> Vec<Line<'a>> {
    let plan = &confirm.plan;
    let mut lines = vec![situation(model, plan)];
    lines.extend(forecast::dangers(plan, columns));
    for (index, step) in plan.steps.iter().enumerate() {
        lines.extend(step_lines(model, index, step, columns));
        lines.extend(forecast::lines(step, confirm.wanted(), columns));
        lines.extend(forecast::inspecting(step));
    }
    lines.push(Line::new());
    lines.extend(verdicts(model, plan, columns));
    for note in &plan.notes {
        let wrapped = text::wrap(note, columns);
        lines.extend(wrapped.into_iter().map(|line| Line::of(line, Paint::Dim)));
    }
    lines
}

/// PRODUCTION, and whether it is planned or an emergency.
fn situation(model: &Model, plan: &Plan) -> Line<'static> {
    let line = if plan.production {
        Line::of(" PRODUCTION ", Paint::Production).text("  ")
    } else {
        Line::new()
    };
    if !plan.kind.moves_traffic() {
        return line.dim(format!(
            "bundle {}, suffix {}",
            model.env.bundle, model.env.suffix
        ));
    }
    match (plan.situation, model.facts.dark_since) {
        (Situation::Planned, _) => line.text("planned: the primary is healthy"),
        (Situation::Emergency, Some(since)) => {
            let words = format!(
                "emergency: primary dark since {}",
                format::when(since, model.now)
            );
            line.add(words, Paint::Bad)
        }
        (Situation::Emergency, None) => line.add("emergency", Paint::Bad),
    }
}

/// Number, what, where, how long, what takes it back (below if there is no room beside).
fn step_lines<'a>(model: &'a Model, index: usize, step: &'a Step, columns: usize) -> Vec<Line<'a>> {
    let title_room = (columns / 2).saturating_sub(3).clamp(20, 40);
    let region_at = 4 + title_room + 1;
    let region = step
        .role
        .map_or_else(String::new, |role| lookup::region_column(model, role));
    let expect_at = region_at + text::width(&lookup::region_column(model, Role::Primary)) + 1;
    let line = Line::of(format!("{:>2}  ", index + 1), Paint::Dim)
        .text(short_title(&step.title, title_room))
        .pad_to(region_at)
        .text(region)
        .pad_to(expect_at)
        .dim(step.expect.as_deref().unwrap_or_default());
    let Some(undo) = &step.undo else {
        return vec![line];
    };
    let undo = match undo.strip_prefix("none: ") {
        Some(instead) => Line::of("no undo: ", Paint::Dim).text(instead),
        None => Line::of("undo: ", Paint::Dim).text(undo.as_str()),
    };
    let beside = expect_at + 20;
    if beside + undo.width() <= columns {
        vec![line.pad_to(beside).join(undo)]
    } else {
        let below = columns.saturating_sub(undo.width());
        vec![line, Line::new().pad_to(expect_at.min(below)).join(undo)]
    }
}

/// A step's title without its verb where there is no room for it: the number at its end must stay.
fn short_title(title: &str, room: usize) -> Cow<'_, str> {
    let short = title.strip_prefix("wait for ").unwrap_or(title);
    if text::width(title) <= room {
        Cow::Borrowed(title)
    } else {
        text::cut_middle(short, room)
    }
}

/// What speaks against it in full, what speaks for it in a few words.
fn verdicts<'a>(model: &Model, plan: &'a Plan, columns: usize) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for verdict in [GuardVerdict::Refuse, GuardVerdict::Warn] {
        for guard in plan.guards.iter().filter(|g| g.verdict == verdict) {
            let state = guards::state(guard);
            let wrapped = text::wrap(&guards::sentence(model, guard), columns.saturating_sub(2));
            for (index, words) in wrapped.into_iter().enumerate() {
                let head = if index == 0 {
                    Line::new().state(state)
                } else {
                    Line::new().text("  ")
                };
                lines.push(head.add(words, state.words()));
            }
        }
    }
    let allowed = plan
        .guards
        .iter()
        .filter(|g| g.verdict == GuardVerdict::Allow)
        .map(|guard| {
            let state = guards::state(guard);
            let value = text::cut_end(&guards::value(model, guard), 24).into_owned();
            Line::new()
                .state(state)
                .dim(format!("{} ", guards::label(guard.id)))
                .add(value, state.words())
        });
    lines.extend(flow(allowed.collect(), columns, "  "));
    lines
}

/// What is always visible below the text.
fn fixed(canvas: &mut Canvas<'_>, model: &Model, confirm: &Confirm) {
    canvas.line(0, &overriding(model, confirm));
    if let Some(error) = &confirm.error {
        canvas.line(
            1,
            &Line::new()
                .state(State::Bad)
                .add(error.as_str(), Paint::Bad),
        );
    }
    let needed = confirm.plan.production || confirm.overriding;
    let reason = if needed { "Reason (needed)" } else { "Reason" };
    field(
        &mut canvas.rows(2, 1),
        reason,
        confirm,
        ConfirmFocus::Reason,
    );
    let name = format!("Type {}", confirm.plan.environment);
    field(&mut canvas.rows(3, 1), &name, confirm, ConfirmFocus::Name);
    canvas.line(4, &label(model, confirm));
    forecast::filter(&mut canvas.rows(4, 1), confirm);
    buttons(&mut canvas.rows(5, 1), model, confirm);
}

/// What a move is labelled; what was cut off keeps its label.
fn label(model: &Model, confirm: &Confirm) -> Line<'static> {
    let plan = &confirm.plan;
    if !plan.kind.moves_traffic() {
        return Line::new();
    }
    let (is, other, paint) = match (&model.env.mode, plan.drill) {
        (Mode::Live | Mode::Endpoint { .. }, true) => ("drill", "incident", Paint::Strong),
        (Mode::Live | Mode::Endpoint { .. }, false) => ("incident", "drill", Paint::Text),
        (Mode::Rehearsal { .. }, true) => ("rehearsal of a drill", "incident", Paint::Strong),
        (Mode::Rehearsal { .. }, false) => ("rehearsal of an incident", "drill", Paint::Text),
    };
    let line = Line::of("Label", Paint::Text)
        .pad_to(FIELD_AT)
        .add(is, paint);
    if confirm.resumes.is_some() {
        return line;
    }
    line.gap()
        .add("Ctrl-d", Paint::Key)
        .dim(format!(" {other}"))
}

/// Whether refusals stand, are overridden, or can't be.
fn overriding(model: &Model, confirm: &Confirm) -> Line<'static> {
    let refusals = confirm.plan.refusals().count();
    let firm = confirm.plan.refusals().filter(|g| !g.can_override).count();
    let several = confirm.plan.kind.moves_traffic()
        && model
            .env
            .traffic
            .as_ref()
            .is_some_and(|t| t.levers.len() > 1);
    let lever = if several {
        Line::of("Ctrl-l", Paint::Key).dim(" other lever")
    } else {
        Line::new()
    };
    let refused = format::plural(refusals, "refusal");
    match (refusals, firm, confirm.overriding) {
        (0, _, _) => lever,
        (_, 1.., _) => {
            let words = format!("refused: {firm} of {refused} can't be overridden");
            Line::new()
                .state(State::Bad)
                .add(words, Paint::Bad)
                .gap()
                .join(lever)
        }
        (_, 0, false) => Line::of("Ctrl-o", Paint::Key)
            .add(format!(" override {refused} with the reason"), Paint::Warn)
            .gap()
            .join(lever),
        (_, 0, true) => Line::of(format!(" OVERRIDING {refused} "), Paint::NoGo)
            .add("  Ctrl-o", Paint::Key)
            .dim(" take back")
            .gap()
            .join(lever),
    }
}

fn field(canvas: &mut Canvas<'_>, label: &str, confirm: &Confirm, which: ConfirmFocus) {
    let focused = confirm.focus == which;
    let paint = if focused { Paint::Strong } else { Paint::Text };
    canvas.put(0, 0, &text::cut_middle(label, FIELD_AT - 3), paint);
    let text = if which == ConfirmFocus::Reason {
        &confirm.reason
    } else {
        &confirm.name
    };
    let width = canvas.width().saturating_sub(FIELD_AT);
    if focused {
        canvas.put(FIELD_AT - 2, 0, ">", Paint::Key);
        field_at(
            &mut canvas.part((FIELD_AT, 0), width, 1),
            text,
            Shown::Plain,
        );
    } else {
        field_unfocused(
            &mut canvas.part((FIELD_AT, 0), width, 1),
            text,
            Shown::Plain,
        );
    }
    if which == ConfirmFocus::Name && confirm.is_typed() {
        canvas.put(FIELD_AT - 4, 0, State::Good.glyph(), Paint::Good);
    }
}

/// What does not apply yet is dim: the verb, until everything it needs is there.
fn buttons(canvas: &mut Canvas<'_>, model: &Model, confirm: &Confirm) {
    let button = |focus: ConfirmFocus, label: &str, paint: Paint| {
        if confirm.focus == focus {
            Line::of(format!("[ {label} ]"), Paint::ButtonFocused)
        } else {
            Line::of(format!("  {label}  "), paint)
        }
    };
    let ready = if confirm.is_ready() {
        Paint::Strong
    } else {
        Paint::Dim
    };
    let verb = match confirm.resumes.as_ref().map(|r| r.choice) {
        None if confirm.cancels => confirm.verb(),
        None => serving::verb(model, confirm.plan.kind),
        Some(Choice::Continue) => "Continue",
        Some(Choice::GiveUp) => "Give up",
    };
    // "cancel" must not mean two things here
    let back = if confirm.cancels {
        "Let it run"
    } else {
        "Cancel"
    };
    let line = button(ConfirmFocus::Cancel, back, Paint::Button)
        .text("     ")
        .join(button(ConfirmFocus::Proceed, verb, ready));
    canvas.line_at(FIELD_AT.saturating_sub(14), 0, &line);
    let used = FIELD_AT.saturating_sub(14) + line.width() + 2;
    let room = canvas.width().saturating_sub(used);
    let keys = [
        "Tab next  PgUp PgDn scroll  Esc cancel",
        "Tab next  Esc cancel",
    ];
    if let Some(keys) = keys.into_iter().find(|keys| text::width(keys) <= room) {
        canvas.line_right(0, &Line::of(keys, Paint::Dim));
    }
}
