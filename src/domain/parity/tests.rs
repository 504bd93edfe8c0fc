//! What counts as a difference, and what does not.

use super::*;
use crate::app::fixtures;
use crate::app::model::Model;
use crate::domain::observation::Seen;
use crate::domain::stack::{ResourceStatus, StackStatus};

/// A name, a change, and what is told of it.
type Case = (&'static str, fn(&mut Model), &'static str);

const BOTH: [&str; 2] = ["primary", "standby"];

const FEWER: [(&str, usize); 2] = [("AWS::SQS::Queue", 1), ("AWS::CloudWatch::Alarm", 1)];

fn contents(role: &str) -> Contents {
    let lever = usize::from(role == "standby");
    Contents {
        hidden: BTreeSet::from(["apiKey".to_owned()]),
        types: [
            ("AWS::SQS::Queue".to_owned(), 1),
            ("AWS::CloudWatch::Alarm".to_owned(), 1 + lever),
        ]
        .into(),
        concurrency: [("Function".to_owned(), Some("100".to_owned()))].into(),
    }
}

fn see_stack(model: &mut Model, id: &str, change: impl FnOnce(&mut Stack)) {
    let id = StackId(id.into());
    let role = model.env.stack(&id).unwrap().role;
    let mut stack = model.seen.stack(&id).unwrap().clone();
    change(&mut stack);
    let state = StackState::Present(Box::new(stack));
    fixtures::see(model, Seen::Stack(role, id, Ok(state)));
}

fn see_template(model: &mut Model, id: &str, change: impl FnOnce(&mut TemplateSeen)) {
    let stack_id = StackId(id.into());
    let role = model.env.stack(&stack_id).unwrap().role;
    let stack = model.seen.stack(&stack_id).unwrap();
    let mut template = TemplateSeen {
        arn: stack.arn.clone(),
        updated: stack.updated,
        digest: "aa11".into(),
        bundled: "aa11".into(),
        contents: Ok(contents(id)),
    };
    change(&mut template);
    fixtures::see(
        model,
        Seen::Template(role, stack_id, Ok(Box::new(template))),
    );
}

fn see_resources(model: &mut Model, id: &str, types: &[(&str, usize)]) {
    let id = StackId(id.into());
    let role = model.env.stack(&id).unwrap().role;
    let one = |kind: &str, n: usize| StackResource {
        logical_id: format!("R{n}"),
        physical_id: None,
        resource_type: kind.into(),
        status: ResourceStatus("CREATE_COMPLETE".into()),
    };
    let all = types
        .iter()
        .flat_map(|(kind, count)| (0..*count).map(|n| one(kind, n)));
    let all = all.collect();
    fixtures::see(model, Seen::Resources(role, id, Ok(all)));
}

/// Both regions of the payment system, read in full and alike.
fn alike() -> Model {
    let mut model = fixtures::steady();
    for id in BOTH {
        see_stack(&mut model, id, |stack| {
            let own: &[(&str, &str)] = &[
                ("primaryRegion", "us-east-1"),
                ("reservedConcurrency", "100"),
                ("role", id),
                (
                    "leverEngaged",
                    if id == "standby" { "true" } else { "false" },
                ),
                ("apiKey", "****"),
            ];
            stack.parameters = own
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect();
        });
        see_template(&mut model, id, |_| {});
        let lever = usize::from(id == "standby");
        see_resources(
            &mut model,
            id,
            &[
                ("AWS::SQS::Queue", 1),
                ("AWS::CloudWatch::Alarm", 1 + lever),
            ],
        );
    }
    model
}

fn words(model: &Model) -> Vec<String> {
    model.parity.differences().map(Compared::words).collect()
}

#[test]
fn what_manifest_and_template_make_different_is_no_difference() {
    let model = alike();
    assert_eq!(
        model.parity.verdict(),
        Some(ParityVerdict::Same),
        "{:?}",
        model.parity
    );
    let pair = &model.parity.pairs[0];
    let agreement = |name: &str| {
        pair.compared
            .iter()
            .find(|c| c.name == name)
            .unwrap()
            .agreement
    };
    assert_eq!(agreement("role"), Agreement::ByDesign);
    assert_eq!(agreement("leverEngaged"), Agreement::ByDesign);
    assert_eq!(agreement("AWS::CloudWatch::Alarm"), Agreement::ByDesign);
    assert_eq!(agreement("apiKey"), Agreement::Hidden);
    assert_eq!(agreement("reservedConcurrency"), Agreement::Same);
}

