//! What is going to happen, in order of time.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::health::HealthCheck;
use crate::domain::routing::RecordSet;
use crate::rehearsal::world::cloudformation::record::StackKey;

/// Something that happens by itself at its time.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// Every [`super::TICK`]: checkers look, functions run, alarms are evaluated.
    Tick,
    /// A fault begins or ends.
    FaultEdge(usize),
    /// A resource of a stack is ready, or gone.
    Resource {
        stack: StackKey,
        run: u64,
        logical_id: String,
    },
    /// A drift detection of a stack is done.
    DriftDetected(StackKey),
    /// A change of records has reached every name server.
    RecordsInSync {
        zone: String,
        change: String,
        records: Vec<RecordSet>,
    },
    /// A change of a health check's configuration has reached the checkers.
    CheckInForce(Box<HealthCheck>),
}

#[derive(Debug, Default)]
pub(super) struct Agenda {
    queue: BTreeMap<(Timestamp, u64), Event>,
    serial: u64,
}

impl Agenda {
    pub(super) fn push(&mut self, at: Timestamp, event: Event) {
        self.serial += 1;
        self.queue.insert((at, self.serial), event);
    }

    /// The next event that is due by `to`; those of the same moment in the order in which they were pushed.
    pub(super) fn pop_due(&mut self, to: Timestamp) -> Option<(Timestamp, Event)> {
        let entry = self.queue.first_entry()?;
        (entry.key().0 <= to).then(|| {
            let ((at, _), event) = entry.remove_entry();
            (at, event)
        })
    }
}
