//! What others put into the stacks' buckets and zones, and what they import, stands in the way of a deletion.

use super::*;

const TEMPLATE: &str = r#"{ "Resources": {
    "Store": { "Type": "AWS::S3::Bucket", "Properties": { "BucketName": "plain-store" } },
    "Zone": { "Type": "AWS::Route53::HostedZone", "Properties": { "Name": "plain.example" } },
    "Own": { "Type": "AWS::Route53::RecordSet", "Properties": { "HostedZoneId": { "Ref": "Zone" },
      "Name": "own.plain.example", "Type": "A", "TTL": "60", "ResourceRecords": ["192.0.2.1"] } } } }"#;

/// A stack without anything that empties its bucket and its zone.
fn plain(world: &mut World) {
    let new = NewChangeSet {
        stack_name: "plain".into(),
        body: Some(TEMPLATE.into()),
        ..NewChangeSet::default()
    };
    world.create_stack(WEST, &new).unwrap();
    pass(world, 300);
    assert_eq!(status(world, WEST, "plain"), "CREATE_COMPLETE");
}

fn delete(world: &mut World, region: &str, name: &str) -> String {
    let options = DeleteOptions::default();
    world.delete_stack(region, name, &options).unwrap();
    pass(world, 1500);
    status(world, region, name)
}

fn counted(world: &World, bucket: &str) -> Vec<f64> {
    let dimension = |k: &str, v: &str| (k.to_owned(), v.to_owned());
    let query = MetricQuery {
        namespace: "AWS/S3".into(),
        metric: "NumberOfObjects".into(),
        dimensions: BTreeMap::from([
            dimension("BucketName", bucket),
            dimension("StorageType", "AllStorageTypes"),
        ]),
        statistic: "Average".into(),
        period: 86_400,
        start: world.now().checked_sub(Duration::from_hours(72)).unwrap(),
        end: world.now(),
    };
    let points = world.metric_data(WEST, &query);
    points.iter().map(|p| p.value).collect()
}

#[test]
fn a_stack_whose_export_is_imported_stays_until_the_import_is_given_up() {
    let region = Role::Primary;
    let mut world = world_with(true, &[(-60, Some(900), Fault::ForeignImport { region })]);
    pass(&mut world, 60);
    let first = world.exports(EAST).into_iter().next().unwrap();
    assert_eq!(first.name, "payment-ApiDomain-demo");
    assert_eq!(
        world.imports(EAST, &first.name).unwrap(),
        ["somebody-elses-demo"]
    );
    let unused = world.imports(EAST, "payment-TopicArn-demo").unwrap_err();
    assert!(unused.message.ends_with("is not imported by any stack."));

    let name = "payment-standby-demo";
    let before = status(&world, EAST, name);
    let options = DeleteOptions::default();
    world.delete_stack(EAST, name, &options).unwrap();
    let stack = world.describe_stacks(EAST, Some(name)).unwrap().remove(0);
    assert_eq!(stack.status.0, before);
    let why =
        "Export payment-ApiDomain-demo cannot be deleted as it is in use by somebody-elses-demo";
    assert_eq!(stack.reason.as_deref(), Some(why));

    pass(&mut world, 1200);
    assert!(world.imports(EAST, &first.name).is_err());
    let gone = delete(&mut world, EAST, name);
    assert!(gone.contains("does not exist"), "{gone}");
}

#[test]
fn what_a_bucket_holds_is_counted_at_midnight_and_keeps_it() {
    let region = Role::Standby;
    let objects = 1200;
    let mut world = world_with(false, &[]);
    plain(&mut world);
    assert!(counted(&world, "plain-store").is_empty(), "not counted yet");
    let fault = world.inject(Fault::StoredObjects { region, objects });
    assert_eq!(counted(&world, "plain-store"), [1200.0]);
    assert_eq!(delete(&mut world, WEST, "plain"), "DELETE_FAILED");
    pass(&mut world, 86_400);
    assert_eq!(counted(&world, "plain-store"), [1200.0, 1200.0]);
    world.heal(fault);
    let gone = delete(&mut world, WEST, "plain");
    assert!(gone.contains("does not exist"), "{gone}");
}

#[test]
fn a_zone_with_records_of_others_stays() {
    let mut world = world_with(false, &[]);
    plain(&mut world);
    let zone = world.zones().into_iter().next().unwrap();
    let fault = world.inject(Fault::ForeignRecords { records: 2 });
    assert_eq!(world.records(&zone.id).unwrap().len(), 5);
    assert_eq!(delete(&mut world, WEST, "plain"), "DELETE_FAILED");
    let failed = world.stack_events(WEST, "plain").unwrap();
    let failed = failed.iter().find(|e| e.logical_id == "Zone").unwrap();
    assert!(
        failed
            .reason
            .as_ref()
            .unwrap()
            .contains("HostedZoneNotEmpty"),
        "{failed:?}"
    );
    world.heal(fault);
    let gone = delete(&mut world, WEST, "plain");
    assert!(gone.contains("does not exist"), "{gone}");
}

#[test]
fn the_bundles_own_emptier_empties_buckets_and_zones() {
    let stored = Fault::StoredObjects {
        region: Role::Standby,
        objects: 7,
    };
    let records = Fault::ForeignRecords { records: 1 };
    let mut world = world_with(true, &[(-60, None, stored), (-60, None, records)]);
    for (region, name) in [
        (EAST, "payment-standby-global-demo"),
        (WEST, "payment-standby-demo"),
    ] {
        let gone = delete(&mut world, region, name);
        assert!(gone.contains("does not exist"), "{gone}");
    }
}
