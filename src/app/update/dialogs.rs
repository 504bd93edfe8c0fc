//! Keys while a dialog is open.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a key that is not bound does nothing"
)]

use std::collections::BTreeMap;

use crate::app::dialog::{Confirm, ConfirmFocus, Dialog, Form};
use crate::app::effect::Effect;
use crate::app::key::Key;
use crate::app::model::{Model, Weight};
use crate::app::update::{facilitate, input, operate, repair, resume, second};
use crate::domain::environment::ParameterSpec;
use crate::domain::unfinished::Choice;

pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    match &mut model.dialog {
        None => Vec::new(),
        Some(Dialog::Help { scroll } | Dialog::Errors { scroll } | Dialog::Compare { scroll }) => {
            if read(scroll, key) {
                model.dialog = None;
            }
            Vec::new()
        }
        Some(Dialog::Unfinished { .. }) => unfinished(model, key),
        Some(Dialog::Faults(_)) => facilitate::key(model, key),
        Some(Dialog::Quit) => quit(model, key),
        Some(Dialog::Form(_)) => form(model, key),
        Some(Dialog::Repair(_)) => repair::key(model, key),
        Some(Dialog::Confirm(_)) => confirm(model, key),
    }
}

pub(super) fn paste(model: &mut Model, text: &str) {
    match &mut model.dialog {
        Some(Dialog::Form(form)) => {
            if let Some(field) = form.fields.get_mut(form.focus) {
                field.text.paste(text);
            }
        }
        Some(Dialog::Confirm(confirm)) => match (confirm.focus, confirm.typed_filter()) {
            (_, Some(filter)) => filter.text.paste(text),
            (ConfirmFocus::Reason, None) => confirm.reason.paste(text),
            (ConfirmFocus::Name, None) => confirm.name.paste(text),
            (ConfirmFocus::Cancel | ConfirmFocus::Proceed, None) => {}
        },
        Some(
            Dialog::Help { .. }
            | Dialog::Errors { .. }
            | Dialog::Compare { .. }
            | Dialog::Repair(_)
            | Dialog::Unfinished { .. }
            | Dialog::Faults(_)
            | Dialog::Quit,
        )
        | None => {}
    }
}

/// A page of text: scrolls; true if the key closes it.
fn read(scroll: &mut usize, key: Key) -> bool {
    match key {
        Key::Down | Key::Char('j') => *scroll = scroll.saturating_add(1),
        Key::Up | Key::Char('k') => *scroll = scroll.saturating_sub(1),
        Key::PageDown => *scroll = scroll.saturating_add(10),
        Key::PageUp => *scroll = scroll.saturating_sub(10),
        Key::Home | Key::Char('g') => *scroll = 0,
        Key::Esc | Key::Char('q' | '?' | '!' | 'p') | Key::Enter => return true,
        Key::Char(_)
        | Key::Ctrl(_)
        | Key::Tab
        | Key::BackTab
        | Key::Backspace
        | Key::Delete
        | Key::Left
        | Key::Right
        | Key::End => {}
    }
    *scroll = (*scroll).min(200);
    false
}

/// An operation that was cut off: `c` and `g` lead to their confirmation, Esc leaves it for later.
fn unfinished(model: &mut Model, key: Key) -> Vec<Effect> {
    let choice = match key {
        Key::Char('c') => Choice::Continue,
        Key::Char('g') => Choice::GiveUp,
        Key::Enter | Key::Char('?' | '!') => return Vec::new(),
        other => {
            if let Some(Dialog::Unfinished { scroll }) = &mut model.dialog
                && read(scroll, other)
            {
                model.dialog = None;
                model.say(
                    "it stays in the journal; C offers it again",
                    Weight::Warning,
                );
            }
            return Vec::new();
        }
    };
    let Some(operation) = model.unfinished.first().map(|one| one.id().clone()) else {
        model.dialog = None;
        return Vec::new();
    };
    resume::choose(model, &operation, choice)
}

