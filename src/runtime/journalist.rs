//! The one task that writes the journal, entry by entry in the order of the effects.

use std::collections::HashMap;

use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::app::effect::Entry as Told;
use crate::app::model::PastOperation;
use crate::app::msg::Msg;
use crate::domain::environment::{Environment, Mode};
use crate::domain::observation::Serving;
use crate::domain::operation::{OperationId, Outcome};
use crate::domain::plan::{Confirmed, Plan};
use crate::journal::{Entry, Header, Journal, Log, Secrets, Summary, WorldId};
use crate::runtime::session::Shared;
use crate::runtime::undo;

/// What the journalist is told.
pub(super) enum Line {
    Open(Box<Confirmed<Plan>>),
    Refused {
        plan: Box<Plan>,
        outcome: Outcome,
        why: String,
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
    logs: HashMap<OperationId, Log>,
    out: mpsc::Sender<Msg>,
}

impl Journalist {
    pub(super) fn new(session: Shared, env: Environment, out: mpsc::Sender<Msg>) -> Self {
        Self {
            session,
            env,
            account: None,
            logs: HashMap::new(),
            out,
        }
    }

    /// Writes until nobody can tell it anything any more.
    pub(super) async fn run(mut self, mut lines: mpsc::Receiver<Line>) {
        self.tell_past().await;
        while let Some(line) = lines.recv().await {
            let failed = match line {
                Line::Open(confirmed) => {
                    self.open(&confirmed).await;
                    None
                }
                Line::Refused {
                    plan,
                    outcome,
                    why,
                    at,
                } => self.refused(&plan, outcome, why, at).err(),
                Line::Entry {
                    operation,
                    entry,
                    at,
                } => self.entry(&operation, entry, at).await.err(),
                Line::Account(account) => {
                    self.account = Some(account);
                    self.tell_past().await;
                    None
                }
            };
            if let Some(why) = failed {
                self.send(Msg::JournalFailed(why)).await;
            }
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
            secrets: Secrets::of(&self.env),
        }
    }

    async fn open(&mut self, confirmed: &Confirmed<Plan>) {
        let plan = confirmed.plan();
        let operation = plan.id.clone();
        let opened = self.begin(
            plan,
            confirmed.reason(),
            confirmed.overrides().to_vec(),
            confirmed.at(),
        );
        let journal = opened.map(|log| {
            let path = log.path().display().to_string();
            self.logs.insert(operation.clone(), log);
            path
        });
        self.send(Msg::Opened { operation, journal }).await;
    }

    fn begin(
        &self,
        plan: &Plan,
        reason: Option<&str>,
        overrides: Vec<crate::domain::operation::Override>,
        at: Timestamp,
    ) -> Result<Log, String> {
        let mut log = self
            .journal()?
            .begin(&plan.id, self.header(plan))
            .map_err(|e| e.to_string())?;
        let opened = Entry::Opened {
            plan: serde_json::to_value(plan).map_err(|e| e.to_string())?,
            who: self.session.user.clone(),
            mode: self.env.mode.clone(),
            reason: reason.map(str::to_owned),
            overrides,
            drill: matches!(self.env.mode, Mode::Rehearsal { .. }),
        };
        log.append(opened, at).map_err(|e| e.to_string())?;
        Ok(log)
    }

    /// An operation that was refused or not confirmed: opened and closed in one go.
    fn refused(
        &self,
        plan: &Plan,
        outcome: Outcome,
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
            serving: Serving::Unknown,
        };
        log.append(closed, at).map_err(|e| e.to_string())
    }

    async fn entry(
        &mut self,
        operation: &OperationId,
        told: Told,
        at: Timestamp,
    ) -> Result<(), String> {
        let closes = matches!(told, Told::Closed { .. });
        let Some(log) = self.logs.get_mut(operation) else {
            return Ok(());
        };
        log.append(entry(told), at).map_err(|e| e.to_string())?;
        if closes {
            self.tell_past().await;
        }
        Ok(())
    }

    /// The operations of this world, newest first.
    async fn tell_past(&self) {
        let Ok(journal) = self.journal() else { return };
        let all = journal.list();
        let undo = undo::newest(&all, &self.env.name);
        let past = all.into_iter().map(past).collect();
        self.send(Msg::Past(past)).await;
        self.send(Msg::Undo(undo)).await;
    }

    async fn send(&self, msg: Msg) {
        if self.out.send(msg).await.is_err() {
            tracing::debug!("the console is gone");
        }
    }
}

fn entry(told: Told) -> Entry {
    match told {
        Told::Step {
            index,
            title,
            state,
            note,
        } => Entry::Step {
            index,
            title,
            state,
            note,
            request_id: None,
        },
        Told::Milestone { name, at } => Entry::Milestone { name, at },
        Told::Undo { change } => Entry::Undo {
            what: serde_json::to_value(change).unwrap_or(serde_json::Value::Null),
        },
        Told::Note { text } => Entry::Note { text },
        Told::Closed {
            outcome,
            reason,
            serving,
            rto_seconds,
            rpo_seconds,
        } => Entry::Closed {
            outcome,
            reason,
            rto_seconds,
            rpo_seconds,
            serving,
        },
    }
}

fn past(summary: Summary) -> PastOperation {
    PastOperation {
        id: summary.operation.to_string(),
        kind: summary.kind,
        environment: summary.environment.to_string(),
        outcome: summary.outcome,
        started: summary.started,
        finished: summary.finished,
        rto_seconds: summary.rto_seconds,
        rpo_seconds: summary.rpo_seconds,
        reason: summary.reason,
    }
}
