//! Drift detections: begun, followed to their end, their differences read.

use std::time::Duration;

use crate::app::msg::Msg;
use crate::aws::{Detecting, RegionClient};
use crate::clock::Clock;
use crate::domain::drift::Detection;
use crate::domain::observation::{Seen, Sighting};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::region::Role;
use crate::domain::stack::StackId;
use crate::journal::Secrets;
use crate::runtime::core::Core;
use crate::runtime::session::Shared;

/// Between two questions; a detection takes up to several minutes (API reference, `DetectStackDrift`).
const POLL: Duration = Duration::from_secs(5);
/// After this long nobody waits for it any more; CloudFormation goes on.
const PATIENCE: Duration = Duration::from_mins(15);

impl Core {
    /// Has CloudFormation compare a stack with its template. It changes nothing, so read-only mode allows it.
    pub(super) fn detect_drift(&mut self, role: Role, stack: StackId, name: String) {
        let (session, out) = (Shared::clone(&self.session), self.results.clone());
        let secrets = Secrets::of(&self.model.env);
        self.tasks.spawn(async move {
            let client = session.clients.regions.get(role);
            let found = detect(client, &session.clock, &name).await;
            let found = found.map(|detection| hidden(detection, &secrets));
            let sighting = Sighting {
                at: session.clock.now(),
                seen: Seen::Drift(role, stack, found),
            };
            if out.send(Msg::Sighted(Box::new(sighting))).await.is_err() {
                tracing::debug!("the console is gone");
            }
        });
    }
}

/// From the question to the differences.
async fn detect(client: &RegionClient, clock: &Clock, name: &str) -> Result<Detection, ReadError> {
    let id = client.detect_drift(name).await?;
    let followed = clock.timeout(PATIENCE, follow(client, clock, &id)).await;
    let (status, at, trouble) = followed.unwrap_or_else(|_over| {
        Err(ReadError {
            kind: FailureKind::Service,
            message: format!("the drift detection {id} is not done after 15 min"),
        })
    })?;
    Ok(Detection {
        status,
        at,
        trouble,
        resources: client.resource_drifts(name).await?,
    })
}

type Ended = (
    crate::domain::drift::DriftStatus,
    Option<jiff::Timestamp>,
    Option<String>,
);

/// Asks until it is done. A question that was throttled or not answered is asked again.
async fn follow(client: &RegionClient, clock: &Clock, id: &str) -> Result<Ended, ReadError> {
    loop {
        clock.sleep(POLL).await;
        match client.detecting(id).await {
            Ok(Detecting::Running) => {}
            Ok(Detecting::Done {
                status,
                at,
                trouble,
            }) => return Ok((status, at, trouble)),
            Err(error) if error.kind == FailureKind::Throttled => {}
            Err(error) if error.kind == FailureKind::Unreachable => {}
            Err(error) => return Err(error),
        }
    }
}

/// What was given as secret is not shown because a resource has it.
fn hidden(mut detection: Detection, secrets: &Secrets) -> Detection {
    for difference in detection
        .resources
        .iter_mut()
        .flat_map(|r| &mut r.differences)
    {
        difference.expected = secrets.hide(&difference.expected);
        difference.actual = secrets.hide(&difference.actual);
    }
    detection
}
