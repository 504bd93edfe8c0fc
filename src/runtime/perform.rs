//! Turns each effect into a task whose result comes back as a message.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::app::effect::{Approval, Effect, LeverDatum, Order, StackTarget};
use crate::app::msg::{Inspected, Msg, News};
use crate::aws::requests;
use crate::domain::blocker::Inquiry;
use crate::domain::environment::ParameterSpec;
use crate::domain::operation::OperationId;
use crate::domain::plan::{Confirmed, Plan};
use crate::domain::unfinished::Opening;
use crate::journal::Secrets;
use crate::runtime::core::Core;
use crate::runtime::execute::{PATIENCE_OF_A_LEVER, execute, recorded};
use crate::runtime::inspect;
use crate::runtime::journalist::Line;
use crate::runtime::levers;
use crate::runtime::patience::{BRIEF, PATIENCE, Stopped};
use crate::runtime::session::Shared;
use crate::runtime::stacks::{Job, StepEnd};

/// What deploy, delete and repair wait for the disk at most before they refuse to begin.
const DISK_PATIENCE: Duration = Duration::from_secs(10);
/// What a step says that is not done.
const READ_ONLY: &str = "the console is read-only: AWS was told nothing";

impl Core {
    /// Performs one effect; one that only the driver can perform is handed back.
    pub(super) fn perform(&mut self, effect: Effect) -> Option<Effect> {
        match effect {
            Effect::Quit | Effect::Copy(_) => return Some(effect),
            Effect::Refresh => self.refreshes += 1,
            // the pace is part of the model, which is published after every message
            Effect::Pace(_) => {}
            Effect::Open(confirmed) => self.open(confirmed),
            Effect::Reopen(confirmed) => {
                let told = self.patiently(&confirmed.plan().id, DISK_PATIENCE);
                self.write_masked(Line::Reopen(confirmed, told));
            }
            Effect::LeaveOpen(operation) => self.write(Line::LeaveOpen(operation)),
            Effect::GiveUp(confirmed) => {
                self.write(Line::GiveUp(confirmed, self.model.facts.serving));
            }
            Effect::Refused {
                plan,
                outcome,
                why,
                serving,
                at,
            } => self.write(Line::Refused {
                plan,
                outcome,
                why,
                serving,
                at,
            }),
            Effect::Journal {
                operation,
                entry,
                at,
            } => self.write(Line::Entry {
                operation,
                entry,
                at,
            }),
            Effect::Do {
                operation,
                index,
                order,
            } => self.begin_step(operation, index, *order),
            Effect::Cancel { operation, targets } => self.cancel(&operation, targets),
            Effect::StopWaiting(operation) => self.session.hurried.add(operation),
            Effect::Preview {
                operation,
                index,
                order,
            } => self.preview(operation, index, *order),
            Effect::Inspect {
                operation,
                index,
                target,
                inquiry,
            } => self.inspect((operation, index), target, *inquiry),
            Effect::ProbeLever(datum) => self.probe_lever(datum),
            Effect::DetectDrift { role, stack, name } => self.detect_drift(role, stack, name),
            Effect::PublishRto { seconds } => self.publish_rto(seconds),
            aside => self.perform_aside(aside),
        }
        None
    }

    /// Opens the journal of an operation. Traffic is more urgent than its record; a deployment is not.
    fn open(&mut self, confirmed: Box<Confirmed<Plan>>) {
        let patience = if confirmed.plan().kind.moves_traffic() {
            PATIENCE_OF_A_LEVER
        } else {
            DISK_PATIENCE
        };
        let told = self.patiently(&confirmed.plan().id, patience);
        let opening = Box::new(self.opening());
        self.write_masked(Line::Open(confirmed, opening, told));
    }

