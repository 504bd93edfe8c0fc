//! Stacks: made, changed, failed, repaired, deleted.

use super::*;

fn deploy(world: &mut World) {
    for (id, region) in [("standby", WEST), ("primary", EAST), ("global", EAST)] {
        world
            .deploy_one(&crate::domain::stack::StackId(id.into()))
            .unwrap();
        assert!(!world.describe_stacks(region, None).unwrap().is_empty());
    }
}

fn delete(world: &mut World, region: &str, name: &str) {
    world
        .delete_stack(
            region,
            name,
            &DeleteOptions {
                token: Some("delete".into()),
                ..Default::default()
            },
        )
        .unwrap();
    for _ in 0..720 {
        pass(world, 5);
        if world.describe_stacks(region, Some(name)).is_err() {
            return;
        }
    }
    panic!(
        "{name} in {region} is still {}",
        status(world, region, name)
    );
}

#[test]
fn everything_can_be_deployed_from_nothing_and_deleted_to_nothing() {
    let mut world = world_with(false, &[]);
    assert!(world.describe_stacks(EAST, None).unwrap().is_empty());
    assert_eq!(
        world.describe_stacks(EAST, Some("x")).unwrap_err(),
        ApiError::validation("Stack with id x does not exist")
    );
    deploy(&mut world);
    assert_eq!(world.health_checks().len(), 5);
    pass(&mut world, 300);
    assert_eq!(marker(&mut world), EAST);
    delete(&mut world, EAST, "payment-standby-global-demo");
    delete(&mut world, EAST, "payment-standby-demo");
    delete(&mut world, WEST, "payment-standby-demo");
    for region in [EAST, WEST] {
        assert!(world.describe_stacks(region, None).unwrap().is_empty());
        assert!(world.alarms(region, &[], None).is_empty());
    }
    assert!(world.health_checks().is_empty());
    assert!(world.zones().is_empty());
    assert!(world.hosts.is_empty());
}

#[test]
fn a_failed_create_rolls_back_and_a_failed_delete_stays() {
    let failure = |action, kind: &str| Fault::StackFailure {
        region: None,
        action,
        resource_type: kind.into(),
    };
    let mut world = world_with(
        false,
        &[(
            0,
            Some(600),
            failure(StackAction::Create, "AWS::Lambda::Function"),
        )],
    );
    let told = world
        .deploy_one(&crate::domain::stack::StackId("standby".into()))
        .unwrap_err()
        .to_string();
    assert!(told.contains("AWS::Lambda::Function"), "{told}");
    for _ in 0..60 {
        pass(&mut world, 10);
    }
    assert_eq!(
        status(&world, WEST, "payment-standby-demo"),
        "ROLLBACK_COMPLETE"
    );
    assert!(world.alarms(WEST, &[], None).is_empty());
    delete(&mut world, WEST, "payment-standby-demo");

    let mut world = world_with(
        true,
        &[(
            0,
            Some(900),
            failure(StackAction::Delete, "AWS::S3::Bucket"),
        )],
    );
    world
        .delete_stack(WEST, "payment-standby-demo", &DeleteOptions::default())
        .unwrap();
    pass(&mut world, 800);
    assert_eq!(
        status(&world, WEST, "payment-standby-demo"),
        "DELETE_FAILED"
    );
    pass(&mut world, 200);
    delete(&mut world, WEST, "payment-standby-demo");
}

#[test]
fn a_failed_update_rolls_back_or_gets_stuck_and_can_be_continued() {
    let failure = |action| Fault::StackFailure {
        region: None,
        action,
        resource_type: "AWS::Lambda::Function".into(),
    };
    let foreign = (
        10,
        None,
        Fault::ForeignOperation {
            region: Role::Standby,
            seconds: 20,
        },
    );
    let mut world = world_with(
        true,
        &[
            (0, Some(300), failure(StackAction::Update)),
            foreign.clone(),
        ],
    );
    pass(&mut world, 300);
    assert_eq!(
        status(&world, WEST, "payment-standby-demo"),
        "UPDATE_ROLLBACK_COMPLETE"
    );

    let mut world = world_with(
        true,
        &[
            (0, Some(300), failure(StackAction::Update)),
            (0, Some(300), failure(StackAction::Rollback)),
            foreign,
        ],
    );
    pass(&mut world, 300);
    assert_eq!(
        status(&world, WEST, "payment-standby-demo"),
        "UPDATE_ROLLBACK_FAILED"
    );
    world
        .continue_update_rollback(WEST, "payment-standby-demo", &[], None)
        .unwrap();
    pass(&mut world, 300);
    assert_eq!(
        status(&world, WEST, "payment-standby-demo"),
        "UPDATE_ROLLBACK_COMPLETE"
    );
}

#[test]
fn an_update_in_progress_is_cancelled_and_taken_back() {
    let mut world = world_with(true, &[]);
    let name = "payment-standby-demo";
    let error = world.cancel_update_stack(WEST, name, None).unwrap_err();
    assert!(error.message.contains("CREATE_COMPLETE"), "{error}");
    world.foreign_operation(Role::Standby, 60);
    pass(&mut world, 5);
    assert_eq!(status(&world, WEST, name), "UPDATE_IN_PROGRESS");
    world.cancel_update_stack(WEST, name, Some("t")).unwrap();
    pass(&mut world, 300);
    assert_eq!(status(&world, WEST, name), "UPDATE_ROLLBACK_COMPLETE");
}

