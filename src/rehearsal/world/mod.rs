//! A small AWS: a deterministic state machine over virtual time. No I/O, no clock, no randomness but its seed.

pub mod cloudformation;
pub mod cloudwatch;
pub mod network;
pub mod route53;

use jiff::Timestamp;

use crate::domain::environment::Environment;
use crate::domain::observation::Identity;
pub use crate::rehearsal::faults::{ApiError, Gate, Service};
use crate::rehearsal::scenario::Scenario;

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
    now: Timestamp,
    history: Vec<WorldEvent>,
    requests: Vec<RequestRecord>,
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
    /// `ok`, `hang`, or the error's code.
    pub outcome: &'static str,
}

impl World {
    pub fn new(setup: Setup) -> Result<Self, WorldError> {
        Ok(Self {
            now: setup.epoch,
            setup,
            history: Vec::new(),
            requests: Vec::new(),
        })
    }

    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Lets time pass up to `to`; a time that has passed already changes nothing.
    pub fn advance(&mut self, to: Timestamp) {
        self.now = self.now.max(to);
    }

    pub const fn environment(&self) -> &Environment {
        &self.setup.environment
    }

    pub const fn scenario(&self) -> &Scenario {
        &self.setup.scenario
    }

    pub fn history(&self) -> &[WorldEvent] {
        &self.history
    }

    pub fn requests(&self) -> &[RequestRecord] {
        &self.requests
    }

    /// Asked before every API request.
    pub fn gate(&mut self, service: Service, region: &str, operation: &str) -> Gate {
        self.requests.push(RequestRecord {
            at: self.now,
            service,
            region: region.to_owned(),
            operation: operation.to_owned(),
            outcome: "ok",
        });
        Gate::Pass {
            latency: std::time::Duration::from_millis(60),
        }
    }

    pub fn identity(&self, _region: &str) -> Result<Identity, ApiError> {
        Ok(Identity {
            account: "123456789012".to_owned(),
            arn: "arn:aws:sts::123456789012:assumed-role/operator/rehearsal".to_owned(),
            expires: None,
        })
    }
}