    /// The operation is told that its journal can't be written if nothing was heard of that for so long.
    fn patiently(&mut self, operation: &OperationId, patience: Duration) -> oneshot::Sender<()> {
        let (told, heard) = oneshot::channel();
        let (operation, out) = (operation.clone(), self.results.clone());
        self.tasks.spawn(async move {
            // a disk is not part of any rehearsed world and knows nothing of its speed
            let why = match tokio::time::timeout(patience, heard).await {
                Ok(Ok(())) => return,
                Ok(Err(_gone)) => "its writer is far behind or gone".to_owned(),
                Err(_late) => format!("the disk did not answer in {} ms", patience.as_millis()),
            };
            let journal = Err(why);
            tell(&out, Msg::Opened { operation, journal }).await;
        });
        told
    }

    /// What opens a journal: from now on the environment's secrets are masked in it.
    fn write_masked(&mut self, line: Line) {
        self.write(Line::Secrets(Secrets::of(&self.model.env)));
        self.write(line);
    }

    /// What has nothing to do with AWS.
    fn perform_aside(&mut self, effect: Effect) {
        match effect {
            Effect::Snapshot => self.snapshot(),
            Effect::Record => self.save_recording(),
            Effect::Facilitate(wanted) => self.facilitate(wanted),
            Effect::Report(operation) => self.report(operation),
            other => tracing::error!(?other, "nobody performs this effect"),
        }
    }

    fn write(&mut self, line: Line) {
        if self.journalist.try_send(line).is_err() {
            tracing::error!("the journal is far behind; an entry was lost");
            let lost = Msg::JournalFailed("the writer is far behind; an entry was lost".to_owned());
            if self.results.try_send(lost).is_err() {
                tracing::error!("and the console is, too");
            }
        }
    }

    /// How things stand as an operation begins.
    fn opening(&self) -> Opening {
        let model = &self.model;
        let identity = model.seen.identity.last();
        let run = model.run.as_deref();
        let given = |spec: &ParameterSpec| {
            let value = model.env.given.get(&spec.name)?.to_owned();
            (!spec.sensitive).then(|| (spec.name.clone(), value))
        };
        let secrets = model.env.parameters.iter().filter(|spec| {
            let name = &spec.name;
            spec.sensitive && model.env.is_given(name)
        });
        Opening {
            secrets: secrets.map(|spec| spec.name.clone()).collect(),
            account: identity.map(|i| i.account.clone()),
            arn: identity.map(|i| i.arn.clone()),
            regions: model.env.regions.clone(),
            objectives: model.env.objectives,
            serving: model.facts.serving,
            last_alive: run.and_then(|run| run.milestones.last_alive),
            first_failed: run.and_then(|run| run.milestones.first_failed),
            moved_before: run.is_some_and(|run| run.milestones.moved_before),
            exposure: run.and_then(|run| run.exposure.clone()),
            parameters: model.env.parameters.iter().filter_map(given).collect(),
        }
    }

    /// Whether nothing may be told to AWS, whoever wants it: the last word on read-only mode.
    const fn is_read_only(&self) -> bool {
        self.model.env.read_only
    }

    /// Starts a step; `index` beyond the plan is a repetition whose success is not worth a word.
    fn begin_step(&mut self, operation: OperationId, index: usize, order: Order) {
        let (session, out) = (Shared::clone(&self.session), self.results.clone());
        let (written, on_disk) = oneshot::channel();
        self.write(Line::Sync(written));
        let read_only = self.is_read_only();
        self.tasks.spawn(async move {
            let repeats = matches!(
                &order,
                Order::PutCommand(LeverDatum { repeat: true, .. })
                    | Order::Approve(Approval { repeat: true, .. })
            );
            let done = async {
                if read_only {
                    return Err(Stopped::from(READ_ONLY.to_owned()));
                }
                recorded(&order, on_disk).await.map_err(Stopped::from)?;
                execute(&session, &out, &operation, order).await
            };
            let (result, made) = requests::noted(Box::pin(done)).await;
            if !made.is_empty() {
                let news = News::Requests(index, made);
                let operation = operation.clone();
                tell(&out, Msg::Progress { operation, news }).await;
            }
            let msg = match result {
                Ok(_) if repeats => return,
                Err(failed) if repeats => Msg::Progress {
                    operation,
                    news: News::Note(format!("repeating the command failed: {}", failed.why)),
                },
                Ok(StepEnd::Asks(changes)) => Msg::Asks {
                    operation,
                    index,
                    changes,
                },
                Ok(StepEnd::Done(done)) => Msg::StepDone {
                    operation,
                    index,
                    result: Ok(done),
                },
                Err(stopped) if stopped.open => Msg::StepUnseen {
                    operation,
                    index,
                    why: stopped.why,
                },
                Err(stopped) => Msg::StepDone {
                    operation,
                    index,
                    result: Err(stopped.into()),
                },
            };
            tell(&out, msg).await;
        });
    }

