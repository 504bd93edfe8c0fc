//! The guard of parity: both regions from the same templates, with the same parameters and resources.

use crate::domain::assess::limit;
use crate::domain::guard::GuardVerdict::{Allow, Warn};
use crate::domain::guard::rules::Asked;
use crate::domain::guard::{GuardId, GuardResult, answer};
use crate::domain::observed::age;
use crate::domain::parity::{Pair, Parity, ParityVerdict};
use crate::domain::plan::Situation;

impl Asked<'_> {
    /// A difference is worth a warning before a planned move; in an emergency it only informs.
    pub(super) fn parity(&self) -> GuardResult {
        let parity = self.question.parity;
        let milder = match self.situation {
            Situation::Planned => Warn,
            Situation::Emergency => Allow,
        };
        let made = match parity.verdict() {
            None => answer(
                GuardId::Parity,
                Allow,
                "nothing to compare",
                "no template of the bundle makes a stack in both regions",
            ),
            Some(ParityVerdict::Differs) => differs(parity, milder),
            Some(ParityVerdict::Unknown) => answer(
                GuardId::Parity,
                milder,
                if parity.pairs.iter().all(was_alike) {
                    "same when last read"
                } else {
                    "not compared"
                },
                parity.unread().collect::<Vec<_>>().join("; "),
            )
            .unknown(),
            Some(ParityVerdict::Same) => match self.read_too_long_ago(parity) {
                Some(minutes) => answer(
                    GuardId::Parity,
                    milder,
                    format!("same {minutes} min ago"),
                    "the stacks of both regions were not read lately",
                )
                .unknown(),
                None => answer(GuardId::Parity, Allow, "same", alike(parity)),
            },
        };
        made.limit("same")
    }

    /// The age in minutes, where it is too old to be believed.
    fn read_too_long_ago(&self, parity: &Parity) -> Option<u64> {
        let oldest = parity
            .pairs
            .iter()
            .filter_map(|p| p.as_of(self.seen))
            .min()?;
        let age = age(oldest, self.now);
        (age > limit::STACKS).then_some(age.as_secs() / 60)
    }
}

fn was_alike(pair: &Pair) -> bool {
    pair.was_alike() || pair.verdict() == ParityVerdict::Same
}

fn differs(parity: &Parity, milder: crate::domain::guard::GuardVerdict) -> GuardResult {
    const MOST: usize = 3;
    let count = parity.differences().count();
    let mut words: Vec<String> = parity
        .differences()
        .take(MOST)
        .map(crate::domain::parity::Compared::words)
        .collect();
    if count > MOST {
        words.push(format!("{} more", count - MOST));
    }
    let noun = if count == 1 {
        "difference"
    } else {
        "differences"
    };
    answer(
        GuardId::Parity,
        milder,
        format!("{count} {noun}"),
        format!("primary / standby: {}", words.join("; ")),
    )
    .remedy("deploy, so that both regions have the same; the Stacks page shows all (p)")
}

/// What was compared, and what could not be because AWS hides it.
fn alike(parity: &Parity) -> String {
    let pairs = parity.pairs.len();
    let hidden = |pair: &Pair| {
        let hidden = crate::domain::parity::Agreement::Hidden;
        pair.compared
            .iter()
            .filter(|c| c.agreement == hidden)
            .count()
    };
    let hidden: usize = parity.pairs.iter().map(hidden).sum();
    let noun = if pairs == 1 { "pair" } else { "pairs" };
    let words = format!("{pairs} {noun} of stacks: templates, parameters, resources");
    if hidden == 0 {
        words
    } else {
        format!("{words}; hidden parameters can't be compared ({hidden})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fixtures;
    use crate::domain::guard::{GuardVerdict, Question, judge};
    use crate::domain::lever::LeverKind;
    use crate::domain::observed::Observed;
    use crate::domain::operation::OperationKind;
    use crate::domain::parity::{Agreement, Aspect, Compared};
    use crate::domain::region::{PerRole, Role};
    use crate::domain::stack::StackId;

    fn pair(agreement: Agreement, unread: &[&str]) -> Pair {
        Pair {
            stacks: PerRole::from_fn(|role: Role| StackId(role.as_str().into())),
            compared: vec![Compared {
                aspect: Aspect::Parameter,
                name: "checkInterval".into(),
                sides: PerRole {
                    primary: "10".into(),
                    standby: "30".into(),
                },
                agreement,
            }],
            unread: unread.iter().map(|&w| w.to_owned()).collect(),
        }
    }

    fn guard(pairs: Vec<Pair>, dark: bool, seconds: u64) -> GuardResult {
        let mut model = fixtures::steady();
        fixtures::tick(&mut model, seconds);
        if dark {
            let gone =
                crate::domain::observation::Seen::Endpoint(Role::Primary, Err(fixtures::dead()));
            fixtures::see(&mut model, gone);
        }
        let parity = Parity {
            pairs,
            outdated: Vec::new(),
        };
        let question = Question {
            kind: OperationKind::Failover,
            levers: &[LeverKind::Metric],
            running: None,
            own: None,
            practised: crate::domain::drill::Practised::default(),
            undo: None,
            may_write: &Observed::default(),
            parity: &parity,
        };
        let all = judge(&model.env, &model.seen, model.now, &question);
        all.into_iter().find(|g| g.id == GuardId::Parity).unwrap()
    }

    #[test]
    fn a_difference_warns_when_planned_and_informs_in_an_emergency() {
        use Agreement::{ByDesign, Differs, Hidden, Same};
        type Row = (
            &'static str,
            Vec<Pair>,
            u64,
            GuardVerdict,
            bool,
            &'static str,
        );
        let nothing = Pair {
            compared: Vec::new(),
            ..pair(Same, &["x"])
        };
        let table: [Row; 9] = [
            ("alike", vec![pair(Same, &[])], 0, Allow, false, "same"),
            ("design", vec![pair(ByDesign, &[])], 0, Allow, false, "same"),
            ("hidden", vec![pair(Hidden, &[])], 0, Allow, false, "same"),
            ("no pair", vec![], 0, Allow, false, "nothing to compare"),
            (
                "differs",
                vec![pair(Differs, &[])],
                0,
                Warn,
                false,
                "1 difference",
            ),
            (
                "and unread",
                vec![pair(Differs, &["x"])],
                0,
                Warn,
                false,
                "1 difference",
            ),
            ("unread", vec![nothing], 0, Warn, true, "not compared"),
            (
                "once",
                vec![pair(Same, &["x"])],
                0,
                Warn,
                true,
                "same when last read",
            ),
            (
                "old",
                vec![pair(Same, &[])],
                300,
                Warn,
                true,
                "same 5 min ago",
            ),
        ];
        for (name, pairs, seconds, planned, unknown, value) in table {
            let told = guard(pairs.clone(), false, seconds);
            let shown = (told.verdict, told.unknown, told.value.as_str());
            assert_eq!(shown, (planned, unknown, value), "{name}");
            let told = guard(pairs, true, seconds);
            let shown = (told.verdict, told.unknown, told.value.as_str());
            assert_eq!(shown, (Allow, unknown, value), "{name} in an emergency");
        }
    }

    #[test]
    fn the_reason_names_the_difference_and_the_remedy_the_way_out() {
        let told = guard(vec![pair(Agreement::Differs, &[])], false, 0);
        assert_eq!(
            told.reason,
            "primary / standby: parameter checkInterval: 10 / 30"
        );
        assert!(told.remedy.starts_with("deploy"));
    }
}
