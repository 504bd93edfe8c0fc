//! A session: everything that reaches outside, built once for the world that the settings name.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use crate::aws::Clients;
use crate::clock::Clock;
use crate::dns::Resolver;
use crate::domain::operation::OperationId;
use crate::probe::Probe;
use crate::rehearsal::SharedWorld;

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
    pub cancelled: Operations,
    /// Operations of which nothing waits for a new login any more.
    pub hurried: Operations,
}

/// Operations that have something in common, as tasks tell each other.
#[derive(Debug, Default)]
pub struct Operations(Mutex<BTreeSet<OperationId>>);

impl Operations {
    pub(super) fn add(&self, operation: OperationId) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(operation);
    }

    pub(super) fn has(&self, operation: &OperationId) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.contains(operation)
    }
}

/// A session as the tasks hold it.
pub type Shared = Arc<Session>;
