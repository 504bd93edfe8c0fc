//! The state machine that makes the standby the writer.

use super::*;
use crate::domain::environment::PromotionSpec;
use crate::domain::placeholder::Placeholder;
use crate::rehearsal::world::cloudwatch::MetricId;

/// The shipped bundle with a promotion of three steps, and a state machine in the standby.
fn world_with_machine(faults: &[(i64, Option<i64>, Fault)]) -> World {
    let mut environment = environment();
    environment.traffic.as_mut().unwrap().promotion = Some(PromotionSpec {
        role: Role::Standby,
        namespace: "Switchback/Failover".into(),
        dimensions: BTreeMap::from([("Environment".to_owned(), Placeholder::new("${suffix}"))]),
        approval: "PromotionApproved".into(),
        progress: "PromotionStep".into(),
        steps: ["cluster", "sources", "notify"].map(String::from).into(),
        return_steps: Vec::new(),
        loss: "What had not arrived.".into(),
    });
    let faults = faults.iter().map(|(at, until, fault)| TimedFault {
        at: *at,
        until: *until,
        fault: fault.clone(),
    });
    let mut world = World::new(Setup {
        environment,
        scenario: scenario(true, faults.collect()),
        seed: 7,
        epoch: epoch(),
    })
    .unwrap();
    let new = NewChangeSet {
        stack_name: "machine".into(),
        name: "set".into(),
        body: Some(r#"{"Resources":{"Machine":{"Type":"AWS::StepFunctions::StateMachine","Properties":{"StateMachineName":"m"}}}}"#.into()),
        create: true,
        ..NewChangeSet::default()
    };
    world.create_change_set(WEST, &new).unwrap();
    pass(&mut world, 5);
    world
        .execute_change_set(WEST, "machine", "set", None)
        .unwrap();
    pass(&mut world, 30);
    world
}

fn metric_of(name: &str) -> MetricId {
    let dimensions = BTreeMap::from([("Environment".to_owned(), "demo".to_owned())]);
    MetricId::new("Switchback/Failover", name, dimensions)
}

fn progress(world: &World) -> Option<f64> {
    let id = metric_of("PromotionStep");
    let query = MetricQuery {
        namespace: id.namespace,
        metric: id.metric,
        dimensions: id.dimensions,
        statistic: "Maximum".into(),
        period: 60,
        start: world.now().checked_sub(Duration::from_secs(900)).unwrap(),
        end: later(world.now(), Duration::from_secs(60)),
    };
    world.metric_data(WEST, &query).last().map(|p| p.value)
}

fn approve(world: &mut World, number: i64) {
    let id = metric_of("PromotionApproved");
    #[expect(clippy::cast_precision_loss, reason = "epoch seconds")]
    let datum = NewDatum {
        namespace: id.namespace,
        metric: id.metric,
        dimensions: id.dimensions,
        value: number as f64,
        at: None,
    };
    world.put_metric(WEST, &datum).unwrap();
}

#[test]
fn the_machine_waits_for_approval_and_makes_the_standby_the_writer_and_back() {
    let mut world = world_with_machine(&[]);
    assert_eq!(progress(&world), None, "nothing is begun without the lever");
    pull(&mut world, Command::Engage);
    pass(&mut world, 300);
    assert_eq!(progress(&world), Some(0.0), "it waits");
    assert_eq!(world.writer(), Role::Primary);
    let stale = world.now().as_second() - 1000;
    approve(&mut world, stale);
    pass(&mut world, 120);
    assert_eq!(
        progress(&world),
        Some(0.0),
        "an old approval approves nothing"
    );
    let number = world.now().as_second();
    approve(&mut world, number);
    pass(&mut world, 40);
    assert_eq!(progress(&world), Some(1.0));
    pass(&mut world, 180);
    assert_eq!(progress(&world), Some(4.0), "three steps, and done");
    assert_eq!(world.writer(), Role::Standby);
    let number = world.now().as_second();
    pull(&mut world, Command::Release);
    approve(&mut world, -number);
    pass(&mut world, 420);
    assert_eq!(
        (progress(&world), world.writer()),
        (Some(4.0), Role::Primary)
    );
}

#[test]
fn a_way_back_without_the_primary_fails_at_its_first_step_and_can_be_approved_again() {
    let fault = Fault::RegionDark {
        region: Role::Primary,
    };
    let mut world = world_with_machine(&[(0, Some(3600), fault)]);
    pull(&mut world, Command::Engage);
    let number = world.now().as_second();
    approve(&mut world, number);
    pass(&mut world, 420);
    assert_eq!(world.writer(), Role::Standby);
    pull(&mut world, Command::Release);
    let number = world.now().as_second();
    approve(&mut world, -number);
    pass(&mut world, 600);
    assert_eq!(
        (progress(&world), world.writer()),
        (Some(-1.0), Role::Standby)
    );
    pass(&mut world, 3600);
    let number = world.now().as_second();
    approve(&mut world, -number);
    pass(&mut world, 420);
    assert_eq!(world.writer(), Role::Primary);
}
