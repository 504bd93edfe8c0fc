//! Keys and pasted text: who owns them, and what they mean on a page.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a key that is not bound does nothing"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use crate::app::dialog::{Dialog, Form, FormField, TextField};
use crate::app::effect::Effect;
use crate::app::key::Key;
use crate::app::keymap::{self, Command};
use crate::app::model::{Model, Page, Weight};
use crate::app::msg::Ask;
use crate::app::update::{cancel, dialogs, drift, facilitate, operate, repair, resume};
use crate::domain::observed::age;
use crate::domain::operation::OperationKind;

/// Two Ctrl-c within this time leave even while an operation runs.
const TWICE: Duration = Duration::from_secs(2);

/// A key: a dialog owns it first, then a text field, then the page.
pub(super) fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    model.last_key = model.now;
    model.notice = None;
    if key == Key::Ctrl('c') {
        return interrupt(model);
    }
    if model.dialog.is_some() {
        return dialogs::key(model, key);
    }
    if model.typing {
        return typed(model, key);
    }
    match keymap::command(key) {
        Some(command) => perform(model, command),
        None => Vec::new(),
    }
}

pub(super) fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    model.last_key = model.now;
    if model.dialog.is_some() {
        dialogs::paste(model, text);
    } else if model.typing
        && let Some(field) = model.command_line.as_mut().or(model.filter.as_mut())
    {
        field.paste(text);
    }
    Vec::new()
}

/// Ctrl-c is `q`; twice within two seconds leaves whatever runs.
fn interrupt(model: &mut Model) -> Vec<Effect> {
    let twice = model
        .interrupted
        .is_some_and(|then| age(then, model.now) <= TWICE);
    model.interrupted = Some(model.now);
    if twice || !model.is_busy() {
        vec![Effect::Quit]
    } else {
        quit(model)
    }
}

fn quit(model: &mut Model) -> Vec<Effect> {
    if !model.is_busy() {
        return vec![Effect::Quit];
    }
    model.dialog = Some(Dialog::Quit);
    Vec::new()
}

/// A key while the filter or the command line is being typed.
fn typed(model: &mut Model, key: Key) -> Vec<Effect> {
    if model.command_line.is_some() {
        return command_line(model, key);
    }
    match key {
        Key::Enter => model.typing = false,
        Key::Esc => {
            model.typing = false;
            model.filter = None;
        }
        other => {
            if let Some(field) = &mut model.filter {
                field.key(other);
            }
        }
    }
    Vec::new()
}

fn command_line(model: &mut Model, key: Key) -> Vec<Effect> {
    let Some(field) = &mut model.command_line else {
        return Vec::new();
    };
    match key {
        Key::Esc => close_command_line(model),
        Key::Tab => {
            if let Some(full) = complete(field.value()) {
                *field = TextField::with_value(full);
            }
        }
        Key::Enter => {
            let text = field.value().to_owned();
            close_command_line(model);
            if let Some(command) = keymap::by_name(&text) {
                return perform(model, command);
            }
            model.say(
                format!("no command `{text}`; ? lists them"),
                Weight::Warning,
            );
        }
        other => {
            field.key(other);
        }
    }
    Vec::new()
}

fn close_command_line(model: &mut Model) {
    model.command_line = None;
    model.typing = false;
}

/// The only command that begins with the text.
fn complete(text: &str) -> Option<&'static str> {
    let mut found = keymap::BINDINGS
        .iter()
        .map(|b| b.name)
        .filter(|name| name.starts_with(text));
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Carries out a command.
fn perform(model: &mut Model, command: Command) -> Vec<Effect> {
    match command {
        Command::FailOver => open(model, OperationKind::Failover),
        Command::FailBack => open(model, OperationKind::Failback),
        Command::Deploy => form(model),
        Command::Delete => open(model, OperationKind::Delete),
        Command::Resume => resume::show(model),
        Command::Repair => repair::choose(model),
        Command::Cancel => cancel::open(model),
        Command::Page(page) => go(model, page),
        Command::NextPage => go(model, model.page.step(1)),
        Command::PreviousPage => go(model, model.page.step(-1)),
        Command::Up => scroll(model, |row| row.saturating_sub(1)),
        Command::Down => scroll(model, |row| row.saturating_add(1)),
        Command::Top => scroll(model, |_| 0),
        Command::Bottom => scroll(model, |_| usize::MAX),
        Command::PageUp => scroll(model, |row| row.saturating_sub(10)),
        Command::PageDown => scroll(model, |row| row.saturating_add(10)),
        Command::Filter => {
            model.filter.get_or_insert_default();
            model.typing = true;
            Vec::new()
        }
        Command::CommandLine => {
            model.command_line = Some(TextField::default());
            model.typing = true;
            Vec::new()
        }
        Command::Refresh => {
            model.say("reading everything again", Weight::Plain);
            vec![Effect::Refresh]
        }
        Command::Errors => show(model, Dialog::Errors { scroll: 0 }),
        Command::Help => show(model, Dialog::Help { scroll: 0 }),
        Command::Drift => drift::selected(model),
        Command::Compare => show(model, Dialog::Compare { scroll: 0 }),
        Command::Copy => vec![Effect::Copy(summary(model))],
        Command::Snapshot => vec![Effect::Snapshot],
        Command::Report => report(model),
        Command::Record => vec![Effect::Record],
        Command::Faults => facilitate::open(model),
        Command::Back => back(model),
        Command::Quit => quit(model),
    }
}

