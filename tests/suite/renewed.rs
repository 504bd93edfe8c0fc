//! Credentials that end in the middle of operations: each waits for a new login, and ends as if nothing had been.

use std::time::Duration;

use jiff::Timestamp;
use switchback::domain::observation::Serving;
use switchback::domain::operation::{OperationKind, OperationResult, Outcome, StepState};
use switchback::journal::{self, Entry};
use switchback::rehearsal::faults::{Fault, TimedFault};
use switchback::rehearsal::scenario::Scenario;

use crate::support::in_process::{Rehearsed, rehearse_scenario};

/// A scenario in which a login ends after so many seconds, and the next one comes so many seconds later.
fn with_logins(name: &str, logins: &[(i64, i64)]) -> Scenario {
    let mut scenario = Scenario::shipped(name).unwrap();
    let ends = logins.iter().map(|(end, next)| TimedFault {
        at: *end,
        until: Some(end + next),
        fault: Fault::CredentialsExpiring { seconds: 0 },
    });
    scenario.faults.extend(ends);
    scenario
}

/// How often CloudFormation did something.
fn done(rehearsed: &Rehearsed, operation: &str) -> usize {
    let all = rehearsed.requests_since(Timestamp::MIN);
    let ours = all.iter().filter(|r| r.operation == operation);
    ours.filter(|r| r.outcome == "ok").count()
}

/// What the operation's journal says of its pauses.
fn pauses(result: &OperationResult) -> Vec<String> {
    let file = result.journal.as_ref().unwrap();
    let records = journal::read(file.as_ref()).unwrap();
    assert_eq!(journal::verify(file.as_ref()).unwrap(), Ok(()));
    records
        .into_iter()
        .filter_map(|record| match record.entry {
            Entry::Note { text } => Some(text),
            _ => None,
        })
        .collect()
}

#[track_caller]
fn paused_once(result: &OperationResult) {
    assert_eq!(result.outcome, Outcome::Succeeded, "{result:#?}");
    let said = pauses(result);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("paused at "), "{said:?}");
    assert!(said[0].contains("credentials have expired"), "{said:?}");
    assert!(said[1].starts_with("goes on"), "{said:?}");
}

#[test]
fn a_deploy_and_a_delete_wait_for_a_new_login() {
    let state = tempfile::tempdir().unwrap();
    let scenario = with_logins("empty", &[(100, 2_900), (4_200, 300)]);
    rehearse_scenario(scenario, state.path(), async |mut console| {
        let stacks = console.model().env.stacks.len();
        // the pause and the work together take longer: what waits for a login takes no time of its own
        console.core.model.patience = Some(Duration::from_secs(3_000));
        let result = console.operate(OperationKind::Deploy).await;
        paused_once(&result);
        let lasted = result.finished.duration_since(result.started);
        assert!(lasted.as_secs() > 3_000, "{lasted:?}");
        assert_eq!(done(&console, "ExecuteChangeSet"), stacks);
        assert_eq!(done(&console, "CreateChangeSet"), stacks);

        let began = console.core.clock().now();
        let until = console.began.as_second() + 4_150 - began.as_second();
        console.wait(u64::try_from(until).unwrap()).await;
        let overridden = vec!["not_serving".to_owned()];
        let result = console.try_operate(OperationKind::Delete, None, overridden);
        let result = result.await.unwrap();
        paused_once(&result);
        assert_eq!(done(&console, "DeleteStack"), stacks);
        assert!(
            result
                .steps
                .iter()
                .all(|s| s.note.as_deref() == Some("DELETE_COMPLETE, nothing is left")),
            "{result:#?}"
        );
        console.core.stop().await;
    });
}

#[test]
fn a_lever_waits_for_a_new_login_and_its_clock_runs_on() {
    let state = tempfile::tempdir().unwrap();
    let scenario = with_logins("region-outage", &[(200, 120)]);
    rehearse_scenario(scenario, state.path(), async |mut console| {
        console.wait(205).await;
        let guards = ["lever", "destination_fit", "destination_healthy"];
        let overridden = guards.map(str::to_owned).to_vec();
        let result = console.try_operate(OperationKind::Failover, None, overridden);
        let result = result.await.unwrap();
        paused_once(&result);
        assert_eq!(result.serving, Serving::Standby);
        assert_eq!(result.steps[0].state, StepState::Done);
        assert!(result.rto_seconds.unwrap() > 110.0, "{result:#?}");
        console.core.stop().await;
    });
}

/// The login comes long after the operation has ended: nothing moves then, and the journal says why.
#[test]
fn a_lever_that_waited_in_vain_is_not_pulled_by_the_next_login() {
    let state = tempfile::tempdir().unwrap();
    let scenario = with_logins("region-outage", &[(200, 1_200)]);
    rehearse_scenario(scenario, state.path(), async |mut console| {
        console.wait(205).await;
        console.core.model.patience = Some(Duration::from_secs(600));
        let guards = ["lever", "destination_fit", "destination_healthy"];
        let overridden = guards.map(str::to_owned).to_vec();
        let result = console.try_operate(OperationKind::Failover, None, overridden);
        let result = result.await.unwrap();
        assert_eq!(result.outcome, Outcome::TimedOut, "{result:#?}");
        let ended = console.model().now;
        console.wait(1_500).await;
        let writes = console.requests_since(ended);
        let writes = writes.iter().filter(|r| r.operation == "PutMetricData");
        assert!(
            writes.clone().all(|r| r.outcome != "ok"),
            "{:?}",
            writes.collect::<Vec<_>>()
        );
        let said = pauses(&result);
        let last = said.last().unwrap();
        assert!(last.contains("after the operation's end"), "{said:?}");
        console.core.stop().await;
    });
}
