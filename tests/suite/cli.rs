//! The command line as scripts see it: exit codes, what goes to stdout and what to stderr, and the JSON.

use serde_json::{Value, json};

use crate::schema::satisfies;
use crate::support::home::{Home, Ran};

fn run(line: &str) -> Ran {
    Home::new().run(line)
}

#[test]
fn a_steady_status_is_0_and_its_json_is_the_documented_one() {
    let status = run("--rehearse=steady status --format json")
        .ends_with(0)
        .json();
    satisfies("status", &status);
    let shown = json!({
        "environment": status["environment"], "mode": status["mode"], "serving": status["serving"],
        "primary": status["regions"][0]["region"], "standby": status["regions"][1]["region"],
        "held": status["traffic"]["held"], "confirmed": status["traffic"]["confirmed"],
        "predicted": status["traffic"]["predicted"],
    });
    assert_eq!(
        shown,
        json!({
            "environment": "payment-standby-demo", "mode": "rehearsal", "serving": "primary",
            "primary": "us-east-1", "standby": "us-west-2",
            "held": false, "confirmed": "primary", "predicted": ["primary"],
        })
    );
    for region in status["regions"].as_array().unwrap() {
        assert_eq!(region["reachable"], true, "{region}");
        for list in ["stacks", "health_checks", "alarms", "signals"] {
            assert!(
                !region[list].as_array().unwrap().is_empty(),
                "{list} of {region}"
            );
        }
    }
    assert!(!status["guards"].as_array().unwrap().is_empty());
}

#[test]
fn a_status_never_calls_a_dark_region_healthy() {
    for scenario in ["region-outage", "region-dead"] {
        let ran = run(&format!("--rehearse={scenario} status --format json"));
        assert!(
            [10, 11].contains(&ran.code),
            "{scenario}: {} {}",
            ran.code,
            ran.err
        );
        let status = ran.json();
        satisfies("status", &status);
        assert_eq!(status["regions"][0]["reachable"], false, "{scenario}");
        assert_eq!(status["regions"][1]["reachable"], true, "{scenario}");
        for check in status["regions"][0]["health_checks"].as_array().unwrap() {
            assert!(
                check["source"] != "probe" || check["health"] != "healthy",
                "{scenario}: {check}"
            );
        }
    }
}

#[test]
fn what_is_not_deployed_is_12() {
    let ran = run("--rehearse=empty status").ends_with(12);
    assert!(ran.out.contains("it is not deployed"), "{}", ran.out);
    run("--rehearse=empty outputs")
        .ends_with(12)
        .explains(&["none is deployed"]);
}

#[test]
fn status_has_a_form_for_prometheus() {
    let ran = run("--rehearse status --format prometheus").ends_with(0);
    assert!(
        ran.out
            .lines()
            .all(|l| l.starts_with('#') || l.starts_with("switchback_"))
    );
    assert!(ran.out.contains("switchback_serving"), "{}", ran.out);
}

#[test]
fn a_policy_names_the_environments_own_stacks() {
    let policy = run("--rehearse iam").ends_with(0).json();
    let text = policy.to_string();
    for name in [
        "us-east-1:123456789012:stack/payment-standby-demo/*",
        "us-west-2:123456789012:stack/payment-standby-demo/*",
        "Switchback/Failover",
    ] {
        assert!(text.contains(name), "{name} in {policy:#}");
    }
    assert!(!text.contains('<'), "everything is known: {policy:#}");
    let read = run("--rehearse iam read-only").ends_with(0).json();
    assert!(!read.to_string().contains("Put"), "{read:#}");
    let empty = run("--rehearse=empty iam").ends_with(0);
    assert!(
        empty.err.contains("put them in by hand: check"),
        "{}",
        empty.err
    );
}

