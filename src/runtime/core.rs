//! The machine that the console and the headless commands drive: model, pollers, effects.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::app::effect::Effect;
use crate::app::model::{Load, Model};
use crate::app::msg::Msg;
use crate::app::update::update;
use crate::domain::environment::Environment;
use crate::runtime::journalist::{Journalist, Line};
use crate::runtime::known::{Known, Names};
use crate::runtime::poller::{self, Poller};
use crate::runtime::report;
use crate::runtime::session::{Session, Shared};
use crate::runtime::{recorder, remembered};

/// Results waiting to be taken in: a poll of a large environment is some dozens of them.
const RESULTS: usize = 1024;
/// Journal entries waiting to be written: an operation makes two for each step.
const ENTRIES: usize = 256;
/// Between two counts of the API calls.
const COUNT: Duration = Duration::from_secs(10);
/// How long the end of the program waits for what must still be said.
const PARTING: Duration = Duration::from_secs(5);
/// How long a command waits for what the journal has: a disk that hangs must not keep it from moving traffic.
const CONSULTED: Duration = Duration::from_secs(2);
/// US dollars for one metric of `GetMetricData` (CloudWatch pricing, facts/aws.md §3.1).
const DOLLARS_PER_METRIC: f64 = 0.01 / 1000.0;

/// A running machine. Dropping it ends its tasks.
pub struct Core {
    pub model: Model,
    pub(super) session: Shared,
    pub(super) results: mpsc::Sender<Msg>,
    incoming: mpsc::Receiver<Msg>,
    known: watch::Sender<Known>,
    names: Arc<Names>,
    pub(super) tasks: JoinSet<()>,
    /// What must still be said when the program ends.
    pub(super) parting: JoinSet<()>,
    pub(super) journalist: mpsc::Sender<Line>,
    writer: JoinSet<()>,
    pub(super) refreshes: u64,
    account_told: bool,
    /// Remembers the last messages, where there is a screen.
    pub(super) recorder: Option<recorder::Shared>,
    /// How a report is written, where somebody may ask for one.
    pub write_report: Option<report::Write>,
}

impl Core {
    /// Starts the pollers and the journal's writer.
    pub fn start(session: Session, env: Environment) -> Self {
        let session: Shared = Arc::new(session);
        let (results, incoming) = mpsc::channel(RESULTS);
        let names = Arc::new(Names::nothing(&env));
        let model = Model::new(env.clone(), session.clock.now());
        let (known, watched) = watch::channel(Known::of(&model, Arc::clone(&names), 0));
        let (journalist, lines) = mpsc::channel(ENTRIES);
        let (mut tasks, mut writer) = (JoinSet::new(), JoinSet::new());
        let scribe = Journalist::new(Arc::clone(&session), env.clone());
        writer.spawn(scribe.run(lines, results.clone()));
        let metrics = metrics_per_day(&env);
        let poller = Poller {
            env: Arc::new(env),
            session: Arc::clone(&session),
            known: watched,
            out: results.clone(),
        };
        poller::start(&poller, &mut tasks);
        tasks.spawn(count(Arc::clone(&session), results.clone(), metrics));
        Self {
            model,
            session,
            results,
            incoming,
            known,
            names,
            tasks,
            parting: JoinSet::new(),
            journalist,
            writer,
            refreshes: 0,
            account_told: false,
            recorder: None,
            write_report: None,
        }
    }

    /// The next result. It never ends: this machine holds a sender itself.
    pub async fn next(&mut self) -> Msg {
        match self.incoming.recv().await {
            Some(msg) => msg,
            None => std::future::pending().await,
        }
    }

    /// A result that is there already.
    pub fn ready(&mut self) -> Option<Msg> {
        self.incoming.try_recv().ok()
    }

    /// Takes a message in and performs what follows; effects of the driver (quit, copy) are handed back.
    pub fn take(&mut self, msg: Msg) -> Vec<Effect> {
        let renamed = Names::may_change_with(&msg);
        if let Some(recorder) = &self.recorder {
            let mut recorder = recorder.lock().unwrap_or_else(PoisonError::into_inner);
            recorder.record(&self.model, &msg);
        }
        let effects = update(&mut self.model, msg);
        let mine = effects
            .into_iter()
            .filter_map(|effect| self.perform(effect))
            .collect();
        if renamed {
            let names = Names::of(&self.model);
            if names != *self.names {
                self.names = Arc::new(names);
            }
        }
        self.publish();
        mine
    }

