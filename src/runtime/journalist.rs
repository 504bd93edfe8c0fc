//! The one task that writes the journal, entry by entry in the order of the effects.

use std::collections::HashMap;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use crate::app::effect::Entry as Told;
use crate::app::msg::Msg;
use crate::domain::environment::{Environment, Mode};
use crate::domain::observation::Serving;
use crate::domain::operation::{OperationId, Outcome};
use crate::domain::plan::{Confirmed, Plan};
use crate::domain::records_lever::RecordsChange;
use crate::domain::unfinished::Opening;
use crate::journal::{Entry, Header, Journal, Log, Secrets, WorldId, read, unfinished};
use crate::runtime::entries::{entry, past};
use crate::runtime::session::Shared;
use crate::runtime::undo;

/// What the journalist is told.
pub(super) enum Line {
    /// Begin an operation. The last part is answered, or dropped, once there is a word about it.
    Open(Box<Confirmed<Plan>>, Box<Opening>, oneshot::Sender<()>),
    /// Go on with an operation that was cut off.
    Reopen(Box<Confirmed<Plan>>, oneshot::Sender<()>),
    /// Write no more about an operation that has no end: somebody continues it or gives it up.
    LeaveOpen(OperationId),
    /// Close an operation that was cut off.
    GiveUp(Box<Confirmed<Plan>>, Serving),
    /// What must not be written, as it is known now.
    Secrets(Secrets),
    /// Say when everything before this is on the disk, or why it is not.
    Sync(oneshot::Sender<Result<(), String>>),
    Refused {
        plan: Box<Plan>,
        outcome: Outcome,
        why: String,
        serving: Serving,
        at: Timestamp,
    },
    Entry {
        operation: OperationId,
        entry: Told,
        at: Timestamp,
    },
    /// The account became known.
    Account(String),
}

pub(super) struct Journalist {
    session: Shared,
    env: Environment,
    account: Option<String>,
    secrets: Secrets,
    logs: HashMap<OperationId, Log>,
    /// Why the last entry was not written.
    failed: Option<String>,
    /// What the console is to be told.
    news: Vec<Msg>,
}

impl Journalist {
    pub(super) fn new(session: Shared, env: Environment) -> Self {
        Self {
            session,
            secrets: Secrets::of(&env),
            env,
            account: None,
            logs: HashMap::new(),
            failed: None,
            news: Vec::new(),
        }
    }

    /// Writes until nobody can tell it anything any more.
    pub(super) async fn run(self, mut lines: mpsc::Receiver<Line>, out: mpsc::Sender<Msg>) {
        let look = |journalist: &mut Self| {
            journalist.tell_past();
            journalist.tell_unfinished();
        };
        let mut next = self.on_disk(look, &out).await;
        while let Some(journalist) = next {
            let Some(line) = lines.recv().await else {
                return;
            };
            next = journalist.on_disk(|j| j.take(line), &out).await;
        }
    }

    /// Does something with the disk, and then says what there is to say. A disk that hangs must not hang the console,
    /// so that a thread of its own waits for it; but a rehearsal's world waits for its journal, or the same seed would
    /// not come to the same end.
    async fn on_disk(
        mut self,
        work: impl FnOnce(&mut Self) + Send + 'static,
        out: &mpsc::Sender<Msg>,
    ) -> Option<Self> {
        let mut done = if self.session.world.is_some() {
            work(&mut self);
            self
        } else {
            let waiting = tokio::task::spawn_blocking(move || {
                work(&mut self);
                self
            });
            waiting.await.ok()?
        };
        for msg in done.news.drain(..) {
            if out.send(msg).await.is_err() {
                tracing::debug!("the console is gone");
            }
        }
        Some(done)
    }

    fn take(&mut self, line: Line) {
        let failed = match line {
            Line::Open(confirmed, opening, told) => {
                let log = self.begin_all(&confirmed, opening);
                self.opened(&confirmed, log, told);
                None
            }
            Line::Reopen(confirmed, told) => {
                let log = self.reopen(&confirmed);
                self.opened(&confirmed, log, told);
                None
            }
            Line::LeaveOpen(operation) => {
                self.logs.remove(&operation);
                self.tell_past();
                self.tell_unfinished();
                None
            }
            Line::GiveUp(confirmed, serving) => self.give_up(&confirmed, serving).err(),
            Line::Secrets(secrets) => {
                self.secrets = secrets;
                None
            }
            Line::Sync(asked) => {
                let state = self.failed.take().map_or(Ok(()), Err);
                if asked.send(state).is_err() {
                    tracing::debug!("nobody waits for the journal any more");
                }
                None
            }
            Line::Refused {
                plan,
                outcome,
                why,
                serving,
                at,
            } => self.refused(&plan, (outcome, serving), why, at).err(),
            Line::Entry {
                operation,
                entry,
                at,
            } => self.entry(&operation, entry, at).err(),
            Line::Account(account) => {
                self.account = Some(account);
                self.tell_past();
                self.tell_unfinished();
                None
            }
        };
        if let Some(why) = failed {
            self.failed = Some(why.clone());
            self.news.push(Msg::JournalFailed(why));
        }
    }

    fn journal(&self) -> Result<Journal, String> {
        let world = WorldId::of(&self.env.mode, self.account.as_deref());
        Journal::open(&self.session.state, &world).map_err(|e| e.to_string())
    }

    fn header(&self, plan: &Plan) -> Header {
        Header {
            kind: plan.kind,
            environment: plan.environment.clone(),
            secrets: self.secrets.clone(),
        }
    }

