//! Everything the console knows and shows; drawing borrows it, `update` changes it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::app::dialog::{Dialog, TextField};
use crate::app::effect::Pace;
use crate::app::run::Run;
use crate::domain::assess::{Assessment, assess};
use crate::domain::drill::{Label, Practised};
use crate::domain::environment::{Environment, StackSpec};
use crate::domain::guard::{GuardResult, Question, judge};
use crate::domain::lever::{LeverKind, NextLever};
use crate::domain::observation::{Observation, Serving};
use crate::domain::observed::Observed;
use crate::domain::operation::{OperationKind, Outcome};
use crate::domain::parity::Parity;
use crate::domain::planning::traffic::{way_back, way_there};
use crate::domain::records_lever::RecordsChange;
use crate::domain::remark::forced_home;
use crate::domain::stack::{Phase, StackId};
use crate::domain::trouble::InForce;
use crate::domain::unfinished::Unfinished;

/// How many lines the trail of recent events keeps.
const MOST_TRAIL: usize = 200;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    pub env: Environment,
    /// World time, UTC.
    pub now: Timestamp,
    pub seen: Observation,
    /// Conclusions from `seen`, made anew whenever it or the time changes.
    pub facts: Assessment,
    /// How alike both regions are; made anew whenever a stack, its template or its resources were read.
    pub parity: Parity,
    /// Drift detections that run, with their beginning.
    pub detecting: BTreeMap<StackId, Timestamp>,
    /// The go/no-go board for failing over and for failing back.
    pub go: GoNoGo,
    pub page: Page,
    /// Row of each page's list, by `Page as usize`.
    pub rows: [usize; 5],
    pub filter: Option<TextField>,
    pub command_line: Option<TextField>,
    /// A text field (filter or command line) owns the keys.
    pub typing: bool,
    pub dialog: Option<Dialog>,
    /// The operation that runs, or the last one until it is dismissed with Esc.
    pub run: Option<Box<Run>>,
    /// Recent events, newest last.
    pub trail: VecDeque<TrailLine>,
    /// Operations of the journal, newest first.
    pub past: Vec<PastOperation>,
    /// Operations of this environment and world that were cut off, oldest first.
    pub unfinished: Vec<Unfinished>,
    pub load: Load,
    /// One line that answers the last key, until the next key.
    pub notice: Option<Notice>,
    pub size: (u16, u16),
    /// Ctrl-c was pressed at this moment while an operation ran.
    pub interrupted: Option<Timestamp>,
    pub last_key: Timestamp,
    pub pace: Pace,
    /// The lever that the next `F` (or `B`) proposes, once another was not followed in time.
    pub next_lever: Option<NextLever>,
    /// How long an operation may take before it counts as timed out; none: as long as its kind usually may.
    pub patience: Option<Duration>,
    /// What was known of rehearsals and drills of this environment at the start, in whatever world.
    pub practised: Practised,
    /// How the record sets were before the records lever moved them, from the journal.
    pub undo: Option<RecordsChange>,
    /// What is wrong in the world of a rehearsal; none outside of one, where nobody tells it.
    pub facilitator: Option<Vec<InForce>>,
    /// Whether the metric lever's namespace takes our data, tried when a plan is opened.
    pub may_write: Observed<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Page {
    Board,
    Stacks,
    Traffic,
    Signals,
    Journal,
}

impl Page {
    pub const ALL: [Self; 5] = [
        Self::Board,
        Self::Stacks,
        Self::Traffic,
        Self::Signals,
        Self::Journal,
    ];

