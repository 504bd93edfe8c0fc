//! Deploys in a rehearsal: what the review says, what is executed, and how many calls it takes.

use std::collections::BTreeMap;

use switchback::app::msg::Ask;
use switchback::app::run::LiveEvent;
use switchback::cli::context::Streams;
use switchback::cli::run::run;
use switchback::domain::change::ChangeAction;
use switchback::domain::forecast::{Basis, Forecast};
use switchback::domain::guard::GuardId;
use switchback::domain::operation::{
    OperationKind, OperationResult, Outcome, StepResult, StepState,
};
use switchback::domain::plan::{Consent, Plan};
use switchback::domain::region::Role;
use switchback::error::ExitCode;
use switchback::rehearsal::faults::Service;
use switchback::rehearsal::scenario::Scenario;
use switchback::runtime::catch_up::catch_up;
use switchback::runtime::headless::{self, Went};

use crate::support::in_process::{Rehearsed, rehearse, rehearse_on, rehearse_scenario};

/// Seconds between two looks while an operation runs.
const POLL: f64 = 3.0;
/// Pages of 100 events that a stack may have besides: one of sixty resources has some three.
const PAGES: f64 = 4.0;

fn ask(parameters: &[(&str, &str)]) -> Ask {
    let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
    Ask {
        kind: OperationKind::Deploy,
        lever: None,
        parameters: parameters.iter().map(own).collect::<BTreeMap<_, _>>(),
        repair: None,
        salt: 9,
    }
}

async fn review(stage: &mut Rehearsed, parameters: &[(&str, &str)]) -> Plan {
    let plan = headless::plan(&mut stage.core, ask(parameters))
        .await
        .unwrap();
    stage.core.take(switchback::app::msg::Msg::Key(
        switchback::app::key::Key::Esc,
    ));
    plan
}

async fn deploy(
    stage: &mut Rehearsed,
    parameters: &[(&str, &str)],
    overridden: &[GuardId],
) -> OperationResult {
    let consent = Consent {
        typed_name: stage.model().env.name.0.clone(),
        reason: Some("a test".to_owned()),
        overridden: overridden.iter().map(|g| g.as_str().to_owned()).collect(),
    };
    match headless::operate(&mut stage.core, ask(parameters), consent, &mut |_| {}).await {
        Went::Ended(result) => *result,
        other => panic!("it did not run: {other:?}"),
    }
}

#[test]
fn what_is_as_it_should_be_is_a_success_without_changes() {
    let folder = tempfile::tempdir().unwrap();
    rehearse("steady", folder.path(), async |mut stage| {
        // the world's own deployment has no tags of ours
        deploy(&mut stage, &[], &[]).await;
        let plan = review(&mut stage, &[]).await;
        let headlines: Vec<String> = plan
            .steps
            .iter()
            .map(|step| step.forecast.as_ref().unwrap().headline())
            .collect();
        assert_eq!(headlines, ["no changes"; 3]);
        let result = deploy(&mut stage, &[], &[]).await;
        assert_eq!(result.outcome, Outcome::Succeeded);
        for step in &result.steps {
            assert_eq!(step.state, StepState::Skipped, "{}", step.title);
            assert_eq!(step.note.as_deref(), Some("no changes"));
        }
    });
}

#[test]
fn a_changed_parameter_is_in_the_review_and_then_in_the_stack() {
    let folder = tempfile::tempdir().unwrap();
    rehearse("steady", folder.path(), async |mut stage| {
        let plan = review(&mut stage, &[("reservedConcurrency", "90")]).await;
        let forecast = plan.steps[0].forecast.as_ref().unwrap();
        assert!(
            forecast
                .changes
                .iter()
                .all(|c| c.action == ChangeAction::Modify)
        );
        assert!(!forecast.changes.is_empty());
        let caused = forecast.changes.iter().flat_map(|c| &c.causes);
        assert!(
            caused
                .clone()
                .any(|c| c.contains("ReservedConcurrentExecutions"))
        );
        let changed: Vec<_> = forecast.parameters.iter().filter(|p| p.differs()).collect();
        assert_eq!(changed.len(), 1, "{changed:?}");
        assert_eq!(changed[0].old.as_deref(), Some("100"));
        assert_eq!(changed[0].new.as_deref(), Some("90"));
        assert_eq!(changed[0].source, "given");

        let before = stage
            .world
            .with(|world| world.describe_stacks("us-west-2", None).unwrap());
        assert!(
            before
                .iter()
                .all(|s| s.status.as_str() == "CREATE_COMPLETE"),
            "a review changes nothing"
        );
        let result = deploy(&mut stage, &[("reservedConcurrency", "90")], &[]).await;
        assert_eq!(result.outcome, Outcome::Succeeded, "{result:?}");
        assert_eq!(result.steps[0].note.as_deref(), Some("UPDATE_COMPLETE"));
    });
}

