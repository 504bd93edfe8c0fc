//! Parity of the regions and drift of the stacks, as scripts and people read them.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use crate::app::model::Model;
use crate::cli::output::table::columns;
use crate::cli::output::{clock, date};
use crate::domain::drift::{
    self, DriftStatus, PropertyDifference, ResourceDrift, ResourceDriftStatus,
};
use crate::domain::environment::StackSpec;
use crate::domain::observation::Observation;
use crate::domain::observed::{Failure, Observed};
use crate::domain::parity::{Agreement, Aspect, Pair, ParityVerdict};
use crate::domain::region::Role;
use crate::domain::stack::{Stack, StackId, StackState};
use crate::domain::text::clean;
use crate::error::ExitCode;

/// How alike both regions are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ParityShown {
    pub environment: String,
    pub as_of: Timestamp,
    /// Null where no template of the bundle makes a stack in both regions.
    pub verdict: Option<ParityVerdict>,
    pub pairs: Vec<PairShown>,
    /// Stacks whose template is not the bundle's own.
    pub not_as_bundled: Vec<StackId>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairShown {
    pub primary: StackId,
    pub standby: StackId,
    pub verdict: ParityVerdict,
    pub as_of: Option<Timestamp>,
    pub unread: Vec<String>,
    pub compared: Vec<ComparedShown>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedShown {
    pub aspect: Aspect,
    pub name: String,
    pub primary: String,
    pub standby: String,
    pub agreement: Agreement,
}

impl ParityShown {
    pub fn new(model: &Model) -> Self {
        Self {
            environment: model.env.name.to_string(),
            as_of: model.now,
            verdict: model.parity.verdict(),
            pairs: model.parity.pairs.iter().map(|p| pair(model, p)).collect(),
            not_as_bundled: model.parity.outdated.clone(),
        }
    }

    pub fn code(&self) -> ExitCode {
        match self.verdict {
            None | Some(ParityVerdict::Same) => ExitCode::Done,
            Some(ParityVerdict::Differs) => ExitCode::Degraded,
            Some(ParityVerdict::Unknown) => ExitCode::CannotTell,
        }
    }

    pub fn text(&self) -> String {
        let word = match self.verdict {
            None => "NOTHING TO COMPARE",
            Some(ParityVerdict::Same) => "ALIKE",
            Some(ParityVerdict::Differs) => "DIFFERENT",
            Some(ParityVerdict::Unknown) => "CANNOT TELL",
        };
        let mut out = format!("{}  {}\n{word}\n", self.environment, clock(self.as_of));
        for pair in &self.pairs {
            pair.write(&mut out);
        }
        if !self.not_as_bundled.is_empty() {
            let ids: Vec<&str> = self.not_as_bundled.iter().map(|id| id.0.as_str()).collect();
            writeln!(out, "\nnot the bundle's template: {}", ids.join(", ")).unwrap_or_default();
        }
        out
    }
}

impl PairShown {
    fn write(&self, out: &mut String) {
        writeln!(out, "\n{} and {}", self.primary, self.standby).unwrap_or_default();
        for why in &self.unread {
            writeln!(out, "  ? {why}").unwrap_or_default();
        }
        let row = |c: &ComparedShown| {
            let (mark, value) = match c.agreement {
                Agreement::Same => ("=", c.primary.clone()),
                Agreement::ByDesign => (".", format!("by design: {} / {}", c.primary, c.standby)),
                Agreement::Hidden => ("?", "hidden by AWS, so not compared".to_owned()),
                Agreement::Differs => ("!", format!("{} / {}", c.primary, c.standby)),
            };
            let name = format!("{mark} {} {}", c.aspect.words(), c.name);
            vec![name.trim_end().to_owned(), value]
        };
        let rows: Vec<Vec<String>> = self.compared.iter().map(row).collect();
        out.push_str(&columns(&rows, 2));
    }
}

fn pair(model: &Model, pair: &Pair) -> PairShown {
    PairShown {
        primary: pair.stacks.primary.clone(),
        standby: pair.stacks.standby.clone(),
        verdict: pair.verdict(),
        as_of: pair.as_of(&model.seen),
        unread: pair.unread.iter().map(|w| clean(w)).collect(),
        compared: pair
            .compared
            .iter()
            .map(|c| ComparedShown {
                aspect: c.aspect,
                name: clean(&c.name),
                primary: clean(&c.sides.primary),
                standby: clean(&c.sides.standby),
                agreement: c.agreement,
            })
            .collect(),
    }
}

/// The drift of an environment's stacks.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DriftShown {
    pub environment: String,
    pub as_of: Timestamp,
    /// The worst of stacks and record sets.
    pub status: DriftStatus,
    pub stacks: Vec<StackDrift>,
    /// Record sets that are not as their stack's template says: CloudFormation does not check them, this program does.
    /// Null where they were not compared.
    pub records: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StackDrift {
    pub stack: StackId,
    pub name: String,
    pub region: String,
    pub status: DriftStatus,
    /// When CloudFormation looked.
    pub as_of: Option<Timestamp>,
    /// The stack was updated since.
    pub outdated: bool,
    /// How many resources it looked at; null where the detection was not ours.
    pub checked: Option<usize>,
    /// How many there are; null where they were not listed.
    pub resources: Option<usize>,
    /// Why it could not be told.
    pub trouble: Option<String>,
    /// The resources that differ.
    pub drifted: Vec<Drifted>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Drifted {
    pub logical_id: String,
    pub physical_id: Option<String>,
    pub resource_type: String,
    pub status: ResourceDriftStatus,
    pub differences: Vec<PropertyDifference>,
}

impl DriftShown {
    /// Of these stacks.
    pub fn new(model: &Model, ids: &[StackId]) -> Self {
        let asked = model.env.stacks.iter().filter(|s| ids.contains(&s.id));
        let stacks: Vec<StackDrift> = asked.map(|spec| stack_drift(model, spec)).collect();
        let records = drift::records(&model.env, &model.seen);
        Self {
            environment: model.env.name.to_string(),
            as_of: model.now,
            status: worst(&stacks, records.as_deref()),
            stacks,
            records,
        }
    }

    /// As for a status, not to know is worse than to know of a drift.
    pub fn code(&self) -> ExitCode {
        let unknown = |s: &StackDrift| {
            s.outdated || matches!(s.status, DriftStatus::Unknown | DriftStatus::NotChecked)
        };
        match self.status {
            _ if self.stacks.is_empty() || self.stacks.iter().any(unknown) => ExitCode::CannotTell,
            DriftStatus::Drifted => ExitCode::Degraded,
            DriftStatus::InSync => ExitCode::Done,
            DriftStatus::Unknown | DriftStatus::NotChecked => ExitCode::CannotTell,
        }
    }

    pub fn text(&self) -> String {
        let word = match self.status {
            DriftStatus::Drifted => "DRIFTED",
            DriftStatus::InSync => "IN SYNC",
            DriftStatus::Unknown => "CANNOT TELL",
            DriftStatus::NotChecked => "NOT CHECKED",
        };
        let mut out = format!("{}  {}\n{word}\n", self.environment, clock(self.as_of));
        for stack in &self.stacks {
            stack.write(&mut out);
        }
        let records = match self.records.as_deref() {
            None => "not compared: they or their template were not read".to_owned(),
            Some([]) => "as their stack's template says".to_owned(),
            Some(changed) => format!(
                "not as their stack's template says\n  {}",
                changed.join("\n  ")
            ),
        };
        let note = "(CloudFormation does not check them)";
        writeln!(out, "\nrecord sets {note}: {records}").unwrap_or_default();
        out
    }
}

impl StackDrift {
    fn write(&self, out: &mut String) {
        let when = self
            .as_of
            .map_or_else(String::new, |at| format!(", {}", date(at)));
        let outdated = if self.outdated {
            ", before the last update"
        } else {
            ""
        };
        let checked = match (self.checked, self.resources) {
            (Some(checked), Some(all)) => format!(", {checked} of {all} resources checked"),
            (Some(checked), None) => format!(", {checked} resources checked"),
            (None, _) => String::new(),
        };
        writeln!(
            out,
            "\n{}  {}  {}: {}{checked}{when}{outdated}",
            self.stack,
            self.region,
            self.name,
            self.status.words()
        )
        .unwrap_or_default();
        if let Some(why) = &self.trouble {
            writeln!(out, "  {why}").unwrap_or_default();
        }
        for one in &self.drifted {
            let Drifted {
                logical_id,
                resource_type,
                status,
                ..
            } = one;
            writeln!(out, "  {logical_id} ({resource_type}) {}", status.words())
                .unwrap_or_default();
            for d in &one.differences {
                writeln!(out, "    {}: {} -> {}", d.path, d.expected, d.actual).unwrap_or_default();
            }
        }
    }
}

fn worst(stacks: &[StackDrift], records: Option<&[String]>) -> DriftStatus {
    let has = |wanted| stacks.iter().any(|s| s.status == wanted && !s.outdated);
    let moved = records.is_some_and(|r| !r.is_empty());
    if moved || has(DriftStatus::Drifted) {
        DriftStatus::Drifted
    } else if stacks.iter().all(|s| s.status == DriftStatus::NotChecked) {
        DriftStatus::NotChecked
    } else if stacks
        .iter()
        .all(|s| s.status == DriftStatus::InSync && !s.outdated)
    {
        DriftStatus::InSync
    } else {
        DriftStatus::Unknown
    }
}

fn stack_drift(model: &Model, spec: &StackSpec) -> StackDrift {
    let region = model.seen.regions.get(spec.role);
    let stack = model.last_state(spec).and_then(StackState::stack);
    let reading = stack.map(|stack| drift::reading(&model.seen, &spec.id, stack));
    let found = reading.and_then(|r| r.detection);
    let failure = region.drift.get(&spec.id).and_then(Observed::failure);
    let unread = region.stacks.get(&spec.id).and_then(Observed::failure);
    let trouble = found.and_then(|f| f.trouble.clone());
    let absent = stack
        .is_none()
        .then(|| "the stack is not there, or was not read".to_owned());
    let message = |f: &Failure| f.message.clone();
    StackDrift {
        stack: spec.id.clone(),
        name: clean(&spec.name),
        region: model.env.regions.get(spec.role).to_string(),
        status: match (failure, reading) {
            (None, Some(reading)) => reading.status,
            _ => DriftStatus::Unknown,
        },
        as_of: reading.and_then(|r| r.at),
        outdated: reading.is_some_and(|r| r.outdated),
        checked: found.map(|f| f.resources.len()),
        resources: region
            .resources
            .get(&spec.id)
            .and_then(|r| r.last())
            .map(Vec::len),
        trouble: failure
            .or(unread)
            .map(message)
            .or(trouble)
            .or(absent)
            .map(|why| clean(&why)),
        drifted: found
            .into_iter()
            .flat_map(drift::Detection::differing)
            .map(drifted)
            .collect(),
    }
}

fn drifted(resource: &ResourceDrift) -> Drifted {
    Drifted {
        logical_id: resource.logical_id.clone(),
        physical_id: resource.physical_id.clone(),
        resource_type: resource.resource_type.clone(),
        status: resource.status,
        differences: resource.differences.clone(),
    }
}

/// The drift of a stack in a status.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriftSaid {
    /// `not_checked` also where the stack was updated since.
    pub status: DriftStatus,
    /// When CloudFormation looked.
    pub as_of: Option<Timestamp>,
}

impl DriftSaid {
    pub(super) fn of(seen: &Observation, spec: &StackSpec, stack: Option<&Stack>) -> Self {
        let reading = stack.map(|stack| drift::reading(seen, &spec.id, stack));
        Self {
            status: match reading {
                Some(reading) if !reading.outdated => reading.status,
                _ => DriftStatus::NotChecked,
            },
            as_of: reading.and_then(|r| r.at),
        }
    }
}

/// The stacks that can be asked about: those that stand, both regions.
pub fn standing(model: &Model) -> Vec<StackId> {
    let stands = |spec: &&StackSpec| {
        let state = model.last_state(spec);
        !matches!(state, Some(StackState::Absent))
    };
    let of = |role: Role| model.env.stacks_of(role);
    let all = of(Role::Primary).chain(of(Role::Standby));
    all.filter(stands).map(|spec| spec.id.clone()).collect()
}
