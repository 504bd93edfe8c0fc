//! What a facilitator can let go wrong in a rehearsal, in the words of the system and not of the fake AWS.

use serde::{Deserialize, Serialize};

use crate::domain::region::Role;

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TroubleKind {
    Dark,
    Grey,
    ControlPlanes,
    Unhealthy,
    Flapping,
    Errors,
    Replication,
    Route53Api,
    NameServers,
    Throttling,
    SlowApi,
    Foreign,
}

impl TroubleKind {
    pub const ALL: [Self; 12] = [
        Self::Dark,
        Self::Grey,
        Self::ControlPlanes,
        Self::Unhealthy,
        Self::Flapping,
        Self::Errors,
        Self::Replication,
        Self::Route53Api,
        Self::NameServers,
        Self::Throttling,
        Self::SlowApi,
        Self::Foreign,
    ];

    /// Whether it happens in one region.
    pub const fn is_regional(self) -> bool {
        match self {
            Self::Dark
            | Self::Grey
            | Self::ControlPlanes
            | Self::Unhealthy
            | Self::Flapping
            | Self::Errors
            | Self::Throttling
            | Self::SlowApi
            | Self::Foreign => true,
            Self::Replication | Self::Route53Api | Self::NameServers => false,
        }
    }

    /// What goes wrong, as a menu says it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Dark => "the region is dark: nothing runs, nothing answers",
            Self::Grey => "the region is grey: only health checkers get answers",
            Self::ControlPlanes => "its AWS APIs fail; what runs goes on",
            Self::Unhealthy => "its health path answers 503",
            Self::Flapping => "its health path flaps, every 45 s",
            Self::Errors => "half of its invocations fail",
            Self::Replication => "nothing reaches the standby any more",
            Self::Route53Api => "the Route 53 API does not answer; DNS does",
            Self::NameServers => "two of the zone's name servers are silent",
            Self::Throttling => "every second API request is throttled",
            Self::SlowApi => "every API request takes 3 s",
            Self::Foreign => "somebody else changes a stack, for 5 min",
        }
    }
}

/// A kind of trouble and where; the place does not matter to one that is not regional.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    pub kind: TroubleKind,
    pub role: Role,
}

/// Trouble that is in force, of whatever origin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// By which it is ended.
    pub id: usize,
    pub words: String,
}

/// What the facilitator asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Facilitation {
    /// Tell what is in force.
    List,
    Inject(Trouble),
    Heal(usize),
}
