//! A rehearsal in this process, on the paused clock: the model, the world and its log of requests at hand.

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use switchback::app::model::Model;
use switchback::app::msg::{Ask, Msg};
use switchback::bundle::{self, Choices};
use switchback::domain::environment::{Environment, Mode};
use switchback::domain::lever::LeverKind;
use switchback::domain::operation::{OperationKind, OperationResult};
use switchback::domain::plan::Consent;
use switchback::rehearsal::SharedWorld;
use switchback::rehearsal::scenario::Scenario;
use switchback::rehearsal::world::RequestRecord;
use switchback::runtime::connect::{self, Stage, Wiring};
use switchback::runtime::core::Core;
use switchback::runtime::headless::{self, Went};

/// The moment of the first look: any will do, if it is always the same.
const EPOCH: &str = "2026-03-02T12:00:00Z";

/// The bundle of a rehearsal that names none.
const BUNDLE: &str = "payment-standby";

/// A machine and the world that it looks at.
pub(crate) struct Rehearsed {
    pub(crate) core: Core,
    pub(crate) world: SharedWorld,
    /// The end of the first look.
    pub(crate) began: Timestamp,
}

/// Plays on the paused clock of a runtime of its own.
pub(crate) fn rehearse<T>(
    scenario: &str,
    state: &Path,
    play: impl AsyncFnOnce(Rehearsed) -> T,
) -> T {
    let scenario = Scenario::shipped(scenario).unwrap();
    rehearse_scenario(scenario, state, play)
}

pub(crate) fn rehearse_scenario<T>(
    scenario: Scenario,
    state: &Path,
    play: impl AsyncFnOnce(Rehearsed) -> T,
) -> T {
    rehearse_on(BUNDLE, scenario, state, play)
}

pub(crate) fn rehearse_on<T>(
    bundle: &str,
    scenario: Scenario,
    state: &Path,
    play: impl AsyncFnOnce(Rehearsed) -> T,
) -> T {
    let env = environment_of(bundle, &scenario);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async { play(Rehearsed::begin(env, scenario, state).await).await })
}

/// The demonstration environment of the scenario.
pub(crate) fn environment(scenario: &Scenario) -> Environment {
    environment_of(BUNDLE, scenario)
}

/// The same for another bundle.
fn environment_of(bundle: &str, scenario: &Scenario) -> Environment {
    let bundle = bundle::find(None, bundle).unwrap();
    let required = bundle.manifest.parameters.iter().filter(|p| p.required);
    let parameters = required
        .map(|p| (p.name.clone(), p.example.clone().unwrap()))
        .collect();
    let mode = Mode::Rehearsal {
        scenario: scenario.name.clone(),
        seed: 1,
    };
    let choices = Choices {
        suffix: "demo".to_owned(),
        primary: None,
        standby: None,
        name: None,
        parameters,
        mode,
        production: false,
        drill_windows: Vec::new(),
        read_only: false,
    };
    bundle.environment(choices).unwrap()
}

fn wiring(state: &Path) -> Wiring {
    Wiring {
        profile: None,
        endpoint_url: None,
        name_servers: Vec::new(),
        state: state.to_owned(),
        user: "ops".to_owned(),
    }
}

impl Rehearsed {
    /// Starts without looking; the clock may be a real one.
    pub(crate) async fn start(scenario: &str, state: &Path) -> Self {
        let scenario = Scenario::shipped(scenario).unwrap();
        Self::set_up(environment(&scenario), scenario, state).await
    }

    async fn begin(env: Environment, scenario: Scenario, state: &Path) -> Self {
        let mut rehearsed = Self::set_up(env, scenario, state).await;
        headless::look(&mut rehearsed.core, headless::LOOK).await;
        rehearsed.began = rehearsed.core.clock().now();
        rehearsed
    }

    /// A second console on the same world, with a state folder of its own.
    pub(crate) async fn beside(&self, state: &Path) -> Self {
        self.beside_ahead(state, 0).await
    }

    /// The same on a machine whose clock is so many seconds ahead of this one's.
    pub(crate) async fn beside_ahead(&self, state: &Path, seconds: i64) -> Self {
        let env = self.model().env.clone();
        let ahead = SignedDuration::from_secs(seconds);
        let world = self.world.from_a_machine_ahead(ahead);
        let session = connect::rehearsal(&env, wiring(state), world.clone())
            .await
            .unwrap();
        let mut other = Self {
            core: Core::start(session, env),
            world,
            began: self.began,
        };
        headless::look(&mut other.core, headless::LOOK).await;
        other
    }

    async fn set_up(env: Environment, scenario: Scenario, state: &Path) -> Self {
        let played = Stage {
            scenario,
            seed: 1,
            speed: 1.0,
            epoch: EPOCH.parse::<Timestamp>().unwrap(),
        };
        let world = connect::world(&env, played).unwrap();
        Self::on(world, env, state).await
    }

    /// A console on a world.
    async fn on(world: SharedWorld, env: Environment, state: &Path) -> Self {
        let session = connect::rehearsal(&env, wiring(state), world.clone())
            .await
            .unwrap();
        let began = session.clock.now();
        Self {
            core: Core::start(session, env),
            world,
            began,
        }
    }

    /// The console dies with all its tasks, as after SIGKILL; the world goes on for some seconds, and a new console
    /// looks at it and into the journal.
    pub(crate) async fn killed(self, state: &Path, seconds: u64) -> Self {
        let Self { core, world, .. } = self;
        let env = Environment {
            given: environment_of(
                &core.model.env.bundle,
                &Scenario::shipped("steady").unwrap(),
            )
            .given,
            ..core.model.env.clone()
        };
        drop(core);
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        world.clock().sleep(Duration::from_secs(seconds)).await;
        let mut again = Self::on(world, env, state).await;
        headless::look(&mut again.core, headless::LOOK).await;
        headless::consult_journal(&mut again.core).await.unwrap();
        again
    }

