//! A promotion that a failover includes: what approves it, and how far the state machine in the standby has come.
//!
//! Contract: `traffic.promotion` of the manifest (docs/bundle-format.md). The machine publishes 0 while it waits for the
//! approval, k when it begins step k, one more than its steps when it is done, and −k when step k has failed.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::environment::PromotionSpec;
use crate::domain::lever::{Command, NumberedCommand};

/// Data of one minute fall into one point, stamped with its beginning.
const PERIOD: Duration = Duration::from_mins(1);

/// Seconds for which an approval is given under one number. The state machine takes none that is older than fifteen
/// minutes, and the number is its time: ten leave room for a clock that is wrong.
const GIVEN_FOR: i64 = 600;

/// Whether an approval under this number may be too old for the state machine.
pub fn is_stale(number: i64, now: Timestamp) -> bool {
    now.as_second().saturating_sub(number) > GIVEN_FOR
}

/// What the metrics of a promotion show.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PromotionSeen {
    /// The newest approval of the look-back.
    pub approval: Option<NumberedCommand>,
    /// Progress by minute, the newest last.
    pub progress: Vec<Progress>,
}

/// The smallest and the largest value that was published within a minute.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    pub at: Timestamp,
    pub low: f64,
    pub high: f64,
}

/// How far a promotion (or the way back) has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The machine has said nothing yet.
    Silent,
    /// It runs, and waits for the approval.
    Waiting,
    /// It is at this step, counted from 1.
    Step(usize),
    Done,
    /// This step has failed, counted from 1.
    Failed(usize),
}

impl PromotionSeen {
    /// How far the machine has come since a moment: what it said before belongs to an earlier run.
    pub fn stage(&self, spec: &PromotionSpec, command: Command, since: Timestamp) -> Stage {
        let from = since.checked_sub(PERIOD).unwrap_or(Timestamp::MIN);
        let newest = self.progress.iter().rev().find(|p| p.at > from);
        newest.map_or(Stage::Silent, |point| {
            point.stage(spec.titles(command).len())
        })
    }

    /// Whether the standby may have been made the writer, as far as the look-back tells: `None` if it tells nothing.
    pub fn is_promoted(&self) -> Option<bool> {
        let approved = self.approval.map(|a| a.command);
        let newest = self.progress.last()?;
        match approved {
            Some(Command::Engage) => Some(newest.high >= 1.0 || newest.low < 0.0),
            Some(Command::Release) => Some(newest.low < 0.0),
            None => None,
        }
    }
}

impl Progress {
    fn stage(&self, steps: usize) -> Stage {
        let whole = |value: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "bounded to small positive numbers"
            )]
            let number = value.abs().clamp(0.0, 1e6).round() as usize;
            number
        };
        if self.low < 0.0 {
            return Stage::Failed(whole(self.low));
        }
        match whole(self.high) {
            0 => Stage::Waiting,
            step if step > steps => Stage::Done,
            step => Stage::Step(step),
        }
    }
}

impl PromotionSpec {
    /// The titles of the steps in this direction; a way back without its own has those of the way there.
    pub fn titles(&self, command: Command) -> &[String] {
        match command {
            Command::Release if !self.return_steps.is_empty() => &self.return_steps,
            Command::Engage | Command::Release => &self.steps,
        }
    }

    /// How far it has come, in words: `step 2 of 4: enable the event sources`.
    pub fn words(&self, command: Command, stage: Stage) -> String {
        let titles = self.titles(command);
        let title = |step: usize| {
            let found = step.checked_sub(1).and_then(|n| titles.get(n));
            found.map_or("", String::as_str)
        };
        match stage {
            Stage::Silent => "the state machine has not answered yet".to_owned(),
            Stage::Waiting => "the state machine waits for the approval".to_owned(),
            Stage::Step(step) => format!("step {step} of {}: {}", titles.len(), title(step)),
            Stage::Done if titles.len() == 1 => "done, 1 step".to_owned(),
            Stage::Done => format!("done, {} steps", titles.len()),
            Stage::Failed(step) => {
                format!("FAILED in step {step} of {}: {}", titles.len(), title(step))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::region::Role;

    pub(crate) fn spec() -> PromotionSpec {
        PromotionSpec {
            role: Role::Standby,
            namespace: "Switchback/Failover".into(),
            dimensions: BTreeMap::new(),
            approval: "PromotionApproved".into(),
            progress: "PromotionStep".into(),
            steps: ["promote", "enable", "notify"].map(str::to_owned).into(),
            return_steps: vec!["switch over".into()],
            loss: "rows may be lost".into(),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn seen(points: &[(i64, f64, f64)]) -> PromotionSeen {
        let progress = points.iter().map(|(second, low, high)| Progress {
            at: at(*second),
            low: *low,
            high: *high,
        });
        PromotionSeen {
            approval: None,
            progress: progress.collect(),
        }
    }

    fn stage(points: &[(i64, f64, f64)]) -> Stage {
        seen(points).stage(&spec(), Command::Engage, at(630))
    }

    #[test]
    fn progress_since_the_pull_counts_and_what_was_before_does_not() {
        assert_eq!(stage(&[]), Stage::Silent);
        assert_eq!(stage(&[(540, 4.0, 4.0)]), Stage::Silent, "an earlier run");
        assert_eq!(stage(&[(540, 4.0, 4.0), (600, 0.0, 0.0)]), Stage::Waiting);
        assert_eq!(stage(&[(660, 0.0, 2.0)]), Stage::Step(2));
        assert_eq!(stage(&[(660, 2.0, 4.0)]), Stage::Done);
        assert_eq!(stage(&[(660, -2.0, 2.0)]), Stage::Failed(2));
        assert_eq!(
            stage(&[(660, -2.0, 2.0), (720, 2.0, 3.0)]),
            Stage::Step(3),
            "tried again"
        );
        assert_eq!(stage(&[(660, f64::NAN, 1e300)]), Stage::Done);
    }

    #[test]
    fn the_way_back_has_its_own_steps() {
        let back = seen(&[(660, 2.0, 2.0)]);
        let spec = spec();
        assert_eq!(back.stage(&spec, Command::Release, at(630)), Stage::Done);
        assert_eq!(back.stage(&spec, Command::Engage, at(630)), Stage::Step(2));
        assert_eq!(
            spec.words(Command::Engage, Stage::Step(2)),
            "step 2 of 3: enable"
        );
        assert_eq!(
            spec.words(Command::Release, Stage::Failed(1)),
            "FAILED in step 1 of 1: switch over"
        );
    }

    #[test]
    fn whether_the_standby_writes_is_told_by_the_newest_approval() {
        let with = |command, points| PromotionSeen {
            approval: Some(NumberedCommand { number: 5, command }),
            ..seen(points)
        };
        assert_eq!(seen(&[]).is_promoted(), None);
        assert_eq!(
            with(Command::Engage, &[(0, 4.0, 4.0)]).is_promoted(),
            Some(true)
        );
        assert_eq!(
            with(Command::Engage, &[(0, 0.0, 0.0)]).is_promoted(),
            Some(false)
        );
        assert_eq!(
            with(Command::Release, &[(0, 2.0, 2.0)]).is_promoted(),
            Some(false)
        );
    }
}