#[test]
fn what_was_changed_by_hand_is_10_and_what_differs_by_design_is_0() {
    let drift = run("--rehearse=drifted --read-only stacks drift --format json")
        .ends_with(10)
        .json();
    satisfies("drift", &drift);
    let mut found: Vec<(&str, &str)> = drift["stacks"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|s| s["drifted"].as_array().unwrap())
        .map(|d| {
            let kind = d["resource_type"].as_str().unwrap();
            (kind, d["status"].as_str().unwrap())
        })
        .collect();
    found.sort_unstable();
    assert_eq!(
        found,
        [
            ("AWS::Lambda::Function", "modified"),
            ("AWS::Route53::HealthCheck", "modified")
        ]
    );
    assert_eq!(drift["records"], json!([]), "{drift:#}");
    let one = run("--rehearse=drifted stacks drift primary").ends_with(0);
    assert!(one.out.contains("IN SYNC"), "{}", one.out);
    run("--rehearse stacks drift --last").ends_with(12);
    run("--rehearse stacks drift nowhere")
        .ends_with(2)
        .explains(&["no stack `nowhere`", "standby"]);
    for bundle in ["payment-standby", "transaction-dr"] {
        let line = format!("--rehearse --bundle {bundle} stacks parity --format json");
        let parity = run(&line).ends_with(0).json();
        satisfies("parity", &parity);
        assert_eq!(parity["verdict"], "same", "{parity:#}");
        assert_eq!(parity["not_as_bundled"], json!([]), "{parity:#}");
    }
    run("--rehearse=region-outage stacks parity").ends_with(12);
}

#[test]
fn the_board_answers_go_or_no_go() {
    let board = run("--rehearse preflight --format json")
        .ends_with(0)
        .json();
    let guards = board["guards"].as_array().unwrap();
    assert!(guards.len() >= 8);
    let parity = guards.iter().find(|g| g["id"] == "parity").unwrap();
    assert_eq!(parity["value"], "same", "{parity}");
    run("--rehearse=standby-unfit preflight").ends_with(20);
    run("--rehearse=empty preflight").ends_with(20);
}

/// Both outages are survived with what the standby has: the second one takes the Route 53 API away, too.
#[test]
fn a_failover_out_of_a_dark_region_is_0_and_says_how_long_it_took() {
    for scenario in ["region-outage", "control-plane-outage"] {
        let home = Home::new();
        let line =
            format!("--rehearse={scenario} --speed 60 failover --yes --reason drill --format json");
        let ran = home.run(&line).ends_with(0);
        let result = ran.json();
        satisfies("result", &result);
        assert_eq!(result["serving"], "standby");
        assert_eq!(result["outcome"], "succeeded");
        assert!(
            result["operation"]
                .as_str()
                .unwrap()
                .starts_with("failover-")
        );
        let (rto, rpo) = (&result["rto_seconds"], &result["rpo_seconds"]);
        assert!((10.0..900.0).contains(&rto.as_f64().unwrap()), "{rto}");
        assert!((0.0..300.0).contains(&rpo.as_f64().unwrap()), "{rpo}");
        let line = format!("--rehearse={scenario} report --format json");
        let report = home.run(&line).ends_with(0).json();
        satisfies("report", &report);
        assert_eq!(report["operation"], result["operation"]);
        assert_eq!(report["label"], "rehearsal");
        let told = &report["steps"][0]["requests"][0];
        assert_eq!(told["call"], "cloudwatch:PutMetricData");
        assert!(told["id"].as_str().is_some_and(|id| id.len() == 36));
        assert_eq!(report["rto"]["seconds"], *rto);
        assert_eq!(report["rpo"]["seconds"], *rpo);
        let line = format!("--rehearse={scenario} report --out reports");
        home.run(&line).ends_with(0);
        assert_eq!(home.files("reports").len(), 2);
        let steps = result["steps"].as_array().unwrap();
        assert!(
            steps.iter().all(|step| step["state"] == "done"),
            "{steps:?}"
        );
        assert_eq!(steps[0]["title"], "engage metric lever");
        assert!(
            ran.err.contains("wait for DNS"),
            "progress goes to stderr: {}",
            ran.err
        );
        let journal = result["journal"].as_str().unwrap();
        assert_eq!(home.files("state"), [std::path::PathBuf::from(journal)]);
    }
}

