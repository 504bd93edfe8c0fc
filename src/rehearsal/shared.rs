//! The world as the tasks of a rehearsal share it: one lock, one clock, and answers that take their time.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;

use crate::clock::Clock;
use crate::rehearsal::world::World;
use crate::rehearsal::world::network::{DnsReply, Probe};

/// A world and the clock that drives it; cheap to clone.
#[derive(Clone, Debug)]
pub struct SharedWorld {
    world: Arc<Mutex<World>>,
    clock: Clock,
    /// How far our clock is ahead of the world's.
    ahead: SignedDuration,
}

impl SharedWorld {
    /// `clock` must have begun at [`World::first_look`].
    pub fn new(world: World, clock: Clock) -> Self {
        Self {
            ahead: SignedDuration::from_secs(world.skew()),
            world: Arc::new(Mutex::new(world)),
            clock,
        }
    }

    /// The same world as another machine sees it, whose clock is so far ahead of this one's (negative: behind).
    #[must_use]
    pub fn from_a_machine_ahead(&self, ahead: SignedDuration) -> Self {
        Self {
            world: Arc::clone(&self.world),
            clock: self.clock.ahead(ahead),
            ahead: self.ahead.checked_add(ahead).unwrap_or(self.ahead),
        }
    }

    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Brings the world to the clock's time, then does something with it.
    pub fn with<T>(&self, f: impl FnOnce(&mut World) -> T) -> T {
        let now = self.clock.now();
        let now = now.checked_sub(self.ahead).unwrap_or(now);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::rehearsal::faults::{Fault, TimedFault};
    use crate::rehearsal::scenario::Scenario;
    use crate::rehearsal::world::Setup;

    fn shared(faults: Vec<TimedFault>) -> SharedWorld {
        let mut choices = crate::bundle::Choices::of_suffix("demo");
        let domain = "pay.rehearsal.test";
        choices
            .parameters
            .insert("domainName".into(), domain.into());
        let bundle = crate::bundle::find(None, "payment-standby").unwrap();
        let scenario = Scenario::shipped("steady").unwrap();
        let setup = Setup {
            environment: bundle.environment(choices).unwrap(),
            scenario: Scenario { faults, ..scenario },
            seed: 1,
            epoch: "2026-11-20T09:00:00Z".parse().unwrap(),
        };
        let world = World::new(setup).unwrap();
        let clock = Clock::world(world.first_look(), 1.0);
        SharedWorld::new(world, clock)
    }

    fn always(fault: Fault) -> TimedFault {
        TimedFault {
            at: 0,
            until: None,
            fault,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_world_follows_the_clock() {
        let shared = shared(Vec::new());
        let before = shared.with(|world| world.now());
        shared.clock().sleep(Duration::from_mins(90)).await;
        let passed = shared.with(|world| world.now()).duration_since(before);
        assert_eq!(passed.as_mins(), 90);
        let url = "https://api.pay.rehearsal.test/prod/health";
        assert_eq!(shared.probe(url).await, Ok(200));
        assert!(shared.probe("https://nowhere.test/").await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_black_hole_never_answers() {
        let dark = Fault::RegionDark {
            region: crate::domain::region::Role::Primary,
        };
        let shared = shared(vec![
            always(dark),
            always(Fault::NameServersSilent { servers: 1 }),
        ]);
        let limit = Duration::from_hours(1);
        let url = "https://api.pay.rehearsal.test/prod/health";
        let probe = shared.probe(url);
        let late = shared.clock().timeout(Duration::from_secs(3), probe).await;
        assert!(late.is_err());
        let servers = shared.with(|world| world.name_servers());
        let name = "active-region.pay.rehearsal.test";
        let first = shared.resolve(&servers[0], name, "TXT");
        assert!(shared.clock().timeout(limit, first).await.is_err());
        let second = shared.resolve(&servers[1], name, "TXT").await;
        assert!(matches!(second, DnsReply::Answer { .. }));
    }

    #[tokio::test(start_paused = true)]
    async fn our_clock_may_be_wrong() {
        let shared = shared(vec![always(Fault::ClockSkew { seconds: 600 })]);
        shared.clock().sleep(Duration::from_secs(60)).await;
        let world = shared.with(|world| world.now());
        let ahead = shared.clock().now().duration_since(world);
        assert_eq!(ahead.as_secs(), 600);
        let other = shared.from_a_machine_ahead(SignedDuration::from_secs(-900));
        assert_eq!(other.with(|world| world.now()), world, "it is one world");
        let behind = world.duration_since(other.clock().now());
        assert_eq!(behind.as_secs(), 300);
    }
}
