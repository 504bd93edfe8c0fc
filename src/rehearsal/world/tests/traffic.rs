//! What moves the traffic, what does not, and how long it takes.

use super::*;

#[test]
fn a_deployed_world_begins_complete() {
    let mut world = world_with(true, &[]);
    assert_eq!(world.now(), epoch());
    for (region, name) in [
        (WEST, "payment-standby-demo"),
        (EAST, "payment-standby-demo"),
        (EAST, "payment-standby-global-demo"),
    ] {
        assert_eq!(
            status(&world, region, name),
            "CREATE_COMPLETE",
            "{name} in {region}"
        );
    }
    assert_eq!(marker(&mut world), EAST);
    let red: Vec<String> = [EAST, WEST]
        .iter()
        .flat_map(|r| world.alarms(r, &[], None))
        .filter(|a| a.alarm.state.as_str() != "OK")
        .map(|a| {
            format!(
                "{} {} {:?}",
                a.alarm.name,
                a.alarm.state.as_str(),
                a.alarm.reason
            )
        })
        .collect();
    assert_eq!(red, Vec::<String>::new());
    assert!(newest(&world, WEST, "staleness").unwrap() < 60.0);
    assert!(newest(&world, EAST, "requests-primary").unwrap() > 100.0);
    assert_eq!(newest(&world, WEST, "requests-standby"), Some(0.0));
    assert!(newest(&world, EAST, "table-lag").unwrap() > 100.0);
    assert!(newest(&world, WEST, "bucket-lag").is_some());
    let bindings = world.bindings();
    for endpoint in [
        &environment().traffic.unwrap().endpoints.primary,
        &environment().traffic.unwrap().endpoints.standby,
    ] {
        let url = endpoint.resolve(&bindings).unwrap();
        assert!(
            matches!(world.probe(&url), Probe::Answer { status: 200, .. }),
            "{url}"
        );
    }
    assert!(matches!(
        world.probe("https://api.pay.rehearsal.test/prod/health"),
        Probe::Answer { status: 200, .. }
    ));
    assert_eq!(world.probe("https://nowhere.test/"), Probe::NoSuchHost);
}

#[test]
fn six_hours_of_history_are_there() {
    let world = world_with(true, &[]);
    let query = MetricQuery {
        namespace: "Switchback/DR".into(),
        metric: "ReplicaStalenessSeconds".into(),
        dimensions: BTreeMap::from([("Environment".to_owned(), "demo".to_owned())]),
        statistic: "Maximum".into(),
        period: 300,
        start: epoch().checked_sub(Duration::from_hours(6)).unwrap(),
        end: epoch(),
    };
    assert_eq!(world.metric_data(WEST, &query).len(), 72);
}

#[test]
fn the_metric_lever_moves_the_answer_in_one_to_four_minutes_and_back() {
    let mut world = world_with(true, &[]);
    pass(&mut world, 17);
    pull(&mut world, Command::Engage);
    let took = until_marker(&mut world, WEST, 600).unwrap();
    assert!((45..=240).contains(&took), "{took} s");
    // the keepalive holds it
    pass(&mut world, 3600);
    assert_eq!(marker(&mut world), WEST);
    assert_eq!(newest(&world, EAST, "requests-primary"), Some(0.0));
    assert!(newest(&world, WEST, "requests-standby").unwrap() > 100.0);
    pull(&mut world, Command::Release);
    let back = until_marker(&mut world, EAST, 600).unwrap();
    assert!((30..=240).contains(&back), "{back} s");
}

#[test]
fn a_dead_region_moves_by_itself_and_comes_back_by_itself() {
    let mut world = world_with(
        true,
        &[(
            0,
            Some(2700),
            Fault::RegionDark {
                region: Role::Primary,
            },
        )],
    );
    assert_eq!(
        world.gate(Service::CloudFormation, EAST, "DescribeStacks"),
        Gate::Hang
    );
    assert!(matches!(
        world.gate(Service::CloudFormation, WEST, "DescribeStacks"),
        Gate::Pass { .. }
    ));
    assert!(matches!(
        world.gate(Service::Route53, EAST, "ListHealthChecks"),
        Gate::Pass { .. }
    ));
    let took = until_marker(&mut world, WEST, 600).unwrap();
    assert!((60..=240).contains(&took), "{took} s");
    pass(&mut world, 600);
    assert!(newest(&world, WEST, "staleness").unwrap() > 600.0);
    pass(&mut world, 2700);
    assert_eq!(
        marker(&mut world),
        EAST,
        "not held: traffic returns by itself"
    );
}

#[test]
fn a_grey_region_does_not_move_by_itself() {
    let mut world = world_with(
        true,
        &[(
            0,
            None,
            Fault::RegionGrey {
                region: Role::Primary,
            },
        )],
    );
    pass(&mut world, 1800);
    assert_eq!(marker(&mut world), EAST);
    assert_eq!(
        world.gate(Service::CloudWatch, EAST, "GetMetricData"),
        Gate::Hang
    );
    let url = environment()
        .traffic
        .unwrap()
        .endpoints
        .primary
        .resolve(&world.bindings())
        .unwrap();
    assert_eq!(world.probe(&url), Probe::Hang);
    pull(&mut world, Command::Engage);
    assert!(until_marker(&mut world, WEST, 300).is_some());
}

