//! The only place that names the AWS SDK: two regions and Route 53, read and changed in the domain's words.
//!
//! ```text
//! client ─┬─ RegionClient ─┬─ cloudformation   stacks, events, deletion, repairs
//!         │                ├─ drift            templates, drift detections
//!         │  (one region,  ├─ change_sets      what a deployment would do, and doing it
//!         │   no setter)   ├─ cloudwatch       alarms, signals, the metric lever
//!         │                └─ identity         who we are, when the credentials end
//!         └─ GlobalClient ──── route53         zone, records, checks; kept slow by pace
//! configuration: whose credentials, how long to wait    renewal: others when they end
//! convert: SDK values → domain values    error: what a failure means    doubt: what it may have changed
//! ```

pub mod blockers;
pub mod change_sets;
mod client;
pub mod cloudformation;
pub mod cloudwatch;
mod configuration;
pub mod connector;
mod convert;
mod doubt;
mod drift;
pub mod error;
mod failures;
mod identity;
mod meter;
mod pace;
mod promotion;
mod renewal;
pub mod requests;
pub mod route53;
#[cfg(test)]
pub(crate) mod scripted;
#[cfg(test)]
pub(crate) mod testing;

pub use change_sets::{ChangeSetArn, ChangeSetState, NewChangeSet};
pub use client::{Backend, Clients, ConnectError, GlobalClient, Issuer, RegionClient, Settings};
pub use cloudformation::{DeleteOptions, Updated};
pub use cloudwatch::{CLOCK_MARGIN, LeverQuery, RequestId, SignalQuery};
pub use drift::Detecting;
pub use error::ActError;
pub use promotion::PromotionQuery;
pub use route53::ChangeId;