#[test]
fn progress_can_be_read_by_a_program() {
    let ran =
        run("--rehearse failover --yes --reason drill --format json --progress json").ends_with(0);
    let lines: Vec<Value> = ran
        .err
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert!(lines.len() >= 4, "{}", ran.err);
}

#[test]
fn an_environment_is_deployed_and_deleted() {
    let deploy = "--rehearse=empty --speed 60 deploy payment-standby --suffix demo --yes --reason drill --format json";
    let result = run(deploy).ends_with(0).json();
    satisfies("result", &result);
    assert_eq!(result["kind"], "deploy");
    let regions: Vec<&Value> = result["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["region"])
        .collect();
    assert_eq!(regions, ["us-west-2", "us-east-1", "us-east-1"]);
    // what serves is not deleted without an override
    run("--rehearse delete --yes --reason drill")
        .ends_with(20)
        .explains(&["not_serving"]);
    let overridden = "--rehearse delete --yes --reason drill --override not_serving --format json";
    let result = run(overridden).ends_with(0).json();
    assert_eq!(result["overrides"][0]["guard"], "not_serving");
    assert_eq!(result["overrides"][0]["reason"], "drill");
}

#[test]
fn a_refused_failover_is_20_with_its_reason() {
    run("--rehearse=standby-unfit failover --yes --reason x")
        .ends_with(20)
        .explains(&[
            "destination_healthy",
            "us-west-2 does not answer its health path",
        ]);
    run("--rehearse --read-only failover --yes --reason x")
        .ends_with(20)
        .explains(&["read-only"]);
    run("--rehearse --read-only deploy --yes --reason x")
        .ends_with(20)
        .explains(&["read-only"]);
}

#[test]
fn without_a_terminal_an_operation_needs_yes_and_a_reason() {
    run("--rehearse failover")
        .ends_with(2)
        .explains(&["no terminal", "--yes", "--reason"]);
    run("--rehearse failover --yes")
        .ends_with(2)
        .explains(&["--reason"]);
    run("--rehearse")
        .ends_with(2)
        .explains(&["needs a terminal"]);
}

#[test]
fn a_dry_run_shows_the_plan_and_changes_nothing() {
    let home = Home::new();
    let ran = home.run("--rehearse failover --dry-run").ends_with(0);
    for line in [
        "engage metric lever",
        "wait for its alarm",
        "undo:",
        "guards",
    ] {
        assert!(ran.out.contains(line), "{line} is missing in {}", ran.out);
    }
    let plan = home
        .run("--rehearse=region-outage failover --dry-run --format json")
        .ends_with(0)
        .json();
    assert_eq!(plan["situation"], "emergency");
    assert!(home.files("state").is_empty(), "nothing is written");
    home.run("--rehearse=standby-unfit failover --dry-run")
        .ends_with(20);
}

#[test]
fn what_can_not_be_meant_is_told_in_a_sentence() {
    let home = Home::new();
    let wrong: &[(&str, &[&str])] = &[
        (
            "--rehearse --primary us-east-1 --standby us-east-1 status",
            &["us-east-1", "two different regions"],
        ),
        (
            "--rehearse --bundle moon status",
            &["moon", "payment-standby"],
        ),
        (
            "--rehearse --suffix Bad! status",
            &["Bad!", "does not match"],
        ),
        ("--rehearse=moon status", &["moon", "region-outage"]),
        ("statsu", &["statsu", "status"]),
        ("status", &["which environment", "--suffix"]),
        (
            "--suffix demo status",
            &["which bundle", "--bundle", "payment-standby"],
        ),
        ("--suffix demo --endpoint-url ftp://x status", &["ftp://x"]),
        ("--suffix demo --name-server here status", &["here"]),
        (
            "--rehearse failover --yes --reason x --override luck",
            &["luck"],
        ),
        ("--rehearse failover --override exposure", &["--reason"]),
        ("--config none.toml status", &["none.toml", "can't be read"]),
        ("journal show failover-1", &["failover-1"]),
    ];
    for (line, words) in wrong {
        home.run(line).ends_with(2).explains(words);
    }
    let mut command = home.command();
    command
        .args(["--rehearse", "status"])
        .env("SWITCHBACK_READONLY", "1");
    Ran::of(&command.output().unwrap())
        .ends_with(2)
        .explains(&["SWITCHBACK_READONLY"]);
}

#[test]
fn a_broken_file_is_named_with_the_place_and_the_reason() {
    let home = Home::new();
    home.write("cut/x/bundle.json", "{ \"schema\": 1, \"name\": ");
    home.run("--bundle-dir cut stacks check")
        .ends_with(2)
        .explains(&["cut/x/bundle.json", "line 1"]);

    home.run("stacks export payment-standby --out ours/payment-standby")
        .ends_with(0);
    let manifest = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/stacks/payment-standby/bundle.json"
    );
    let manifest = std::fs::read_to_string(manifest).unwrap();
    let odd = manifest.replacen("\"rto_seconds\"", "\"rto_secondz\"", 1);
    home.write("ours/payment-standby/bundle.json", &odd);
    home.run("--bundle-dir ours stacks check")
        .ends_with(2)
        .explains(&["bundle.json", "objectives", "rto_secondz"]);

    home.write("ours/payment-standby/bundle.json", &manifest);
    home.write("ours/payment-standby/region.json", "{ \"Resources\": ");
    let ran = home.run("--bundle-dir ours stacks check payment-standby");
    assert!([1, 2].contains(&ran.code), "{}", ran.code);
    assert!(
        format!("{}{}", ran.out, ran.err).contains("region.json"),
        "{} {}",
        ran.out,
        ran.err
    );

    home.write("odd.toml", "title = 1\n");
    home.run("scenarios run odd.toml").ends_with(2).explains(&[
        "odd.toml",
        "title",
        "expected a string",
    ]);
    home.write("config/switchback/config.toml", "enviroments = 1\n");
    home.run("config check")
        .ends_with(2)
        .explains(&["config.toml", "line 1", "enviroments"]);
}

