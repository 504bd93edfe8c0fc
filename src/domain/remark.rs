//! States that are not what they seem: traffic half-way, levers that disagree, what was commanded and did not happen.
//!
//! They are drawn from what is seen alone, so that a console that has just started recognises them as well as one that
//! has watched them come about.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::alarm::AlarmState;
use crate::domain::assess::{Assessment, limit};
use crate::domain::environment::Environment;
use crate::domain::health::CheckTarget;
use crate::domain::lever::LeverKind;
use crate::domain::observation::{Observation, Serving};
use crate::domain::prediction::combined_check;
use crate::domain::region::Role;

/// What is unusual about the traffic now, and what can be done about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remark {
    pub id: RemarkId,
    pub what: String,
    pub advice: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemarkId {
    /// This machine's clock is not AWS's.
    ClockWrong,
    /// Name servers disagree.
    Split,
    /// Traffic moved by itself, and nothing keeps it.
    NotHeld,
    /// A lever was told to hold traffic, and has not taken hold yet.
    HoldPending,
    /// Nobody can say whether traffic is held.
    HoldUnknown,
    /// Commanded to the standby, and still on the primary.
    NotFollowed,
    /// The combined check is forced healthy: no lever in the standby moves traffic.
    ForcedHome,
    /// The record sets themselves send traffic to the standby.
    RecordsMoved,
    /// The function in the standby has not taken up the newest command.
    NotEchoed,
}

/// After this long the keepalive, which runs each minute, should have taken a command up.
const ECHO_TIME_SECONDS: i64 = 180;

/// From here on a clock's error matters: the shortest limits of freshness are as long.
const WRONG_CLOCK_SECONDS: u64 = 20;

