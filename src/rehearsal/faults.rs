//! What can go wrong in a rehearsal, and when.
//!
//! Faults speak in roles and purposes, never in names of regions or resources, so that a scenario runs on
//! every bundle (DESIGN §9).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::region::Role;

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// APIs hang, endpoints hang, Route 53's checkers see red, nothing in the region runs.
    RegionDark { region: Role },
    /// APIs hang and clients get no answers, but Route 53's checkers still see green.
    RegionGrey { region: Role },
    /// The region's AWS APIs answer with errors; what runs goes on running.
    ControlPlanes { region: Role },
    /// The Route 53 API hangs; DNS answering and health checking go on.
    Route53Api,
    /// One request in `one_in` is throttled, in both regions or one.
    Throttling { region: Option<Role>, one_in: u32 },
    /// Every request takes this long.
    SlowApi {
        region: Option<Role>,
        milliseconds: u64,
    },
    /// Nothing written in the primary reaches the standby.
    ReplicationStalled,
    /// Nothing written to the primary's table reaches the standby; buckets and databases go on.
    TableStalled,
    /// This share of the invocations fails.
    LambdaErrors { region: Role, percent: f64 },
    /// The health path answers 503.
    EndpointUnhealthy { region: Role },
    /// The health path changes between 200 and 503 every `seconds`.
    EndpointFlapping { region: Role, seconds: u64 },
    /// Our own clock is ahead (positive) or behind; from the start only.
    ClockSkew { seconds: i64 },
    /// The credentials end this long after the fault begins.
    CredentialsExpiring { seconds: u64 },
    /// This many of the zone's name servers do not answer.
    NameServersSilent { servers: usize },
    /// The next create, update or delete of a resource of this type fails.
    StackFailure {
        region: Option<Role>,
        action: StackAction,
        resource_type: String,
    },
    /// Somebody else begins to change a stack, which takes this long.
    ForeignOperation { region: Role, seconds: u64 },
    /// Somebody has changed a resource of this type by hand: the first one in the region's stacks.
    Drift { region: Role, resource_type: String },
    /// A stack of somebody else's imports what a stack of the region exports.
    ForeignImport { region: Role },
    /// Somebody has put this many records into the zones that the stacks made.
    ForeignRecords { records: usize },
    /// The buckets of the region's stacks hold this many objects each.
    StoredObjects { region: Role, objects: u64 },
}

/// What fails at a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StackAction {
    Create,
    Update,
    Delete,
    /// Rolling back fails too: the stack is stuck.
    Rollback,
}

/// A fault with its time, in seconds after the first look (the world's epoch).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimedFault {
    /// Zero or less: in force before the first look.
    #[serde(default)]
    pub at: i64,
    /// When it ends; never if absent.
    pub until: Option<i64>,
    #[serde(flatten)]
    pub fault: Fault,
}

/// The services that the SDK speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Service {
    CloudFormation,
    CloudWatch,
    Route53,
    Sts,
}

/// What happens to an API request before the service sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    Pass {
        latency: Duration,
    },
    /// A black hole: no answer, ever.
    Hang,
    Fail(ApiError),
}

/// An error answer of an AWS API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

impl ApiError {
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }

    /// 400 `ValidationError`, CloudFormation's usual answer.
    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }
}

impl Fault {
    /// In words, for the history and the facilitator's menu.
    pub fn describe(&self) -> String {
        let place = |role: &Option<Role>| role.map_or("both regions", Role::as_str);
        match self {
            Self::RegionDark { region } => format!("the {region} is dark"),
            Self::RegionGrey { region } => {
                format!("the {region} answers nobody but the health checkers")
            }
            Self::ControlPlanes { region } => format!("the {region}'s control planes fail"),
            Self::Route53Api => "the Route 53 API does not answer".to_owned(),
            Self::Throttling { region, one_in } => {
                format!("{}: one request in {one_in} is throttled", place(region))
            }
            Self::SlowApi {
                region,
                milliseconds,
            } => format!("{}: requests take {milliseconds} ms", place(region)),
            Self::ReplicationStalled => "replication is stalled".to_owned(),
            Self::TableStalled => "the table's replication is stalled".to_owned(),
            Self::LambdaErrors { region, percent } => {
                format!("{percent} % of the {region}'s requests fail")
            }
            Self::EndpointUnhealthy { region } => format!("the {region}'s endpoint is unhealthy"),
            Self::EndpointFlapping { region, seconds } => {
                format!("the {region}'s endpoint flaps every {seconds} s")
            }
            Self::ClockSkew { seconds } => format!("our clock is {seconds} s ahead"),
            Self::CredentialsExpiring { seconds } => {
                format!("the credentials expire in {seconds} s")
            }
            Self::NameServersSilent { servers } => format!("{servers} name servers are silent"),
            Self::StackFailure {
                region,
                action,
                resource_type,
            } => {
                format!("{}: {action:?} of {resource_type} fails", place(region))
            }
            Self::ForeignOperation { region, .. } => {
                format!("somebody else changes a stack of the {region}")
            }
            Self::Drift {
                region,
                resource_type,
            } => format!("somebody has changed a {resource_type} of the {region} by hand"),
            Self::ForeignImport { region } => {
                format!("somebody else's stack imports from a stack of the {region}")
            }
            Self::ForeignRecords { records } => {
                format!("{records} records of others are in the stacks' zones")
            }
            Self::StoredObjects { region, objects } => {
                format!("each bucket of the {region} holds {objects} objects")
            }
        }
    }

    /// The field that makes no sense, and why.
    pub(super) fn nonsense(&self) -> Option<(&'static str, &'static str)> {
        let zero = |n: u64, field| (n == 0).then_some((field, "must be more than zero"));
        match self {
            Self::Throttling { one_in, .. } => zero(u64::from(*one_in), "one_in"),
            Self::EndpointFlapping { seconds, .. } | Self::ForeignOperation { seconds, .. } => {
                zero(*seconds, "seconds")
            }
            Self::NameServersSilent { servers } => {
                let all = (1..=4).contains(servers);
                (!all).then_some(("servers", "a zone has four name servers"))
            }
            Self::ForeignRecords { records } => {
                let sound = (1..=100).contains(records);
                (!sound).then_some(("records", "must lie between 1 and 100"))
            }
            Self::StoredObjects { objects, .. } => zero(*objects, "objects"),
            Self::LambdaErrors { percent, .. } => {
                let sound = (0.0..=100.0).contains(percent);
                (!sound).then_some(("percent", "must lie between 0 and 100"))
            }
            Self::RegionDark { .. }
            | Self::RegionGrey { .. }
            | Self::ControlPlanes { .. }
            | Self::Route53Api
            | Self::SlowApi { .. }
            | Self::ReplicationStalled
            | Self::TableStalled
            | Self::EndpointUnhealthy { .. }
            | Self::ClockSkew { .. }
            | Self::Drift { .. }
            | Self::CredentialsExpiring { .. }
            | Self::StackFailure { .. }
            | Self::ForeignImport { .. } => None,
        }
    }
}