    fn opened(
        &mut self,
        confirmed: &Confirmed<Plan>,
        log: Result<Log, String>,
        told: oneshot::Sender<()>,
    ) {
        let operation = confirmed.plan().id.clone();
        let journal = log.map(|log| {
            let path = log.path().display().to_string();
            self.logs.insert(operation.clone(), log);
            path
        });
        self.news.push(Msg::Opened { operation, journal });
        if told.send(()).is_err() {
            tracing::warn!("the journal was opened later than its operation could wait for");
        }
    }

    fn begin_all(&self, confirmed: &Confirmed<Plan>, opening: Box<Opening>) -> Result<Log, String> {
        let mut log = self.begin(
            confirmed.plan(),
            confirmed.reason(),
            confirmed.overrides().to_vec(),
            confirmed.at(),
        )?;
        log.append(Entry::Situation(opening), confirmed.at())
            .map_err(|e| e.to_string())?;
        Ok(log)
    }

    fn reopen(&self, confirmed: &Confirmed<Plan>) -> Result<Log, String> {
        let plan = confirmed.plan();
        let mut log = self
            .journal()?
            .resume(&plan.id, self.header(plan))
            .map_err(|e| e.to_string())?;
        let resumed = Entry::Resumed {
            who: self.session.user.clone(),
            reason: confirmed.reason().map(str::to_owned),
            overrides: confirmed.overrides().to_vec(),
        };
        log.append(resumed, confirmed.at())
            .map_err(|e| e.to_string())?;
        Ok(log)
    }

    fn give_up(&mut self, confirmed: &Confirmed<Plan>, serving: Serving) -> Result<(), String> {
        let mut log = self.reopen(confirmed)?;
        let closed = Entry::Closed {
            outcome: Outcome::Abandoned,
            reason: Some(confirmed.reason().unwrap_or("given up").to_owned()),
            rto_seconds: None,
            rpo_seconds: None,
            serving,
        };
        log.append(closed, confirmed.at())
            .map_err(|e| e.to_string())?;
        drop(log);
        self.tell_past();
        Ok(())
    }

    fn begin(
        &self,
        plan: &Plan,
        reason: Option<&str>,
        overrides: Vec<crate::domain::operation::Override>,
        at: Timestamp,
    ) -> Result<Log, String> {
        let journal = self.journal()?;
        let follows = journal.follows();
        let mut log = journal
            .begin(&plan.id, self.header(plan))
            .map_err(|e| e.to_string())?;
        let opened = Entry::Opened {
            plan: serde_json::to_value(plan).map_err(|e| e.to_string())?,
            who: self.session.user.clone(),
            mode: self.env.mode.clone(),
            reason: reason.map(str::to_owned),
            overrides,
            drill: plan.drill || matches!(self.env.mode, Mode::Rehearsal { .. }),
        };
        for entry in std::iter::once(opened).chain(follows) {
            log.append(entry, at).map_err(|e| e.to_string())?;
        }
        Ok(log)
    }

    /// An operation that was refused or not confirmed: opened and closed in one go.
    fn refused(
        &self,
        plan: &Plan,
        (outcome, serving): (Outcome, Serving),
        why: String,
        at: Timestamp,
    ) -> Result<(), String> {
        let mut plan = plan.clone();
        let nanos = at.subsec_nanosecond().unsigned_abs();
        plan.id = OperationId(format!("{}-{outcome:?}-{nanos:09}", plan.id).to_ascii_lowercase());
        let mut log = self.begin(&plan, None, Vec::new(), at)?;
        let closed = Entry::Closed {
            outcome,
            reason: Some(why),
            rto_seconds: None,
            rpo_seconds: None,
            serving,
        };
        log.append(closed, at).map_err(|e| e.to_string())
    }

    fn entry(&mut self, operation: &OperationId, told: Told, at: Timestamp) -> Result<(), String> {
        // an outcome may come behind the end
        let closes = match &told {
            Told::Closed { .. } => true,
            Told::Undo { change } => *change == RecordsChange::NONE,
            _ => false,
        };
        let Some(log) = self.logs.get_mut(operation) else {
            return Ok(());
        };
        log.append(entry(told), at).map_err(|e| e.to_string())?;
        if closes {
            self.tell_past();
        }
        Ok(())
    }

    /// The operations of this world, newest first.
    fn tell_past(&mut self) {
        let Ok(journal) = self.journal() else { return };
        let all = journal.list();
        let undo = undo::newest(&all, &self.env.name);
        let past = all.into_iter().map(past).collect();
        self.news.extend([Msg::Past(past), Msg::Undo(undo)]);
    }

    /// Operations that were cut off, if this world is the one in which they began.
    fn tell_unfinished(&mut self) {
        let Ok(journal) = self.journal() else { return };
        let (now, born) = (self.session.clock.now(), self.born());
        let found = journal
            .unfinished(&self.env.name)
            .into_iter()
            .filter(|s| !s.running && born.is_none_or(|born| (born..=now).contains(&s.started)));
        let mut all = Vec::new();
        for summary in found {
            match read(&summary.file) {
                Ok(records) => all.extend(unfinished(&records)),
                Err(why) => self.news.push(Msg::JournalFailed(why.to_string())),
            }
        }
        self.news.push(Msg::Unfinished(all));
    }

    /// When the world of a rehearsal began: it lives as long as its process, and no longer.
    fn born(&self) -> Option<Timestamp> {
        let world = self.session.world.as_ref()?;
        Some(world.with(|w| w.first_look()))
    }
}
