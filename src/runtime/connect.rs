//! Builds a session: against AWS, against an endpoint, or against a world in this process.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt as _;
use jiff::Timestamp;

use crate::aws::{Backend, Clients, ConnectError, Issuer, Settings, connector};
use crate::clock::Clock;
use crate::dns::{Answer, Code, DnsError, Lookup, Reply, Resolver, SYSTEM};
use crate::domain::environment::{Environment, Mode};
use crate::domain::observed::{FailureKind, ReadError};
use crate::domain::region::Role;
use crate::probe::{Fetch, Probe};
use crate::rehearsal::SharedWorld;
use crate::rehearsal::scenario::Scenario;
use crate::rehearsal::world::network::DnsReply;
use crate::rehearsal::world::{Setup, World};
use crate::runtime::remembered;
use crate::runtime::session::{Operations, Session};

/// What a session needs besides the environment.
#[derive(Clone, Debug)]
pub struct Wiring {
    pub profile: Option<String>,
    pub endpoint_url: Option<String>,
    pub name_servers: Vec<std::net::SocketAddr>,
    pub state: PathBuf,
    pub user: String,
}

/// A rehearsal's choices.
#[derive(Clone, Debug)]
pub struct Stage {
    pub scenario: Scenario,
    pub seed: u64,
    /// World seconds per second of tokio's clock.
    pub speed: f64,
    /// The world's time at its start, UTC.
    pub epoch: Timestamp,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("the rehearsal can't be set up: {0}")]
    World(String),
}

/// A session against AWS or an endpoint. Nothing is asked of anybody yet.
pub async fn network(env: &Environment, wiring: Wiring) -> Result<Session, SessionError> {
    let clock = Clock::wall();
    let clients = Clients::connect(&Settings {
        regions: env.regions.clone(),
        profile: wiring.profile,
        endpoint_url: wiring.endpoint_url,
        clock: clock.clone(),
        backend: Backend::Network,
    })
    .await?;
    let asks_public_dns =
        !matches!(env.mode, Mode::Endpoint { .. }) || !wiring.name_servers.is_empty();
    let resolver = if asks_public_dns {
        Resolver::system(
            clock.clone(),
            wiring.name_servers,
            remembered::load(&wiring.state),
        )
    } else {
        Resolver::in_process(clock.clone(), nobody())
    };
    let probe = if asks_public_dns {
        Probe::network(clock.clone())
    } else {
        Probe::in_process(clock.clone(), no_one_to_probe())
    };
    Ok(Session {
        clock,
        clients,
        resolver,
        probe,
        state: wiring.state,
        user: wiring.user,
        world: None,
        cancelled: Operations::default(),
        hurried: Operations::default(),
    })
}

/// An emulator's zone is not the public one: without a name server of its own nobody is asked.
fn nobody() -> Lookup {
    Arc::new(|_, _, _| {
        let why = "an endpoint was given and no --name-server, so public DNS is not asked";
        std::future::ready(Err(DnsError::Unreachable(why.to_owned()))).boxed()
    })
}

/// An emulator's host names are made up: probing them would ask strangers, and say nothing about the emulator.
fn no_one_to_probe() -> Fetch {
    Arc::new(|_| {
        let why =
            "an endpoint was given and no --name-server, so public health paths are not asked";
        std::future::ready(Err(ReadError {
            kind: FailureKind::NotFound,
            message: why.to_owned(),
        }))
        .boxed()
    })
}

/// Builds the world of a rehearsal and its clock, which starts now.
pub fn world(env: &Environment, stage: Stage) -> Result<SharedWorld, SessionError> {
    let setup = Setup {
        environment: env.clone(),
        scenario: stage.scenario,
        seed: stage.seed,
        epoch: stage.epoch,
    };
    let world = World::new(setup).map_err(|e| SessionError::World(e.to_string()))?;
    let clock = Clock::world(world.first_look(), stage.speed);
    Ok(SharedWorld::new(world, clock))
}

/// A session against a world in this process.
pub async fn rehearsal(
    env: &Environment,
    wiring: Wiring,
    world: SharedWorld,
) -> Result<Session, SessionError> {
    // the SDK's back-off and tokens draw from this thread's generator: the same seed must give the same rehearsal
    if let Mode::Rehearsal { seed, .. } = env.mode {
        fastrand::seed(seed);
    }
    let clock = world.clock().clone();
    let client = connector::in_process(world.clone());
    let standby = env.regions.get(Role::Standby).to_string();
    let logins = world.clone();
    let issuer = Issuer::of(move || logins.with(|w| w.identity(&standby)).expires);
    let clients = Clients::connect(&Settings {
        regions: env.regions.clone(),
        profile: None,
        endpoint_url: None,
        clock: clock.clone(),
        backend: Backend::InProcessUntil(client, issuer),
    })
    .await?;
    let resolver = Resolver::in_process(clock.clone(), lookup(world.clone()));
    let probe = Probe::in_process(clock.clone(), fetch(world.clone()));
    Ok(Session {
        clock,
        clients,
        resolver,
        probe,
        state: wiring.state,
        user: wiring.user,
        world: Some(world),
        cancelled: Operations::default(),
        hurried: Operations::default(),
    })
}

/// The world's DNS. The system's resolver knows what the first name server that speaks knows.
fn lookup(world: SharedWorld) -> Lookup {
    Arc::new(move |server, name, kind| {
        let world = world.clone();
        async move {
            if server != SYSTEM {
                return Ok(reply(
                    world.resolve(&server, &name, &kind).await,
                    &name,
                    &kind,
                ));
            }
            let servers = world.with(|w| w.name_servers());
            if servers.is_empty() {
                return Err(DnsError::NoResolver);
            }
            let asked = servers
                .iter()
                .map(|server| world.resolve(server, &name, &kind).boxed());
            let (first, _, _) = futures_util::future::select_all(asked).await;
            Ok(Reply {
                authoritative: false,
                ..reply(first, &name, &kind)
            })
        }
        .boxed()
    })
}

fn reply(found: DnsReply, name: &str, kind: &str) -> Reply {
    let empty = |code| Reply {
        authoritative: true,
        code,
        answers: Vec::new(),
    };
    match found {
        DnsReply::Answer {
            values,
            authoritative,
            ..
        } => {
            let answer = |value: String| Answer {
                name: name.trim_end_matches('.').to_ascii_lowercase(),
                kind: kind.to_owned(),
                value: value.trim_matches('"').trim_end_matches('.').to_owned(),
            };
            Reply {
                authoritative,
                code: Code::NoError,
                answers: values.into_iter().map(answer).collect(),
            }
        }
        DnsReply::NoData => empty(Code::NoError),
        DnsReply::NxDomain => empty(Code::NxDomain),
        DnsReply::Refused => empty(Code::Refused),
        DnsReply::Silent => empty(Code::ServFail),
    }
}

/// The world's endpoints.
fn fetch(world: SharedWorld) -> Fetch {
    Arc::new(move |url| {
        let world = world.clone();
        async move {
            let failed = |message| ReadError {
                kind: FailureKind::Unreachable,
                message,
            };
            world.probe(&url).await.map_err(failed)
        }
        .boxed()
    })
}
