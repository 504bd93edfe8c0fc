//! Stacks that a `StackSet` makes, and what stays when its stack goes.

use serde_json::{Value, json};

use super::*;

const ROOT: &str = "root-demo";

/// A root whose set makes a topic in both regions, the standby first; `keep` retains everything.
fn root(keep: bool) -> Value {
    let policy = if keep { "Retain" } else { "Delete" };
    let inner = json!({
        "Parameters": {"Colour": {"Type": "String"}},
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic", "DeletionPolicy": policy,
            "Properties": {"TopicName": {"Fn::Sub": "topic-${Colour}-${AWS::Region}"}}}},
        "Outputs": {"TopicName": {"Value": {"Fn::GetAtt": ["Topic", "TopicName"]}}}
    });
    let group = |region: &str, colour: &str| {
        json!({"DeploymentTargets": {"Accounts": ["123456789012"]}, "Regions": [region],
               "ParameterOverrides": [{"ParameterKey": "Colour", "ParameterValue": colour}]})
    };
    json!({
        "Resources": {
            "Set": {"Type": "AWS::CloudFormation::StackSet", "DeletionPolicy": policy, "Properties": {
                "StackSetName": "pair-demo", "PermissionModel": "SELF_MANAGED",
                "OperationPreferences": {"RegionOrder": [WEST, EAST]},
                "Parameters": [{"ParameterKey": "Colour", "ParameterValue": "grey"}],
                "StackInstancesGroup": [group(EAST, "red"), group(WEST, "blue")],
                "TemplateBody": inner.to_string()}},
            "Standby": {"Type": "Custom::Reader", "DependsOn": "Set", "DeletionPolicy": policy, "Properties": {
                "ServiceToken": "x", "Region": WEST, "Prefix": "StackSet-pair-demo-"}}
        },
        "Outputs": {"Far": {"Value": {"Fn::GetAtt": ["Standby", "TopicName"]}}}
    })
}

/// Deploys as the console does: change set, and nothing kept of a create that fails. Returns the end's status.
fn deploy(world: &mut World, body: &Value) -> String {
    let new = NewChangeSet {
        stack_name: ROOT.into(),
        name: "set".into(),
        body: Some(body.to_string()),
        create: true,
        ..NewChangeSet::default()
    };
    world.create_change_set(EAST, &new).unwrap();
    pass(world, 10);
    world.execute_change_set(EAST, ROOT, "set", None).unwrap();
    world.retain_except_on_create(EAST, ROOT);
    pass(world, 900);
    status(world, EAST, ROOT)
}

fn instance(world: &World, region: &str) -> Option<crate::domain::stack::Stack> {
    let all = world.describe_stacks(region, None).unwrap();
    all.into_iter()
        .find(|s| s.name.starts_with("StackSet-pair-demo-"))
}

fn delete(world: &mut World) {
    world
        .delete_stack(EAST, ROOT, &DeleteOptions::default())
        .unwrap();
    pass(world, 900);
}

#[test]
fn a_set_makes_its_stacks_one_region_after_the_other_and_takes_them_down_with_it() {
    let mut world = world_with(false, &[]);
    assert_eq!(deploy(&mut world, &root(false)), "CREATE_COMPLETE");
    let (near, far) = (
        instance(&world, EAST).unwrap(),
        instance(&world, WEST).unwrap(),
    );
    assert!(
        far.created.unwrap() < near.created.unwrap(),
        "the order is that of the preferences"
    );
    assert_eq!(far.outputs["TopicName"], "topic-blue-us-west-2");
    assert_eq!(near.outputs["TopicName"], "topic-red-us-east-1");
    let outputs = world.describe_stacks(EAST, Some(ROOT)).unwrap()[0]
        .outputs
        .clone();
    assert_eq!(
        outputs["Far"], "topic-blue-us-west-2",
        "a custom resource reads the instance"
    );
    delete(&mut world);
    for region in [EAST, WEST] {
        assert!(world.describe_stacks(region, None).unwrap().is_empty());
    }
}

#[test]
fn a_retained_set_leaves_its_stacks_and_names_that_are_left_behind_are_taken() {
    let mut world = world_with(false, &[]);
    assert_eq!(deploy(&mut world, &root(true)), "CREATE_COMPLETE");
    let arn = world.describe_stacks(EAST, Some(ROOT)).unwrap()[0]
        .arn
        .clone();
    delete(&mut world);
    assert!(instance(&world, EAST).is_some() && instance(&world, WEST).is_some());
    let skipped = world.stack_events(EAST, &arn).unwrap();
    let skipped = skipped.iter().filter(|e| e.status.0 == "DELETE_SKIPPED");
    assert_eq!(skipped.count(), 2);
    assert_eq!(deploy(&mut world, &root(true)), "ROLLBACK_COMPLETE");
    let events = world.stack_events(EAST, ROOT).unwrap();
    let clash = events
        .iter()
        .find(|e| e.status.0 == "CREATE_FAILED")
        .unwrap();
    let reason = clash.reason.clone().unwrap();
    assert!(
        reason.contains("identifier 'pair-demo' already exists"),
        "{reason}"
    );
}

#[test]
fn a_set_fails_with_its_instance() {
    let fault = Fault::StackFailure {
        region: Some(Role::Standby),
        action: StackAction::Create,
        resource_type: "AWS::SNS::Topic".into(),
    };
    let mut world = world_with(false, &[(0, Some(600), fault)]);
    assert_eq!(deploy(&mut world, &root(false)), "ROLLBACK_COMPLETE");
    let events = world.stack_events(EAST, ROOT).unwrap();
    let failed = events
        .iter()
        .find(|e| e.status.0 == "CREATE_FAILED")
        .unwrap();
    let reason = failed.reason.clone().unwrap();
    assert!(
        reason.contains("the stack instance in us-west-2 is OUTDATED"),
        "{reason}"
    );
    delete(&mut world);
    assert_eq!(deploy(&mut world, &root(false)), "CREATE_COMPLETE");
}