#[test]
fn a_review_of_what_is_not_deployed_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    rehearse("empty", folder.path(), async |mut stage| {
        let plan = review(&mut stage, &[]).await;
        for step in &plan.steps {
            let forecast = step.forecast.as_ref().unwrap();
            assert_eq!(forecast.basis, Basis::Template);
            assert!(forecast.counts().add > 10, "{}", forecast.headline());
        }
        for region in ["us-east-1", "us-west-2"] {
            let there = stage.world.with(|world| world.list_stacks(region).len());
            assert_eq!(there, 0, "no husk in review");
        }
    });
}

#[test]
fn the_replacement_of_a_table_is_refused_until_it_is_overridden() {
    let folder = tempfile::tempdir().unwrap();
    rehearse("steady", folder.path(), async |mut stage| {
        let global = stage
            .core
            .model
            .env
            .stacks
            .iter_mut()
            .find(|s| s.template.contains("AWS::DynamoDB::GlobalTable"))
            .unwrap();
        let mut template: serde_json::Value = serde_json::from_str(&global.template).unwrap();
        let resources = template["Resources"].as_object_mut().unwrap();
        let table = resources
            .values_mut()
            .find(|r| r["Type"] == "AWS::DynamoDB::GlobalTable")
            .unwrap();
        table["Properties"]["TableName"] = "another-table".into();
        global.template = template.to_string();

        let plan = review(&mut stage, &[]).await;
        let refused: Vec<GuardId> = plan.refusals().map(|g| g.id).collect();
        assert_eq!(refused, [GuardId::DataLoss]);
        let danger = plan.steps.iter().filter_map(|s| s.forecast.as_ref());
        let danger: Vec<_> = danger.flat_map(Forecast::dangers).collect();
        assert_eq!(danger.len(), 1);
        assert!(danger[0].causes[0].contains("TableName"), "{danger:?}");
    });
}

/// What a deploy may ask CloudFormation for, call by call: at each look one `DescribeStacks` for each stack of the
/// environment and one page of events for each stack that is being changed; and what a step needs once.
fn budget(stage: &Rehearsed, result: &OperationResult) -> BTreeMap<&'static str, f64> {
    let seconds =
        |from: jiff::Timestamp, to: jiff::Timestamp| to.duration_since(from).as_secs_f64();
    let looks = |seconds: f64| seconds / POLL;
    let lasted = seconds(result.started, result.finished);
    let env = &stage.model().env;
    let made = env.stacks.iter().filter(|s| s.made_by.is_some()).count() as f64;
    let (stacks, steps) = (env.stacks.len() as f64, result.steps.len() as f64);
    let each = |s: &StepResult| seconds(s.started.unwrap(), s.finished.unwrap());
    let followed: f64 = result.steps.iter().map(each).sum();
    let longest = result.steps.iter().map(each).fold(0.0, f64::max);
    BTreeMap::from([
        // a step looks once before it begins, and the pollers as it ends
        ("DescribeStacks", stacks * looks(lasted) + 2.0 * steps),
        // a stack that exists is asked once where its events end; a set makes one stack after the other
        (
            "DescribeStackEvents",
            looks(followed) + steps + made.min(1.0) * looks(longest),
        ),
        ("CreateChangeSet", steps),
        ("DescribeChangeSet", 3.0 * steps),
        ("ExecuteChangeSet", steps),
        ("DeleteChangeSet", 0.0),
        // once each stack is at rest
        ("ListStackResources", stacks),
        // as long as a set is at work and its stacks are not found
        ("ListStacks", made.min(1.0) * looks(longest) / 4.0),
    ])
}

async fn keeps_to_the_budget(stage: &mut Rehearsed, parameters: &[(&str, &str)]) {
    let plan = headless::plan(&mut stage.core, ask(parameters))
        .await
        .unwrap();
    // what the review has asked for is over
    let since = stage.core.clock().now();
    let consent = Consent {
        typed_name: stage.model().env.name.0.clone(),
        reason: Some("a test".to_owned()),
        overridden: Vec::new(),
    };
    let went = headless::confirm(&mut stage.core, plan, consent, &mut |_| {}).await;
    let Went::Ended(result) = went else {
        panic!("it did not run: {went:?}")
    };
    assert_eq!(result.outcome, Outcome::Succeeded, "{result:?}");
    let allowed = budget(stage, &result);
    let mut made: BTreeMap<String, f64> = BTreeMap::new();
    for request in stage.requests_since(since) {
        if request.service == Service::CloudFormation && request.at <= result.finished {
            *made.entry(request.operation).or_default() += 1.0;
        }
    }
    for (call, count) in &made {
        let most = allowed.get(call.as_str()).copied().unwrap_or_default();
        assert!(*count <= most, "{call}: {made:?} of {allowed:?}");
    }
}

