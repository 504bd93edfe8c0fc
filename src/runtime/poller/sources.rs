//! The sources, one function each: what is asked, and how often.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::aws::{LeverQuery, PromotionQuery, SignalQuery};
use crate::domain::lever::{LeverKind, LeverSpec};
use crate::domain::observation::Seen;
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::placeholder::Bindings;
use crate::domain::region::Role;
use crate::domain::stack::{Activity, Phase, Stack, StackId, StackState};
use crate::runtime::known::StackVersion;
use crate::runtime::poller::{Cadence, Poller, Wakes};

/// How much of each signal is read: what the widest sparkline shows.
const HISTORY: Duration = Duration::from_mins(60);
/// How far back the newest command of the metric lever is looked for (`facts/aws.md` §1.4: several hours).
const LEVER_LOOK_BACK: Duration = Duration::from_hours(12);

impl Poller {
    /// A stack that a step of ours follows is read by that step.
    pub(super) async fn stack(self, role: Role, id: StackId, name: String) {
        let told = std::sync::Arc::new(tokio::sync::Mutex::new(None::<StackVersion>));
        self.every(Cadence(30, 3), Wakes::Never, move |poller, known| {
            let (id, name) = (id.clone(), name.clone());
            let told = std::sync::Arc::clone(&told);
            async move {
                if known.followed.contains(&id) {
                    return Vec::new();
                }
                let client = poller.session.clients.regions.get(role);
                let result = client.stack(&name).await;
                let mut told = told.lock().await;
                let activity = match &result {
                    Ok(StackState::Present(stack)) => {
                        poller.activity((role, &id), stack, &mut told).await
                    }
                    _ => None,
                };
                let stack = Seen::Stack(role, id, result);
                std::iter::once(stack).chain(activity).collect()
            }
        })
        .await;
    }

    /// Who began what goes on in a stack, asked once each time that something begins.
    async fn activity(
        &self,
        (role, id): (Role, &StackId),
        stack: &Stack,
        told: &mut Option<StackVersion>,
    ) -> Option<Seen> {
        let version = StackVersion {
            arn: stack.arn.clone(),
            status: stack.status.0.clone(),
            updated: stack.updated,
        };
        let is_busy = stack.status.phase() == Phase::InProgress;
        if !is_busy || told.as_ref() == Some(&version) {
            return None;
        }
        let client = self.session.clients.regions.get(role);
        let events = client.newest_events(&stack.arn).await;
        let result = match events {
            Ok(events) => Activity::of(&events).map(Ok)?,
            Err(error) => Err(error),
        };
        *told = result.is_ok().then_some(version);
        Some(Seen::Activity(role, id.clone(), result))
    }

    /// A stack that a `StackSet` makes, found by the beginning of its name in its own region; once found, by its ARN. While
    /// a step of ours follows the stack of the set, the step looks for it.
    pub(super) async fn made_stack(self, role: Role, id: StackId, prefix: String, maker: StackId) {
        self.every(Cadence(30, 3), Wakes::Never, move |poller, known| {
            let (id, prefix) = (id.clone(), prefix.clone());
            let is_sought = known.followed.contains(&maker);
            async move {
                let client = poller.session.clients.regions.get(role);
                let found = match known.names.versions.get(&id) {
                    Some(version) => client.stack(&version.arn).await,
                    None if is_sought => return Vec::new(),
                    None => Ok(StackState::Absent),
                };
                let result = match found {
                    Ok(StackState::Absent) if !is_sought => client.stack_with_prefix(&prefix).await,
                    found => found,
                };
                vec![Seen::Stack(role, id, result)]
            }
        })
        .await;
    }

    /// Every signal of the region in one request; those whose dimensions are not known yet are left out.
    pub(super) async fn signals(self, role: Role) {
        self.every(
            Cadence(60, 30),
            Wakes::OnNames,
            move |poller, known| async move {
                let queries: Vec<SignalQuery> = poller
                    .env
                    .signals_of(role)
                    .filter_map(|spec| {
                        Some(SignalQuery {
                            id: spec.id.clone(),
                            namespace: spec.namespace.clone(),
                            metric: spec.metric.clone(),
                            dimensions: resolved(&spec.dimensions, &known.names.bindings)?,
                            statistic: spec.statistic.clone(),
                            period_seconds: spec.period_seconds,
                        })
                    })
                    .collect();
                if queries.is_empty() {
                    return Vec::new();
                }
                let now = poller.session.clock.now();
                let start = now.checked_sub(HISTORY).unwrap_or(Timestamp::MIN);
                let end = now.checked_add(crate::aws::CLOCK_MARGIN).unwrap_or(now);
                let result = poller
                    .session
                    .clients
                    .regions
                    .get(role)
                    .signals(&queries, start, end)
                    .await;
                vec![Seen::Signals(role, result)]
            },
        )
        .await;
    }

    pub(super) async fn endpoint(self, role: Role) {
        self.every(
            Cadence(15, 5),
            Wakes::OnNames,
            move |poller, known| async move {
                let url = poller
                    .env
                    .traffic
                    .as_ref()
                    .map(|t| t.endpoints.get(role).resolve(&known.names.bindings));
                match url {
                    Some(Ok(url)) => {
                        vec![Seen::Endpoint(role, poller.session.probe.get(&url).await)]
                    }
                    _ => Vec::new(),
                }
            },
        )
        .await;
    }

