//! What stands in the way of a deletion, asked of the rehearsed AWS when the review opens.

use std::collections::BTreeMap;

use switchback::app::key::Key;
use switchback::app::msg::{Ask, Msg};
use switchback::domain::guard::{GuardId, GuardResult, GuardVerdict};
use switchback::domain::operation::OperationKind;
use switchback::domain::plan::Plan;
use switchback::rehearsal::scenario::Scenario;
use switchback::runtime::headless;

use crate::support::in_process::{Rehearsed, rehearse_scenario};

fn scenario(faults: &str) -> Scenario {
    let text =
        format!("title = \"T\"\nstory = \"S\"\ndeployed = true\n{faults}\n[expect]\nwithin = 60\n");
    Scenario::parse("blocked.toml", &text).unwrap()
}

async fn review(stage: &mut Rehearsed) -> Plan {
    let ask = Ask {
        kind: OperationKind::Delete,
        lever: None,
        parameters: BTreeMap::new(),
        repair: None,
        salt: 3,
    };
    let plan = headless::plan(&mut stage.core, ask).await.unwrap();
    assert!(!plan.is_pending());
    stage.core.take(Msg::Key(Key::Esc));
    plan
}

fn guard(plan: &Plan) -> &GuardResult {
    let mut guards = plan.guards.iter();
    guards.find(|g| g.id == GuardId::Blockers).unwrap()
}

#[test]
fn imports_objects_and_records_are_in_the_review_of_a_deletion() {
    let faults = "[[faults]]\nkind = \"foreign-import\"\nregion = \"primary\"\nat = -60\nuntil = 600\n\
                  [[faults]]\nkind = \"foreign-records\"\nrecords = 2\nat = -60\n\
                  [[faults]]\nkind = \"stored-objects\"\nregion = \"standby\"\nobjects = 1200\nat = -60\n";
    let folder = tempfile::tempdir().unwrap();
    rehearse_scenario(scenario(faults), folder.path(), async |mut stage| {
        let since = stage.model().now;
        let plan = review(&mut stage).await;
        let refused = guard(&plan);
        assert_eq!(refused.verdict, GuardVerdict::Refuse);
        assert_eq!(
            refused.value,
            "somebody-elses-demo imports payment-ApiDomain-demo in us-east-1"
        );
        let notes = plan.notes.join("\n");
        for said in [
            "AuditBucket: 1200 objects as counted 12 h ago; the stack's own EmptyOnDelete",
            "Zone: 2 records that the stack did not make (others-1.",
            "the stack's own EmptyGlobal deletes such records first",
            "exports 7 values; no other stack imports one",
        ] {
            assert!(notes.contains(said), "{said} is not in\n{notes}");
        }
        let asked = stage.requests_since(since);
        let imports = asked.iter().filter(|r| r.operation == "ListImports");
        assert_eq!(imports.count(), 16, "one for each export");

        stage.wait(900).await;
        assert_eq!(
            guard(&review(&mut stage).await).verdict,
            GuardVerdict::Allow
        );
    });
}

#[test]
fn what_can_not_be_asked_is_unknown_and_a_reason_overrides_it() {
    let faults = "[[faults]]\nkind = \"control-planes\"\nregion = \"primary\"\nat = 15\n";
    let folder = tempfile::tempdir().unwrap();
    rehearse_scenario(scenario(faults), folder.path(), async |mut stage| {
        stage.wait(20).await;
        let plan = review(&mut stage).await;
        let unknown = guard(&plan);
        assert_eq!(unknown.verdict, GuardVerdict::Refuse);
        assert!(unknown.unknown && unknown.can_override, "{unknown:?}");
        assert!(unknown.value.contains("InternalFailure"), "{unknown:?}");
        let notes = plan.notes.join("\n");
        assert!(
            notes.contains("AuditBucket: how many objects it holds is unknown"),
            "{notes}"
        );
    });
}
