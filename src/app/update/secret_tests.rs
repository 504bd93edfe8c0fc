//! Tests of sensitive parameters: what a deploy sends of them, what its review says, and what a continued one asks for.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::dialog::{Confirm, Dialog};
use crate::app::effect::{Deployment, Effect, Order};
use crate::app::fixtures::{noon, see};
use crate::app::key::Key;
use crate::app::model::Model;
use crate::app::msg::{Ask, Msg, StepDone};
use crate::app::update::update;
use crate::bundle::{self, Choices};
use crate::domain::observation::{Seen, Serving};
use crate::domain::operation::{OperationKind, StepState};
use crate::domain::plan::Consent;
use crate::domain::recovery::Milestones;
use crate::domain::stack::{Stack, StackState, StackStatus};
use crate::domain::unfinished::{Choice, Opening, RecordedStep, Unfinished};

const KEY: &str = "abcdefghij0123456789";

/// The transaction platform with these stacks deployed; AWS shows asterisks for a secret.
fn platform(deployed: &[&str], key: Option<&str>) -> Model {
    let bundle = bundle::find(None, "transaction-platform").unwrap();
    let mut choices = Choices::of_suffix("demo");
    let given = [("domainName", Some("pay.test")), ("apiKey", key)];
    choices.parameters = given
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())))
        .collect();
    let mut model = Model::new(bundle.environment(choices).unwrap(), noon());
    for spec in model.env.stacks.clone() {
        let there = deployed.contains(&spec.id.0.as_str());
        let state = if there {
            let template: serde_json::Value = serde_json::from_str(&spec.template).unwrap();
            let names = |part: &str, value: &str| -> BTreeMap<String, String> {
                let all = template[part].as_object().unwrap().keys();
                all.map(|name| (name.clone(), value.to_owned())).collect()
            };
            StackState::Present(Box::new(Stack {
                arn: format!(
                    "arn:aws:cloudformation:x:123456789012:stack/{}/1",
                    spec.name
                ),
                name: spec.name.clone(),
                status: StackStatus::new("CREATE_COMPLETE"),
                reason: None,
                created: Some(noon()),
                updated: None,
                parameters: spec
                    .parameters
                    .keys()
                    .map(|name| (name.clone(), "****".to_owned()))
                    .collect(),
                outputs: names("Outputs", "x"),
                exports: BTreeMap::new(),
                tags: BTreeMap::new(),
                termination_protection: false,
                drift: crate::domain::drift::LastCheck::default(),
            }))
        } else {
            StackState::Absent
        };
        see(&mut model, Seen::Stack(spec.role, spec.id, Ok(state)));
    }
    // what a stack was deployed with is no asterisks where it can be read
    for spec in model.env.parameters.clone() {
        if !spec.sensitive && model.env.given.get(&spec.name).is_none() {
            let default = spec.default.unwrap_or_default();
            model.env.given.insert(spec.name, default);
        }
    }
    model
}

const ALL: [&str; 5] = [
    "standby-foundation",
    "standby",
    "primary-foundation",
    "primary",
    "global",
];

fn ask(parameters: &[(&str, &str)]) -> Msg {
    Msg::Ask(Ask {
        kind: OperationKind::Deploy,
        lever: None,
        parameters: parameters
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        repair: None,
        salt: 1,
    })
}

fn review(model: &Model) -> &Confirm {
    match &model.dialog {
        Some(Dialog::Confirm(confirm)) => confirm,
        other => panic!("no review: {other:?}, {:?}", model.notice),
    }
}

/// Where the review says that each stack's key comes from.
fn sources(model: &Model) -> Vec<String> {
    let steps = review(model).plan.steps.iter();
    let forecasts = steps.filter_map(|step| step.forecast.as_ref());
    forecasts
        .flat_map(|forecast| &forecast.parameters)
        .filter(|p| p.name == "ApiKeyValue")
        .map(|p| p.source.clone())
        .collect()
}

/// Deploys to the end: what each stack was sent.
fn deployed(model: &mut Model, asked: Vec<Effect>) -> BTreeMap<String, Deployment> {
    for effect in asked {
        if let Effect::Preview {
            operation, index, ..
        } = effect
        {
            let result = Ok(None);
            update(
                model,
                Msg::Previewed {
                    operation,
                    index,
                    result,
                },
            );
        }
    }
    let consent = Consent {
        typed_name: "transaction-platform-demo".into(),
        ..Consent::default()
    };
    update(model, Msg::Consent(consent));
    let operation = model.run.as_ref().unwrap().plan().id.clone();
    let opened = Msg::Opened {
        operation: operation.clone(),
        journal: Ok("/j".into()),
    };
    let mut left = update(model, opened);
    let mut sent = BTreeMap::new();
    while !left.is_empty() {
        let mut next = Vec::new();
        for effect in left {
            let Effect::Do { index, order, .. } = effect else {
                continue;
            };
            let Order::Deploy(target, deployment) = *order else {
                continue;
            };
            sent.insert(target.stack.0, deployment);
            let done = StepDone {
                skipped: false,
                note: None,
            };
            next.extend(update(
                model,
                Msg::StepDone {
                    operation: operation.clone(),
                    index,
                    result: Ok(done),
                },
            ));
        }
        left = next;
    }
    sent
}

