//! The templates of the stacks, read once for each version of a stack, so that both regions can be compared.
//!
//! Nothing waits for them: never read while an operation runs, several stacks at a time, a task of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::Mutex;

use crate::app::effect::Pace;
use crate::bundle::comparable::comparable;
use crate::domain::observation::Seen;
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::parity::TemplateSeen;
use crate::domain::region::Role;
use crate::domain::stack::{Phase, StackId, StackStatus};
use crate::runtime::known::{Known, StackVersion};
use crate::runtime::poller::{Cadence, Poller, Wakes};

/// How many are read at the same time in one region.
const AT_ONCE: usize = 4;

/// The versions whose templates were read.
type Read = Arc<Mutex<BTreeMap<StackId, StackVersion>>>;

impl Poller {
    /// Each minute those that are missing, and at once when a stack has another version.
    pub(super) async fn templates(self, role: Role) {
        let read = Read::default();
        self.every(Cadence(60, 60), Wakes::OnNames, move |poller, known| {
            let read = Arc::clone(&read);
            async move { poller.read_templates(role, &known, &read).await }
        })
        .await;
    }

    async fn read_templates(&self, role: Role, known: &Known, read: &Read) -> Vec<Seen> {
        if known.pace == Pace::Operation {
            return Vec::new();
        }
        let mut done = read.lock().await;
        let mut reads = Vec::new();
        for spec in self.env.stacks_of(role) {
            let version = known.names.versions.get(&spec.id).cloned();
            let is_new = |v: &StackVersion| is_settled(v) && done.get(&spec.id) != Some(v);
            if let Some(version) = version.filter(is_new) {
                let (poller, id) = (self.clone(), spec.id.clone());
                reads.push(async move {
                    let result = poller.read_template(role, &id, &version.arn).await;
                    (id, version, result)
                });
            }
        }
        let all: Vec<_> = stream::iter(reads)
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let mut seen = Vec::new();
        for (id, version, result) in all {
            if result.is_ok() {
                done.insert(id.clone(), version);
            }
            seen.push(Seen::Template(role, id, result.map(Box::new)));
        }
        seen
    }

    /// The stack anew, for the parameters that belong to this very version, then its template.
    async fn read_template(
        &self,
        role: Role,
        id: &StackId,
        arn: &str,
    ) -> Result<TemplateSeen, ReadError> {
        let client = self.session.clients.regions.get(role);
        let state = client.stack(arn).await?;
        let stack = state.stack().ok_or_else(|| ReadError {
            kind: FailureKind::NotFound,
            message: format!("stack {id} was deleted meanwhile"),
        })?;
        let body = client.template(arn).await?;
        let region = self.env.regions.get(role).as_str();
        let bundled = self.env.stack(id).map_or("", |spec| spec.template.as_str());
        Ok(comparable(&body, bundled, stack, region))
    }
}

fn is_settled(version: &StackVersion) -> bool {
    let phase = StackStatus::new(version.status.as_str()).phase();
    !matches!(phase, Phase::InProgress | Phase::Review | Phase::Absent)
}