#[test]
fn without_credentials_or_an_endpoint_the_reason_is_said_at_once() {
    let ran = run("--bundle payment-standby --suffix demo status").ends_with(12);
    assert!(ran.out.contains("no credentials"), "{}", ran.out);
    let home = Home::new();
    let mut command = home.command();
    command
        .args([
            "--bundle",
            "payment-standby",
            "--suffix",
            "demo",
            "--endpoint-url",
            "http://127.0.0.1:1",
            "status",
            "--format",
            "json",
        ])
        .envs([
            ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ])
        .timeout(std::time::Duration::from_secs(30));
    let ran = Ran::of(&command.output().unwrap()).ends_with(12);
    let status = ran.json();
    satisfies("status", &status);
    assert_eq!(
        (&status["mode"], &status["serving"]),
        (&json!("endpoint"), &json!("unknown"))
    );
    let ran = Ran::of(
        &home
            .command()
            .args([
                "--bundle",
                "payment-standby",
                "--suffix",
                "demo",
                "--endpoint-url",
                "http://127.0.0.1:1",
                "status",
            ])
            .envs([
                ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
                ("AWS_SECRET_ACCESS_KEY", "secret"),
            ])
            .output()
            .unwrap(),
    );
    assert!(ran.out.contains("stacks not read lately: "), "{}", ran.out);
}

#[test]
fn the_journal_is_listed_shown_and_a_changed_one_is_found_out() {
    let home = Home::new();
    home.run("--rehearse journal verify").ends_with(0);
    home.run("journal show")
        .ends_with(2)
        .explains(&["the journal is empty"]);
    let line = "--rehearse failover --yes --reason drill --format json";
    let id = home.run(line).ends_with(0).json()["operation"]
        .as_str()
        .unwrap()
        .to_owned();
    let listed = home
        .run("--rehearse journal list --format json")
        .ends_with(0)
        .json();
    assert_eq!(listed[0]["operation"], id.as_str());
    assert_eq!(listed[0]["outcome"], "succeeded");
    assert_eq!(listed[0]["reason"], "drill");
    assert_eq!(listed[0]["who"], "ops");
    let shown = home.run("--rehearse journal show").ends_with(0);
    assert!(shown.out.contains("engage metric lever"), "{}", shown.out);
    home.run("--rehearse journal verify").ends_with(0);

    let file = home.files("state").remove(0);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replacen("drill", "storm", 1)).unwrap();
    let ran = home.run("--rehearse journal verify").ends_with(1);
    assert!(ran.out.contains(&id), "{}", ran.out);
    assert!(ran.err.contains("not as they were written"), "{}", ran.err);
}

