//! How long it takes from a message or a key to a finished frame, at 200×60 with 2×2,000 alarms and 2×200 stacks.
//!
//! The limits are in the table of `tests/referees/measure.sh`; a frame here includes what a terminal would be sent.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark fails loudly, and measures real time"
)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use switchback::app::key::Key;
use switchback::app::model::Model;
use switchback::app::msg::Msg;
use switchback::app::update::update;
use switchback::bundle::{self, Choices};
use switchback::domain::alarm::{Alarm, AlarmKind, AlarmState};
use switchback::domain::environment::{Environment, Mode, StackSpec};
use switchback::domain::observation::{Seen, Sighting};
use switchback::domain::region::Role;
use switchback::domain::stack::{StackId, StackState};
use switchback::rehearsal::scenario::Scenario;
use switchback::runtime::connect::{self, Stage, Wiring};
use switchback::runtime::core::Core;
use switchback::runtime::headless;
use switchback::ui::{Theme, draw};

const ALARMS: usize = 2000;
const STACKS: usize = 200;
const EPOCH: &str = "2026-03-02T12:00:00Z";

fn environment() -> Environment {
    let bundle = bundle::find(None, "payment-standby").unwrap();
    let required = bundle.manifest.parameters.iter().filter(|p| p.required);
    let parameters = required
        .map(|p| (p.name.clone(), p.example.clone().unwrap()))
        .collect();
    let choices = Choices {
        suffix: "demo".to_owned(),
        primary: None,
        standby: None,
        name: None,
        parameters,
        mode: Mode::Rehearsal {
            scenario: "steady".to_owned(),
            seed: 1,
        },
        production: false,
        drill_windows: Vec::new(),
        read_only: false,
    };
    bundle.environment(choices).unwrap()
}

/// What a rehearsal shows at its first look: every source has answered.
fn looked() -> Model {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let env = environment();
        let stage = Stage {
            scenario: Scenario::shipped("steady").unwrap(),
            seed: 1,
            speed: 1.0,
            epoch: EPOCH.parse().unwrap(),
        };
        let wiring = Wiring {
            profile: None,
            endpoint_url: None,
            name_servers: Vec::new(),
            state: std::env::temp_dir().join("switchback-bench"),
            user: "bench".to_owned(),
        };
        let world = connect::world(&env, stage).unwrap();
        let session = connect::rehearsal(&env, wiring, world).await.unwrap();
        let mut core = Core::start(session, env);
        headless::look(&mut core, headless::LOOK).await;
        core.model.clone()
    })
}

fn alarms(at: Timestamp) -> Vec<Alarm> {
    (0..ALARMS)
        .map(|n| Alarm {
            name: format!("payment-alarm-{n:04}-demo"),
            kind: AlarmKind::Metric,
            state: if n % 50 == 0 {
                AlarmState::Alarm
            } else {
                AlarmState::Ok
            },
            reason: Some("Threshold Crossed: 3 out of the last 5 datapoints".to_owned()),
            since: Some(at),
        })
        .collect()
}

fn sighted(at: Timestamp, seen: Seen) -> Msg {
    Msg::Sighted(Box::new(Sighting { at, seen }))
}

/// The model with a large account on both sides.
fn large() -> Model {
    let mut model = looked();
    model.size = (200, 60);
    let at = model.now;
    let settled: Vec<(Role, StackState)> = Role::BOTH
        .into_iter()
        .filter_map(|role| {
            let stacks = &model.seen.regions.get(role).stacks;
            Some((role, stacks.values().find_map(|s| s.last().cloned())?))
        })
        .collect();
    for (role, state) in settled {
        for n in 0..STACKS {
            let id = StackId(format!("{role}-{n:03}"));
            model.env.stacks.push(StackSpec {
                id: id.clone(),
                role,
                name: format!("payment-part-{n:03}-demo"),
                template: "{}".to_owned(),
                capabilities: Vec::new(),
                parameters: std::collections::BTreeMap::new(),
                after: Vec::new(),
                made_by: None,
            });
            update(
                &mut model,
                sighted(at, Seen::Stack(role, id, Ok(state.clone()))),
            );
        }
        update(&mut model, sighted(at, Seen::Alarms(role, Ok(alarms(at)))));
    }
    model
}

/// Runs rounds of message → update → frame; building the message is not counted.
fn frames(
    terminal: &mut Terminal<TestBackend>,
    theme: &Theme,
    (model, rounds): (&mut Model, u64),
    mut message: impl FnMut(u64) -> Msg,
) -> Duration {
    let mut spent = Duration::ZERO;
    for round in 0..rounds {
        let message = message(round);
        let began = Instant::now();
        black_box(update(model, message));
        terminal.draw(|frame| draw(frame, model, theme)).unwrap();
        spent += began.elapsed();
    }
    spent
}

fn bench(criterion: &mut Criterion) {
    let theme = Theme::of_terminal(false, Some("truecolor"), Some("xterm-256color"), true);
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    let start = large();
    let at = start.now;
    let later = |round: u64| at.checked_add(Duration::from_secs(round % 600)).unwrap();
    let mut run = |name: &str, message: &mut dyn FnMut(u64) -> Msg| {
        criterion.bench_function(name, |bencher| {
            let mut model = start.clone();
            bencher.iter_custom(|rounds| {
                frames(&mut terminal, &theme, (&mut model, rounds), &mut *message)
            });
        });
    };
    let pages = ['1', '2', '3', '4', '5'];
    run("key to frame: another page", &mut |round| {
        let index = usize::try_from(round).unwrap_or_default() % pages.len();
        Msg::Key(Key::Char(pages.get(index).copied().unwrap_or('1')))
    });
    run("key to frame: down a list", &mut |_| Msg::Key(Key::Down));
    run("message to frame: tick", &mut |round| {
        Msg::Tick(later(round))
    });
    let endpoint = start.seen.regions.standby.endpoint.last().cloned().unwrap();
    run("message to frame: endpoint", &mut |round| {
        sighted(
            later(round),
            Seen::Endpoint(Role::Standby, Ok(endpoint.clone())),
        )
    });
    let many = alarms(at);
    run("message to frame: 2,000 alarms", &mut |round| {
        sighted(later(round), Seen::Alarms(Role::Standby, Ok(many.clone())))
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(40).measurement_time(Duration::from_secs(3));
    targets = bench
}
criterion_main!(benches);
