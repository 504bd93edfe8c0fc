//! A session: everything that reaches outside, built once for the world that the settings name.

use std::path::PathBuf;
use std::sync::Arc;

use crate::aws::Clients;
use crate::clock::Clock;
use crate::dns::Resolver;
use crate::probe::Probe;
use crate::rehearsal::SharedWorld;
use crate::runtime::cancel::Cancelled;

/// The handles of one run of the program; tasks share it.
pub struct Session {
    pub clock: Clock,
    pub clients: Clients,
    pub resolver: Resolver,
    pub probe: Probe,
    /// Folder under which journals are kept.
    pub state: PathBuf,
    /// Who operates: the user's name on this machine.
    pub user: String,
    /// The rehearsal's world, if this is one.
    pub world: Option<SharedWorld>,
    /// Operations that were cancelled in this run.
    pub cancelled: Cancelled,
}

/// A session as the tasks hold it.
pub type Shared = Arc<Session>;