#[test]
fn bundles_are_listed_shown_checked_and_exported() {
    let home = Home::new();
    let listed = home.run("stacks list --format json").ends_with(0).json();
    assert!(
        listed
            .as_array()
            .unwrap()
            .iter()
            .any(|b| b["name"] == "payment-standby"),
        "{listed}"
    );
    home.run("stacks show payment-standby").ends_with(0);
    home.run("stacks check").ends_with(0);
    home.run("stacks export payment-standby").ends_with(0);
    home.run("stacks export payment-standby --yaml --out yaml")
        .ends_with(0);
    for file in ["payment-standby/region.json", "yaml/region.yaml"] {
        let text = std::fs::read_to_string(home.path(file)).unwrap();
        assert!(
            text.contains("AWS::DynamoDB::") || text.contains("AWS::Lambda::Function"),
            "{file}"
        );
    }
}

#[test]
fn outputs_are_printed_and_written_flat() {
    let home = Home::new();
    let outputs = home
        .run("--rehearse outputs --flat --format json")
        .ends_with(0)
        .json();
    let domain = outputs["standby.ApiDomain"].as_str().unwrap();
    assert!(domain.contains("us-west-2"), "{domain}");
    let flat = std::fs::read_to_string(home.path("cfn-outputs/flat-outputs.json")).unwrap();
    let flat: Value = serde_json::from_str(&flat).unwrap();
    assert_eq!(flat["standbyApiDomain"], domain);
}

#[test]
fn scenarios_are_listed_and_shown() {
    let listed = run("scenarios list --format json").ends_with(0).json();
    assert!(listed.as_array().unwrap().len() >= 18, "{listed}");
    let shown = run("scenarios show region-outage").ends_with(0);
    assert!(shown.out.contains("Grey outage"), "{}", shown.out);
}

#[test]
fn a_scenario_of_ones_own_can_be_played_and_may_miss_its_end() {
    let home = Home::new();
    let scenario = "title = \"Nothing\"\nstory = \"Nothing happens.\"\ndeployed = true\n\
                    [expect]\nwithin = 30\nserving = ";
    home.write("quiet.toml", &format!("{scenario}\"primary\"\n"));
    home.run("scenarios run quiet.toml").ends_with(0);
    home.write("missed.toml", &format!("{scenario}\"standby\"\n"));
    home.run("scenarios run missed.toml")
        .ends_with(22)
        .explains(&[
            "missed",
            "not reached in 30 s",
            "serving primary, not standby",
        ]);
}

#[test]
fn the_program_tells_about_itself() {
    let home = Home::new();
    let info = home.run("info --format json").ends_with(0).json();
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(info["mode"], "live");
    home.write(
        "config/switchback/config.toml",
        "[environments.pay]\nbundle = \"payment-standby\"\nsuffix = \"demo\"\n",
    );
    home.run("config check").ends_with(0);
    let printed = home.run("-e pay config print").ends_with(0);
    assert!(printed.out.contains("payment-standby"), "{}", printed.out);
    for shell in ["bash", "zsh", "fish"] {
        let script = home.run(&format!("completions {shell}")).ends_with(0);
        assert!(script.out.contains("failover"), "{shell}");
    }
    assert!(
        home.run("man")
            .ends_with(0)
            .out
            .contains(".TH switchback 1")
    );
    let help = home.run("--help").ends_with(0);
    assert!(help.out.contains("Exit codes:") && help.err.is_empty());
    assert!(
        home.run("--version")
            .ends_with(0)
            .out
            .starts_with("switchback ")
    );
}
