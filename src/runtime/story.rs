//! A stack's events while an operation follows it: what is new, what took how long.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::run::LiveEvent;
use crate::domain::observed::age;
use crate::domain::region::Role;
use crate::domain::stack::StackEvent;

/// A stack's events as they come in.
pub(super) struct Story {
    since: Timestamp,
    /// The newest event taken in.
    pub(super) known: Option<String>,
    started: HashMap<String, Timestamp>,
    pub(super) done: usize,
}

impl Story {
    /// From `since` (UTC) on.
    pub(super) fn new(since: Timestamp) -> Self {
        Self {
            since,
            known: None,
            started: HashMap::new(),
            done: 0,
        }
    }

    pub(super) fn take(&mut self, role: Role, fresh: Vec<StackEvent>) -> Vec<LiveEvent> {
        let mut live = Vec::new();
        for event in fresh.into_iter().filter(|e| {
            e.at >= self
                .since
                .checked_sub(Duration::from_secs(5))
                .unwrap_or(self.since)
        }) {
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