    /// Cancels what runs of an operation. Its journal has it before AWS is told.
    fn cancel(&mut self, operation: &OperationId, targets: Vec<StackTarget>) {
        self.session.cancelled.add(operation.clone());
        if self.is_read_only() {
            return;
        }
        for target in targets {
            let job = Job {
                session: Shared::clone(&self.session),
                out: self.results.clone(),
                operation: operation.clone(),
                target,
                patience: PATIENCE,
            };
            let (written, on_disk) = oneshot::channel();
            self.write(Line::Sync(written));
            self.tasks.spawn(async move {
                // stopping is more urgent than its record
                let waited = tokio::time::timeout(PATIENCE_OF_A_LEVER, on_disk).await;
                if !matches!(waited, Ok(Ok(Ok(())))) {
                    tracing::warn!("an update is cancelled before the journal says so");
                }
                job.cancel().await;
            });
        }
    }

    /// Looks at what a change set would do. Read-only mode makes none.
    fn preview(&mut self, operation: OperationId, index: usize, order: Order) {
        let (session, out) = (Shared::clone(&self.session), self.results.clone());
        let read_only = self.is_read_only();
        self.tasks.spawn(async move {
            let result = match order {
                Order::Deploy(..) if read_only => {
                    Err("read-only mode makes no change sets".to_owned())
                }
                Order::Deploy(target, deployment) => {
                    let job = Job {
                        session,
                        out: out.clone(),
                        operation: operation.clone(),
                        target,
                        patience: BRIEF,
                    };
                    job.preview(deployment).await.map_err(|s| s.why)
                }
                _ => Err("only deployments are previewed".to_owned()),
            };
            let msg = Msg::Previewed {
                operation,
                index,
                result,
            };
            tell(&out, msg).await;
        });
    }

    /// Asks what stands in the way of deleting a stack.
    fn inspect(
        &mut self,
        (operation, index): (OperationId, usize),
        target: StackTarget,
        inquiry: Inquiry,
    ) {
        let (session, out) = (Shared::clone(&self.session), self.results.clone());
        self.tasks.spawn(async move {
            let findings = inspect::inspect(&session, &target, &inquiry).await;
            let msg = Msg::Inspected(Box::new(Inspected {
                operation,
                index,
                findings,
            }));
            if out.send(msg).await.is_err() {
                tracing::debug!("the console is gone");
            }
        });
    }

    fn probe_lever(&mut self, datum: LeverDatum) {
        if self.is_read_only() {
            return;
        }
        let (session, out) = (Shared::clone(&self.session), self.results.clone());
        self.tasks.spawn(async move {
            let result = levers::probe(&session, &datum).await;
            tell(&out, Msg::Probed(result)).await;
        });
    }

    fn publish_rto(&mut self, seconds: f64) {
        if self.is_read_only() {
            return;
        }
        let (session, out) = (Shared::clone(&self.session), self.results.clone());
        let suffix = self.model.env.suffix.clone();
        // a headless command ends with the operation: this is waited for
        self.parting.spawn(async move {
            if let Err(why) = levers::publish_rto(&session, &suffix, seconds).await {
                let text = format!("FailoverDurationSeconds was not published: {why}");
                tell(&out, Msg::Told { good: false, text }).await;
            }
        });
    }

