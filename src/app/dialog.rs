//! What may lie over a page: help, a parameter form, a confirmation, a question before quitting.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tui_input::{Input, InputRequest};

use crate::app::key::Key;
use crate::domain::operation::OperationKind;
use crate::domain::plan::{Consent, Plan};
use crate::domain::region::Role;
use crate::domain::repair::Repair;
use crate::domain::stack::StackId;
use crate::domain::unfinished::{Choice, Unfinished};

/// The one dialog that is open.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Dialog {
    Help {
        scroll: usize,
    },
    Errors {
        scroll: usize,
    },
    /// Parity and drift in full.
    Compare {
        scroll: usize,
    },
    Form(Form),
    Repair(RepairChoice),
    Confirm(Box<Confirm>),
    /// An operation was cut off: continue it, or give it up.
    Unfinished {
        scroll: usize,
    },
    /// Rehearsals only: what goes wrong.
    Faults(FaultMenu),
    Quit,
}

/// Where the facilitator's menu stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultMenu {
    pub row: usize,
    /// Where regional trouble happens.
    pub role: Role,
}

/// One line of text being typed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TextField(Input);

impl PartialEq for TextField {
    fn eq(&self, other: &Self) -> bool {
        (self.0.value(), self.0.cursor()) == (other.0.value(), other.0.cursor())
    }
}

/// The longest text that a field takes.
const LONGEST: usize = 512;

impl TextField {
    pub fn with_value(value: impl Into<String>) -> Self {
        Self(Input::new(value.into()))
    }

    pub fn value(&self) -> &str {
        self.0.value()
    }

    /// The cursor's place in characters.
    pub fn cursor(&self) -> usize {
        self.0.cursor()
    }

    /// Takes a key in; false if the key is not for a text field.
    pub fn key(&mut self, key: Key) -> bool {
        let request = match key {
            Key::Char(c) if !c.is_control() && self.value().len() < LONGEST => {
                InputRequest::InsertChar(c)
            }
            Key::Char(_) => return true,
            Key::Backspace => InputRequest::DeletePrevChar,
            Key::Delete => InputRequest::DeleteNextChar,
            Key::Left => InputRequest::GoToPrevChar,
            Key::Right => InputRequest::GoToNextChar,
            Key::Home | Key::Ctrl('a') => InputRequest::GoToStart,
            Key::End | Key::Ctrl('e') => InputRequest::GoToEnd,
            Key::Ctrl('u') => InputRequest::DeleteLine,
            Key::Ctrl('w') => InputRequest::DeletePrevWord,
            Key::Ctrl('k') => InputRequest::DeleteTillEnd,
            Key::Ctrl(_)
            | Key::Enter
            | Key::Esc
            | Key::Tab
            | Key::BackTab
            | Key::Up
            | Key::Down
            | Key::PageUp
            | Key::PageDown => return false,
        };
        self.0.handle(request);
        true
    }

    /// Takes pasted text in, without its control characters.
    pub fn paste(&mut self, text: &str) {
        for c in text.chars().filter(|c| !c.is_control()) {
            self.key(Key::Char(c));
        }
    }
}

/// The parameters of a deploy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Form {
    pub title: String,
    pub fields: Vec<FormField>,
    pub focus: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FormField {
    pub name: String,
    pub label: String,
    pub text: TextField,
    pub required: bool,
    pub sensitive: bool,
    /// What is wrong with the text, checked at every key once it was left.
    pub error: Option<String>,
}

/// Which way out of a stack's status, and what to leave out on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairChoice {
    pub stack: StackId,
    pub repair: Repair,
    /// The row that the keys act on: first the ways out, then the failed resources.
    pub row: usize,
    pub skip: BTreeSet<String>,
}

/// A plan under review, and what is typed to confirm it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirm {
    pub plan: Plan,
    pub reason: TextField,
    pub name: TextField,
    pub focus: ConfirmFocus,
    /// Refusing guards are overridden with the reason (Ctrl-o).
    pub overriding: bool,
    pub scroll: usize,
    /// Only changes and parameters that contain this are listed.
    #[serde(default)]
    pub filter: Option<ReviewFilter>,
    /// Why the last attempt to confirm was not accepted.
    pub error: Option<String>,
    /// The operation that is continued or given up, if it is not a new one.
    pub resumes: Option<Box<Resumes>>,
    /// The plan is to cancel the operation that runs.
    #[serde(default)]
    pub cancels: bool,
    /// The step of the running operation that asks for a second confirmation here.
    #[serde(default)]
    pub asked_by: Option<usize>,
}

/// What is looked for in the changes of a review.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReviewFilter {
    pub text: TextField,
    /// It owns the keys.
    pub typing: bool,
}

/// What is done about an operation that was cut off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resumes {
    pub unfinished: Unfinished,
    pub choice: Choice,
}

/// What the keys act on; the dialog opens on Cancel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ConfirmFocus {
    Cancel,
    Reason,
    Name,
    Proceed,
}

impl ConfirmFocus {
    pub const fn next(self) -> Self {
        match self {
            Self::Cancel => Self::Reason,
            Self::Reason => Self::Name,
            Self::Name => Self::Proceed,
            Self::Proceed => Self::Cancel,
        }
    }

    pub const fn previous(self) -> Self {
        match self {
            Self::Cancel => Self::Proceed,
            Self::Reason => Self::Cancel,
            Self::Name => Self::Reason,
            Self::Proceed => Self::Name,
        }
    }
}

impl Confirm {
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            reason: TextField::default(),
            name: TextField::default(),
            focus: ConfirmFocus::Cancel,
            overriding: false,
            scroll: 0,
            filter: None,
            error: None,
            resumes: None,
            cancels: false,
            asked_by: None,
        }
    }

    /// Whether the review lists changes, which a filter can narrow.
    pub fn has_changes(&self) -> bool {
        let mut steps = self.plan.steps.iter();
        steps.any(|step| step.forecast.is_some())
    }

    /// What listed changes must contain; empty: anything.
    pub fn wanted(&self) -> &str {
        self.filter
            .as_ref()
            .map_or("", |filter| filter.text.value())
    }

    /// The filter, while it owns the keys.
    pub fn typed_filter(&mut self) -> Option<&mut ReviewFilter> {
        self.filter.as_mut().filter(|filter| filter.typing)
    }

    /// Whether the name that was typed is the environment's.
    pub fn is_typed(&self) -> bool {
        self.name.value() == self.plan.environment.0
    }

    /// Whether confirming would be accepted, guards included.
    pub fn is_ready(&self) -> bool {
        let reasoned = !self.reason.value().trim().is_empty();
        let refused = self
            .plan
            .refusals()
            .any(|g| !(g.can_override && self.overriding && reasoned));
        let needed = self.plan.needs_reason().is_some();
        self.is_typed() && !refused && (reasoned || !needed)
    }

    pub fn consent(&self) -> Consent {
        let overridden = if self.overriding {
            self.plan
                .refusals()
                .map(|g| g.id.as_str().to_owned())
                .collect()
        } else {
            Vec::new()
        };
        Consent {
            typed_name: self.name.value().to_owned(),
            reason: Some(self.reason.value().to_owned()),
            overridden,
        }
    }

    /// What the button that proceeds says.
    pub const fn verb(&self) -> &'static str {
        if self.cancels {
            return "Stop it";
        }
        match self.plan.kind {
            OperationKind::Deploy => "Deploy",
            OperationKind::Delete => "Delete",
            OperationKind::Failover => "Fail over",
            OperationKind::Failback => "Fail back",
            OperationKind::Repair => "Repair",
        }
    }
}
