//! A stack's events while an operation follows it: what is new, what took how long.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::app::run::LiveEvent;
use crate::domain::observed::age;
use crate::domain::region::Role;
use crate::domain::stack::StackEvent;

/// From where on a stack's events belong to an operation, in the service's own time: this machine's clock may differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    /// Nothing older (UTC) is read.
    pub at: Timestamp,
    /// The last event before the operation, if there was one.
    pub known: Option<String>,
}

impl Anchor {
    /// From this moment of the service on.
    pub(super) const fn at(at: Timestamp) -> Self {
        Self { at, known: None }
    }

    pub(super) fn after(event: &StackEvent) -> Self {
        Self {
            at: event.at,
            known: Some(event.id.clone()),
        }
    }
}

/// The stack is new: all that it tells belongs to the operation.
impl Default for Anchor {
    fn default() -> Self {
        Self::at(Timestamp::MIN)
    }
}

/// A stack's events as they come in.
pub(super) struct Story {
    /// Nothing older is read.
    pub(super) since: Timestamp,
    /// The newest event taken in, or the last one before the operation.
    pub(super) known: Option<String>,
    started: HashMap<String, Timestamp>,
    pub(super) done: usize,
}

impl Story {
    pub(super) fn new(anchor: Anchor) -> Self {
        Self {
            since: anchor.at,
            known: anchor.known,
            started: HashMap::new(),
            done: 0,
        }
    }

    pub(super) fn take(&mut self, role: Role, fresh: Vec<StackEvent>) -> Vec<LiveEvent> {
        let mut live = Vec::new();
        for event in fresh {
            // the second CREATE_IN_PROGRESS of a resource, once it has its physical id, says nothing new
            let initiated = event
                .reason
                .as_deref()
                .is_some_and(|r| r.ends_with(" Initiated"));
            if initiated
                && event.status.is_in_progress()
                && self.started.contains_key(&event.logical_id)
            {
                self.known = Some(event.id);
                continue;
            }
            let began = self.started.get(&event.logical_id).copied();
            if event.status.is_in_progress() {
                self.started
                    .entry(event.logical_id.clone())
                    .or_insert(event.at);
            } else if event.status.is_complete() && !event.is_of_the_stack() {
                self.done += 1;
            }
            let ended = began.filter(|_| !event.status.is_in_progress());
            let took_seconds = ended.map(|began| age(began, event.at).as_secs());
            self.known = Some(event.id.clone());
            live.push(LiveEvent {
                role,
                event,
                took_seconds,
            });
        }
        live
    }
}