    /// Saves what is seen as JSON in the current folder.
    fn snapshot(&mut self) {
        let text = serde_json::to_string_pretty(&self.model.seen);
        let name = format!(
            "switchback-{}.json",
            self.model.now.strftime("%Y%m%d-%H%M%S")
        );
        let out = self.results.clone();
        self.tasks.spawn(async move {
            let saved = match text {
                Ok(text) => tokio::fs::write(&name, text)
                    .await
                    .map_err(|e| e.to_string()),
                Err(error) => Err(error.to_string()),
            };
            let told = match saved {
                Ok(()) => Msg::Told {
                    good: true,
                    text: format!("snapshot saved to {name}"),
                },
                Err(why) => Msg::Told {
                    good: false,
                    text: format!("snapshot not saved to {name}: {why}"),
                },
            };
            tell(&out, told).await;
        });
    }
}

pub(super) async fn tell(out: &mpsc::Sender<Msg>, msg: Msg) {
    if out.send(msg).await.is_err() {
        tracing::debug!("the console is gone");
    }
}

#[cfg(test)]
mod tests {
    use crate::app::msg::{Ask, Msg};
    use crate::bundle::{self, Choices};
    use crate::domain::environment::Mode;
    use crate::domain::operation::OperationKind;
    use crate::domain::plan::Consent;
    use crate::rehearsal::scenario::Scenario;
    use crate::runtime::connect::{self, Stage, Wiring};
    use crate::runtime::core::Core;
    use crate::runtime::headless;

    async fn core(folder: &std::path::Path) -> Core {
        let mut choices = Choices::of_suffix("demo");
        let domain = ("domainName".to_owned(), "pay.test".to_owned());
        choices.parameters = [domain].into();
        choices.mode = Mode::Rehearsal {
            scenario: "steady".to_owned(),
            seed: 1,
        };
        let bundle = bundle::find(None, "payment-standby").unwrap();
        let env = bundle.environment(choices).unwrap();
        let stage = Stage {
            scenario: Scenario::shipped("steady").unwrap(),
            seed: 1,
            speed: 1.0,
            epoch: "2026-03-02T12:00:00Z".parse().unwrap(),
        };
        let wiring = Wiring {
            profile: None,
            endpoint_url: None,
            name_servers: Vec::new(),
            state: folder.to_owned(),
            user: "ops".to_owned(),
        };
        let world = connect::world(&env, stage).unwrap();
        let session = connect::rehearsal(&env, wiring, world).await.unwrap();
        Core::start(session, env)
    }

    /// A journal whose disk never answers: nobody reads what its writer is told.
    #[tokio::test(start_paused = true)]
    async fn a_disk_that_hangs_stops_no_lever() {
        let state = tempfile::tempdir().unwrap();
        let mut core = core(state.path()).await;
        headless::look(&mut core, headless::LOOK).await;
        let (deaf, lines) = tokio::sync::mpsc::channel(64);
        core.journalist = deaf;
        let ask = Ask {
            kind: OperationKind::Failover,
            lever: None,
            parameters: std::collections::BTreeMap::new(),
            repair: None,
            salt: 1,
        };
        headless::plan(&mut core, ask).await.unwrap();
        let consent = Consent {
            typed_name: "payment-standby-demo".to_owned(),
            ..Consent::default()
        };
        let confirmed = core.clock().now();
        core.take(Msg::Consent(consent));
        let world = core.session.world.clone().unwrap();
        let pulled = || {
            world.with(|world| {
                let mut made = world.requests().iter().filter(|r| r.at >= confirmed);
                made.find(|r| r.operation == "PutMetricData").map(|r| r.at)
            })
        };
        while pulled().is_none() {
            let msg = core.next().await;
            core.take(msg);
        }
        let took = pulled().unwrap().duration_since(confirmed).as_millis();
        assert!((50..=200).contains(&took), "{took} ms");
        let run = core.model.run.as_deref().unwrap();
        let why = run.journal.as_ref().unwrap_err();
        assert_eq!(why, "the disk did not answer in 50 ms");
        let told = |text: &str| core.model.trail.iter().any(|line| line.text.contains(text));
        assert!(told("cannot be written"));
        drop(lines);
    }
}