    /// A tick of the clock.
    pub fn tick(&mut self) -> Vec<Effect> {
        let now = self.session.clock.now();
        self.take(Msg::Tick(now))
    }

    pub fn clock(&self) -> &crate::clock::Clock {
        &self.session.clock
    }

    /// From now on the last messages are remembered, and written if the program panics.
    pub fn remember_messages(&mut self) {
        let shared = recorder::Shared::default();
        recorder::watch(&shared, self.recordings());
        self.recorder = Some(shared);
    }

    pub(super) fn recordings(&self) -> PathBuf {
        self.session.state.join("recordings")
    }

    /// Tells the pollers what is known now, if that changed.
    pub(super) fn publish(&mut self) {
        let known = Known::of(&self.model, Arc::clone(&self.names), self.refreshes);
        self.known.send_if_modified(|old| {
            let changed = *old != known;
            if changed {
                *old = known;
            }
            changed
        });
        if !self.account_told
            && let Some(identity) = self.model.seen.identity.last()
        {
            self.account_told = self
                .journalist
                .try_send(Line::Account(identity.account.clone()))
                .is_ok();
        }
    }

    /// Waits until the journal has what it was told so far, or says why it has not.
    pub async fn journal_written(&mut self) -> Result<(), String> {
        let (written, on_disk) = oneshot::channel();
        if self.journalist.send(Line::Sync(written)).await.is_err() {
            return Err("the journal's writer is gone".to_owned());
        }
        match tokio::time::timeout(CONSULTED, on_disk).await {
            Ok(Ok(state)) => state,
            Ok(Err(_gone)) => Err("the journal's writer is gone".to_owned()),
            Err(_late) => Err(format!(
                "the journal's disk did not answer in {} s",
                CONSULTED.as_secs()
            )),
        }
    }

    /// Ends the pollers and waits until the journal is written; not for ever, since its disk may hang.
    pub async fn stop(self) {
        if self.session.world.is_none() {
            remembered::save(&self.session.state, &self.session.resolver.known_servers());
        }
        let Self {
            mut tasks,
            mut parting,
            session,
            journalist,
            mut writer,
            incoming,
            ..
        } = self;
        tasks.abort_all();
        let said = async { while parting.join_next().await.is_some() {} };
        if session.clock.timeout(PARTING, said).await.is_err() {
            tracing::warn!("FailoverDurationSeconds may not have been published");
        }
        drop(journalist);
        drop(incoming);
        let written = async { while writer.join_next().await.is_some() {} };
        if session.clock.timeout(PARTING, written).await.is_err() {
            tracing::warn!("the disk does not answer: the last journal entries may be missing");
        }
    }
}

/// Counts the calls to AWS and what they would cost in a day.
async fn count(session: Shared, out: mpsc::Sender<Msg>, metrics_per_day: f64) {
    let mut before = session.clients.calls();
    loop {
        session.clock.sleep(COUNT).await;
        let calls = session.clients.calls();
        let per_minute = calls.saturating_sub(before) * 60 / COUNT.as_secs();
        before = calls;
        let load = Load {
            calls_per_minute: u32::try_from(per_minute).unwrap_or(u32::MAX),
            dollars_per_day: metrics_per_day * DOLLARS_PER_METRIC,
            throttled: false,
        };
        if out.send(Msg::Load(load)).await.is_err() {
            return;
        }
    }
}

/// How many metrics are asked for in a day at the idle pace: signals each minute, the lever's five each 15 s.
fn metrics_per_day(env: &Environment) -> f64 {
    const MINUTES: f64 = 24.0 * 60.0;
    let lever = if env.traffic.is_some() {
        5.0 * 4.0
    } else {
        0.0
    };
    (env.signals.len() as f64 + lever) * MINUTES
}
