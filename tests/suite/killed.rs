//! The program is killed (SIGKILL) in the middle of operations against a served world, and started again.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use serde_json::Value;
use switchback::clock::Clock;
use switchback::domain::environment::{Environment, Mode};
use switchback::rehearsal::scenario::Scenario;
use switchback::rehearsal::{SharedWorld, endpoint, name_server};
use switchback::runtime::connect::{self, Stage};

use crate::support::home::{Home, Ran, SWITCHBACK};
use crate::support::in_process::environment;

/// World seconds per second: a stack takes about a second.
const SPEED: f64 = 300.0;

/// A world on two ports of this process, and a folder for the consoles that work on it.
struct Served {
    world: SharedWorld,
    env: Environment,
    flags: Vec<String>,
    home: Home,
    /// Serves until it is dropped.
    _runtime: tokio::runtime::Runtime,
}

impl Served {
    fn start(scenario: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let scenario = Scenario::shipped(scenario).unwrap();
        let mut env = environment(&scenario);
        let local: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let now = Clock::wall().now();
        let epoch = Timestamp::from_second(now.as_second()).unwrap();
        let (world, http, dns) = runtime.block_on(async {
            let stage = Stage {
                scenario,
                seed: 1,
                speed: SPEED,
                epoch,
            };
            let world = connect::world(&env, stage).unwrap();
            let http = endpoint::serve(world.clone(), local).await.unwrap();
            let dns = name_server::serve(world.clone(), local).await.unwrap();
            (world, http, dns)
        });
        let (address, server) = dns;
        let url = format!("http://{}", http.address());
        runtime.spawn(async move { http.run().await });
        runtime.spawn(server);
        env.mode = Mode::Live;
        let mut flags: Vec<String> = ["--bundle", "payment-standby", "--suffix", "demo"]
            .map(str::to_owned)
            .to_vec();
        flags.extend(["--endpoint-url".to_owned(), url]);
        flags.extend(["--name-server".to_owned(), address.to_string()]);
        Self {
            world,
            env,
            flags,
            home: Home::new(),
            _runtime: runtime,
        }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(SWITCHBACK);
        command
            .env_clear()
            .envs(self.home.variables())
            .env("AWS_ACCESS_KEY_ID", "AKIAREHEARSAL")
            .env("AWS_SECRET_ACCESS_KEY", "rehearsal")
            .current_dir(self.home.path(""))
            .args(&self.flags)
            .args(words);
        command
    }

    fn run(&self, words: &[&str]) -> Ran {
        Ran::of(&self.command(words).output().unwrap())
    }

    /// Starts the verb (or continues it, if the journal has it as unfinished) and kills it after so many lines of
    /// progress. True if it was killed, false if it had ended before.
    fn kill(&self, verb: &[&str], lines: usize) -> bool {
        let mut words = verb.to_vec();
        if self.is_unfinished() {
            words.push("--resume");
        }
        let mut child = self
            .command(&words)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut progress = BufReader::new(child.stderr.take().unwrap()).lines();
        let came = progress.by_ref().take(lines).count();
        let killed = came == lines && child.try_wait().unwrap().is_none();
        if killed {
            child.kill().unwrap();
        }
        child.wait().unwrap();
        killed
    }

    fn journal(&self) -> Vec<Value> {
        let list = self
            .run(&["journal", "list", "--format", "json"])
            .ends_with(0);
        list.json().as_array().unwrap().clone()
    }

    fn is_unfinished(&self) -> bool {
        self.journal().iter().any(|o| o["outcome"] == "unfinished")
    }

    /// Kills it again and again, and lets it end at last with this outcome.
    fn survive(&self, verb: &[&str], kills: &[usize], outcome: &str) {
        self.survive_as(verb, kills, &[outcome]);
    }

    /// The same; the journal then has these ends of the verb, newest first.
    fn survive_as(&self, verb: &[&str], kills: &[usize], wanted: &[&str]) {
        let killed = kills.iter().filter(|lines| self.kill(verb, **lines));
        let killed = killed.count();
        assert!(killed > 1, "it was killed {killed} times only");
        // without a word about what was cut off nothing begins
        self.run(verb)
            .ends_with(2)
            .explains(&["was cut off", "--resume", "--abandon"]);
        let ran = self.run(&[verb, &["--resume"]].concat());
        self.run(&["journal", "verify"]).ends_with(0);
        let mut journal = self.journal();
        journal.retain(|o| o["kind"] == verb[0]);
        let outcomes: Vec<&Value> = journal.iter().map(|o| &o["outcome"]).collect();
        assert_eq!(outcomes, wanted, "{}", ran.err);
    }

