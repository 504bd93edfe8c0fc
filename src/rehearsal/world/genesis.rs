//! How a world begins: zones that exist beforehand, the environment deployed through the same calls as any other,
//! six hours of history, the scenario's faults planned.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::environment::Environment;
use crate::domain::placeholder::Bindings;
use crate::domain::stack::{Phase, StackId, StackStatus};
use crate::rehearsal::world::agenda::{Agenda, Event};
use crate::rehearsal::world::chance::Chance;
use crate::rehearsal::world::checks::later;
use crate::rehearsal::world::cloudformation::{NewChangeSet, ParameterValue};
use crate::rehearsal::world::gate::Faults;
use crate::rehearsal::world::route53::Route53;
use crate::rehearsal::world::system::System;
use crate::rehearsal::world::{Setup, TICK, World, WorldError};

/// How long before the first look a deployed environment is made: six hours of history and time to deploy.
const BEFORE: Duration = Duration::from_hours(7);

/// How long a stack may take at the beginning.
const PATIENCE: u32 = 2 * 60 * 12;

/// The zone that a rehearsal's domain lies in, where the operator names none.
const STAND_IN_ZONE: &str = "Z0REHEARSAL0SWITCHBACK";

/// Values for parameters that are required, have no default and were not given, so that a rehearsal needs no
/// configuration.
pub fn stand_ins(environment: &Environment) -> BTreeMap<String, String> {
    let open = environment
        .parameters
        .iter()
        .filter(|p| p.required && p.default.is_none() && environment.given.get(&p.name).is_none());
    open.map(|p| (p.name.clone(), stand_in(&p.name, &environment.bundle)))
        .collect()
}

fn stand_in(name: &str, bundle: &str) -> String {
    let lower = name.to_ascii_lowercase();
    if lower.contains("zoneid") {
        STAND_IN_ZONE.to_owned()
    } else if lower.contains("domain") {
        format!("{bundle}.rehearsal.test")
    } else if lower.contains("email") {
        "operators@rehearsal.test".to_owned()
    } else if lower.ends_with("arn") {
        format!("arn:aws:rehearsal:::{lower}")
    } else {
        "rehearsal".to_owned()
    }
}

impl World {
    pub fn new(setup: Setup) -> Result<Self, WorldError> {
        let begin = aligned(if setup.scenario.deployed {
            setup.epoch.checked_sub(BEFORE).unwrap_or(setup.epoch)
        } else {
            setup.epoch
        });
        let mut given = setup.environment.defaults.clone();
        for (name, value) in setup.environment.given.iter() {
            given.insert(name, value);
        }
        for (name, value) in stand_ins(&setup.environment) {
            given.insert(name, value);
        }
        let epoch = setup.epoch;
        let mut world = Self {
            given,
            now: begin,
            serial: 0,
            turns: BTreeMap::new(),
            chance: Chance::new(setup.seed),
            agenda: Agenda::default(),
            faults: Faults::default(),
            regions: BTreeMap::new(),
            route53: Route53::default(),
            hosts: BTreeMap::new(),
            retained: BTreeSet::new(),
            buckets: BTreeMap::new(),
            system: System::default(),
            history: Vec::new(),
            requests: Vec::new(),
            answered: 0,
            setup,
        };
        world.make_given_zones();
        world.agenda.push(later(begin, TICK), Event::Tick);
        for fault in world.setup.scenario.faults.clone() {
            world.plan_fault(&fault);
        }
        if world.setup.scenario.deployed {
            world.deploy_everything()?;
        }
        world.add_load();
        world.advance(epoch);
        Ok(world)
    }