#[test]
fn what_a_set_would_lose_in_its_stacks_is_refused_until_it_is_overridden() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = Scenario::shipped("steady").unwrap();
    rehearse_on(
        "transaction-dr",
        scenario,
        folder.path(),
        async |mut stage| {
            let root = &mut stage.core.model.env.stacks[0];
            let mut template: serde_json::Value = serde_json::from_str(&root.template).unwrap();
            let body = template
                .pointer_mut("/Resources/Regions/Properties/TemplateBody")
                .unwrap();
            let mut inner: serde_json::Value =
                serde_json::from_str(body.as_str().unwrap()).unwrap();
            let resources = inner["Resources"].as_object_mut().unwrap();
            let bucket = resources
                .iter()
                .find(|(_, r)| r["Type"] == "AWS::S3::Bucket");
            let bucket = bucket.unwrap().0.clone();
            resources[&bucket]["Properties"]["BucketName"] = "another-bucket".into();
            *body = inner.to_string().into();
            root.template = template.to_string();

            let plan = review(&mut stage, &[]).await;
            let refused: Vec<GuardId> = plan.refusals().map(|g| g.id).collect();
            assert_eq!(refused, [GuardId::DataLoss], "{plan:#?}");
            let danger = plan.steps.iter().filter_map(|s| s.forecast.as_ref());
            let danger: Vec<_> = danger.flat_map(Forecast::dangers).collect();
            assert_eq!(danger.len(), 1, "{danger:?}");
            assert_eq!(danger[0].logical_id, format!("Regions/{bucket}"));
            assert_eq!(danger[0].causes, ["Properties.BucketName"]);
        },
    );
}

#[test]
fn a_deploy_asks_once_for_each_stack_and_poll_and_for_events_of_active_stacks_only() {
    for bundle in ["payment-standby", "transaction-platform", "transaction-dr"] {
        let folder = tempfile::tempdir().unwrap();
        let scenario = Scenario::shipped("empty").unwrap();
        rehearse_on(bundle, scenario, folder.path(), async |mut stage| {
            Box::pin(keeps_to_the_budget(&mut stage, &[])).await;
        });
    }
    let folder = tempfile::tempdir().unwrap();
    rehearse("steady", folder.path(), async |mut stage| {
        Box::pin(keeps_to_the_budget(
            &mut stage,
            &[("reservedConcurrency", "90")],
        ))
        .await;
    });
}

#[test]
fn what_a_stack_set_makes_in_both_regions_is_in_the_events_of_its_deploy() {
    let folder = tempfile::tempdir().unwrap();
    rehearse_on(
        "transaction-dr",
        Scenario::shipped("empty").unwrap(),
        folder.path(),
        async |mut stage| {
            let since = stage.model().now;
            let result = deploy(&mut stage, &[], &[]).await;
            assert_eq!(result.outcome, Outcome::Succeeded, "{result:?}");
            let run = stage.model().run.as_deref().unwrap();
            for role in Role::BOTH {
                let instance = |e: &&LiveEvent| {
                    e.role == role && e.event.stack_name.starts_with("StackSet-transaction-dr-")
                };
                let seen: Vec<&LiveEvent> = run.events.iter().filter(instance).collect();
                assert!(seen.len() > 20, "{role}: {} events", seen.len());
                let last = seen.last().unwrap();
                assert!(last.event.is_of_the_stack(), "{last:?}");
                assert_eq!(last.event.status.0, "CREATE_COMPLETE");
            }
            let requests = stage.requests_since(since);
            let count = |name: &str| requests.iter().filter(|r| r.operation == name).count() as f64;
            let lasted = result.finished.duration_since(result.started).as_secs_f64();
            // the root, and one instance after the other
            let most = 2.0 * (lasted / POLL) + 3.0 * PAGES;
            let events = count("DescribeStackEvents");
            assert!(events <= most, "{events} DescribeStackEvents in {lasted} s");
        },
    );
}

