//! A promotion in the status, as scripts read it: which way, and how far its state machine has come.

use jiff::Timestamp;
use serde::Serialize;

use crate::domain::assess::limit;
use crate::domain::environment::Environment;
use crate::domain::lever::Command;
use crate::domain::observation::Observation;
use crate::domain::promotion::Stage;
use crate::domain::text::clean;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PromotionStatus {
    /// `promote` (the standby becomes the writer) or `return`; null where nothing was approved lately.
    pub direction: Option<&'static str>,
    /// `unknown` (not read lately), `none` (nothing was said in the look-back), `waiting` for the approval, `step`,
    /// `done` or `failed`.
    pub stage: &'static str,
    /// The step that it is at, or has failed in, counted from 1.
    pub step: Option<usize>,
    /// How many steps there are in this direction.
    pub steps: usize,
    /// The same in words.
    pub what: String,
}

impl PromotionStatus {
    /// None where the bundle promotes nothing.
    pub(super) fn new(env: &Environment, seen: &Observation, now: Timestamp) -> Option<Self> {
        let spec = env.traffic.as_ref()?.promotion.as_ref()?;
        let told = seen.traffic.promotion.fresh(now, limit::PROMOTION);
        let approved = told
            .and_then(|seen| seen.approval)
            .map(|approval| approval.command);
        let command = approved.unwrap_or(Command::Engage);
        let stage = told.map(|seen| seen.stage(spec, command, Timestamp::MIN));
        let (word, step) = named(stage);
        let what = match stage {
            None => "not read lately".to_owned(),
            Some(Stage::Silent) => "the state machine has said nothing lately".to_owned(),
            Some(stage) => clean(&spec.words(command, stage)),
        };
        Some(Self {
            direction: approved.map(|command| match command {
                Command::Engage => "promote",
                Command::Release => "return",
            }),
            stage: word,
            step,
            steps: spec.titles(command).len(),
            what,
        })
    }
}

const fn named(stage: Option<Stage>) -> (&'static str, Option<usize>) {
    match stage {
        None => ("unknown", None),
        Some(Stage::Silent) => ("none", None),
        Some(Stage::Waiting) => ("waiting", None),
        Some(Stage::Step(step)) => ("step", Some(step)),
        Some(Stage::Done) => ("done", None),
        Some(Stage::Failed(step)) => ("failed", Some(step)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::cli::output::fixture::{at, dead, environment, healthy, satisfies, status, take};
    use crate::cli::output::status::Status;
    use crate::domain::environment::{Environment, PromotionSpec};
    use crate::domain::lever::{Command, NumberedCommand};
    use crate::domain::observation::Seen;
    use crate::domain::promotion::{Progress, PromotionSeen};
    use crate::domain::region::Role;

    fn promoting() -> Environment {
        let mut env = environment();
        env.traffic.as_mut().unwrap().promotion = Some(PromotionSpec {
            role: Role::Standby,
            namespace: "N".into(),
            dimensions: [].into(),
            approval: "PromotionApproved".into(),
            progress: "PromotionStep".into(),
            steps: ["promote", "enable", "notify"].map(str::to_owned).into(),
            return_steps: vec!["switch over".into()],
            loss: "rows may be lost".into(),
        });
        env
    }

    /// The status after these values within one minute were read at the beginning.
    fn shown(approved: Option<Command>, values: Option<(f64, f64)>, second: i64) -> Value {
        let value = serde_json::to_value(after(approved, values, second)).unwrap();
        satisfies("status", &value);
        value["traffic"]["promotion"].clone()
    }

    fn after(approved: Option<Command>, values: Option<(f64, f64)>, second: i64) -> Status {
        let mut seen = healthy(at(0));
        let progress = values.map(|(low, high)| Progress {
            at: at(0),
            low,
            high,
        });
        let promotion = PromotionSeen {
            approval: approved.map(|command| NumberedCommand { number: 9, command }),
            progress: progress.into_iter().collect(),
        };
        take(&mut seen, at(0), [Seen::Promotion(Ok(promotion))]);
        status(&promoting(), &seen, at(second))
    }

    /// The promotion's samples as they are scraped, without what all have in common.
    fn scraped(approved: Option<Command>, values: Option<(f64, f64)>, second: i64) -> Vec<String> {
        let page = after(approved, values, second).prometheus();
        let samples = page
            .lines()
            .filter(|l| l.starts_with("switchback_promotion"));
        samples
            .map(|l| l.replace("environment=\"pay-demo\",mode=\"rehearsal\",", ""))
            .collect()
    }

    #[test]
    fn a_promotion_is_scraped_with_its_steps() {
        let engaged = Some(Command::Engage);
        assert_eq!(
            scraped(engaged, Some((1.0, 2.0)), 5),
            [
                "switchback_promotion_stage{direction=\"promote\",stage=\"step\"} 1",
                "switchback_promotion_steps{direction=\"promote\"} 3",
                "switchback_promotion_step{direction=\"promote\"} 2",
            ]
        );
        assert_eq!(
            scraped(engaged, Some((1.0, 2.0)), 3600),
            [
                "switchback_promotion_stage{direction=\"none\",stage=\"unknown\"} 1",
                "switchback_promotion_steps{direction=\"none\"} 3",
            ],
            "a step that was read long ago is not exported"
        );
    }

    #[test]
    fn each_stage_has_its_word() {
        let engaged = Some(Command::Engage);
        for (approved, values, stage, step) in [
            (None, None, "none", Value::Null),
            (None, Some((0.0, 0.0)), "waiting", Value::Null),
            (engaged, Some((1.0, 2.0)), "step", json!(2)),
            (engaged, Some((-2.0, 2.0)), "failed", json!(2)),
            (engaged, Some((3.0, 4.0)), "done", Value::Null),
        ] {
            let found = shown(approved, values, 5);
            assert_eq!((&found["stage"], &found["step"]), (&json!(stage), &step));
        }
        assert_eq!(
            shown(Some(Command::Release), Some((2.0, 2.0)), 5),
            json!({ "direction": "return", "stage": "done", "step": null, "steps": 1, "what": "done, 1 step" })
        );
    }

    #[test]
    fn what_was_read_long_ago_or_never_is_unknown() {
        let old = shown(Some(Command::Engage), Some((4.0, 4.0)), 3600);
        assert_eq!(
            (&old["stage"], &old["direction"]),
            (&json!("unknown"), &Value::Null)
        );
        let mut seen = healthy(at(0));
        take(&mut seen, at(0), [Seen::Promotion(Err(dead()))]);
        let text = status(&promoting(), &seen, at(1)).text();
        assert!(text.contains("promotion  not read lately"), "{text}");
    }
}