    /// How often each stack was begun to be changed with each token, by its own events: a change set that is executed
    /// twice begins twice.
    fn executions(&self, status: &str) -> Vec<(String, usize)> {
        let count = |spec: &switchback::domain::environment::StackSpec| {
            let region = self.env.regions.get(spec.role).as_str();
            let events = self.world.with(|w| w.stack_events(region, &spec.name));
            let mut begun = std::collections::BTreeMap::new();
            let events = events.unwrap();
            for event in events
                .iter()
                .filter(|e| e.is_of_the_stack() && e.status.0 == status)
            {
                let token = event.token.clone().unwrap_or_default();
                *begun.entry(token).or_insert(0) += 1;
            }
            begun
        };
        self.env.stacks.iter().flat_map(count).collect()
    }

    /// How often each stack was begun to be made, by its own events.
    fn creations(&self) -> Vec<usize> {
        let count = |spec: &switchback::domain::environment::StackSpec| {
            let region = self.env.regions.get(spec.role).as_str();
            let events = self.world.with(|w| w.stack_events(region, &spec.name));
            let events = events.unwrap();
            let begins = events
                .iter()
                .filter(|e| e.logical_id == spec.name && e.status.0 == "CREATE_IN_PROGRESS");
            begins.count()
        };
        self.env.stacks.iter().map(count).collect()
    }
}

#[test]
fn a_deploy_and_a_delete_survive_being_killed_again_and_again() {
    let served = Served::start("empty");
    let mut deploy = vec![
        "deploy",
        "--yes",
        "--reason",
        "a test",
        "--progress",
        "json",
    ];
    let given: Vec<String> = served
        .env
        .parameters
        .iter()
        .filter_map(|p| Some(format!("{}={}", p.name, served.env.given.get(&p.name)?)))
        .collect();
    for one in &given {
        deploy.extend(["--parameter", one]);
    }
    served.survive(&deploy, &[1, 2, 4, 3, 9], "succeeded");
    let created = served.creations();
    assert_eq!(created, vec![1; created.len()]);
    let stacks = served.env.stacks.len();
    let executed = served.executions("CREATE_IN_PROGRESS");
    assert_eq!(executed.len(), stacks, "{executed:?}");

    let mut update = deploy.clone();
    update.extend(["--parameter", "reservedConcurrency=90"]);
    served.survive_as(&update, &[1, 3, 5, 2], &["succeeded", "succeeded"]);
    let executed = served.executions("UPDATE_IN_PROGRESS");
    assert!(executed.len() >= 2, "both regions: {executed:?}");
    assert!(
        executed.iter().all(|(_, times)| *times == 1),
        "{executed:?}"
    );
    let mut delete = vec![
        "delete",
        "--yes",
        "--reason",
        "a test",
        "--progress",
        "json",
    ];
    delete.extend(["--override", "not_serving"]);
    served.survive(&delete, &[1, 3, 5], "succeeded");
    served.run(&["outputs"]).ends_with(12);
}

/// Nobody serves the health paths of a served world, so that the failover waits for them in vain: what counts is
/// that its lever was told one thing.
#[test]
fn a_failover_that_is_killed_again_and_again_tells_its_lever_one_thing() {
    let served = Served::start("region-outage");
    let mut failover = vec![
        "failover",
        "--yes",
        "--reason",
        "a test",
        "--progress",
        "json",
    ];
    failover.extend(["--timeout", "15"]);
    for guard in [
        "destination_healthy",
        "destination_fit",
        "exposure",
        "predicted",
        "lever",
    ] {
        failover.extend(["--override", guard]);
    }
    served.survive(&failover, &[1, 3, 4], "timed_out");
    let show = served.run(&["journal", "show", "--format", "json"]).json();
    let mut told: Vec<&Value> = show
        .as_array()
        .unwrap()
        .iter()
        .map(|record| &record["entry"]["order"]["PutCommand"]["number"])
        .filter(|number| !number.is_null())
        .collect();
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    let status = served.run(&["status", "--format", "json"]).json();
    assert_eq!(status["serving"], "standby", "{status}");
}
