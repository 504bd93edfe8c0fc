//! The world as the tasks of a rehearsal share it: one lock, one clock, and answers that take their time.

use std::sync::{Arc, Mutex, PoisonError};

use crate::clock::Clock;
use crate::rehearsal::world::World;
use crate::rehearsal::world::network::{DnsReply, Probe};

/// A world and the clock that drives it; cheap to clone.
#[derive(Clone, Debug)]
pub struct SharedWorld {
    world: Arc<Mutex<World>>,
    clock: Clock,
}

impl SharedWorld {
    /// `clock` must have begun at the world's epoch.
    pub fn new(world: World, clock: Clock) -> Self {
        Self {
            world: Arc::new(Mutex::new(world)),
            clock,
        }
    }

    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Brings the world to the clock's time, then does something with it.
    pub fn with<T>(&self, f: impl FnOnce(&mut World) -> T) -> T {
        let now = self.clock.now();
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(now);
        f(&mut world)
    }

    /// An HTTPS GET from here: `Ok` with the HTTP status, `Err` where the host has no address. A black hole never
    /// resolves.
    pub async fn probe(&self, url: &str) -> Result<u16, String> {
        match self.with(|world| world.probe(url)) {
            Probe::Answer { status, latency } => {
                self.clock.sleep(latency).await;
                Ok(status)
            }
            Probe::Hang => std::future::pending().await,
            Probe::NoSuchHost => Err("the host name has no address".to_owned()),
        }
    }

    /// One DNS question to one name server. A silent server never resolves.
    pub async fn resolve(&self, server: &str, name: &str, kind: &str) -> DnsReply {
        match self.with(|world| world.dns(server, name, kind)) {
            DnsReply::Silent => std::future::pending().await,
            reply => {
                self.clock
                    .sleep(crate::rehearsal::world::network::DNS_LATENCY)
                    .await;
                reply
            }
        }
    }
}
