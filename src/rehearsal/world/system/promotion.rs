//! A promotion: the state machine in the standby that starts with the lever, waits for the operator's approval, and
//! makes the standby's database the writer; and the way back.
//!
//! The machine is simulated by its contract (`traffic.promotion` of the manifest), not by running its states.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::domain::alarm::AlarmState;
use crate::domain::lever::{Command, LeverKind, LeverSpec, NumberedCommand};
use crate::domain::region::Role;
use crate::rehearsal::world::World;
use crate::rehearsal::world::checks::later;
use crate::rehearsal::world::cloudwatch::MetricId;
use crate::rehearsal::world::system::resolved;

/// Seconds for which an approval counts.
const VALID: i64 = 900;
/// Seconds between two looks for an approval.
const LOOK: Duration = Duration::from_secs(30);

/// Who writes, and what the machine is doing.
#[derive(Debug, Default)]
pub(super) struct Promotion {
    /// The standby writes.
    promoted: bool,
    /// Whether the lever was engaged when it was last known.
    lever: Option<bool>,
    run: Option<Execution>,
    /// Begun while another was at work; that one is let finish.
    next: Option<Command>,
}

/// One execution of the machine.
#[derive(Clone, Copy, Debug)]
struct Execution {
    direction: Command,
    /// The number that it obeys, or has failed with.
    number: i64,
    /// Zero while it waits for approval.
    step: usize,
    /// When it looks again, or is through with its step.
    due: Timestamp,
}

/// The machine as it is deployed.
struct Machine {
    region: String,
    approval: MetricId,
    progress: MetricId,
    steps: [usize; 2],
    alarm: String,
}

impl Machine {
    const fn last_step(&self, direction: Command) -> usize {
        let [there, back] = self.steps;
        match direction {
            Command::Engage => there,
            Command::Release => back,
        }
    }
}

impl World {
    /// The side whose database takes writes.
    pub(in crate::rehearsal::world) const fn writer(&self) -> Role {
        if self.system.promotion.promoted {
            Role::Standby
        } else {
            Role::Primary
        }
    }

    /// Whether a side's work is only accepted, and waits for a promotion.
    pub(super) fn waits_for_promotion(&self, role: Role) -> bool {
        let traffic = self.setup.environment.traffic.as_ref();
        traffic.is_some_and(|t| t.promotion.is_some()) && self.writer() != role
    }

    /// What the machine does at this tick.
    pub(super) fn run_promotion(&mut self) {
        let Some(machine) = self.machine() else {
            return;
        };
        self.watch_lever(&machine);
        let Some(run) = self
            .system
            .promotion
            .run
            .filter(|run| run.due <= self.now())
        else {
            return;
        };
        if run.step == 0 {
            self.look_for_approval(&machine, run);
        } else {
            self.end_step(&machine, run);
        }
        let promotion = &mut self.system.promotion;
        if promotion.run.is_none()
            && let Some(next) = promotion.next.take()
        {
            self.begin_execution(next);
        }
    }

    /// None while nothing in the standby runs, or there is no machine.
    fn machine(&self) -> Option<Machine> {
        let env = &self.setup.environment;
        let traffic = env.traffic.as_ref()?;
        let spec = traffic.promotion.as_ref()?;
        let region = env.regions.get(spec.role).as_str();
        let is_machine = |kind: &str| kind == "AWS::StepFunctions::StateMachine";
        let stacks = self.region(region)?.stacks.iter();
        let mut resources = stacks.flat_map(|s| s.resources.values());
        if !self.runs(spec.role) || !resources.any(|r| r.alive && is_machine(&r.kind)) {
            return None;
        }
        let bindings = self.bindings();
        let dimensions = resolved(&spec.dimensions, &bindings)?;
        let metric = |name: &str| MetricId::new(&spec.namespace, name, dimensions.clone());
        let LeverSpec::Metric { alarm, .. } = traffic.lever(LeverKind::Metric)? else {
            return None;
        };
        let back = if spec.return_steps.is_empty() {
            spec.steps.len()
        } else {
            spec.return_steps.len()
        };
        Some(Machine {
            region: region.to_owned(),
            approval: metric(&spec.approval),
            progress: metric(&spec.progress),
            steps: [spec.steps.len(), back],
            alarm: alarm.resolve(&bindings).ok()?,
        })
    }