#[test]
fn throttling_one_call_in_three_only_slows_a_deploy_down() {
    let text = "title = \"T\"\nstory = \"S\"\ndeployed = false\n[[faults]]\nkind = \"throttling\"\none_in = 3\n\
                [expect]\nwithin = 60\n";
    let scenario = Scenario::parse("throttled-deploy.toml", text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    rehearse_scenario(scenario, folder.path(), async |mut stage| {
        let result = deploy(&mut stage, &[], &[]).await;
        assert_eq!(result.outcome, Outcome::Succeeded, "{result:?}");
        let throttled = stage.requests_since(jiff::Timestamp::UNIX_EPOCH);
        assert!(throttled.iter().filter(|r| r.outcome != "ok").count() > 20);
    });
}

#[test]
fn who_is_at_work_in_a_stack_is_said_and_a_second_operation_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    rehearse("foreign-operation", folder.path(), async |mut stage| {
        stage.wait(5).await;
        let plan = review(&mut stage, &[]).await;
        let refusal = plan.refusals().next().unwrap();
        assert_eq!(refusal.id, GuardId::NothingRunning);
        assert!(
            refusal.value.contains("UPDATE_IN_PROGRESS since")
                && refusal.value.ends_with("by somebody-else"),
            "{refusal:?}"
        );
    });
}

#[test]
fn a_deploy_and_a_delete_without_a_screen_are_refused_while_somebody_else_is_at_work() {
    for kind in [OperationKind::Deploy, OperationKind::Delete] {
        let folder = tempfile::tempdir().unwrap();
        rehearse("foreign-operation", folder.path(), async |mut stage| {
            stage.wait(5).await;
            let since = stage.model().now;
            let every = [
                GuardId::NothingRunning,
                GuardId::NotServing,
                GuardId::DataLoss,
            ];
            let every = every.map(|id| id.as_str().to_owned());
            let refused = stage.try_operate(kind, None, every.to_vec()).await;
            let why = refused.unwrap_err();
            assert!(why.contains("nothing_running"), "{kind:?}: {why}");
            assert!(!stage.model().is_busy());
            let changes = ["ExecuteChangeSet", "DeleteStack", "UpdateStack"];
            let told = stage.requests_since(since);
            assert!(
                !told.iter().any(|r| changes.contains(&r.operation.as_str())),
                "{kind:?}"
            );
        });
    }
}

/// Somebody updates the standby's stack, two minutes after the first look.
fn somebody_begins_later() -> Scenario {
    let text = "title = \"T\"\nstory = \"S\"\ndeployed = true\n[[faults]]\nkind = \"foreign-operation\"\n\
                region = \"standby\"\nseconds = 3600\nat = 120\n[expect]\nwithin = 60\n";
    Scenario::parse("later.toml", text).unwrap()
}

fn of_kind(kind: OperationKind) -> Ask {
    Ask { kind, ..ask(&[]) }
}

async fn confirmed(stage: &mut Rehearsed, plan: Plan) -> Went {
    let consent = Consent {
        typed_name: plan.environment.0.clone(),
        reason: Some("a test".to_owned()),
        overridden: vec!["not_serving".to_owned()],
    };
    headless::confirm(&mut stage.core, plan, consent, &mut |_| {}).await
}

#[test]
fn an_operation_of_somebody_else_that_begins_during_the_review_stops_it() {
    for kind in [OperationKind::Deploy, OperationKind::Delete] {
        let folder = tempfile::tempdir().unwrap();
        rehearse_scenario(somebody_begins_later(), folder.path(), async |mut stage| {
            let plan = headless::plan(&mut stage.core, of_kind(kind))
                .await
                .unwrap();
            stage.wait(150).await;
            let Went::NotConfirmed { why, .. } = confirmed(&mut stage, plan).await else {
                panic!("{kind:?} was begun")
            };
            assert!(
                why.contains("standby was settled and is in_progress"),
                "{why}"
            );
            let since = stage.began;
            let calls = stage.requests_since(since);
            let writes = ["ExecuteChangeSet", "DeleteStack"];
            assert!(
                !calls.iter().any(|r| writes.contains(&r.operation.as_str())),
                "{kind:?}"
            );
        });
    }
}

#[test]
fn an_operation_of_somebody_else_that_nobody_has_seen_stops_the_step() {
    for kind in [OperationKind::Deploy, OperationKind::Delete] {
        let folder = tempfile::tempdir().unwrap();
        rehearse_scenario(somebody_begins_later(), folder.path(), async |mut stage| {
            let plan = headless::plan(&mut stage.core, of_kind(kind))
                .await
                .unwrap();
            // the console takes nothing in meanwhile
            let clock = stage.core.clock().clone();
            clock.sleep(std::time::Duration::from_secs(150)).await;
            let Went::Ended(result) = confirmed(&mut stage, plan).await else {
                panic!("{kind:?} was not begun")
            };
            assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
            let why = result.reason.unwrap();
            assert!(
                why.contains("UPDATE_IN_PROGRESS: somebody else is changing it"),
                "{why}"
            );
        });
    }
}

