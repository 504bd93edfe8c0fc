//! Drift detections: what they find, how long they take, when they are refused.

use super::*;
use crate::domain::drift::{DriftStatus, ResourceDriftStatus};
use crate::domain::health::CheckTarget;
use crate::rehearsal::world::cloudformation::DriftView;

/// Begins a detection and lets it end.
fn detect(world: &mut World, region: &str, stack: &str) -> (DriftStatus, Vec<DriftView>) {
    let id = world.detect_stack_drift(region, stack).unwrap();
    let running = world.drift_detection(region, &id).unwrap();
    assert_eq!(running.status, None, "it takes its time");
    let again = world.detect_stack_drift(region, stack).unwrap_err();
    assert!(again.message.contains("already in progress"), "{again}");
    pass(world, 120);
    let done = world.drift_detection(region, &id).unwrap();
    let told = world.describe_stacks(region, Some(stack)).unwrap();
    assert_eq!(told[0].drift.at, Some(done.at));
    assert_eq!(Some(told[0].drift.status), done.status);
    let found = world.resource_drifts(region, stack).unwrap();
    (done.status.unwrap(), found)
}

fn differing(found: &[DriftView]) -> Vec<&DriftView> {
    let all = found.iter();
    all.filter(|d| d.drift.status != ResourceDriftStatus::InSync)
        .collect()
}

#[test]
fn a_forced_check_is_found_until_it_is_put_back_and_record_sets_are_not_looked_at() {
    let mut world = world_with(true, &[]);
    let stack = global(&world);
    let (status, found) = detect(&mut world, EAST, &stack);
    assert_eq!(status, DriftStatus::InSync);
    let kinds: Vec<&str> = found
        .iter()
        .map(|d| d.drift.resource_type.as_str())
        .collect();
    assert!(kinds.contains(&"AWS::Route53::HealthCheck"), "{kinds:?}");
    assert!(!kinds.iter().any(|k| k.contains("RecordSet")), "{kinds:?}");

    let before = force(&mut world, 4);
    let (status, found) = detect(&mut world, EAST, &stack);
    assert_eq!(status, DriftStatus::Drifted);
    let [only] = differing(&found)[..] else {
        panic!("{found:?}");
    };
    let difference = &only.drift.differences[0];
    assert_eq!(difference.path, "/HealthCheckConfig/HealthThreshold");
    assert_eq!(
        (difference.expected.as_str(), difference.actual.as_str()),
        (before.to_string().as_str(), "4")
    );
    force(&mut world, before);
    assert_eq!(detect(&mut world, EAST, &stack).0, DriftStatus::InSync);
}

/// Sets the threshold of the calculated check; returns what it was.
fn force(world: &mut World, threshold: i32) -> i32 {
    let checks = world.health_checks();
    let (id, version, before) = checks
        .iter()
        .find_map(|c| match &c.check.target {
            CheckTarget::Calculated { threshold, .. } => {
                Some((c.check.id.0.clone(), c.check.version, *threshold))
            }
            _ => None,
        })
        .unwrap();
    let update = HealthCheckUpdate {
        threshold: Some(threshold),
        ..Default::default()
    };
    world
        .update_health_check(&id, Some(version), &update)
        .unwrap();
    before
}

#[test]
fn what_the_fault_changes_is_found_and_healed_with_it() {
    let fault = Fault::Drift {
        region: Role::Standby,
        resource_type: "AWS::Lambda::Function".into(),
    };
    let mut world = world_with(true, &[(0, None, fault)]);
    let stack = standby(&world);
    let (status, found) = detect(&mut world, WEST, &stack);
    assert_eq!(status, DriftStatus::Drifted);
    let [only] = differing(&found)[..] else {
        panic!("{found:?}");
    };
    assert_eq!(only.drift.resource_type, "AWS::Lambda::Function");
    assert_ne!(only.expected, only.actual);
    world.heal(0);
    assert_eq!(detect(&mut world, WEST, &stack).0, DriftStatus::InSync);
}

#[test]
fn a_stack_in_progress_is_not_compared() {
    let mut world = world_with(true, &[]);
    let stack = standby(&world);
    world.foreign_operation(Role::Standby, 60);
    let refused = world.detect_stack_drift(WEST, &stack).unwrap_err();
    assert_eq!(refused.code, "ValidationError");
    assert!(refused.message.contains("UPDATE_IN_PROGRESS"), "{refused}");
}

fn named(world: &World, id: &str) -> String {
    let mut specs = world.environment().stacks.iter();
    specs.find(|s| s.id.0 == id).unwrap().name.clone()
}

fn global(world: &World) -> String {
    named(world, "global")
}

fn standby(world: &World) -> String {
    named(world, "standby")
}