    pub const fn title(self) -> &'static str {
        match self {
            Self::Board => "Board",
            Self::Stacks => "Stacks",
            Self::Traffic => "Traffic",
            Self::Signals => "Signals",
            Self::Journal => "Journal",
        }
    }

    pub fn step(self, by: isize) -> Self {
        let len = Self::ALL.len().cast_signed();
        let next = (self as usize).cast_signed() + by;
        Self::ALL
            .get(next.rem_euclid(len).cast_unsigned())
            .copied()
            .unwrap_or(self)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoNoGo {
    pub failover: Vec<GuardResult>,
    pub failback: Vec<GuardResult>,
}

/// One line of what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrailLine {
    pub at: Timestamp,
    /// A region's name, `you`, `seen`, `dns`, …
    pub source: String,
    pub text: String,
    pub weight: Weight,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Weight {
    Plain,
    Good,
    Warning,
    Bad,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    pub text: String,
    pub weight: Weight,
}

/// An operation as the journal lists it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastOperation {
    pub id: String,
    pub kind: OperationKind,
    pub environment: String,
    pub label: Label,
    /// None: the journal has no end of it.
    pub outcome: Option<Outcome>,
    pub started: Timestamp,
    pub finished: Option<Timestamp>,
    pub rto_seconds: Option<f64>,
    pub rpo_seconds: Option<f64>,
    pub reason: Option<String>,
}

/// What the console asks of AWS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Load {
    pub calls_per_minute: u32,
    /// US dollars a day at this rate (`GetMetricData` at 0.01 per 1,000 metrics).
    pub dollars_per_day: f64,
    pub throttled: bool,
}

impl Model {
    pub fn new(env: Environment, now: Timestamp) -> Self {
        let seen = Observation::default();
        let facts = assess(&env, &seen, now);
        let mut model = Self {
            env,
            now,
            seen,
            facts,
            parity: Parity::default(),
            detecting: BTreeMap::new(),
            go: GoNoGo::default(),
            page: Page::Board,
            rows: [0; 5],
            filter: None,
            command_line: None,
            typing: false,
            dialog: None,
            run: None,
            trail: VecDeque::new(),
            past: Vec::new(),
            unfinished: Vec::new(),
            load: Load::default(),
            notice: None,
            size: (80, 24),
            interrupted: None,
            last_key: now,
            pace: Pace::Idle,
            next_lever: None,
            patience: None,
            practised: Practised::default(),
            undo: None,
            facilitator: None,
            may_write: Observed::default(),
        };
        model.compare();
        model.conclude();
        model
    }

    /// Draws the conclusions anew.
    pub fn conclude(&mut self) {
        self.facts = assess(&self.env, &self.seen, self.now);
        self.go = GoNoGo {
            failover: self.guards(OperationKind::Failover, &[self.default_lever()]),
            failback: self.guards(OperationKind::Failback, &self.way_back()),
        };
    }

    /// The go/no-go board for one operation and the levers that it pulls.
    pub fn guards(&self, kind: OperationKind, levers: &[LeverKind]) -> Vec<GuardResult> {
        self.guards_of(kind, levers, None)
    }

    /// The same for an operation that has pulled the metric lever under this number already.
    pub fn guards_of(
        &self,
        kind: OperationKind,
        levers: &[LeverKind],
        own: Option<i64>,
    ) -> Vec<GuardResult> {
        let running = self.run.as_deref().filter(|run| run.is_running());
        let title = running.map(|run| format!("{} {}", run.plan().kind.title(), run.plan().id));
        let question = Question {
            kind,
            levers,
            running: title.as_deref(),
            own,
            practised: self.practised_now(),
            undo: self.undo.as_ref(),
            may_write: &self.may_write,
            parity: &self.parity,
        };
        judge(&self.env, &self.seen, self.now, &question)
    }

    /// The levers that a failback releases unless the operator chooses another.
    pub fn way_back(&self) -> Vec<LeverKind> {
        let next = NextLever::of(self.next_lever, OperationKind::Failback);
        way_back(&self.env, &self.seen, &self.facts, self.now, next)
    }

    /// The lever that is pulled unless the operator chooses another: the manifest's first, in an emergency the first that
    /// is within reach.
    pub fn default_lever(&self) -> LeverKind {
        let first = || way_there(&self.env, &self.seen, &self.facts, self.now);
        NextLever::of(self.next_lever, OperationKind::Failover).unwrap_or_else(first)
    }

