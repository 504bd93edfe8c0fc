//! The program is killed (SIGKILL) in the middle of operations against a served world, and started again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use switchback::clock::Clock;
use switchback::domain::environment::{Environment, Mode};
use switchback::domain::region::Role;
use switchback::rehearsal::scenario::Scenario;
use switchback::rehearsal::world::RequestRecord;
use switchback::rehearsal::world::cloudwatch::MetricQuery;
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
        self.end(verb, wanted);
    }

    /// Lets what was cut off end, after which the journal has these ends of the verb, newest first.
    fn end(&self, verb: &[&str], wanted: &[&str]) {
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
            let mut begun = BTreeMap::new();
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

    /// Starts the verb (or continues it) and kills it as soon as so many of these requests have come. True if it was killed.
    fn kill_at(&self, verb: &[&str], operation: Option<&str>, requests: usize) -> bool {
        let count = || {
            let counts = |r: &&RequestRecord| operation.is_none_or(|name| r.operation == name);
            self.world
                .with(|w| w.requests().iter().filter(counts).count())
        };
        let mut words = verb.to_vec();
        if self.is_unfinished() {
            words.push("--resume");
        }
        let before = count();
        let mut child = self
            .command(&words)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while count() < before + requests {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            std::thread::park_timeout(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        true
    }

    /// What a metric of the lever in the standby was told, in both directions.
    fn told(&self, metric: &str) -> BTreeSet<i64> {
        let both = ["Maximum", "Minimum"].into_iter();
        let points = both.flat_map(|statistic| {
            let query = MetricQuery {
                namespace: "Switchback/Failover".to_owned(),
                metric: metric.to_owned(),
                dimensions: BTreeMap::from([("Environment".to_owned(), "demo".to_owned())]),
                statistic: statistic.to_owned(),
                period: 60,
                start: Timestamp::UNIX_EPOCH,
                end: Timestamp::MAX,
            };
            let standby = self.env.regions.get(Role::Standby).as_str();
            self.world.with(|w| w.metric_data(standby, &query))
        });
        #[expect(clippy::cast_possible_truncation, reason = "epoch seconds")]
        points.map(|p| p.value as i64).collect()
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
    served.survive(&deploy, &[2, 4, 9], "succeeded");
    let created = served.creations();
    assert_eq!(created, vec![1; created.len()]);
    let stacks = served.env.stacks.len();
    let executed = served.executions("CREATE_IN_PROGRESS");
    assert_eq!(executed.len(), stacks, "{executed:?}");

    let mut update = deploy.clone();
    update.extend(["--parameter", "reservedConcurrency=90"]);
    served.survive_as(&update, &[3, 5], &["succeeded", "succeeded"]);
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
    served.survive(&delete, &[3, 5], "succeeded");
    served.run(&["outputs"]).ends_with(12);
}

fn failover() -> Vec<&'static str> {
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
    failover
}

/// Killed between the lever's two data, and at points that a seeded dice chooses: the world has one command, and obeys it.
/// Nobody serves the health paths of a served world, so that the failover waits for them in vain: what counts is what its
/// lever was told.
#[test]
fn wherever_a_failover_is_killed_the_world_was_told_one_thing() {
    let served = Served::start("steady");
    let before = served.told("FailoverCommand");
    let failover = failover();
    let mut dice: u64 = 11;
    let mut killed = usize::from(served.kill_at(&failover, Some("PutMetricData"), 1));
    // a machine that is slow may come to the end in between
    while killed < 5 && served.is_unfinished() {
        dice = dice
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let requests = usize::try_from(dice >> 33).unwrap() % 80 + 1;
        killed += usize::from(served.kill_at(&failover, None, requests));
    }
    assert!(killed > 1, "it was killed {killed} times only");
    if served.is_unfinished() {
        served.end(&failover, &["timed_out"]);
    }
    served.run(&["journal", "verify"]).ends_with(0);
    let told = served.told("FailoverCommand");
    let ours: Vec<&i64> = told.difference(&before).collect();
    assert_eq!(ours.len(), 1, "{told:?}");
    assert!(*ours[0] > 0, "engaged");
    assert_eq!(served.told("FailoverEcho").last(), Some(ours[0]));
    let status = served.run(&["status", "--format", "json"]).json();
    assert_eq!(status["serving"], "standby", "{status}");
    assert_eq!(status["traffic"]["commanded"], "standby", "{status}");
}