    pub(super) async fn identity(self) {
        self.every(Cadence(300, 300), Wakes::Never, |poller, _| async move {
            vec![Seen::Identity(poller.who().await)]
        })
        .await;
    }

    /// Asks the standby first: the primary may be dead.
    async fn who(&self) -> Result<crate::domain::observation::Identity, ReadError> {
        match self.session.clients.regions.standby.identity().await {
            Err(error) if error.kind == FailureKind::Unreachable => {
                self.session.clients.regions.primary.identity().await
            }
            answered => answered,
        }
    }

    pub(super) async fn checks(self) {
        self.every(Cadence(120, 30), Wakes::Never, |poller, _| async move {
            vec![Seen::Checks(poller.session.clients.global.checks().await)]
        })
        .await;
    }

    /// One endpoint check after the other: Route 53 allows few requests for the whole account.
    pub(super) async fn checkers(self) {
        self.every(
            Cadence(30, 10),
            Wakes::OnNames,
            |poller, known| async move {
                let mut seen = Vec::new();
                for id in &known.names.endpoint_checks {
                    let result = poller.session.clients.global.checkers(id).await;
                    let failed = result.is_err();
                    seen.push(Seen::Checkers(id.clone(), result));
                    if failed {
                        break;
                    }
                }
                seen
            },
        )
        .await;
    }

    pub(super) async fn records(self) {
        let zone = std::sync::Arc::new(tokio::sync::Mutex::new(None::<String>));
        self.every(Cadence(600, 60), Wakes::OnNames, move |poller, known| {
            let zone = std::sync::Arc::clone(&zone);
            async move {
                let Some((service, marker)) = poller.names(&known.names.bindings) else {
                    return Vec::new();
                };
                let mut zone = zone.lock().await;
                vec![Seen::Records(
                    poller.read_records(&mut zone, service, marker).await,
                )]
            }
        })
        .await;
    }

    async fn read_records(
        &self,
        zone: &mut Option<String>,
        service: String,
        marker: String,
    ) -> Result<Vec<crate::domain::routing::RecordSet>, ReadError> {
        let global = &self.session.clients.global;
        let id = match zone.take() {
            Some(id) => id,
            None => global.zone_for(&service).await?,
        };
        let records = global.records(&id, &[service, marker]).await?;
        *zone = Some(id);
        Ok(records)
    }

    fn names(&self, bindings: &Bindings) -> Option<(String, String)> {
        let traffic = self.env.traffic.as_ref()?;
        Some((
            traffic.record.resolve(bindings).ok()?,
            traffic.marker.resolve(bindings).ok()?,
        ))
    }

    pub(super) async fn marker(self) {
        self.every(Cadence(5, 2), Wakes::OnNames, |poller, known| async move {
            match poller.names(&known.names.bindings) {
                Some((_, marker)) => {
                    vec![Seen::Marker(poller.session.resolver.marker(&marker).await)]
                }
                None => Vec::new(),
            }
        })
        .await;
    }

    pub(super) async fn lever(self) {
        self.every(Cadence(15, 5), Wakes::OnNames, |poller, known| async move {
            match poller.lever_query(&known.names.bindings) {
                Some((role, query)) => {
                    vec![Seen::Lever(
                        poller
                            .session
                            .clients
                            .regions
                            .get(role)
                            .metric_lever(&query)
                            .await,
                    )]
                }
                None => Vec::new(),
            }
        })
        .await;
    }

    /// How far the state machine in the standby is.
    pub(super) async fn promotion(self) {
        self.every(Cadence(60, 5), Wakes::OnNames, |poller, known| async move {
            match poller.promotion_query(&known.names.bindings) {
                Some((role, query)) => {
                    let client = poller.session.clients.regions.get(role);
                    vec![Seen::Promotion(client.promotion(&query).await)]
                }
                None => Vec::new(),
            }
        })
        .await;
    }

    fn promotion_query(&self, bindings: &Bindings) -> Option<(Role, PromotionQuery)> {
        let spec = self.env.traffic.as_ref()?.promotion.as_ref()?;
        let query = PromotionQuery {
            namespace: spec.namespace.clone(),
            dimensions: resolved(&spec.dimensions, bindings)?,
            approval: spec.approval.clone(),
            progress: spec.progress.clone(),
            look_back: LEVER_LOOK_BACK,
        };
        Some((spec.role, query))
    }

    fn lever_query(&self, bindings: &Bindings) -> Option<(Role, LeverQuery)> {
        let LeverSpec::Metric {
            role,
            namespace,
            dimensions,
            alarm,
        } = self.env.traffic.as_ref()?.lever(LeverKind::Metric)?
        else {
            return None;
        };
        let query = LeverQuery {
            namespace: namespace.clone(),
            dimensions: resolved(dimensions, bindings)?,
            alarm_name: alarm.resolve(bindings).ok()?,
            look_back: LEVER_LOOK_BACK,
        };
        Some((*role, query))
    }
}

fn resolved(
    texts: &BTreeMap<String, crate::domain::placeholder::Placeholder>,
    bindings: &Bindings,
) -> Option<Vec<(String, String)>> {
    texts
        .iter()
        .map(|(name, text)| Some((name.clone(), text.resolve(bindings).ok()?)))
        .collect()
}