/// Leaving while an operation runs: only a plain yes leaves.
fn quit(model: &mut Model, key: Key) -> Vec<Effect> {
    match key {
        Key::Char('y' | 'Y') => vec![Effect::Quit],
        Key::Esc | Key::Char('n' | 'N' | 'q') | Key::Enter => {
            model.dialog = None;
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn form(model: &mut Model, key: Key) -> Vec<Effect> {
    let Some(Dialog::Form(form)) = &mut model.dialog else {
        return Vec::new();
    };
    let last = form.fields.len().saturating_sub(1);
    match key {
        Key::Esc => {
            model.dialog = None;
            return Vec::new();
        }
        Key::Tab | Key::Down => form.focus = (form.focus + 1).min(last),
        Key::BackTab | Key::Up => form.focus = form.focus.saturating_sub(1),
        Key::Enter if form.focus < last => form.focus += 1,
        Key::Enter => return submit(model),
        other => {
            if let Some(field) = form.fields.get_mut(form.focus) {
                field.text.key(other);
            }
        }
    }
    check(&model.env.parameters, form);
    Vec::new()
}

/// Notes what is wrong with each field that has a text.
fn check(specs: &[ParameterSpec], form: &mut Form) {
    for (spec, field) in specs.iter().zip(&mut form.fields) {
        let value = field.text.value();
        field.error = if value.is_empty() {
            None
        } else {
            spec.check(value).err()
        };
    }
}

/// Goes on to the plan if every field is in order, else to the first that is not.
fn submit(model: &mut Model) -> Vec<Effect> {
    let Some(Dialog::Form(form)) = &mut model.dialog else {
        return Vec::new();
    };
    check(&model.env.parameters, form);
    for field in &mut form.fields {
        if field.required && field.text.value().is_empty() {
            field.error = Some("is needed".to_owned());
        }
    }
    if let Some(bad) = form.fields.iter().position(|field| field.error.is_some()) {
        form.focus = bad;
        return Vec::new();
    }
    let values = form
        .fields
        .iter()
        .map(|f| (f.name.clone(), f.text.value().to_owned()));
    let values: BTreeMap<String, String> = values.collect();
    let form = model.dialog.take();
    let effects = input::deploy_with(model, values);
    // where no plan could be made the form stays: what was typed is not typed twice
    if model.dialog.is_none() {
        model.dialog = form;
    }
    effects
}

fn confirm(model: &mut Model, key: Key) -> Vec<Effect> {
    let Some(Dialog::Confirm(confirm)) = &mut model.dialog else {
        return Vec::new();
    };
    confirm.error = None;
    if confirm.typed_filter().is_some() {
        narrow(confirm, key);
        return Vec::new();
    }
    let on_a_button = matches!(confirm.focus, ConfirmFocus::Cancel | ConfirmFocus::Proceed);
    match key {
        Key::Char('/') if on_a_button && confirm.has_changes() => {
            confirm.filter.get_or_insert_default().typing = true;
        }
        Key::Esc if confirm.filter.is_some() => confirm.filter = None,
        Key::Esc => return second::decline(model),
        Key::Tab | Key::Down => confirm.focus = confirm.focus.next(),
        Key::BackTab | Key::Up => confirm.focus = confirm.focus.previous(),
        Key::PageDown => confirm.scroll = (confirm.scroll + 5).min(200),
        Key::PageUp => confirm.scroll = confirm.scroll.saturating_sub(5),
        Key::Ctrl('o') => confirm.overriding = !confirm.overriding,
        Key::Ctrl('l') => return operate::other_lever(model),
        Key::Ctrl('d') => {
            let drill = !confirm.plan.drill;
            return operate::label(model, drill);
        }
        Key::Enter => return enter(model),
        other => type_into(confirm, other),
    }
    Vec::new()
}

/// A key while the review's filter owns the keys: Enter keeps it, Esc gives it up.
fn narrow(confirm: &mut Confirm, key: Key) {
    match key {
        Key::Esc => confirm.filter = None,
        Key::PageUp => confirm.scroll = confirm.scroll.saturating_sub(5),
        Key::PageDown => confirm.scroll = (confirm.scroll + 5).min(200),
        other => {
            confirm.scroll = 0;
            let filter = confirm.filter.get_or_insert_default();
            if other == Key::Enter {
                filter.typing = false;
            } else {
                filter.text.key(other);
            }
        }
    }
}

fn type_into(confirm: &mut Confirm, key: Key) {
    match confirm.focus {
        ConfirmFocus::Reason => {
            confirm.reason.key(key);
        }
        ConfirmFocus::Name => {
            confirm.name.key(key);
        }
        ConfirmFocus::Cancel | ConfirmFocus::Proceed => match key {
            Key::Left => confirm.focus = ConfirmFocus::Cancel,
            Key::Right => confirm.focus = ConfirmFocus::Proceed,
            // who begins to type means the reason
            Key::Char(_) => {
                confirm.focus = ConfirmFocus::Reason;
                confirm.reason.key(key);
            }
            _ => {}
        },
    }
}

/// Enter cancels on Cancel, goes on in a field, and confirms only on the verb.
fn enter(model: &mut Model) -> Vec<Effect> {
    let Some(Dialog::Confirm(confirm)) = &mut model.dialog else {
        return Vec::new();
    };
    match confirm.focus {
        ConfirmFocus::Cancel => second::decline(model),
        ConfirmFocus::Reason | ConfirmFocus::Name => {
            confirm.focus = confirm.focus.next();
            Vec::new()
        }
        ConfirmFocus::Proceed => {
            let consent = confirm.consent();
            operate::consent(model, &consent)
        }
    }
}
