//! Where AWS does not accept the credentials any more: waits for a new login instead of failing.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::app::msg::{Msg, News};
use crate::aws::ActError;
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::operation::OperationId;
use crate::runtime::session::Shared;

/// Between two tries of a call. Each fetches the credentials anew, and a refused call has done nothing.
const AGAIN: Duration = Duration::from_secs(5);

/// One part of an operation that may have to wait.
pub(super) struct Renewal<'a> {
    pub session: &'a Shared,
    pub out: &'a mpsc::Sender<Msg>,
    pub operation: &'a OperationId,
    /// What waits, for people: a stack, a lever.
    pub what: String,
}

/// What a failed call says of itself.
pub(super) trait Failure: std::fmt::Display {
    fn kind(&self) -> FailureKind;

    /// Whether the call may have been carried out all the same.
    fn may_have_changed(&self) -> bool;
}

impl Failure for ReadError {
    fn kind(&self) -> FailureKind {
        self.kind
    }

    fn may_have_changed(&self) -> bool {
        false
    }
}

impl Failure for ActError {
    fn kind(&self) -> FailureKind {
        self.kind
    }

    fn may_have_changed(&self) -> bool {
        !self.nothing_changed
    }
}

impl Renewal<'_> {
    /// Makes the call, and again as long as its credentials are what is wrong with it; not longer than the operation waits
    /// for it, since nobody reckons with what is told to AWS after that.
    pub(super) async fn until_accepted<T, E, F>(&self, mut call: impl FnMut() -> F) -> Result<T, E>
    where
        E: Failure,
        F: Future<Output = Result<T, E>>,
    {
        let mut paused = false;
        loop {
            match call().await {
                Err(error) if error.kind() == FailureKind::Credentials => {
                    if !paused {
                        self.tell(Some(error.to_string())).await;
                    }
                    paused = true;
                    self.session.clock.sleep(AGAIN).await;
                    if self.session.hurried.has(self.operation) {
                        return Err(error);
                    }
                }
                result => {
                    if paused {
                        self.tell(None).await;
                    }
                    return result;
                }
            }
        }
    }

    async fn tell(&self, why: Option<String>) {
        let msg = Msg::Progress {
            operation: self.operation.clone(),
            news: News::Paused {
                what: self.what.clone(),
                why,
            },
        };
        if self.out.send(msg).await.is_err() {
            tracing::debug!("the console is gone");
        }
    }
}