#[test]
fn a_secret_that_is_not_given_stays_as_it_is_deployed() {
    // not given at all, and left empty in the form
    for parameters in [&[][..], &[("apiKey", "")][..]] {
        let mut model = platform(&ALL, None);
        let asked = update(&mut model, ask(parameters));
        assert_eq!(sources(&model), ["kept", "kept"]);
        let sent = deployed(&mut model, asked);
        for stack in ["standby", "primary"] {
            let deployment = &sent[stack];
            assert_eq!(deployment.parameters.get("ApiKeyValue"), None, "{stack}");
            assert!(
                deployment.keep.contains(&"ApiKeyValue".to_owned()),
                "{stack}"
            );
        }
    }
}

#[test]
fn a_secret_that_is_given_replaces_the_deployed_one_and_a_new_stack_takes_the_default() {
    let mut model = platform(&ALL, None);
    let asked = update(&mut model, ask(&[("apiKey", KEY)]));
    assert_eq!(sources(&model), ["given anew", "given anew"]);
    let sent = deployed(&mut model, asked);
    assert_eq!(sent["primary"].parameters["ApiKeyValue"], KEY);
    assert_eq!(sent["standby"].parameters["ApiKeyValue"], KEY);

    let mut model = platform(&["standby-foundation", "primary-foundation"], None);
    update(&mut model, ask(&[]));
    assert_eq!(sources(&model), ["default", "default"]);
}

#[test]
fn a_review_says_where_only_one_side_would_keep_its_secret() {
    let mut model = platform(
        &["standby-foundation", "standby", "primary-foundation"],
        None,
    );
    update(&mut model, ask(&[]));
    let said = review(&model).plan.notes.join("\n");
    assert!(
        said.contains("apiKey is not given: standby keeps"),
        "{said}"
    );
    assert!(said.contains("primary gets the default"), "{said}");
    let mut model = platform(&["standby-foundation", "standby"], Some(KEY));
    update(&mut model, ask(&[]));
    let said = review(&model).plan.notes.join("\n");
    assert!(!said.contains("apiKey"), "{said}");
}

#[test]
fn the_form_says_that_empty_keeps_and_asks_for_no_secret_that_is_there() {
    let mut model = platform(&ALL, None);
    let parameters = model.env.parameters.iter_mut();
    for parameter in parameters.filter(|p| p.name == "apiKey") {
        parameter.required = true;
    }
    update(&mut model, Msg::Key(Key::Char('D')));
    let Some(Dialog::Form(form)) = &model.dialog else {
        panic!("{:?}", model.dialog);
    };
    let field = form.fields.iter().find(|f| f.name == "apiKey").unwrap();
    assert!(!field.required && field.label.ends_with("(empty keeps the deployed one)"));
    for _ in 0..form.fields.len() {
        update(&mut model, Msg::Key(Key::Enter));
    }
    assert_eq!(sources(&model), ["kept", "kept"]);
}

/// A first deploy with a key, cut off when the standby was made.
fn cut_off() -> Unfinished {
    let mut model = platform(&[], Some(KEY));
    update(&mut model, ask(&[]));
    let plan = review(&model).plan.clone();
    let there = BTreeSet::from(["standby-foundation", "standby"]);
    let steps = plan.steps.iter().map(|step| {
        let done = there.contains(step.action.stack().unwrap().0.as_str());
        let mut recorded = RecordedStep::WAITING;
        if done {
            recorded.state = StepState::Done;
        }
        recorded
    });
    Unfinished {
        steps: steps.collect(),
        who: "ops".into(),
        reason: None,
        drill: false,
        begun: noon(),
        last: noon(),
        opening: Some(Opening {
            account: None,
            arn: None,
            regions: model.env.regions.clone(),
            objectives: model.env.objectives,
            serving: Serving::Unknown,
            last_alive: None,
            first_failed: None,
            moved_before: false,
            exposure: None,
            parameters: BTreeMap::new(),
            secrets: vec!["apiKey".into()],
        }),
        milestones: Milestones::default(),
        orders: BTreeMap::new(),
        cancelled: false,
        plan,
    }
}

#[test]
fn a_deploy_that_was_begun_with_a_secret_is_not_continued_without_it() {
    for (key, goes) in [(None, false), (Some(""), false), (Some(KEY), true)] {
        let one = cut_off();
        let mut model = platform(&["standby-foundation", "standby"], key);
        let operation = one.id().clone();
        update(&mut model, Msg::Unfinished(vec![one]));
        let choice = Choice::Continue;
        update(&mut model, Msg::Resume { operation, choice });
        let refused: Vec<String> = review(&model)
            .plan
            .refusals()
            .map(|guard| guard.reason.clone())
            .collect();
        assert_eq!(refused.is_empty(), goes, "{refused:?}");
        if !goes {
            assert!(refused[0].contains("--parameter apiKey="), "{refused:?}");
            assert_eq!(refused.len(), 1, "the standby is done: {refused:?}");
        }
    }
}