/// Writes the report of the operation that the Journal page has selected.
fn report(model: &mut Model) -> Vec<Effect> {
    let id = model.selected_past().map(|past| past.id.clone());
    let Some(id) = id.filter(|_| model.page == Page::Journal) else {
        let hint = "select an operation on the Journal page (5) first";
        model.say(hint, Weight::Warning);
        return Vec::new();
    };
    model.say(format!("writing the report of {id}"), Weight::Plain);
    vec![Effect::Report(id)]
}

fn go(model: &mut Model, page: Page) -> Vec<Effect> {
    model.page = page;
    Vec::new()
}

fn show(model: &mut Model, dialog: Dialog) -> Vec<Effect> {
    model.dialog = Some(dialog);
    Vec::new()
}

/// Moves the row of the page; rows past the end are clamped to what the page shows.
fn scroll(model: &mut Model, change: impl Fn(usize) -> usize) -> Vec<Effect> {
    let last = model.row_count().saturating_sub(1);
    let page = model.page as usize;
    if let Some(row) = model.rows.get_mut(page) {
        *row = change((*row).min(last)).min(last);
    }
    Vec::new()
}

/// Esc: the filter, then a finished operation, then back to the Board.
fn back(model: &mut Model) -> Vec<Effect> {
    if model.filter.is_some() {
        model.filter = None;
    } else if model.run.as_ref().is_some_and(|run| !run.is_running()) {
        model.run = None;
    } else {
        model.page = Page::Board;
    }
    Vec::new()
}

fn open(model: &mut Model, kind: OperationKind) -> Vec<Effect> {
    let salt = salt(model);
    let mut effects = operate::ask(
        model,
        &Ask {
            kind,
            lever: None,
            parameters: BTreeMap::new(),
            repair: None,
            salt,
        },
    );
    effects.extend(operate::probe_lever(model));
    effects
}

/// Tells operations of one second apart without a random source: times differ, and so do their trails.
pub(super) fn salt(model: &Model) -> u16 {
    let nanos = model.now.subsec_nanosecond().unsigned_abs();
    u16::try_from((nanos / 1_000) & 0xffff).unwrap_or_default()
}

/// The parameter form of a deploy, filled with what is known.
fn form(model: &mut Model) -> Vec<Effect> {
    if !operate::may_start(model) {
        return Vec::new();
    }
    let known = model.env.bindings(&model.seen);
    let fields: Vec<FormField> = model
        .env
        .parameters
        .iter()
        .map(|spec| {
            let kept = model.env.is_kept(&model.seen, &spec.name);
            FormField {
                name: spec.name.clone(),
                label: if kept {
                    format!("{} (empty keeps the deployed one)", spec.label)
                } else {
                    spec.label.clone()
                },
                text: TextField::with_value(known.get(&spec.name).unwrap_or_default()),
                required: spec.required && !kept,
                sensitive: spec.sensitive,
                error: None,
            }
        })
        .collect();
    if fields.is_empty() {
        return open(model, OperationKind::Deploy);
    }
    let title = format!("Deploy {} as {}", model.env.bundle, model.env.suffix);
    show(
        model,
        Dialog::Form(Form {
            title,
            fields,
            focus: 0,
        }),
    )
}

/// Begins a deploy with the form's values.
pub(super) fn deploy_with(model: &mut Model, parameters: BTreeMap<String, String>) -> Vec<Effect> {
    let salt = salt(model);
    operate::ask(
        model,
        &Ask {
            kind: OperationKind::Deploy,
            lever: None,
            parameters,
            repair: None,
            salt,
        },
    )
}

/// The line that `y` copies: who serves, commanded and confirmed, go or no-go.
fn summary(model: &Model) -> String {
    let facts = &model.facts;
    let commanded = facts
        .commanded
        .map_or("unknown", crate::domain::region::Role::as_str);
    format!(
        "{} {} {} serving {}, commanded {commanded}, {} at {}",
        model.env.name,
        model.env.mode.badge(),
        facts.record.as_deref().unwrap_or("?"),
        facts.serving.as_str(),
        if facts.held { "held" } else { "not held" },
        model.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
}
