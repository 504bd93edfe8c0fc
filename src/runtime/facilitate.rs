//! Lets things go wrong in the world of a rehearsal, and ends them. Where there is no such world nothing happens.

use crate::app::msg::Msg;
use crate::domain::region::Role;
use crate::domain::trouble::{Facilitation, InForce, Trouble, TroubleKind};
use crate::rehearsal::faults::Fault;
use crate::rehearsal::world::World;
use crate::runtime::core::Core;

impl Core {
    /// Does what the facilitator asks for, and tells what is in force then.
    pub fn facilitate(&mut self, wanted: Facilitation) {
        let Some(world) = &self.session.world else {
            return;
        };
        let told = world.with(|world| {
            let done = carry_out(world, wanted);
            Msg::Faults {
                in_force: in_force(world),
                done,
            }
        });
        if self.results.try_send(told).is_err() {
            tracing::debug!("the facilitator's menu is told at the next tick");
        }
    }
}

fn carry_out(world: &mut World, wanted: Facilitation) -> Option<String> {
    match wanted {
        Facilitation::List => None,
        Facilitation::Inject(trouble) => {
            let fault = fault(trouble);
            let words = fault.describe();
            world.inject(fault);
            Some(words)
        }
        Facilitation::Heal(id) => {
            let ended = world.faults().into_iter().find(|(i, _)| *i == id)?.1;
            world.heal(id);
            Some(format!("over: {}", ended.describe()))
        }
    }
}

fn in_force(world: &World) -> Vec<InForce> {
    let one = |(id, fault): (usize, Fault)| InForce {
        id,
        words: fault.describe(),
    };
    world.faults().into_iter().map(one).collect()
}

/// The numbers are those of the words in [`TroubleKind::words`].
const fn fault(Trouble { kind, role: region }: Trouble) -> Fault {
    let place: Option<Role> = Some(region);
    match kind {
        TroubleKind::Dark => Fault::RegionDark { region },
        TroubleKind::Grey => Fault::RegionGrey { region },
        TroubleKind::ControlPlanes => Fault::ControlPlanes { region },
        TroubleKind::Unhealthy => Fault::EndpointUnhealthy { region },
        TroubleKind::Flapping => Fault::EndpointFlapping {
            region,
            seconds: 45,
        },
        TroubleKind::Errors => Fault::LambdaErrors {
            region,
            percent: 50.0,
        },
        TroubleKind::Replication => Fault::ReplicationStalled,
        TroubleKind::Route53Api => Fault::Route53Api,
        TroubleKind::NameServers => Fault::NameServersSilent { servers: 2 },
        TroubleKind::Throttling => Fault::Throttling {
            region: place,
            one_in: 2,
        },
        TroubleKind::SlowApi => Fault::SlowApi {
            region: place,
            milliseconds: 3000,
        },
        TroubleKind::Foreign => Fault::ForeignOperation {
            region,
            seconds: 300,
        },
    }
}