#[test]
fn every_aspect_has_its_difference() {
    let table: [Case; 5] = [
        (
            "template",
            |m| see_template(m, "standby", |t| t.digest = "bb22".into()),
            "template: aa11 / bb22",
        ),
        (
            "parameter",
            |m| {
                see_stack(m, "standby", |s| {
                    s.parameters
                        .insert("reservedConcurrency".into(), "50".into());
                });
            },
            "parameter reservedConcurrency: 100 / 50",
        ),
        (
            "resources",
            |m| see_resources(m, "standby", &FEWER),
            "resources AWS::CloudWatch::Alarm: 1 / 1 of 2",
        ),
        (
            "concurrency",
            |m| {
                see_template(m, "standby", |t| {
                    let mut contents = contents("standby");
                    contents.concurrency.insert("Function".into(), None);
                    t.contents = Ok(contents);
                });
            },
            "reserved concurrency Function: 100 / none",
        ),
        (
            "absent",
            |m| {
                let gone = Seen::Stack(
                    Role::Standby,
                    StackId("standby".into()),
                    Ok(StackState::Absent),
                );
                fixtures::see(m, gone);
            },
            "stack: CREATE_COMPLETE / absent",
        ),
    ];
    for (name, change, expected) in table {
        let mut model = alike();
        change(&mut model);
        assert_eq!(words(&model), [expected], "{name}");
        assert_eq!(
            model.parity.verdict(),
            Some(ParityVerdict::Differs),
            "{name}"
        );
    }
}

#[test]
fn what_was_not_read_is_never_alike() {
    let table: [Case; 5] = [
        (
            "in progress",
            |m| {
                see_stack(m, "standby", |s| {
                    s.status = StackStatus::new("UPDATE_IN_PROGRESS");
                });
            },
            "stack standby is UPDATE_IN_PROGRESS",
        ),
        (
            "an older version's template",
            |m| see_stack(m, "standby", |s| s.updated = Some(fixtures::noon())),
            "template of stack standby: not read yet",
        ),
        (
            "not answering",
            |m| {
                let gone = Seen::Stack(
                    Role::Primary,
                    StackId("primary".into()),
                    Err(fixtures::dead()),
                );
                fixtures::see(m, gone);
            },
            "stack primary: not answering",
        ),
        (
            "not to be evaluated",
            |m| see_template(m, "primary", |t| t.contents = Err("has a transform".into())),
            "template of stack primary: has a transform",
        ),
        (
            "resources of an older version",
            |m| {
                see_stack(m, "standby", |s| {
                    s.status = StackStatus::new("UPDATE_COMPLETE");
                });
            },
            "resources of stack standby: not read yet",
        ),
    ];
    for (name, change, expected) in table {
        let mut model = alike();
        change(&mut model);
        let unread: Vec<&str> = model.parity.unread().collect();
        assert_eq!(unread, [expected], "{name}");
        assert_eq!(
            model.parity.verdict(),
            Some(ParityVerdict::Unknown),
            "{name}"
        );
    }
    let unread = fixtures::unseen();
    assert_eq!(unread.parity.verdict(), Some(ParityVerdict::Unknown));
}

#[test]
fn a_newer_bundle_shows_for_every_stack() {
    let mut model = alike();
    for id in ["primary", "standby", "global"] {
        see_template(&mut model, id, |t| t.bundled = "cc33".into());
    }
    let ids: Vec<&str> = model
        .parity
        .outdated
        .iter()
        .map(|id| id.0.as_str())
        .collect();
    assert_eq!(ids, ["standby", "primary", "global"]);
    assert_eq!(model.parity.verdict(), Some(ParityVerdict::Same));
}

#[test]
fn a_pair_is_known_by_its_ids_without_the_role() {
    assert_eq!(pair_key(&StackId("network-primary".into())), "network");
    assert_eq!(pair_key(&StackId("standby".into())), "");
}

#[test]
fn every_bundle_pairs_its_stacks_by_their_templates() {
    let expected = [
        ("payment-standby", vec!["primary standby"]),
        (
            "transaction-platform",
            vec!["primary-foundation standby-foundation", "primary standby"],
        ),
        ("transaction-dr", vec!["primary standby"]),
        (
            "payment-pci",
            vec!["primary-base standby-base", "primary standby"],
        ),
    ];
    for (name, wanted) in expected {
        let bundle = crate::bundle::find(None, name).unwrap();
        let choices = crate::bundle::Choices::of_suffix("demo");
        let env = bundle.environment(choices).unwrap();
        let found: Vec<String> = pairs(&env)
            .iter()
            .map(|p| format!("{} {}", p.primary.id, p.standby.id))
            .collect();
        assert_eq!(found, wanted, "{name}");
    }
}
