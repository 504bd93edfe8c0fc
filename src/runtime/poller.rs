//! Polls: one task for each source, so that a source that hangs costs the others nothing.
//!
//! Cadences: DESIGN §5. A source that is throttled waits twice as long each time, up to eight times.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::app::effect::Pace;
use crate::app::msg::Msg;
use crate::aws::{LeverQuery, SignalQuery};
use crate::domain::environment::Environment;
use crate::domain::lever::{LeverKind, LeverSpec};
use crate::domain::observation::{Seen, Sighting};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::placeholder::Bindings;
use crate::domain::region::Role;
use crate::domain::stack::StackId;
use crate::runtime::known::{Known, StackVersion};
use crate::runtime::session::Shared;

/// How much of each signal is read: what the widest sparkline shows.
const HISTORY: Duration = Duration::from_mins(60);
/// How far back the newest command of the metric lever is looked for (`facts/aws.md` §1.4: several hours).
const LEVER_LOOK_BACK: Duration = Duration::from_hours(12);

/// What every poller has.
#[derive(Clone)]
pub(super) struct Poller {
    pub env: std::sync::Arc<Environment>,
    pub session: Shared,
    pub known: watch::Receiver<Known>,
    pub out: mpsc::Sender<Msg>,
}

/// Seconds between two reads: idle, and while an operation runs.
#[derive(Clone, Copy)]
struct Cadence(u64, u64);

impl Cadence {
    fn at(self, pace: Pace) -> Duration {
        Duration::from_secs(match pace {
            Pace::Idle => self.0,
            Pace::Slow => self.0.saturating_mul(2),
            Pace::Operation => self.1,
        })
    }
}

/// The pause after a read.
struct Rest {
    cadence: Cadence,
    wakes: Wakes,
    backoff: u32,
    /// When the read began.
    began: Timestamp,
    /// What was known then.
    known: Known,
}

/// What a source depends on besides time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wakes {
    /// Nothing: its names are given.
    Never,
    /// Names that come from the stacks or from Route 53: it is read again as soon as they change.
    OnNames,
}

/// Names arrive in bursts (one stack after the other); this long is waited for the rest of a burst.
const BURST: Duration = Duration::from_millis(100);

/// Starts every poller.
pub(super) fn start(poller: &Poller, tasks: &mut JoinSet<()>) {
    for role in Role::BOTH {
        for spec in poller.env.stacks_of(role) {
            tasks.spawn(
                poller
                    .clone()
                    .stack(role, spec.id.clone(), spec.name.clone()),
            );
        }
        tasks.spawn(poller.clone().alarms(role));
        tasks.spawn(poller.clone().signals(role));
        tasks.spawn(poller.clone().endpoint(role));
    }
    tasks.spawn(poller.clone().identity());
    if poller.env.traffic.is_some() {
        tasks.spawn(poller.clone().checks());
        tasks.spawn(poller.clone().checkers());
        tasks.spawn(poller.clone().records());
        tasks.spawn(poller.clone().marker());
        tasks.spawn(poller.clone().lever());
    }
}

impl Poller {
    /// Reads again and again: at the cadence, and at once when a refresh is asked for, the pace changes, or the
    /// names it depends on do.
    async fn every<F, Fut>(mut self, cadence: Cadence, wakes: Wakes, mut read: F)
    where
        F: FnMut(Self, Known) -> Fut,
        Fut: Future<Output = Vec<Seen>>,
    {
        let mut backoff: u32 = 0;
        loop {
            let known = self.known.borrow_and_update().clone();
            let began = self.session.clock.now();
            let seen = read(self.clone(), known.clone()).await;
            backoff = if seen.iter().any(is_throttled) {
                (backoff + 1).min(3)
            } else {
                0
            };
            let at = self.session.clock.now();
            for seen in seen {
                if self
                    .out
                    .send(Msg::Sighted(Box::new(Sighting { at, seen })))
                    .await
                    .is_err()
                {
                    return;
                }
            }
            let rest = Rest {
                cadence,
                wakes,
                backoff,
                began,
                known,
            };
            if self.rest(&rest).await.is_err() {
                return;
            }
        }
    }

    /// Waits for the next read. An error means that the console is gone.
    async fn rest(&mut self, rest: &Rest) -> Result<(), watch::error::RecvError> {
        let clock = self.session.clock.clone();
        loop {
            let known = self.known.borrow_and_update().clone();
            if rest.wakes == Wakes::OnNames && rest.backoff == 0 && known.names_differ(&rest.known)
            {
                clock.sleep(BURST).await;
                return Ok(());
            }
            let whole = rest
                .cadence
                .at(known.pace)
                .saturating_mul(1 << rest.backoff);
            let left = whole.saturating_sub(crate::domain::observed::age(rest.began, clock.now()));
            if left.is_zero() || (known.refreshes != rest.known.refreshes && rest.backoff == 0) {
                return Ok(());
            }
            tokio::select! {
                () = clock.sleep(left) => return Ok(()),
                changed = self.known.changed() => changed?,
            }
        }
    }

    async fn stack(self, role: Role, id: StackId, name: String) {
        self.every(Cadence(30, 3), Wakes::Never, move |poller, _| {
            let (id, name) = (id.clone(), name.clone());
            async move {
                let result = poller.session.clients.regions.get(role).stack(&name).await;
                vec![Seen::Stack(role, id, result)]
            }
        })
        .await;
    }

