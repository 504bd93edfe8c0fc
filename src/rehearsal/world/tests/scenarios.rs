//! What the shipped scenarios mean for the world, without a console: their premises hold.

use super::*;

fn shipped(name: &str) -> World {
    World::new(Setup {
        environment: environment(),
        scenario: Scenario::shipped(name).unwrap(),
        seed: 7,
        epoch: epoch(),
    })
    .unwrap()
}

fn answers(world: &World) -> Vec<&str> {
    world
        .history()
        .iter()
        .filter(|e| e.at >= epoch())
        .filter_map(|e| e.what.strip_prefix("dns answers "))
        .collect()
}

#[test]
fn every_scenario_begins_and_lasts() {
    for name in crate::rehearsal::scenario::names() {
        let mut world = shipped(&name);
        let end = world.scenario().expect.within;
        pass(&mut world, end);
        assert_eq!(
            world.now(),
            later(epoch(), Duration::from_secs(end)),
            "{name}"
        );
    }
}

#[test]
fn stalled_replication_is_past_the_objective_and_catches_up() {
    let mut world = shipped("replication-stall");
    assert!(newest(&world, WEST, "staleness").unwrap() > 600.0);
    assert!(newest(&world, EAST, "table-lag").unwrap() > 600_000.0);
    let alarm = |world: &World| {
        world.alarms(WEST, &["replica-staleness-demo".to_owned()], None)[0]
            .alarm
            .state
            .clone()
    };
    assert_eq!(alarm(&world).as_str(), "ALARM");
    pass(&mut world, 2400);
    assert!(newest(&world, WEST, "staleness").unwrap() < 60.0);
    assert_eq!(alarm(&world).as_str(), "OK");
}

#[test]
fn a_stalled_table_is_silent_while_the_bucket_goes_on() {
    let world = shipped("table-stall");
    assert!(newest(&world, WEST, "staleness").unwrap() > 600.0);
    assert!(newest(&world, WEST, "bucket-lag").unwrap() < 60.0);
    assert_eq!(newest(&world, EAST, "table-lag"), None);
}

#[test]
fn a_flapping_primary_sends_traffic_back_and_forth_until_it_is_held() {
    let mut world = shipped("flapping");
    pass(&mut world, 1500);
    assert!(answers(&world).len() >= 3, "{:?}", answers(&world));
    pull(&mut world, Command::Engage);
    pass(&mut world, 300);
    let before = answers(&world).len();
    pass(&mut world, 1500);
    assert_eq!(answers(&world).len(), before);
    assert_eq!(marker(&mut world), WEST);
}

#[test]
fn a_brownout_shows_in_the_error_rate_only() {
    let mut world = shipped("brownout");
    assert!(newest(&world, EAST, "lambda-errors-primary").unwrap() > 50.0);
    let alarm = world
        .alarms(EAST, &["payment-error-rate-demo".to_owned()], None)
        .remove(0);
    assert_eq!(alarm.alarm.state.as_str(), "ALARM");
    pass(&mut world, 600);
    assert_eq!(marker(&mut world), EAST);
}

#[test]
fn a_stuck_rollback_is_stuck_at_the_first_look() {
    let world = shipped("stuck-rollback");
    assert_eq!(
        status(&world, WEST, "payment-standby-demo"),
        "UPDATE_ROLLBACK_FAILED"
    );
}

#[test]
fn somebody_elses_update_is_running_at_the_first_look() {
    let mut world = shipped("foreign-operation");
    assert_eq!(
        status(&world, WEST, "payment-standby-demo"),
        "UPDATE_IN_PROGRESS"
    );
    pass(&mut world, 1400);
    assert_eq!(
        status(&world, WEST, "payment-standby-demo"),
        "UPDATE_COMPLETE"
    );
}

#[test]
fn a_held_failover_stays_when_the_dead_region_returns() {
    let mut world = shipped("region-dead");
    pass(&mut world, 420);
    assert_eq!(marker(&mut world), WEST);
    pull(&mut world, Command::Engage);
    pass(&mut world, 3180);
    assert_eq!(marker(&mut world), WEST);
    assert_eq!(answers(&world), ["\"us-west-2\""]);
}

#[test]
fn when_the_serving_standby_dies_forcing_brings_traffic_home() {
    let mut world = shipped("standby-dies-serving");
    pass(&mut world, 60);
    pull(&mut world, Command::Engage);
    pass(&mut world, 1740);
    let combined = world
        .health_checks()
        .into_iter()
        .find(|c| {
            matches!(
                c.check.target,
                crate::domain::health::CheckTarget::Calculated { .. }
            )
        })
        .unwrap();
    let update = HealthCheckUpdate {
        threshold: Some(0),
        ..Default::default()
    };
    world
        .update_health_check(&combined.check.id.0, None, &update)
        .unwrap();
    pass(&mut world, 600);
    assert_eq!(marker(&mut world), EAST);
    assert!(newest(&world, EAST, "requests-primary").unwrap() > 100.0);
}

#[test]
fn a_large_account_is_large() {
    let world = shipped("large");
    for region in [EAST, WEST] {
        assert!(world.alarms(region, &[], None).len() > 2000);
        assert!(world.list_stacks(region).len() > 200);
    }
}