    pub fn is_busy(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.is_running())
    }

    pub fn offers_failover(&self) -> bool {
        self.may_move() && !self.facts.held
    }

    pub fn offers_failback(&self) -> bool {
        let away = matches!(self.facts.serving, Serving::Standby | Serving::Split);
        let forced = forced_home(&self.env, &self.seen);
        self.may_move() && (away || forced || !self.facts.engaged.is_empty())
    }

    /// Whether traffic can be moved at all: there is some, and nothing stands in the way of asking.
    fn may_move(&self) -> bool {
        let is_absent = |spec: &StackSpec| {
            let seen = self.seen.regions.get(spec.role).stacks.get(&spec.id);
            seen.and_then(Observed::last)
                .is_some_and(|s| s.phase() == Phase::Absent)
        };
        let deployed = !self.env.stacks.iter().all(is_absent);
        self.env.traffic.is_some() && deployed && !self.is_busy() && !self.env.read_only
    }

    /// Whether anything could not be read lately.
    pub fn has_errors(&self) -> bool {
        !self.errors().is_empty()
    }

    /// What could not be read: what, since when, why.
    pub fn errors(&self) -> Vec<(String, &crate::domain::observed::Failure)> {
        let mut all = Vec::new();
        for (role, region) in self.seen.regions.iter() {
            let name = self.env.regions.get(role);
            all.extend(
                region
                    .stacks
                    .iter()
                    .filter_map(|(id, s)| Some((format!("{name} stack {id}"), s.failure()?))),
            );
            let read = region.templates.iter();
            all.extend(
                read.filter_map(|(id, t)| Some((format!("{name} template of {id}"), t.failure()?))),
            );
            all.extend(
                region
                    .alarms
                    .failure()
                    .map(|f| (format!("{name} alarms"), f)),
            );
            all.extend(
                region
                    .signals
                    .failure()
                    .map(|f| (format!("{name} signals"), f)),
            );
            all.extend(
                region
                    .endpoint
                    .failure()
                    .map(|f| (format!("{name} endpoint"), f)),
            );
        }
        let traffic = &self.seen.traffic;
        let besides = [
            ("Route 53 health checks", traffic.checks.failure()),
            ("Route 53 records", traffic.records.failure()),
            ("DNS marker", traffic.marker.failure()),
            ("metric lever", traffic.lever.failure()),
            ("promotion", traffic.promotion.failure()),
            ("identity", self.seen.identity.failure()),
        ];
        let failed = |(name, failure): (&str, Option<_>)| Some((name.to_owned(), failure?));
        all.extend(besides.into_iter().filter_map(failed));
        all
    }

    /// How many rows the list of the current page has.
    pub fn row_count(&self) -> usize {
        match self.page {
            Page::Board => self.trail.len(),
            Page::Stacks => match self
                .run
                .as_ref()
                .filter(|run| !run.plan().kind.moves_traffic())
            {
                Some(run) => run.events.len(),
                None => self.env.stacks.len(),
            },
            Page::Traffic => self.go.failover.len() + self.go.failback.len(),
            Page::Signals => {
                let alarms = self
                    .seen
                    .regions
                    .iter()
                    .filter_map(|(_, r)| r.alarms.last())
                    .map(Vec::len)
                    .sum::<usize>();
                alarms + self.env.signals.len()
            }
            Page::Journal => self.past.len(),
        }
    }

    /// Adds a line to the trail.
    pub fn note(&mut self, source: impl Into<String>, text: impl Into<String>, weight: Weight) {
        self.trail.push_back(TrailLine {
            at: self.now,
            source: source.into(),
            text: text.into(),
            weight,
        });
        while self.trail.len() > MOST_TRAIL {
            self.trail.pop_front();
        }
    }

    pub fn say(&mut self, text: impl Into<String>, weight: Weight) {
        self.notice = Some(Notice {
            text: text.into(),
            weight,
        });
    }
}