/// What `facts` leaves to be explained, the most pressing first.
pub fn remarks(
    env: &Environment,
    seen: &Observation,
    facts: &Assessment,
    now: Timestamp,
) -> Vec<Remark> {
    if env.traffic.is_none() {
        return Vec::new();
    }
    let look = Look {
        env,
        seen,
        facts,
        now,
    };
    [
        look.clock_wrong(),
        look.split(),
        look.forced_home(),
        look.not_followed(),
        look.not_held(),
        look.records_moved(),
        look.not_echoed(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether the force lever keeps the primary's check healthy whatever its children say: a threshold of zero.
pub fn forced_home(env: &Environment, seen: &Observation) -> bool {
    combined_check(env, seen)
        .is_some_and(|check| matches!(check.target, CheckTarget::Calculated { threshold: 0, .. }))
}

struct Look<'a> {
    env: &'a Environment,
    seen: &'a Observation,
    facts: &'a Assessment,
    now: Timestamp,
}

impl Look<'_> {
    fn region(&self, role: Role) -> &str {
        self.env.regions.get(role).as_str()
    }

    /// Ages and the exposure are wrong by as much, and AWS refuses what is signed more than five minutes off.
    fn clock_wrong(&self) -> Option<Remark> {
        let ahead = self.seen.clock_ahead?;
        (ahead.unsigned_abs() >= WRONG_CLOCK_SECONDS).then_some(())?;
        let side = if ahead > 0 { "ahead of" } else { "behind" };
        let by = match ahead.unsigned_abs() {
            seconds @ ..120 => format!("{seconds} s"),
            seconds => format!("{} min", (seconds + 30) / 60),
        };
        remark(
            RemarkId::ClockWrong,
            format!(
                "this machine's clock is {by} {side} AWS's: ages and exposure are wrong by as much"
            ),
            "set the clock (timedatectl, chronyc makestep); from 5 minutes on AWS refuses what it signs",
        )
    }

    fn split(&self) -> Option<Remark> {
        (self.facts.serving == Serving::Split).then_some(())?;
        let answers = self.seen.traffic.marker.last()?;
        let standby = self.region(Role::Standby);
        let (naming, asked) = answers.agreement(standby);
        remark(
            RemarkId::Split,
            format!("{naming} of {asked} name servers answer {standby}, others the primary"),
            "a change is half-way and takes up to a minute; if it stays so, F or B makes it whole",
        )
    }

    fn forced_home(&self) -> Option<Remark> {
        forced_home(self.env, self.seen).then_some(())?;
        remark(
            RemarkId::ForcedHome,
            "the primary's check is forced healthy: neither an outage nor a lever in the standby moves traffic".to_owned(),
            "B with the force lever gives the check back to its children, once they are healthy",
        )
    }

    /// Commanded to the standby, answered by the primary: half-way, or in vain.
    fn not_followed(&self) -> Option<Remark> {
        let facts = self.facts;
        let commanded = facts.commanded == Some(Role::Standby);
        (commanded && facts.serving == Serving::Primary).then_some(())?;
        let by: Vec<&str> = facts.engaged_now().map(LeverKind::as_str).collect();
        let (why, advice) = if forced_home(self.env, self.seen) {
            (
                "the primary's check is forced healthy",
                "B releases the lever; F with the force lever moves traffic",
            )
        } else if self.awaits_alarm() {
            (
                "its alarm has not followed",
                "wait a minute, then F again or with the next lever; B releases it",
            )
        } else if facts.predicted.contains(&Role::Standby) {
            (
                "the answer has not changed yet",
                "it takes 1 to 3 minutes; then F again with the next lever, or B to release it",
            )
        } else {
            (
                "by its health checks Route 53 still answers the primary",
                "see the health checks: a red standby cancels every lever; B releases it",
            )
        };
        let what = format!(
            "commanded standby ({}), but DNS answers the primary: {why}",
            by.join(", ")
        );
        remark(RemarkId::NotFollowed, what, advice)
    }

    /// Whether the metric lever is engaged and its alarm says otherwise.
    fn awaits_alarm(&self) -> bool {
        let lever = self.seen.traffic.lever.last();
        self.facts.engaged == [LeverKind::Metric]
            && lever.is_some_and(|l| l.alarm != Some(AlarmState::Alarm))
    }

    fn not_held(&self) -> Option<Remark> {
        let facts = self.facts;
        (facts.serving == Serving::Standby && !facts.held).then_some(())?;
        let primary = self.region(Role::Primary);
        match facts.commanded {
            None => self.hold_unknown(),
            Some(Role::Standby) => remark(
                RemarkId::HoldPending,
                "a lever was told to hold traffic on the standby, and its alarm has not followed"
                    .to_owned(),
                "wait a minute, then F again or with the next lever",
            ),
            Some(Role::Primary) => remark(
                RemarkId::NotHeld,
                format!(
                    "traffic moved to the standby by itself and returns as soon as {primary} answers"
                ),
                "F holds it there",
            ),
        }
    }

    /// For example `on the standby, held by no lever that can be read: force, records can't`.
    fn hold_unknown(&self) -> Option<Remark> {
        let facts = self.facts;
        let words = |levers: &mut dyn Iterator<Item = LeverKind>| {
            levers.map(LeverKind::as_str).collect::<Vec<_>>().join(", ")
        };
        let unread = words(&mut facts.unread.iter().copied());
        let last = words(&mut facts.engaged.iter().copied());
        let what = if last.is_empty() {
            format!("on the standby, held by no lever that can be read: {unread} can't")
        } else {
            format!(
                "on the standby; {last} was engaged when last read, and {unread} can't be read now"
            )
        };
        remark(
            RemarkId::HoldUnknown,
            what,
            "see the errors (!); F holds it there",
        )
    }

    fn records_moved(&self) -> Option<Remark> {
        self.facts
            .engaged
            .contains(&LeverKind::Records)
            .then_some(())?;
        remark(
            RemarkId::RecordsMoved,
            "the record sets themselves prefer the standby, and the stack does not know".to_owned(),
            "do not deploy; B puts them back",
        )
    }

    fn not_echoed(&self) -> Option<Remark> {
        let lever = self.seen.traffic.lever.fresh(self.now, limit::LEVER)?;
        let command = lever.command?;
        let echoed = lever.echo.is_some_and(|e| e.number >= command.number);
        let waited = self.now.as_second().saturating_sub(command.number);
        (!echoed && waited > ECHO_TIME_SECONDS).then_some(())?;
        remark(
            RemarkId::NotEchoed,
            format!(
                "command {} of the metric lever is {} min old and the standby has not taken it up",
                command.number,
                waited / 60
            ),
            "nobody repeats it when this console closes: look at the lever's function in the standby",
        )
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "every rule ends with it, and a rule may have nothing to say"
)]
fn remark(id: RemarkId, what: String, advice: &str) -> Option<Remark> {
    Some(Remark {
        id,
        what,
        advice: advice.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures::{dead, lever, marker, see, steady, tick};
    use crate::app::model::Model;
    use crate::domain::health::CheckId;
    use crate::domain::lever::{Command, MetricLever, NumberedCommand};
    use crate::domain::observation::{MarkerAnswers, Seen, ServerAnswer};
    use crate::domain::routing::Policy;

    fn ids(model: &Model) -> Vec<RemarkId> {
        model.facts.remarks.iter().map(|r| r.id).collect()
    }

    fn set_threshold(model: &mut Model, wanted: i32) {
        let mut checks = model.seen.traffic.checks.last().unwrap().clone();
        let combined = checks.0.get_mut(&CheckId("ok".into())).unwrap();
        if let CheckTarget::Calculated { threshold, .. } = &mut combined.target {
            *threshold = wanted;
        }
        see(model, Seen::Checks(Ok(checks)));
    }

    #[test]
    fn there_is_nothing_to_say_about_what_is_as_it_should_be() {
        let mut model = steady();
        assert_eq!(ids(&model), []);
        lever(&mut model, Command::Engage, 2, AlarmState::Alarm);
        marker(&mut model, Role::Standby);
        assert_eq!(ids(&model), [], "failed over and held");
    }

    #[test]
    fn name_servers_that_disagree_are_counted() {
        let mut model = steady();
        let server = |n: u8, region: &str| ServerAnswer {
            server: format!("ns-{n}"),
            answer: Ok(region.to_owned()),
            authoritative: true,
        };
        let answers = MarkerAnswers {
            servers: vec![server(1, "us-west-2"), server(2, "us-east-1")],
            via_resolver: false,
        };
        see(&mut model, Seen::Marker(Ok(answers)));
        let found = &model.facts.remarks[0];
        assert_eq!(found.id, RemarkId::Split);
        assert!(
            found
                .what
                .starts_with("1 of 2 name servers answer us-west-2")
        );
    }

    #[test]
    fn a_command_that_was_not_followed_is_explained_by_what_stands_in_its_way() {
        let why = |model: &Model| {
            assert_eq!(ids(model).last(), Some(&RemarkId::NotFollowed));
            model.facts.remarks.last().unwrap().what.clone()
        };
        let mut model = steady();
        lever(&mut model, Command::Engage, 2, AlarmState::Ok);
        assert!(why(&model).contains("its alarm has not followed"));
        lever(&mut model, Command::Engage, 2, AlarmState::Alarm);
        assert!(why(&model).contains("the answer has not changed yet"));
        let mut checks = model.seen.traffic.checks.last().unwrap().clone();
        let standby = checks.0.get_mut(&CheckId("s".into())).unwrap();
        (standby.disabled, standby.inverted) = (true, true);
        see(&mut model, Seen::Checks(Ok(checks)));
        assert!(why(&model).contains("Route 53 still answers the primary"));
        set_threshold(&mut model, 0);
        assert!(why(&model).contains("forced healthy"));
        assert_eq!(ids(&model)[0], RemarkId::ForcedHome);
    }

    #[test]
    fn traffic_on_the_standby_is_held_or_it_is_said_why_not() {
        let mut model = steady();
        marker(&mut model, Role::Standby);
        assert_eq!(ids(&model), [RemarkId::NotHeld]);
        lever(&mut model, Command::Engage, 2, AlarmState::Ok);
        assert_eq!(ids(&model), [RemarkId::HoldPending]);
        let mut blind = steady();
        tick(&mut blind, 60);
        see(&mut blind, Seen::Lever(Err(dead())));
        marker(&mut blind, Role::Standby);
        assert_eq!(ids(&blind), [RemarkId::HoldUnknown]);
        assert_eq!(
            blind.facts.remarks[0].what,
            "on the standby, held by no lever that can be read: metric can't"
        );
    }

    #[test]
    fn moved_record_sets_and_a_command_nobody_repeats_are_named() {
        let mut model = steady();
        let mut records = model.seen.traffic.records.last().unwrap().clone();
        for (record, weight) in records.iter_mut().zip([0, 100, 0, 100]) {
            record.policy = Policy::Weighted(weight);
        }
        see(&mut model, Seen::Records(Ok(records)));
        marker(&mut model, Role::Standby);
        assert_eq!(ids(&model), [RemarkId::RecordsMoved]);

        let mut model = steady();
        let alone = MetricLever {
            command: Some(NumberedCommand {
                number: model.now.as_second() - 600,
                command: Command::Release,
            }),
            engaged: Some(false),
            alarm: Some(AlarmState::Ok),
            ..MetricLever::default()
        };
        see(&mut model, Seen::Lever(Ok(alone)));
        assert_eq!(ids(&model), [RemarkId::NotEchoed]);
        assert!(model.facts.remarks[0].what.contains("10 min old"));
    }
}