#[test]
fn the_endpoint_lever_moves_the_answer() {
    let mut world = world_with(true, &[]);
    let stack = world
        .describe_stacks(WEST, Some("payment-standby-demo"))
        .unwrap()
        .remove(0);
    let mut parameters: BTreeMap<String, ParameterValue> = stack
        .parameters
        .keys()
        .map(|k| (k.clone(), ParameterValue::UsePrevious))
        .collect();
    parameters.insert("leverEngaged".into(), ParameterValue::Value("true".into()));
    let update = NewChangeSet {
        stack_name: stack.name,
        use_previous_template: true,
        parameters,
        capabilities: vec!["CAPABILITY_NAMED_IAM".into()],
        token: Some("lever".into()),
        ..NewChangeSet::default()
    };
    world.update_stack(WEST, &update).unwrap();
    let took = until_marker(&mut world, WEST, 600).unwrap();
    assert!((60..=300).contains(&took), "{took} s");
    let again = world.update_stack(WEST, &update).unwrap_err();
    assert_eq!(again.message, "No updates are to be performed.");
    let events = world.stack_events(WEST, "payment-standby-demo").unwrap();
    assert!(
        events
            .iter()
            .filter(|e| e.token.as_deref() == Some("lever"))
            .count()
            >= 4
    );
}

#[test]
fn forcing_the_combined_check_moves_the_answer() {
    let mut world = world_with(true, &[]);
    let checks = world.health_checks();
    let combined = checks
        .iter()
        .find(|c| {
            matches!(
                c.check.target,
                crate::domain::health::CheckTarget::Calculated { .. }
            )
        })
        .unwrap();
    let id = combined.check.id.0.clone();
    let update = HealthCheckUpdate {
        threshold: Some(4),
        ..Default::default()
    };
    assert_eq!(
        world
            .update_health_check(&id, Some(99), &update)
            .unwrap_err()
            .code,
        "HealthCheckVersionMismatch"
    );
    world
        .update_health_check(&id, Some(combined.check.version), &update)
        .unwrap();
    assert!(until_marker(&mut world, WEST, 120).is_some());
}

#[test]
fn an_alarm_set_by_hand_moves_nothing() {
    let mut world = world_with(true, &[]);
    world
        .set_alarm_state(
            WEST,
            "failover-engaged-demo",
            crate::domain::alarm::AlarmState::Alarm,
            "test",
        )
        .unwrap();
    pass(&mut world, 600);
    assert_eq!(marker(&mut world), EAST);
}

#[test]
fn the_same_seed_and_script_come_to_the_same_end() {
    let play = |seed| {
        let mut world = World::new(Setup {
            environment: environment(),
            scenario: scenario(
                true,
                vec![TimedFault {
                    at: 60,
                    until: Some(900),
                    fault: Fault::RegionDark {
                        region: Role::Primary,
                    },
                }],
            ),
            seed,
            epoch: epoch(),
        })
        .unwrap();
        pass(&mut world, 100);
        pull(&mut world, Command::Engage);
        pass(&mut world, 1800);
        world
    };
    let (one, same, other) = (play(1), play(1), play(2));
    assert_eq!(one.history(), same.history());
    assert_eq!(
        newest(&one, WEST, "requests-standby"),
        newest(&same, WEST, "requests-standby")
    );
    assert_ne!(
        newest(&one, WEST, "requests-standby"),
        newest(&other, WEST, "requests-standby")
    );
}

#[test]
fn the_size_of_the_steps_makes_no_difference() {
    let play = |step| {
        let mut world = world_with(
            true,
            &[(
                30,
                Some(600),
                Fault::RegionDark {
                    region: Role::Primary,
                },
            )],
        );
        let end = later(world.now(), Duration::from_secs(1200));
        while world.now() < end {
            let next = later(world.now(), Duration::from_millis(step)).min(end);
            let before = world.now();
            world.advance(next);
            assert!(world.now() >= before);
            world.advance(before);
            assert_eq!(world.now(), next, "time never goes backwards");
        }
        world.history().to_vec()
    };
    assert_eq!(play(700), play(1_200_000));
}

#[test]
fn silent_heartbeats_engage_the_lever_where_the_stack_allows_it() {
    for (allowed, region) in [("true", WEST), ("false", EAST)] {
        let mut choices = Choices::of_suffix("demo");
        for (name, value) in [
            ("domainName", "pay.rehearsal.test"),
            ("automaticHold", allowed),
        ] {
            choices.parameters.insert(name.into(), value.into());
        }
        let bundle = find(None, "payment-standby").unwrap();
        let grey = TimedFault {
            at: 0,
            until: None,
            fault: Fault::RegionGrey {
                region: Role::Primary,
            },
        };
        let mut world = World::new(Setup {
            environment: bundle.environment(choices).unwrap(),
            scenario: scenario(true, vec![grey]),
            seed: 7,
            epoch: epoch(),
        })
        .unwrap();
        pass(&mut world, 240);
        assert_eq!(marker(&mut world), EAST, "not before the objective");
        pass(&mut world, 360);
        assert_eq!(marker(&mut world), region, "automaticHold {allowed}");
    }
}
