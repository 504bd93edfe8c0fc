//! Each thing that a manifest must hold has a manifest that does not.

use serde_json::{Value, json};

use crate::bundle::manifest::Manifest;
use crate::bundle::samples;

/// What is wrong with the sample after a change at a JSON pointer (null removes), as `path: reason` lines.
fn problems(pointer: &str, value: &Value) -> String {
    let mut manifest = samples::manifest();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match manifest.pointer_mut(parent).unwrap() {
        Value::Object(members) if value.is_null() => drop(members.remove(key).unwrap()),
        Value::Object(members) => drop(members.insert(key.to_owned(), value.clone())),
        Value::Array(items) if value.is_null() => drop(items.remove(key.parse().unwrap())),
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
        _ => panic!("no {pointer}"),
    }
    let manifest = Manifest::parse("bundle.json", &manifest.to_string()).unwrap();
    let templates = [
        ("region.json".to_owned(), samples::region()),
        ("global.json".to_owned(), samples::global()),
    ];
    let found = super::problems(&manifest, &templates.into_iter().collect());
    let lines: Vec<String> = found
        .into_iter()
        .map(|(path, reason)| format!("{path}: {reason}"))
        .collect();
    lines.join("\n")
}

#[test]
fn the_sample_is_sound() {
    assert_eq!(problems("/title", &json!("Another")), "");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn each_mistake_is_named_with_its_place() {
    for (pointer, value, expected) in [
        ("/schema", json!(2), "schema: is 2, this program reads 1"),
        ("/name", json!("A b"), "name: `A b` must begin"),
        ("/title", json!(" "), "title: is empty"),
        (
            "/regions/standby",
            json!("us-east-1"),
            "regions: primary and standby are both us-east-1",
        ),
        (
            "/suffix/pattern",
            json!("["),
            "suffix.pattern: is not a pattern",
        ),
        (
            "/suffix/pattern",
            json!("[a-z]+"),
            "suffix.pattern: must begin with ^",
        ),
        (
            "/objectives/rpo_seconds",
            json!(0),
            "objectives: must be a second at least",
        ),
        (
            "/parameters/1/name",
            json!("domainName"),
            "parameters[1]: `domainName` is there twice",
        ),
        (
            "/parameters/1/name",
            json!("region.x"),
            "parameters[1].name: `region.x` must be of letters",
        ),
        (
            "/parameters/1/default",
            json!("huge"),
            "parameters[1].default: does not match",
        ),
        (
            "/parameters/1/default",
            json!(null),
            "parameters[1].default: there must be one",
        ),
        (
            "/parameters/0/default",
            json!("a.b"),
            "parameters[0].default: there must be one, except",
        ),
        (
            "/stacks/1/id",
            json!("standby"),
            "stacks[1]: `standby` is there twice",
        ),
        (
            "/stacks/0/region",
            json!("primary"),
            "stacks: no stack is in the standby region",
        ),
        (
            "/stacks/0/template",
            json!("../x.json"),
            "stacks[0].template: `../x.json` must be a .json file beside",
        ),
        (
            "/stacks/0/capabilities",
            json!(["ALL"]),
            "stacks[0].capabilities: `ALL` is none of CAPABILITY_IAM",
        ),
        (
            "/stacks/0/name",
            json!("x-${domainName}"),
            "stacks[0].name: `${domainName}` may not be used here",
        ),
        (
            "/stacks/0/name",
            json!("x-${suffix"),
            "stacks[0].name: `x-${suffix` has a `${` without its `}`",
        ),
        (
            "/stacks/1/after/0",
            json!("spare"),
            "stacks[1].after[0]: no stack `spare`; there are: standby, primary, global",
        ),
        (
            "/stacks/0/after",
            json!(["global"]),
            "stacks[0].after: leads back to this stack",
        ),
        (
            "/stacks/1/after",
            json!([]),
            "stacks[1].parameters.standbyBucketArn: `${standby.BucketArn}` is not known yet",
        ),
        (
            "/stacks/1/parameters/standbyBucketArn",
            json!("${standby.Bucket}"),
            "`${standby.Bucket}`: region.json has no output `Bucket`",
        ),
        (
            "/stacks/1/parameters/role",
            json!("${colour}"),
            "`${colour}` is not a declared parameter",
        ),
        (
            "/delete_order/0",
            json!("spare"),
            "delete_order[0]: no stack `spare`",
        ),
        (
            "/delete_order/0",
            json!(null),
            "delete_order: `global` is missing",
        ),
        (
            "/signals/1",
            json!(null),
            "signals: no signal of kind `requests` for the primary region",
        ),
        (
            "/signals/0/id",
            json!("requests-primary"),
            "signals[1]: `requests-primary` is there twice",
        ),
        (
            "/signals/0/warn",
            json!(400_000),
            "signals[0].warn: 400000 is above breach, 300000",
        ),
        (
            "/signals/0/statistic",
            json!("p101"),
            "signals[0].statistic: `p101` is none of Sum",
        ),
        (
            "/signals/0/period",
            json!(90),
            "signals[0].period: 90 is not a number of whole minutes",
        ),
        (
            "/signals/0/unit",
            json!("count"),
            "signals[0].unit: of kind `replication_lag` is ms or s, not `count`",
        ),
        (
            "/signals/0/missing",
            json!("zero"),
            "signals[0].missing: silence of kind `replication_lag` is unknown",
        ),
        (
            "/signals/0/label",
            json!("a label of many words"),
            "signals[0].label: has 21 characters",
        ),
        (
            "/signals/0/dimensions/TableName",
            json!("${spare.X}"),
            "signals[0].dimensions.TableName: `${spare.X}`: no stack `spare`",
        ),
        (
            "/alarms/prefixes",
            json!({"primary": [""]}),
            "alarms.prefixes: an empty one would match every alarm",
        ),
        (
            "/traffic/endpoints/primary",
            json!("http://x"),
            "traffic.endpoints.primary: must be an https:// address",
        ),
        (
            "/traffic/checks/colour",
            json!("x"),
            "traffic.checks.colour: is none of primary",
        ),
        (
            "/traffic/checks/combined",
            json!(null),
            "traffic.checks: `combined` is missing",
        ),
        ("/traffic/levers", json!([]), "traffic.levers: is empty"),
        (
            "/traffic/levers/0/region",
            json!("primary"),
            "traffic.levers[0].region: must be standby",
        ),
        (
            "/traffic/levers/1/parameter",
            json!("colour"),
            "traffic.levers[1].parameter: region.json has no parameter `colour`",
        ),
        (
            "/traffic/levers/1/stack",
            json!("primary"),
            "traffic.levers[1].stack.region: must be standby",
        ),
        (
            "/traffic/levers/2/check",
            json!("primary"),
            "traffic.levers[2].check: `primary`: only `combined`",
        ),
        ("/traffic/levers/3/kind", json!("records"), ""),
        (
            "/traffic/levers/2",
            json!({"kind": "records"}),
            "traffic.levers[3]: `records` is there twice",
        ),
    ] {
        let found = problems(pointer, &value);
        assert!(
            found.contains(expected),
            "{pointer} {value}: expected {expected:?}, found {found:?}"
        );
    }
}

#[test]
fn no_value_in_any_place_makes_the_checks_panic() {
    let templates = [
        ("region.json".to_owned(), json!([])),
        ("global.json".to_owned(), json!(1)),
    ];
    let templates = templates.into_iter().collect();
    let text = samples::manifest().to_string();
    // Every text and number of the manifest, replaced in turn by each odd one.
    for odd in [
        "\"\"",
        "\"${\"",
        "\"${}\"",
        "\"${.}\"",
        "\"${a.b.c}\"",
        "-1",
        "1e300",
        "\"\u{e9}..\\u0000\"",
        "[]",
        "{}",
    ] {
        for (at, _) in text.match_indices(':') {
            let rest = text.get(at + 1..).unwrap();
            let Some(end) = rest.find([',', '}', ']']) else {
                continue;
            };
            let changed = format!(
                "{}{odd}{}",
                text.get(..=at).unwrap(),
                rest.get(end..).unwrap()
            );
            if let Ok(manifest) = Manifest::parse("bundle.json", &changed) {
                drop(super::problems(&manifest, &templates));
            }
        }
    }
}

/// What is wrong with the sample that has a stack set `Copies` in `global`, after a change.
fn problems_with_a_set(change: impl Fn(&mut Value)) -> String {
    let mut global = samples::global();
    global["Resources"]["Copies"] = json!({"Type": "AWS::CloudFormation::StackSet"});
    let mut manifest = samples::manifest();
    manifest["stacks"].as_array_mut().unwrap().push(json!({
        "id": "copy", "region": "standby", "template": "region.json", "name": "StackSet-sample-${suffix}-",
        "parameters": {}, "made_by": {"stack": "global", "resource": "Copies"}
    }));
    manifest["traffic"]["promotion"] = json!({
        "region": "standby", "namespace": "N", "dimensions": {"E": "${suffix}"}, "approval": "Approved",
        "progress": "Step", "steps": ["promote"], "return_steps": ["return"], "loss": "Seconds may be lost."
    });
    change(&mut manifest);
    let manifest = Manifest::parse("bundle.json", &manifest.to_string()).unwrap();
    let templates = [
        ("region.json".to_owned(), samples::region()),
        ("global.json".to_owned(), global),
    ];
    let found = super::problems(&manifest, &templates.into_iter().collect());
    let lines: Vec<String> = found
        .into_iter()
        .map(|(path, reason)| format!("{path}: {reason}"))
        .collect();
    lines.join("\n")
}

#[test]
fn a_stack_of_a_stack_set_gives_outputs_and_is_not_deleted_by_itself() {
    let sound = problems_with_a_set(|m| {
        m["traffic"]["endpoints"]["standby"] = json!("https://${copy.Host}/health");
    });
    assert_eq!(sound, "");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn mistakes_about_stack_sets_and_promotions_are_named() {
    for (pointer, value, expected) in [
        (
            "/stacks/3/made_by/stack",
            json!("spare"),
            "stacks[3].made_by.stack: no stack `spare`",
        ),
        (
            "/stacks/3/made_by/stack",
            json!("copy"),
            "stacks[3].made_by.stack: `copy` is made by another one",
        ),
        (
            "/stacks/3/made_by/resource",
            json!("Zone"),
            "stacks[3].made_by.resource: global.json has no stack set `Zone`",
        ),
        (
            "/stacks/3/parameters",
            json!({"suffix": "${suffix}"}),
            "stacks[3].parameters: the stack set `Copies` decides",
        ),
        (
            "/stacks/3/after",
            json!(["standby"]),
            "stacks[3].after: the stack set `Copies` decides",
        ),
        ("/stacks/3/name", json!(""), "stacks[3].name: an empty one"),
        (
            "/delete_order/0",
            json!("copy"),
            "delete_order[0]: `copy` is deleted by its stack set",
        ),
        (
            "/traffic/levers/1/stack",
            json!("copy"),
            "traffic.levers[1].stack: `copy` is made by a stack set",
        ),
        (
            "/traffic/promotion/region",
            json!("primary"),
            "traffic.promotion.region: must be standby",
        ),
        (
            "/traffic/promotion/dimensions/E",
            json!("${x}"),
            "traffic.promotion.dimensions.E: `${x}` is not a declared",
        ),
        (
            "/traffic/promotion/progress",
            json!("Approved"),
            "traffic.promotion.progress: is the metric",
        ),
        (
            "/traffic/promotion/steps",
            json!([]),
            "traffic.promotion.steps: is empty",
        ),
        (
            "/traffic/promotion/return_steps/0",
            json!(" "),
            "traffic.promotion.steps: one of them is empty",
        ),
        (
            "/traffic/promotion/loss",
            json!(""),
            "traffic.promotion.loss: is empty",
        ),
        (
            "/traffic/levers",
            json!([{"kind": "records"}]),
            "traffic.promotion: needs a `metric` lever",
        ),
    ] {
        let found = problems_with_a_set(|m| {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            match m.pointer_mut(parent).unwrap() {
                Value::Array(items) => items[key.parse::<usize>().unwrap()] = value.clone(),
                Value::Object(members) => drop(members.insert(key.to_owned(), value.clone())),
                _ => panic!("no {pointer}"),
            }
        });
        assert!(
            found.lines().any(|line| line.starts_with(expected)),
            "{pointer}: {found}"
        );
    }
}
