//! The status of an environment as scripts read it (DESIGN §11).

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::output::promotion::PromotionStatus;
use crate::cli::output::region::{Look, RegionStatus};
use crate::domain::assess::Assessment;
use crate::domain::environment::Environment;
use crate::domain::guard::{GuardId, GuardResult, GuardVerdict};
use crate::domain::lever::LeverKind;
use crate::domain::observation::{Observation, Serving};
use crate::domain::region::Role;
use crate::domain::remark::Remark;
use crate::domain::text::clean;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    pub environment: String,
    /// `live`, `rehearsal` or `endpoint`.
    pub mode: &'static str,
    pub as_of: Timestamp,
    pub serving: Serving,
    /// The primary first.
    pub regions: Vec<RegionStatus>,
    /// Null where the bundle routes no traffic.
    pub traffic: Option<TrafficStatus>,
    pub guards: Vec<GuardStatus>,
    /// For people: the badge of the mode, and whether it is production.
    #[serde(skip)]
    pub(super) badge: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TrafficStatus {
    /// The service's name; null while it is not known.
    pub record: Option<String>,
    /// Where the levers want the traffic.
    pub commanded: Serving,
    /// What DNS shows.
    pub confirmed: Serving,
    /// Whether traffic is on the standby because a lever says so; null where that can't be told.
    pub held: Option<bool>,
    /// The levers that are engaged, separated by commas; null where none is.
    pub lever: Option<String>,
    /// The sides that could answer now.
    pub predicted: Vec<Role>,
    /// What is not as it seems, and what can be done about it.
    pub remarks: Vec<Remark>,
    /// Null where the bundle promotes nothing.
    pub promotion: Option<PromotionStatus>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GuardStatus {
    pub id: GuardId,
    pub verdict: GuardVerdict,
    pub value: String,
    pub limit: String,
    pub reason: String,
    /// When the oldest reading was taken that it rests on; null where it rests on none.
    pub as_of: Option<Timestamp>,
}

impl Status {
    /// The status at `now`; `guards` are those of the move that would be made next.
    pub fn new(
        env: &Environment,
        seen: &Observation,
        facts: &Assessment,
        guards: &[GuardResult],
        now: Timestamp,
    ) -> Self {
        let look = Look { env, seen, now };
        let production = if env.production { " PRODUCTION" } else { "" };
        Self {
            environment: env.name.0.clone(),
            mode: env.mode.as_str(),
            as_of: now,
            serving: facts.serving,
            regions: Role::BOTH.map(|role| look.region(role)).into(),
            traffic: env
                .traffic
                .as_ref()
                .map(|_| TrafficStatus::new(facts, PromotionStatus::new(env, seen, now))),
            guards: guards.iter().map(GuardStatus::new).collect(),
            badge: format!("{}{production}", clean(&env.mode.badge())),
        }
    }
}

impl TrafficStatus {
    fn new(facts: &Assessment, promotion: Option<PromotionStatus>) -> Self {
        let engaged: Vec<&str> = facts.engaged_now().map(LeverKind::as_str).collect();
        Self {
            record: facts.record.as_deref().map(clean),
            commanded: facts.commanded.map_or(Serving::Unknown, Serving::of),
            confirmed: facts.serving,
            held: held(facts),
            lever: (!engaged.is_empty()).then(|| engaged.join(",")),
            predicted: facts.predicted.iter().copied().collect(),
            remarks: facts.remarks.iter().map(cleaned).collect(),
            promotion,
        }
    }
}

fn cleaned(remark: &Remark) -> Remark {
    Remark {
        id: remark.id,
        what: clean(&remark.what),
        advice: clean(&remark.advice),
    }
}

/// [`Assessment::held`] is false also where nothing could be read.
fn held(facts: &Assessment) -> Option<bool> {
    match facts.serving {
        Serving::Primary => Some(false),
        Serving::Standby if facts.held => Some(true),
        Serving::Standby => facts.commanded.map(|_| false),
        Serving::Split | Serving::Unknown => None,
    }
}

impl GuardStatus {
    fn new(guard: &GuardResult) -> Self {
        Self {
            id: guard.id,
            verdict: guard.verdict,
            value: clean(&guard.value),
            limit: clean(&guard.limit),
            reason: clean(&guard.reason),
            as_of: guard.as_of,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cli::output::fixture::{
        alarm, at, dead, environment, healthy, marker, satisfies, signals, stack, status, take,
        violation,
    };
    use crate::domain::alarm::AlarmState;
    use crate::domain::observation::Seen;
    use crate::domain::stack::{StackId, StackState};
    use crate::error::ExitCode;

    fn as_json(env: &Environment, seen: &Observation, now: Timestamp) -> Value {
        let value = serde_json::to_value(status(env, seen, now)).unwrap();
        satisfies("status", &value);
        value
    }

    fn code(seen: &Observation, now: Timestamp) -> ExitCode {
        status(&environment(), seen, now).condition().code
    }

    #[test]
    fn a_healthy_environment_has_the_documented_fields() {
        let (env, seen) = (environment(), healthy(at(0)));
        let value = as_json(&env, &seen, at(5));
        insta::assert_snapshot!(serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(code(&seen, at(5)), ExitCode::Done);
    }

    #[test]
    fn what_was_never_read_is_unknown_and_never_healthy() {
        let seen = Observation::default();
        let value = as_json(&environment(), &seen, at(0));
        assert_eq!(value["serving"], "unknown");
        assert_eq!(value["traffic"]["commanded"], "unknown");
        assert_eq!(value["traffic"]["held"], Value::Null);
        for region in value["regions"].as_array().unwrap() {
            assert_eq!(region["reachable"], Value::Null);
            assert_eq!(region["alarms"], Value::Null);
            assert_eq!(region["stacks"][0]["phase"], "unknown");
            assert_eq!(region["signals"][0]["verdict"], "unknown");
            for check in region["health_checks"].as_array().unwrap() {
                assert_eq!(check["health"], "unknown", "{check}");
            }
        }
        assert_eq!(code(&seen, at(0)), ExitCode::CannotTell);
        let text = status(&environment(), &seen, at(0)).text();
        let told = ["healthy", "good", "settled", "OK"];
        let said = text.split_whitespace().any(|word| told.contains(&word));
        assert!(!said, "{text}");
    }

    #[test]
    fn old_good_news_is_unknown_and_old_bad_news_is_kept() {
        let mut seen = healthy(at(0));
        take(
            &mut seen,
            at(0),
            [
                Seen::Alarms(Role::Standby, Ok(vec![alarm(AlarmState::Alarm)])),
                Seen::Stack(
                    Role::Standby,
                    StackId("standby".into()),
                    Ok(stack("UPDATE_FAILED")),
                ),
                signals(Role::Standby, 900.0, at(0)),
            ],
        );
        let value = as_json(&environment(), &seen, at(3600));
        let [primary, standby] = [&value["regions"][0], &value["regions"][1]];
        assert_eq!(primary["alarms"][0]["state"], "unknown");
        assert_eq!(
            primary["alarms"][0]["reason"],
            "was OK at 08:00:00Z, not read since"
        );
        assert_eq!(
            primary["stacks"][0],
            json!({ "name": "pay-demo", "status": "CREATE_COMPLETE", "phase": "unknown",
                "drift": { "status": "not_checked", "as_of": null } })
        );
        assert_eq!(primary["signals"][0]["value"], 0.8);
        assert_eq!(primary["signals"][0]["verdict"], "unknown");
        assert_eq!(standby["alarms"][0]["state"], "ALARM");
        assert_eq!(standby["stacks"][0]["phase"], "failed");
        assert_eq!(standby["signals"][0]["verdict"], "breach");
        assert_eq!(code(&seen, at(3600)), ExitCode::CannotTell);
    }

    #[test]
    fn a_lag_that_is_no_longer_measured_is_unknown_though_it_was_just_asked_for() {
        let mut seen = healthy(at(3600));
        take(&mut seen, at(3600), [signals(Role::Primary, 0.8, at(0))]);
        let value = as_json(&environment(), &seen, at(3600));
        assert_eq!(value["regions"][0]["signals"][0]["verdict"], "unknown");
        assert_eq!(code(&seen, at(3600)), ExitCode::Degraded);
        // errors that stopped are no errors
        let mut seen = healthy(at(3600));
        take(&mut seen, at(3600), [signals(Role::Standby, 0.0, at(0))]);
        assert_eq!(code(&seen, at(3600)), ExitCode::Done);
    }

    #[test]
    fn each_ailment_degrades() {
        let primary = Role::Primary;
        let id = || StackId("primary".into());
        let ailments = [
            Seen::Stack(primary, id(), Ok(stack("UPDATE_IN_PROGRESS"))),
            Seen::Stack(primary, id(), Ok(stack("HIBERNATING"))),
            Seen::Stack(primary, id(), Ok(StackState::Absent)),
            Seen::Alarms(primary, Ok(vec![alarm(AlarmState::Alarm)])),
            signals(primary, 301.0, at(0)),
            Seen::Signals(primary, Ok([].into())),
            Seen::Endpoint(primary, Err(dead())),
            Seen::Checkers(
                crate::domain::health::CheckId("hc-p".into()),
                Ok(crate::domain::health::CheckerCount {
                    succeeding: 1,
                    total: 16,
                    detail: None,
                }),
            ),
        ];
        for ailment in ailments {
            let mut seen = healthy(at(0));
            let name = format!("{ailment:?}");
            take(&mut seen, at(1), [ailment]);
            let condition = status(&environment(), &seen, at(5)).condition();
            assert_eq!(condition.code, ExitCode::Degraded, "{name}");
            assert!(!condition.reasons.is_empty(), "{name}");
        }
    }

    #[test]
    fn readings_missing_on_one_side_degrade_and_on_both_it_cannot_be_told() {
        let mut seen = healthy(at(0));
        take(&mut seen, at(300), [marker("us-east-1")]);
        let one_side = |role: Role, when| {
            [
                Seen::Stack(
                    role,
                    StackId(role.as_str().into()),
                    Ok(stack("CREATE_COMPLETE")),
                ),
                Seen::Alarms(role, Ok(Vec::new())),
                signals(role, 0.0, when),
            ]
        };
        assert_eq!(code(&seen, at(300)), ExitCode::CannotTell);
        take(&mut seen, at(300), one_side(Role::Standby, at(300)));
        assert_eq!(code(&seen, at(300)), ExitCode::Degraded);
    }

    #[test]
    fn traffic_on_the_standby_beats_degraded_and_not_deployed_beats_both() {
        let mut seen = healthy(at(0));
        take(
            &mut seen,
            at(1),
            [
                marker("us-west-2"),
                Seen::Endpoint(Role::Primary, Err(dead())),
            ],
        );
        assert_eq!(code(&seen, at(5)), ExitCode::OnStandby);
        let text = status(&environment(), &seen, at(5)).text();
        assert!(text.contains("us-west-2 (standby), NOT HELD"), "{text}");
        for role in Role::BOTH {
            let id = StackId(role.as_str().into());
            take(
                &mut seen,
                at(2),
                [Seen::Stack(role, id, Ok(StackState::Absent))],
            );
        }
        let condition = status(&environment(), &seen, at(5)).condition();
        assert_eq!(condition.code, ExitCode::CannotTell);
        assert_eq!(condition.reasons[0], "it is not deployed");
    }

    #[test]
    fn whether_it_is_held_is_unknown_while_no_lever_can_be_read() {
        let mut seen = healthy(at(0));
        take(&mut seen, at(100), [marker("us-west-2")]);
        let value = as_json(&environment(), &seen, at(100));
        assert_eq!(value["serving"], "standby");
        assert_eq!(value["traffic"]["commanded"], "unknown");
        assert_eq!(value["traffic"]["held"], Value::Null);
    }

    #[test]
    fn text_from_outside_moves_no_cursor() {
        let mut seen = healthy(at(0));
        let mut evil = alarm(AlarmState::Alarm);
        evil.name = "a\u{1b}[2J\"\\b".into();
        take(
            &mut seen,
            at(1),
            [Seen::Alarms(Role::Primary, Ok(vec![evil]))],
        );
        let made = status(&environment(), &seen, at(5));
        for text in [made.text(), made.prometheus()] {
            assert!(!text.contains('\u{1b}'), "{text}");
        }
        assert!(made.prometheus().contains(r#"alarm="a[2J\"\\b""#));
    }

    #[test]
    fn people_and_prometheus_read_the_same() {
        let mut seen = healthy(at(0));
        take(
            &mut seen,
            at(1),
            [Seen::Endpoint(Role::Primary, Err(dead()))],
        );
        let made = status(&environment(), &seen, at(5));
        insta::assert_snapshot!("text", made.text());
        insta::assert_snapshot!("prometheus", made.prometheus());
    }

    #[test]
    fn the_schema_is_strict() {
        let mut value = as_json(&environment(), &healthy(at(0)), at(5));
        value["serving"] = "both".into();
        assert!(violation("status", &value).unwrap().contains("$.serving"));
        value["serving"] = "split".into();
        value["extra"] = 1.into();
        assert!(violation("status", &value).unwrap().contains("extra"));
    }
}
