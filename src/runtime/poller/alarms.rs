//! The alarms of a region: those of its stacks by name, and those that the manifest names by the beginning.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::domain::environment::StackSpec;
use crate::domain::observation::Seen;
use crate::domain::observed::ReadError;
use crate::domain::placeholder::Bindings;
use crate::domain::region::Role;
use crate::domain::stack::{Phase, StackId, StackResource, StackStatus};
use crate::runtime::known::{Known, StackVersion};
use crate::runtime::poller::{Cadence, Poller, Wakes};

/// Alarm names by stack, with the version they were listed for.
#[derive(Default)]
struct AlarmNames(BTreeMap<StackId, (StackVersion, Vec<String>)>);

impl Poller {
    /// The names of a stack's alarms come from its resources, listed once per version of the stack.
    pub(super) async fn alarms(self, role: Role) {
        let names = Arc::new(Mutex::new(AlarmNames::default()));
        self.every(Cadence(15, 5), Wakes::OnNames, move |poller, known| {
            let names = Arc::clone(&names);
            async move {
                let mut names = names.lock().await;
                poller.read_alarms(role, &known, &mut names).await
            }
        })
        .await;
    }

    async fn read_alarms(&self, role: Role, known: &Known, names: &mut AlarmNames) -> Vec<Seen> {
        let mut seen = Vec::new();
        for spec in self.env.stacks_of(role) {
            let version = known.names.versions.get(&spec.id);
            if is_followed(known, spec, version) {
                continue;
            }
            match self.list(role, spec, version, names).await {
                Ok(resources) => seen.extend(resources),
                Err(error) => {
                    let failed = Err(error.clone());
                    seen.push(Seen::Resources(role, spec.id.clone(), failed));
                    seen.push(Seen::Alarms(role, Err(error)));
                    return seen;
                }
            }
        }
        let prefixes = self.prefixes(role, &known.names.bindings);
        let all: Vec<String> = names.0.values().flat_map(|(_, n)| n.clone()).collect();
        if !(names.0.is_empty() && prefixes.is_empty()) {
            let client = self.session.clients.regions.get(role);
            seen.push(Seen::Alarms(role, client.alarms(&all, &prefixes).await));
        }
        seen
    }

    /// Lists a stack's resources if this version's were not listed yet, and keeps the names of its alarms.
    async fn list(
        &self,
        role: Role,
        spec: &StackSpec,
        version: Option<&StackVersion>,
        names: &mut AlarmNames,
    ) -> Result<Option<Seen>, ReadError> {
        let Some(version) = version else {
            names.0.remove(&spec.id);
            return Ok(None);
        };
        if names.0.get(&spec.id).is_some_and(|(of, _)| of == version) {
            return Ok(None);
        }
        let client = self.session.clients.regions.get(role);
        let resources = client.stack_resources(&version.arn).await?;
        let alarms = alarm_names(&resources);
        names.0.insert(spec.id.clone(), (version.clone(), alarms));
        Ok(Some(Seen::Resources(role, spec.id.clone(), Ok(resources))))
    }

    /// The manifest's prefixes whose references are known.
    fn prefixes(&self, role: Role, bindings: &Bindings) -> Vec<String> {
        let texts = self.env.alarm_prefixes.get(role).iter();
        texts.filter_map(|t| t.resolve(bindings).ok()).collect()
    }
}

/// A stack that an operation follows, or that such a stack makes, is listed when it is at rest: each status on the way is
/// another version.
fn is_followed(known: &Known, spec: &StackSpec, version: Option<&StackVersion>) -> bool {
    let made = spec.made_by.as_ref();
    let at_work = |v: &StackVersion| StackStatus::new(&v.status).phase() == Phase::InProgress;
    known.followed.contains(&spec.id)
        || (made.is_some_and(|by| known.followed.contains(&by.stack))
            && version.is_some_and(at_work))
}

fn alarm_names(resources: &[StackResource]) -> Vec<String> {
    let is_alarm = |kind: &str| {
        matches!(
            kind,
            "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm"
        )
    };
    let alarms = resources.iter().filter(|r| is_alarm(&r.resource_type));
    alarms.filter_map(|r| r.physical_id.clone()).collect()
}