    /// Alarms by name; the names come from the stacks' resources, listed once per version of a stack.
    async fn alarms(self, role: Role) {
        let names = std::sync::Arc::new(tokio::sync::Mutex::new(AlarmNames::default()));
        self.every(Cadence(15, 5), Wakes::OnNames, move |poller, known| {
            let names = std::sync::Arc::clone(&names);
            async move {
                let mut names = names.lock().await;
                match poller.read_alarms(role, &known, &mut names).await {
                    Some(seen) => vec![seen],
                    None => Vec::new(),
                }
            }
        })
        .await;
    }

    async fn read_alarms(&self, role: Role, known: &Known, names: &mut AlarmNames) -> Option<Seen> {
        let client = self.session.clients.regions.get(role);
        for spec in self.env.stacks_of(role) {
            let Some(version) = known.versions.get(&spec.id) else {
                names.0.remove(&spec.id);
                continue;
            };
            if names
                .0
                .get(&spec.id)
                .is_some_and(|(listed, _)| listed == version)
            {
                continue;
            }
            match client.stack_resources(&version.arn).await {
                Ok(resources) => {
                    let alarms = resources
                        .into_iter()
                        .filter(|r| {
                            matches!(
                                r.resource_type.as_str(),
                                "AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm"
                            )
                        })
                        .filter_map(|r| r.physical_id);
                    names
                        .0
                        .insert(spec.id.clone(), (version.clone(), alarms.collect()));
                }
                Err(error) => return Some(Seen::Alarms(role, Err(error))),
            }
        }
        if names.0.is_empty() {
            return None;
        }
        let all: Vec<String> = names
            .0
            .values()
            .flat_map(|(_, names)| names.clone())
            .collect();
        Some(Seen::Alarms(role, client.alarms(&all).await))
    }

    /// Every signal of the region in one request; those whose dimensions are not known yet are left out.
    async fn signals(self, role: Role) {
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
                            dimensions: resolved(&spec.dimensions, &known.bindings)?,
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

    async fn endpoint(self, role: Role) {
        self.every(
            Cadence(15, 5),
            Wakes::OnNames,
            move |poller, known| async move {
                let url = poller
                    .env
                    .traffic
                    .as_ref()
                    .map(|t| t.endpoints.get(role).resolve(&known.bindings));
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

    async fn identity(self) {
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

    async fn checks(self) {
        self.every(Cadence(120, 30), Wakes::Never, |poller, _| async move {
            vec![Seen::Checks(poller.session.clients.global.checks().await)]
        })
        .await;
    }

    /// One endpoint check after the other: Route 53 allows few requests for the whole account.
    async fn checkers(self) {
        self.every(
            Cadence(30, 10),
            Wakes::OnNames,
            |poller, known| async move {
                let mut seen = Vec::new();
                for id in known.endpoint_checks {
                    let result = poller.session.clients.global.checkers(&id).await;
                    let failed = result.is_err();
                    seen.push(Seen::Checkers(id, result));
                    if failed {
                        break;
                    }
                }
                seen
            },
        )
        .await;
    }

    async fn records(self) {
        let zone = std::sync::Arc::new(tokio::sync::Mutex::new(None::<String>));
        self.every(Cadence(600, 60), Wakes::OnNames, move |poller, known| {
            let zone = std::sync::Arc::clone(&zone);
            async move {
                let Some((service, marker)) = poller.names(&known.bindings) else {
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

    async fn marker(self) {
        self.every(Cadence(5, 2), Wakes::OnNames, |poller, known| async move {
            match poller.names(&known.bindings) {
                Some((_, marker)) => {
                    vec![Seen::Marker(poller.session.resolver.marker(&marker).await)]
                }
                None => Vec::new(),
            }
        })
        .await;
    }

    async fn lever(self) {
        self.every(Cadence(15, 5), Wakes::OnNames, |poller, known| async move {
            match poller.lever_query(&known.bindings) {
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

/// Alarm names by stack, with the version they were listed for.
#[derive(Default)]
struct AlarmNames(BTreeMap<StackId, (StackVersion, Vec<String>)>);

fn resolved(
    texts: &BTreeMap<String, crate::domain::placeholder::Placeholder>,
    bindings: &Bindings,
) -> Option<Vec<(String, String)>> {
    texts
        .iter()
        .map(|(name, text)| Some((name.clone(), text.resolve(bindings).ok()?)))
        .collect()
}

fn is_throttled(seen: &Seen) -> bool {
    let error = match seen {
        Seen::Identity(r) => r.as_ref().err(),
        Seen::Stack(_, _, r) => r.as_ref().err(),
        Seen::Alarms(_, r) => r.as_ref().err(),
        Seen::Signals(_, r) => r.as_ref().err(),
        Seen::Endpoint(_, r) => r.as_ref().err(),
        Seen::Checks(r) => r.as_ref().err(),
        Seen::Checkers(_, r) => r.as_ref().err(),
        Seen::Records(r) => r.as_ref().err(),
        Seen::Marker(r) => r.as_ref().err(),
        Seen::Lever(r) => r.as_ref().err(),
    };
    error.is_some_and(|e| e.kind == FailureKind::Throttled)
}
