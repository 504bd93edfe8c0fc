//! The journal's words for what the model tells, and the model's for what the journal has.

use crate::app::effect::Entry as Told;
use crate::app::model::PastOperation;
use crate::journal::{Entry, Summary};

pub(super) fn entry(told: Told) -> Entry {
    match told {
        Told::Step {
            index,
            title,
            state,
            note,
        } => Entry::Step {
            index,
            title,
            state,
            request_id: None,
            note,
        },
        Told::Order { index, order } => Entry::Order {
            index,
            order: serde_json::to_value(order).unwrap_or(serde_json::Value::Null),
        },
        Told::Requests { index, requests } => Entry::Requests { index, requests },
        Told::Milestone { name, at } => Entry::Milestone { name, at },
        Told::Undo { change } => Entry::Undo {
            what: serde_json::to_value(change).unwrap_or(serde_json::Value::Null),
        },
        Told::Note { text } => Entry::Note { text },
        Told::Accepted {
            index,
            changes,
            reason,
        } => Entry::Accepted {
            index,
            changes,
            reason,
        },
        Told::Cancelled { reason } => Entry::Cancelled { reason },
        Told::Closed {
            outcome,
            reason,
            serving,
            rto_seconds,
            rpo_seconds,
        } => Entry::Closed {
            outcome,
            reason,
            rto_seconds,
            rpo_seconds,
            serving,
        },
    }
}

pub(super) fn past(summary: Summary) -> PastOperation {
    PastOperation {
        id: summary.operation.to_string(),
        kind: summary.kind,
        environment: summary.environment.to_string(),
        label: summary.label,
        outcome: summary.outcome,
        started: summary.started,
        finished: summary.finished,
        rto_seconds: summary.rto_seconds,
        rpo_seconds: summary.rpo_seconds,
        reason: summary.reason,
    }
}