#[test]
fn a_stack_that_was_made_again_is_not_deleted_in_the_place_of_the_reviewed_one() {
    let folder = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    rehearse("steady", folder.path(), async |mut stage| {
        let delete = of_kind(OperationKind::Delete);
        let plan = headless::plan(&mut stage.core, delete.clone())
            .await
            .unwrap();
        // the console takes nothing in while another one deletes all and makes it again
        let mut beside = stage.beside(other.path()).await;
        for kind in [OperationKind::Delete, OperationKind::Deploy] {
            let again = headless::plan(&mut beside.core, of_kind(kind))
                .await
                .unwrap();
            let went = confirmed(&mut beside, again).await;
            assert!(
                matches!(&went, Went::Ended(result) if result.outcome == Outcome::Succeeded),
                "{went:?}"
            );
        }
        let Went::Ended(result) = confirmed(&mut stage, plan).await else {
            panic!("it was not begun")
        };
        assert_eq!(result.outcome, Outcome::Failed);
        let why = result.reason.unwrap();
        assert!(why.contains("another stack has its name"), "{why}");
        let there = stage.world.with(|world| {
            let stacks = world.describe_stacks("us-east-1", None).unwrap();
            stacks
                .iter()
                .all(|s| s.status.as_str() == "CREATE_COMPLETE")
        });
        assert!(there);
    });
}

#[test]
fn what_happens_while_a_name_is_typed_is_taken_in_before_it_counts() {
    let folder = tempfile::tempdir().unwrap();
    rehearse_scenario(somebody_begins_later(), folder.path(), async |mut stage| {
        let delete = of_kind(OperationKind::Delete);
        let plan = headless::plan(&mut stage.core, delete).await.unwrap();
        let shown = plan.id.clone();
        // reading a line stops everything
        let clock = stage.core.clock().clone();
        clock.sleep(std::time::Duration::from_secs(150)).await;
        catch_up(&mut stage.core, headless::LOOK).await;
        assert_eq!(stage.model().now, clock.now());
        let Went::NotConfirmed { why, plan } = confirmed(&mut stage, plan).await else {
            panic!("it was begun")
        };
        assert_eq!(plan.id, shown);
        assert!(
            why.contains("standby was settled and is in_progress"),
            "{why}"
        );
    });
}

#[test]
fn a_name_typed_at_a_terminal_confirms_the_plan_above_it() {
    for (typed, code) in [
        ("payment-standby-demo", ExitCode::Done),
        ("payment", ExitCode::NotConfirmed),
    ] {
        let state = tempfile::tempdir().unwrap();
        let words = [
            "switchback",
            "--rehearse=steady",
            "--state-dir",
            state.path().to_str().unwrap(),
            "deploy",
        ];
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let line = format!("{typed}\n");
        let mut input = line.as_bytes();
        let mut streams = Streams {
            input: &mut input,
            out: &mut out,
            err: &mut err,
            is_terminal: true,
        };
        let ended = run(words, &mut streams);
        let said = String::from_utf8(err).unwrap();
        assert_eq!(ended, code, "{said}");
        let shown = said.matches("Type payment-standby-demo to go on").count();
        assert_eq!(shown, 1, "{said}");
    }
}

#[test]
fn a_read_only_console_tells_aws_nothing_whoever_wants_it() {
    for kind in [
        OperationKind::Failover,
        OperationKind::Delete,
        OperationKind::Deploy,
    ] {
        let folder = tempfile::tempdir().unwrap();
        rehearse("steady", folder.path(), async |mut stage| {
            stage.begin_operation(kind, 0).await;
            // as if an operation had got past its guards
            stage.core.model.env.read_only = true;
            let since = stage.core.clock().now();
            assert!(stage.until(120, |model| !model.is_busy()).await, "{kind:?}");
            let run = stage.model().run.as_deref().unwrap();
            let why = run.finished.clone().unwrap().reason.unwrap();
            assert!(why.contains("read-only"), "{why}");
            let told = ["PutMetricData", "DeleteStack", "CreateChangeSet"];
            let calls = stage.requests_since(since);
            assert!(
                !calls.iter().any(|r| told.contains(&r.operation.as_str())),
                "{kind:?}"
            );
        });
    }
}