    /// Confirms an operation and takes in so many messages of it.
    pub(crate) async fn begin_operation(&mut self, kind: OperationKind, messages: usize) {
        self.begin_with(kind, &[], messages).await;
    }

    /// The same with parameters.
    pub(crate) async fn begin_with(
        &mut self,
        kind: OperationKind,
        parameters: &[(&str, &str)],
        messages: usize,
    ) {
        let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        let ask = Ask {
            kind,
            lever: None,
            parameters: parameters.iter().map(own).collect(),
            repair: None,
            salt: 7,
        };
        headless::plan(&mut self.core, ask).await.unwrap();
        self.core.take(Msg::Consent(self.consent()));
        assert!(self.model().is_busy(), "{:?}", self.model().dialog);
        for _ in 0..messages {
            let msg = self.core.next().await;
            self.core.take(msg);
            self.core.tick();
        }
    }

    /// Continues what was cut off to its end.
    pub(crate) async fn resume(&mut self) -> OperationResult {
        let operation = self.model().unfinished[0].id().clone();
        let consent = self.consent();
        match headless::resume(&mut self.core, &operation, consent, &mut |_| {}).await {
            Went::Ended(result) => *result,
            Went::NotConfirmed { why, .. } | Went::NoPlan(why) => panic!("not continued: {why}"),
        }
    }

    fn consent(&self) -> Consent {
        Consent {
            typed_name: self.model().env.name.0.clone(),
            reason: Some("a test".to_owned()),
            // deleting what serves, which a rehearsal does
            overridden: vec!["not_serving".to_owned()],
        }
    }

    pub(crate) fn model(&self) -> &Model {
        &self.core.model
    }

    pub(crate) async fn wait(&mut self, seconds: u64) {
        headless::wait(&mut self.core, Duration::from_secs(seconds), &mut |_| {}).await;
    }

    /// Waits until something holds; `seconds` of world time at most.
    pub(crate) async fn until(&mut self, seconds: u64, holds: impl Fn(&Model) -> bool) -> bool {
        for _ in 0..seconds {
            if holds(&self.core.model) {
                return true;
            }
            self.wait(1).await;
        }
        holds(&self.core.model)
    }

    /// An operation, confirmed by the environment's name.
    pub(crate) async fn operate(&mut self, kind: OperationKind) -> OperationResult {
        let ran = self.try_operate(kind, None, Vec::new()).await;
        ran.unwrap_or_else(|why| panic!("it did not run: {why}"))
    }

    /// The same by a lever of one's choice, with guards overridden; why it did not run, if it did not.
    pub(crate) async fn try_operate(
        &mut self,
        kind: OperationKind,
        lever: Option<LeverKind>,
        overridden: Vec<String>,
    ) -> Result<OperationResult, String> {
        let (ask, consent) = self.wish(kind, lever, overridden);
        match headless::operate(&mut self.core, ask, consent, &mut |_| {}).await {
            Went::Ended(result) => Ok(*result),
            Went::NoPlan(why) | Went::NotConfirmed { why, .. } => Err(why),
        }
    }

    fn wish(
        &self,
        kind: OperationKind,
        lever: Option<LeverKind>,
        overridden: Vec<String>,
    ) -> (Ask, Consent) {
        let ask = Ask {
            kind,
            lever,
            parameters: std::collections::BTreeMap::new(),
            repair: None,
            salt: 7,
        };
        let consent = Consent {
            typed_name: self.model().env.name.0.clone(),
            reason: Some("a test".to_owned()),
            overridden,
        };
        (ask, consent)
    }

    /// Confirms an operation and does not wait for its end; the operation's id.
    pub(crate) async fn launch(&mut self, kind: OperationKind) -> String {
        self.launch_with(kind, Vec::new()).await
    }

    /// The same in spite of these guards.
    pub(crate) async fn launch_with(
        &mut self,
        kind: OperationKind,
        overrides: Vec<String>,
    ) -> String {
        let (ask, consent) = self.wish(kind, None, overrides);
        let plan = headless::plan(&mut self.core, ask).await.unwrap();
        self.core.take(Msg::Consent(consent));
        self.wait(1).await;
        plan.id.to_string()
    }

    /// The result of an operation that was begun.
    pub(crate) fn ended(&self, operation: &str) -> OperationResult {
        let model = self.model();
        let run = model.run.as_deref().expect("there is an operation");
        assert_eq!(run.plan().id.to_string(), operation);
        run.result(&model.env, model.facts.serving, model.now)
    }

    /// The guards of a move now, as `id: verdict`, refusals only.
    pub(crate) async fn refusals(&mut self, kind: OperationKind) -> Vec<String> {
        let ask = Ask {
            kind,
            lever: None,
            parameters: std::collections::BTreeMap::new(),
            repair: None,
            salt: 7,
        };
        let plan = headless::plan(&mut self.core, ask).await.unwrap();
        self.core.take(Msg::Key(switchback::app::key::Key::Esc));
        plan.refusals().map(|g| g.id.as_str().to_owned()).collect()
    }

    /// What was asked of the world since a moment.
    pub(crate) fn requests_since(&self, since: Timestamp) -> Vec<RequestRecord> {
        self.world.with(|world| {
            let all = world.requests().iter();
            all.filter(|r| r.at >= since).cloned().collect()
        })
    }
}