#[test]
fn a_failed_change_that_was_kept_is_rolled_back_on_request() {
    let failure = Fault::StackFailure {
        region: Some(Role::Standby),
        action: StackAction::Update,
        resource_type: "AWS::Lambda::Function".into(),
    };
    let fault = (0, Some(300), failure);
    let mut world = world_with(true, &[fault]);
    let name = "payment-standby-demo";
    assert!(world.rollback_stack(WEST, name, None).is_err());
    let stack = world.describe_stacks(WEST, Some(name)).unwrap().remove(0);
    let mut parameters: BTreeMap<String, ParameterValue> = stack
        .parameters
        .keys()
        .map(|k| (k.clone(), ParameterValue::UsePrevious))
        .collect();
    parameters.insert("leverEngaged".into(), ParameterValue::Value("true".into()));
    let new = NewChangeSet {
        stack_name: name.into(),
        name: "keep".into(),
        use_previous_template: true,
        parameters,
        capabilities: vec!["CAPABILITY_NAMED_IAM".into()],
        ..NewChangeSet::default()
    };
    world.create_change_set(WEST, &new).unwrap();
    pass(&mut world, 5);
    world
        .execute(WEST, name, "keep", (Some("t"), true))
        .unwrap();
    pass(&mut world, 200);
    assert_eq!(status(&world, WEST, name), "UPDATE_FAILED");
    world.rollback_stack(WEST, name, Some("r")).unwrap();
    pass(&mut world, 300);
    assert_eq!(status(&world, WEST, name), "UPDATE_ROLLBACK_COMPLETE");
    let back = world.describe_stacks(WEST, Some(name)).unwrap().remove(0);
    assert_eq!(back.parameters["leverEngaged"], "false");
}

#[test]
fn a_change_set_tells_what_would_change() {
    let mut world = world_with(true, &[]);
    let stack = world
        .describe_stacks(EAST, Some("payment-standby-global-demo"))
        .unwrap()
        .remove(0);
    let set = |world: &mut World, name: &str, interval: &str| {
        let mut parameters: BTreeMap<String, ParameterValue> = stack
            .parameters
            .keys()
            .map(|k| (k.clone(), ParameterValue::UsePrevious))
            .collect();
        parameters.insert(
            "checkInterval".into(),
            ParameterValue::Value(interval.into()),
        );
        let new = NewChangeSet {
            stack_name: stack.name.clone(),
            name: name.into(),
            use_previous_template: true,
            parameters,
            capabilities: vec!["CAPABILITY_NAMED_IAM".into()],
            ..NewChangeSet::default()
        };
        let shown = world.create_change_set(EAST, &new).unwrap();
        assert_eq!(shown.status, "CREATE_IN_PROGRESS");
        pass(world, 5);
        world.describe_change_set(EAST, &stack.name, name).unwrap()
    };
    let none = set(&mut world, "none", "30");
    assert_eq!(
        (none.status.as_str(), none.execution_status.as_str()),
        ("FAILED", "UNAVAILABLE")
    );
    let some = set(&mut world, "some", "10");
    let replaced: Vec<&str> = some
        .set
        .changes
        .iter()
        .filter(|c| c.replacement == crate::domain::change::Replacement::Yes)
        .map(|c| c.logical_id.as_str())
        .collect();
    assert_eq!(
        replaced,
        ["EndpointLeverCheck", "PrimaryCheck", "StandbyCheck"]
    );
    world
        .execute_change_set(EAST, &stack.name, "some", Some("t"))
        .unwrap();
    world
        .execute_change_set(EAST, &stack.name, "some", Some("t"))
        .unwrap();
    pass(&mut world, 300);
    assert_eq!(
        status(&world, EAST, "payment-standby-global-demo"),
        "UPDATE_COMPLETE"
    );
    assert_eq!(world.health_checks().len(), 5);
    assert_eq!(marker(&mut world), EAST);
}

#[test]
fn bad_requests_get_the_answers_of_aws() {
    let mut world = world_with(true, &[]);
    let good = NewChangeSet {
        stack_name: "other".into(),
        name: "n".into(),
        body: Some(environment().stacks[0].template.clone()),
        create: true,
        ..Default::default()
    };
    let mut refused = |change: &dyn Fn(&mut NewChangeSet)| {
        let mut new = good.clone();
        change(&mut new);
        world.create_change_set(EAST, &new).unwrap_err().to_string()
    };
    assert!(refused(&|_| {}).contains("must have values"));
    let exists = refused(&|n| n.stack_name = "payment-standby-demo".into());
    assert!(exists.contains("already exists"), "{exists}");
    assert!(refused(&|n| n.create = false).contains("does not exist"));
    let long = refused(&|n| n.body = Some(" ".repeat(60_000)));
    assert!(long.contains("less than or equal to 51200"), "{long}");
    let role = r#"{"Resources":{"R":{"Type":"AWS::IAM::Role","Properties":{"RoleName":"r"}}}}"#;
    let bare = refused(&|n| n.body = Some(role.into()));
    assert!(
        bare.starts_with("InsufficientCapabilitiesException"),
        "{bare}"
    );
}

#[test]
fn a_protected_stack_is_not_deleted() {
    let mut world = world_with(true, &[]);
    let name = "payment-standby-demo";
    world.set_termination_protection(WEST, name, true).unwrap();
    let error = world
        .delete_stack(WEST, name, &DeleteOptions::default())
        .unwrap_err();
    assert!(error.message.contains("TerminationProtection"), "{error}");
    let retain = DeleteOptions {
        retain: vec!["Topic".into()],
        ..Default::default()
    };
    world.set_termination_protection(WEST, name, false).unwrap();
    assert!(
        world
            .delete_stack(WEST, name, &retain)
            .unwrap_err()
            .message
            .contains("DELETE_FAILED")
    );
}