    /// An execution begins with every change of the lever's alarm.
    fn watch_lever(&mut self, machine: &Machine) {
        let alarms = self.region(&machine.region).map(|r| &r.alarms);
        let alarm = alarms.and_then(|all| all.get(&machine.alarm));
        let engaged = match alarm.map(|a| &a.view.alarm.state) {
            Some(AlarmState::Alarm) => true,
            Some(AlarmState::Ok) => false,
            _ => return,
        };
        let before = self.system.promotion.lever.replace(engaged);
        match (before, engaged) {
            (Some(false) | None, true) => self.begin_execution(Command::Engage),
            (Some(true), false) => self.begin_execution(Command::Release),
            _ => {}
        }
    }

    fn begin_execution(&mut self, direction: Command) {
        let due = self.now();
        let promotion = &mut self.system.promotion;
        if promotion.run.is_some_and(|run| run.step > 0) {
            promotion.next = Some(direction);
            return;
        }
        promotion.run = Some(Execution {
            direction,
            number: 0,
            step: 0,
            due,
        });
    }

    fn look_for_approval(&mut self, machine: &Machine, run: Execution) {
        let promotion = &self.system.promotion;
        let stands = match run.direction {
            Command::Engage => promotion.lever != Some(false),
            Command::Release => {
                promotion.lever != Some(true) && (run.number > 0 || promotion.promoted)
            }
        };
        if !stands {
            self.system.promotion.run = None;
            return;
        }
        // after a failure, the failed step stays on show
        if run.number == 0 {
            self.show_progress(machine, 0.0);
        }
        let now = self.now();
        let oldest = run.number.max(now.as_second().saturating_sub(VALID));
        let metrics = &self.region_mut(&machine.region).metrics;
        let approved = metrics
            .extremes(&machine.approval)
            .filter_map(NumberedCommand::from_datum)
            .reduce(NumberedCommand::newer)
            .filter(|c| c.number > oldest && c.command == run.direction);
        if let Some(command) = approved {
            let number = command.number;
            self.begin_step(machine, Execution { number, ..run }, 1);
        } else {
            let due = later(now, LOOK);
            self.system.promotion.run = Some(Execution { due, ..run });
        }
    }

    fn begin_step(&mut self, machine: &Machine, run: Execution, step: usize) {
        self.show_progress(machine, step as f64);
        self.note(format!("promotion: {} step {step}", word(run.direction)));
        let label = format!("promotion/{}/{step}", run.number);
        let wait = self.chance.about(&label, seconds(run.direction, step));
        let due = later(self.now(), wait);
        self.system.promotion.run = Some(Execution { step, due, ..run });
    }

    fn end_step(&mut self, machine: &Machine, run: Execution) {
        if run.step == 1 {
            // both sides take part in a planned way back
            if run.direction == Command::Release && !self.runs(Role::Primary) {
                self.show_progress(machine, -1.0);
                self.note("promotion: return step 1 failed".to_owned());
                let due = later(self.now(), LOOK);
                self.system.promotion.run = Some(Execution {
                    step: 0,
                    due,
                    ..run
                });
                return;
            }
            self.system.promotion.promoted = run.direction == Command::Engage;
            let writer = self.writer();
            self.note(format!("the {writer} is the writer"));
        }
        if run.step < machine.last_step(run.direction) {
            self.begin_step(machine, run, run.step + 1);
        } else {
            self.show_progress(machine, (run.step + 1) as f64);
            self.note(format!("promotion: {} done", word(run.direction)));
            self.system.promotion.run = None;
        }
    }

    fn show_progress(&mut self, machine: &Machine, step: f64) {
        let now = self.now();
        self.region_mut(&machine.region)
            .metrics
            .put(&machine.progress, now, step);
    }
}

const fn word(direction: Command) -> &'static str {
    match direction {
        Command::Engage => "promote",
        Command::Release => "return",
    }
}

/// A cluster takes a minute or two to change its writer; the rest is quick.
const fn seconds(direction: Command, step: usize) -> u64 {
    match (direction, step) {
        (Command::Engage, 1) => 70,
        (Command::Release, 1) => 130,
        (_, 3) => 30,
        _ => 6,
    }
}

/// Work that was accepted where it can't be finished yet: since when, and how much.
pub(super) type Unsettled = BTreeMap<Role, (Timestamp, f64)>;

impl World {
    /// Counts what a minute's requests have left waiting for a promotion; a promotion works it off.
    pub(super) fn count_unsettled(&mut self, minute: Timestamp, role: Role, asked: f64) {
        if !self.waits_for_promotion(role) {
            self.system.unsettled.remove(&role);
        } else if asked >= 1.0 {
            let waiting = self.system.unsettled.entry(role).or_insert((minute, 0.0));
            waiting.1 += asked;
        }
    }
}
