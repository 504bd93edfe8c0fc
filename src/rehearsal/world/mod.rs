//! A small AWS: a deterministic state machine over virtual time. No I/O, no clock, no randomness but its seed.

mod agenda;
mod alarms;
mod chance;
mod checks;
pub mod cloudformation;
pub mod cloudwatch;
mod contents;
mod expression;
mod gate;
mod genesis;
mod load;
mod metrics;
pub mod network;
mod props;
pub mod route53;
mod system;
#[cfg(test)]
mod tests;
mod zones;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::environment::Environment;
use crate::domain::observation::Identity;
use crate::domain::placeholder::Bindings;
pub use crate::rehearsal::faults::{ApiError, Gate, Service};
use crate::rehearsal::scenario::Scenario;
use crate::rehearsal::world::agenda::{Agenda, Event};
use crate::rehearsal::world::alarms::AlarmRecord;
use crate::rehearsal::world::chance::Chance;
use crate::rehearsal::world::checks::later;
use crate::rehearsal::world::cloudformation::record::StackRecord;
use crate::rehearsal::world::cloudformation::retained::Taken;
use crate::rehearsal::world::cloudwatch::AlarmChange;
use crate::rehearsal::world::contents::Bucket;
use crate::rehearsal::world::gate::Faults;
use crate::rehearsal::world::metrics::Metrics;
use crate::rehearsal::world::route53::Route53;
use crate::rehearsal::world::system::System;

pub use crate::rehearsal::world::genesis::stand_ins;

/// The account of every rehearsal.
pub const ACCOUNT: &str = "123456789012";

/// The grain of time: checkers, functions and alarms run on multiples of it.
const TICK: Duration = Duration::from_secs(5);

/// What is kept of the past, so that memory stays flat over weeks of virtual time.
const MOST_NOTES: usize = 10_000;
const MOST_REQUESTS: usize = 5_000;
const MOST_ALARM_CHANGES: usize = 500;

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    pub environment: Environment,
    pub scenario: Scenario,
    pub seed: u64,
    /// The moment of the first look (UTC).
    pub epoch: Timestamp,
}

/// The whole fake AWS.
#[derive(Debug)]
pub struct World {
    setup: Setup,
    /// The environment's bindings, with stand-ins for what nobody has given.
    given: Bindings,
    now: Timestamp,
    serial: u64,
    /// How often each question was asked.
    turns: BTreeMap<String, u64>,
    chance: Chance,
    agenda: Agenda,
    faults: Faults,
    regions: BTreeMap<String, Region>,
    route53: Route53,
    /// Host names (absolute) and the region that answers under each.
    hosts: BTreeMap<String, String>,
    /// What deleted stacks have left behind under its name.
    retained: BTreeSet<Taken>,
    /// What buckets hold, by their names.
    buckets: BTreeMap<String, Bucket>,
    system: System,
    history: Vec<WorldEvent>,
    requests: Vec<RequestRecord>,
    answered: u64,
}

/// What a region holds.
#[derive(Debug, Default)]
struct Region {
    name: String,
    /// Oldest first, deleted ones included.
    stacks: Vec<StackRecord>,
    alarms: BTreeMap<String, AlarmRecord>,
    /// Oldest first.
    alarm_log: VecDeque<AlarmChange>,
    metrics: Metrics,
}

/// Why a world could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorldError {
    #[error("the environment could not be deployed in the rehearsal: {0}")]
    Deploy(String),
}

/// Something that really happened, whoever saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldEvent {
    pub at: Timestamp,
    pub what: String,
}

/// One API request that reached the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    pub at: Timestamp,
    pub service: Service,
    pub region: String,
    pub operation: String,
    /// `ok`, `hang`, or the code of the gate's error.
    pub outcome: &'static str,
}

impl World {
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// What our own clock shows at the first look: the epoch, unless the scenario's clock is wrong.
    pub fn first_look(&self) -> Timestamp {
        let ahead = jiff::SignedDuration::from_secs(self.skew());
        let epoch = self.setup.epoch;
        epoch.checked_add(ahead).unwrap_or(epoch)
    }

    pub const fn environment(&self) -> &Environment {
        &self.setup.environment
    }

    pub const fn scenario(&self) -> &Scenario {
        &self.setup.scenario
    }

    /// What really happened, oldest first; the oldest of very long rehearsals is forgotten.
    pub fn history(&self) -> &[WorldEvent] {
        &self.history
    }

    /// The id of the request that is answered now, in the form of AWS's own.
    pub fn request_id(&mut self) -> String {
        self.answered += 1;
        format!("00000000-0000-4000-8000-{:012x}", self.answered)
    }

    /// The newest requests, oldest first.
    pub fn requests(&self) -> &[RequestRecord] {
        &self.requests
    }

    /// Lets time pass up to `to`; a time that has passed already changes nothing.
    pub fn advance(&mut self, to: Timestamp) {
        while let Some((at, event)) = self.agenda.pop_due(to) {
            self.now = self.now.max(at);
            self.happen(event);
            // what DNS answers is noted when it changes, not at the next tick
            self.watch_dns();
        }
        self.now = self.now.max(to);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Tick => {
                self.agenda.push(later(self.now, TICK), Event::Tick);
                self.run_checkers();
                self.run_system();
                self.count_objects_daily();
            }
            Event::FaultEdge(index) => self.fault_edge(index),
            Event::Resource {
                stack,
                run,
                logical_id,
            } => self.resource_due(&stack, run, &logical_id),
            Event::RecordsInSync {
                zone,
                change,
                records,
            } => self.records_in_sync(&zone, &change, records),
            Event::DriftDetected(stack) => self.drift_detected(&stack),
            Event::CheckInForce(check) => self.check_in_force(*check),
        }
    }

    pub fn identity(&self, _region: &str) -> Identity {
        Identity {
            account: ACCOUNT.to_owned(),
            arn: format!("arn:aws:sts::{ACCOUNT}:assumed-role/switchback-operator/rehearsal"),
            expires: self.credentials_end(),
        }
    }

    fn region(&self, name: &str) -> Option<&Region> {
        self.regions.get(name)
    }

    fn region_mut(&mut self, name: &str) -> &mut Region {
        self.regions
            .entry(name.to_owned())
            .or_insert_with(|| Region {
                name: name.to_owned(),
                ..Region::default()
            })
    }

    /// How often this question was asked before: chance for one question does not hang on the order of others,
    /// which threads of the machine decide.
    fn turn(&mut self, question: &str) -> u64 {
        let turns = self.turns.entry(question.to_owned()).or_default();
        *turns += 1;
        *turns
    }

    const fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    fn note(&mut self, what: String) {
        if self.history.len() >= MOST_NOTES {
            self.history.drain(..MOST_NOTES / 2);
        }
        self.history.push(WorldEvent { at: self.now, what });
    }

    fn record_request(&mut self, record: RequestRecord) {
        if self.requests.len() >= MOST_REQUESTS {
            self.requests.drain(..MOST_REQUESTS / 2);
        }
        self.requests.push(record);
    }
}