    /// Zones that the operator names exist already; they are named like the domain.
    fn make_given_zones(&mut self) {
        let is_zone = |v: &str| {
            v.len() > 5
                && v.starts_with('Z')
                && v.bytes()
                    .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        };
        let ids: Vec<String> = self
            .given
            .iter()
            .map(|(_, v)| v.to_owned())
            .filter(|v| is_zone(v))
            .collect();
        let domain = self
            .given
            .iter()
            .find(|(k, v)| k.to_ascii_lowercase().contains("domain") && v.contains('.'))
            .map_or_else(|| "rehearsal.test".to_owned(), |(_, v)| v.to_owned());
        for id in ids {
            let zone = self.new_zone(
                &id,
                &domain,
                Some("exists since long before the rehearsal".to_owned()),
            );
            self.route53.zones.insert(id, zone);
        }
    }

    /// Deploys every stack in the manifest's order, through change sets.
    fn deploy_everything(&mut self) -> Result<(), WorldError> {
        let mut specs = self.setup.environment.stacks.clone();
        specs.retain(|spec| spec.made_by.is_none());
        let mut waiting: Vec<StackId> = specs.iter().map(|s| s.id.clone()).collect();
        while !waiting.is_empty() {
            let ready = specs
                .iter()
                .find(|s| waiting.contains(&s.id) && !s.after.iter().any(|a| waiting.contains(a)))
                .ok_or_else(|| WorldError::Deploy("its stacks wait for each other".to_owned()))?;
            self.deploy_one(&ready.id)?;
            waiting.retain(|id| *id != ready.id);
        }
        Ok(())
    }

    pub(super) fn deploy_one(&mut self, id: &StackId) -> Result<(), WorldError> {
        let env = self.setup.environment.clone();
        let failed = |why: String| WorldError::Deploy(format!("stack {id}: {why}"));
        let spec = env
            .stack(id)
            .ok_or_else(|| failed("is not in the manifest".to_owned()))?;
        let region = env.regions.get(spec.role).as_str();
        let bindings = self.bindings();
        let parameters = resolve_parameters(spec.parameters.iter(), &bindings).map_err(failed)?;
        let new = NewChangeSet {
            stack_name: spec.name.clone(),
            name: format!("deploy-{id}"),
            body: Some(spec.template.clone()),
            parameters,
            capabilities: spec.capabilities.clone(),
            create: true,
            token: Some("deploy-before-the-rehearsal".to_owned()),
            ..NewChangeSet::default()
        };
        self.create_change_set(region, &new)
            .map_err(|e| failed(e.to_string()))?;
        self.advance(later(self.now(), TICK));
        self.execute_change_set(region, &spec.name, &new.name, new.token.as_deref())
            .map_err(|e| failed(e.to_string()))?;
        for _ in 0..PATIENCE {
            self.advance(later(self.now(), TICK));
            let stack = self
                .found(region, &spec.name)
                .map_err(|e| failed(e.to_string()))?;
            match StackStatus::new(stack.status.clone()).phase() {
                Phase::InProgress => {}
                Phase::Settled => return Ok(()),
                _ => return Err(failed(first_failure(stack))),
            }
        }
        Err(failed("takes too long".to_owned()))
    }
}

fn resolve_parameters<'a>(
    parameters: impl Iterator<Item = (&'a String, &'a crate::domain::placeholder::Placeholder)>,
    bindings: &Bindings,
) -> Result<BTreeMap<String, ParameterValue>, String> {
    parameters
        .map(|(name, text)| match text.resolve(bindings) {
            Ok(value) => Ok((name.clone(), ParameterValue::Value(value))),
            Err(error) => Err(format!("parameter {name}: {error}")),
        })
        .collect()
}

fn first_failure(stack: &crate::rehearsal::world::cloudformation::record::StackRecord) -> String {
    let failed = stack.events.iter().find(|e| e.status.is_failed());
    let told = failed.map(|e| {
        format!(
            "{} ({}): {}",
            e.logical_id,
            e.resource_type,
            e.reason.clone().unwrap_or_default()
        )
    });
    told.unwrap_or_else(|| format!("is {}", stack.status))
}

/// The moment, or the tick before it.
fn aligned(at: Timestamp) -> Timestamp {
    let tick = TICK.as_secs().cast_signed();
    Timestamp::from_second(at.as_second().div_euclid(tick) * tick).unwrap_or(at)
}
