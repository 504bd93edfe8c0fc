//! Faults as API requests and DNS questions feel them.

use super::*;

#[test]
fn faults_reach_the_gate() {
    let throttling = Fault::Throttling {
        region: None,
        one_in: 2,
    };
    let slow = Fault::SlowApi {
        region: Some(Role::Primary),
        milliseconds: 5000,
    };
    let faults = [
        (0, Some(30), throttling),
        (60, Some(120), Fault::Route53Api),
        (130, Some(190), slow),
    ];
    let mut world = world_with(true, &faults);
    let throttled = (0..100)
        .filter(|_| {
            matches!(
                world.gate(Service::CloudFormation, EAST, "X"),
                Gate::Fail(_)
            )
        })
        .count();
    assert!((30..70).contains(&throttled), "{throttled}");
    pass(&mut world, 61);
    assert_eq!(
        world.gate(Service::Route53, EAST, "GetHealthCheckStatus"),
        Gate::Hang
    );
    pass(&mut world, 70);
    let latency = Duration::from_secs(5);
    assert_eq!(
        world.gate(Service::CloudWatch, EAST, "X"),
        Gate::Pass { latency }
    );
    assert_ne!(
        world.gate(Service::CloudWatch, WEST, "X"),
        Gate::Pass { latency }
    );
    let outcomes: Vec<&str> = world
        .requests()
        .iter()
        .rev()
        .take(3)
        .map(|r| r.outcome)
        .collect();
    assert_eq!(outcomes, ["ok", "ok", "hang"]);
}

#[test]
fn credentials_expire_and_are_renewed() {
    let mut world = world_with(
        true,
        &[(0, Some(300), Fault::CredentialsExpiring { seconds: 60 })],
    );
    assert_eq!(
        world.identity(EAST).expires,
        Some(later(epoch(), Duration::from_secs(60)))
    );
    assert!(matches!(
        world.gate(Service::Sts, EAST, "GetCallerIdentity"),
        Gate::Pass { .. }
    ));
    pass(&mut world, 60);
    assert!(
        matches!(world.gate(Service::Sts, EAST, "GetCallerIdentity"), Gate::Fail(e) if e.code == "ExpiredToken")
    );
    pass(&mut world, 300);
    assert!(matches!(
        world.gate(Service::Sts, EAST, "GetCallerIdentity"),
        Gate::Pass { .. }
    ));
}

#[test]
fn control_planes_fail_while_data_planes_go_on() {
    let mut world = world_with(
        true,
        &[(
            0,
            None,
            Fault::ControlPlanes {
                region: Role::Standby,
            },
        )],
    );
    let mut fails =
        |service, operation| matches!(world.gate(service, WEST, operation), Gate::Fail(_));
    assert!(fails(Service::CloudFormation, "DescribeStacks"));
    assert!(!fails(Service::CloudWatch, "PutMetricData"));
    assert!(!fails(Service::CloudWatch, "DescribeAlarms"));
}

#[test]
fn silent_name_servers_and_names_of_others() {
    let mut world = world_with(true, &[(0, None, Fault::NameServersSilent { servers: 3 })]);
    let servers = world.name_servers();
    let marker = "active-region.pay.rehearsal.test";
    let silent = servers
        .iter()
        .filter(|s| world.dns(s, marker, "TXT") == DnsReply::Silent)
        .count();
    assert_eq!((silent, servers.len()), (3, 4));
    assert_eq!(
        world.dns(&servers[3], "www.elsewhere.test", "A"),
        DnsReply::Refused
    );
    assert_eq!(
        world.dns(&servers[3], "nobody.pay.rehearsal.test", "A"),
        DnsReply::NxDomain
    );
    assert_eq!(world.dns(&servers[3], marker, "A"), DnsReply::NoData);
    assert!(matches!(
        world.dns_anywhere(marker, "TXT"),
        DnsReply::Answer { .. }
    ));
    assert_eq!(
        world.dns_anywhere("www.elsewhere.test", "A"),
        DnsReply::Refused
    );
}

#[test]
fn a_facilitator_injects_and_heals() {
    let mut world = world_with(true, &[]);
    let number = world.inject(Fault::RegionDark {
        region: Role::Primary,
    });
    assert_eq!(
        world.faults(),
        [(
            number,
            Fault::RegionDark {
                region: Role::Primary
            }
        )]
    );
    assert_eq!(world.gate(Service::CloudWatch, EAST, "X"), Gate::Hang);
    world.heal(number);
    assert!(world.faults().is_empty());
    assert!(matches!(
        world.gate(Service::CloudWatch, EAST, "X"),
        Gate::Pass { .. }
    ));
}
#[test]
fn route53_is_limited_to_five_requests_a_second() {
    let mut world = world_with(true, &[]);
    let passed = (0..10)
        .filter(|_| matches!(world.gate(Service::Route53, EAST, "X"), Gate::Pass { .. }))
        .count();
    assert_eq!(passed, 5);
}
