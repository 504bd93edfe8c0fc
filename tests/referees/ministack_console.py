#!/usr/bin/env python3
"""Judges the program by what an AWS that nobody here wrote says about its work.

MiniStack knows no health checks and answers no DNS, so nothing can be confirmed there: serving
is unknown, a planned move is refused until somebody overrides that, and one that is overridden
times out. What was commanded must be there all the same.
"""
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request

from referee import ROOT, Program, check, client, free_port, judge, ministack, must, same, say, until

SUFFIX = "referee"
NAME = f"payment-standby-{SUFFIX}"
PRIMARY, STANDBY = "us-east-1", "us-west-2"
BOTH = (PRIMARY, STANDBY)
LEVER = {"Namespace": "Switchback/Failover", "Dimensions": [{"Name": "Environment", "Value": SUFFIX}]}
SURE = ("--yes", "--reason", "referee")
# MiniStack does not know ListImports, so that nobody can say who imports what is exported
DELETES = (*SURE, "--override", "blockers")
# what MiniStack can't tell, so that an operator has to say that it does not matter
BLIND = ("--override", "destination_healthy", "--override", "destination_fit", "--override", "predicted", "--override", "exposure")

DONE, FAILURE, CANNOT_TELL, REFUSED, FAILED, TIMED_OUT = 0, 1, 12, 20, 22, 23


class Judge:
    def __init__(self, folder, url):
        self.folder, self.url = folder, url
        bundles = folder / "bundles"
        bundles.mkdir()
        pruned = subprocess.run(
            [sys.executable, ROOT / "tests/referees/prune.py", ROOT / "stacks/payment-standby", bundles / "payment-standby"],
            check=True, capture_output=True, text=True).stdout
        say(pruned.rstrip())
        self.bundles = bundles
        self.console = self.program(url)

    def program(self, url, *more, bundles=None, suffix=SUFFIX):
        return Program(
            self.folder, "--endpoint-url", url, "--bundle-dir", str(bundles or self.bundles), "--bundle", "payment-standby",
            "--suffix", suffix, *more)

    def aws(self, service, region):
        return client(self.url, service, region)

    def stacks(self, region):
        found = self.aws("cloudformation", region).describe_stacks()["Stacks"]
        return {s["StackName"]: s for s in found if s["StackStatus"] != "DELETE_COMPLETE"}

    def status(self):
        return self.console.json("status").json

    def region(self, name, status=None):
        return next(r for r in (status or self.status())["regions"] if r["region"] == name)

    def newest(self, metric, region=STANDBY):
        """What GetMetricData says was published last, by magnitude: both signs may fall into one minute."""
        now = time.time()
        query = lambda i, stat: {"Id": i, "MetricStat": {"Metric": LEVER | {"MetricName": metric}, "Period": 60, "Stat": stat}}
        got = self.aws("cloudwatch", region).get_metric_data(
            MetricDataQueries=[query("most", "Maximum"), query("least", "Minimum")],
            StartTime=now - 1800, EndTime=now + 120)["MetricDataResults"]
        return max((v for result in got for v in result["Values"]), key=abs, default=None)

    def records(self):
        """The zone's record sets as they are sent."""
        route53 = self.aws("route53", PRIMARY)
        zones = [z["Id"] for z in route53.list_hosted_zones()["HostedZones"] if z["Name"] == "pay.test."]
        must(len(zones) == 1, "there is one zone pay.test", zones)
        sets = route53.list_resource_record_sets(HostedZoneId=zones[0])["ResourceRecordSets"]
        with urllib.request.urlopen(f"{self.url}/2013-04-01{zones[0]}/rrset", timeout=10) as reply:
            return reply.read(), sets

    def lever_path(self):
        api = self.aws("apigateway", STANDBY).get_rest_apis()["items"]
        api = next(a["id"] for a in api if a["name"] == f"payment-api-{SUFFIX}")
        try:
            with urllib.request.urlopen(f"{self.url}/_aws/execute-api/{api}/prod/lever", timeout=30) as reply:
                return reply.status
        except urllib.error.HTTPError as error:
            return error.code

    def inventory(self):
        """Everything that an environment makes, by region."""
        lists = {
            "zones": ("route53", lambda c: [z["Name"] for z in c.list_hosted_zones()["HostedZones"]]),
            "buckets": ("s3", lambda c: [b["Name"] for b in c.list_buckets()["Buckets"]]),
            "functions": ("lambda", lambda c: [f["FunctionName"] for f in c.list_functions()["Functions"]]),
            "alarms": ("cloudwatch", lambda c: [a["AlarmName"] for a in c.describe_alarms()["MetricAlarms"]]),
            "tables": ("dynamodb", lambda c: c.list_tables()["TableNames"]),
            "APIs": ("apigateway", lambda c: [a["name"] for a in c.get_rest_apis()["items"]]),
            "topics": ("sns", lambda c: [t["TopicArn"] for t in c.list_topics()["Topics"]]),
            "rules": ("events", lambda c: [r["Name"] for r in c.list_rules()["Rules"]]),
            "roles": ("iam", lambda c: [r["RoleName"] for r in c.list_roles()["Roles"]]),
            "logs": ("logs", lambda c: [g["logGroupName"] for g in c.describe_log_groups()["logGroups"]]),
        }
        found = {f"{r} {what}": sorted(ask(self.aws(s, r))) for r in BOTH for what, (s, ask) in lists.items()}
        return found | {f"{r} stacks": sorted(self.stacks(r)) for r in BOTH}


def nothing_is_there(judge):
    ran = judge.console.json("status")
    same(ran.code, CANNOT_TELL, "status before the first deploy: cannot tell")
    seen = ran.json
    same((seen["mode"], seen["serving"]), ("endpoint", "unknown"), "it says that this is an endpoint, and that nobody knows who serves")
    phases = {s["phase"] for r in seen["regions"] for s in r["stacks"]}
    same(phases, {"absent"}, "every stack is absent")
    same([r["reachable"] for r in seen["regions"]], [True, True], "both regions answer")

    ran = judge.program(f"http://127.0.0.1:{free_port()}").json("status")
    same(ran.code, CANNOT_TELL, "status of a dead endpoint: cannot tell")
    check(ran.seconds < 10, f"within its eight seconds: {ran.seconds:.1f} s")
    same([r["reachable"] for r in ran.json["regions"]], [False, False], "neither region answers")

    ran = judge.console.run("deploy", *SURE)
    check(ran.code == FAILURE and "domainName" in ran.err, "a deploy without the domain names what is missing", ran)
    ran = judge.console.run("deploy", "--parameter", "domainName=pay.test")
    check(ran.code == 2 and "--yes" in ran.err, "without a terminal and --yes nothing is confirmed", ran)
    ran = judge.console.run("--read-only", "deploy", "--parameter", "domainName=pay.test", *SURE)
    same(ran.code, REFUSED, "read-only refuses a deploy")
    same([judge.stacks(r) for r in BOTH], [{}, {}], "and none of these made a stack")


def deployed(judge):
    ran = judge.console.json("deploy", "--parameter", "domainName=pay.test", "--progress", "json", *SURE)
    must(ran.code == DONE, "payment-standby is deployed into both regions", ran.out + ran.err[-3000:])
    result = ran.json
    same((result["kind"], result["outcome"]), ("deploy", "succeeded"), "the result says so")
    same([(s["region"], s["state"], s["note"]) for s in result["steps"]],
         [(r, "done", "CREATE_COMPLETE") for r in (STANDBY, PRIMARY, PRIMARY)], "stack by stack, the standby first")
    same((result["rto_seconds"], result["rpo_seconds"]), (None, None), "a deploy has no RTO and no RPO")
    progress = [json.loads(line) for line in ran.err.splitlines()]
    events = {p["event"]["logical_id"] for p in progress if p["type"] == "event"}
    check({"PaymentTable", "LeverAlarm", "ServiceRecordStandby"} <= events, "the stacks' events were told on stderr", events)

    for region, names in ((STANDBY, [NAME]), (PRIMARY, [NAME, f"payment-standby-global-{SUFFIX}"])):
        found = judge.stacks(region)
        same({n: s["StackStatus"] for n, s in found.items()}, dict.fromkeys(names, "CREATE_COMPLETE"), f"{region} has its stacks")
        tags = {t["Key"]: t["Value"] for t in found[NAME].get("Tags", ())}
        same(tags.get("switchback:environment"), NAME, f"{region}: they are tagged with the environment")
        tokens = {e.get("ClientRequestToken") for e in
                  judge.aws("cloudformation", region).describe_stack_events(StackName=NAME)["StackEvents"]}
        check(any(t and result["operation"] in t for t in tokens), f"{region}: their events carry the operation", tokens)

    outputs = judge.console.json("outputs").json
    live = {f"{i}.{o['OutputKey']}": o["OutputValue"]
            for i, r in (("standby", STANDBY), ("primary", PRIMARY)) for o in judge.stacks(r)[NAME]["Outputs"]}
    same({k: v for k, v in outputs.items() if not k.startswith("global.")}, live, "outputs are those of the stacks")


def updated(judge):
    def parameter(name):
        found = judge.stacks(STANDBY)[NAME]["Parameters"]
        return next(p["ParameterValue"] for p in found if p["ParameterKey"] == name)

    def deploy(*parameters):
        ran = judge.console.json("deploy", *(w for p in parameters for w in ("--parameter", p)), *SURE)
        same(ran.code, DONE, f"deploy with {', '.join(parameters) or 'no parameter'}")
        return [(s["state"], s["note"]) for s in ran.json["steps"]]

    def planned(*parameters):
        ran = judge.console.json("deploy", "--dry-run", *(w for p in parameters for w in ("--parameter", p)))
        same(ran.code, DONE, f"the plan of a deploy with {', '.join(parameters) or 'no parameter'}")
        return [step["forecast"] for step in ran.json["steps"]]

    same([f["basis"] for f in planned("domainName=pay.test")], ["unchanged"] * 3, "says `no changes` where nothing changes")
    text = judge.console.run("deploy", "--dry-run", "--parameter", "domainName=pay.test").out
    same(text.count("no changes"), 3, "and in words")
    first, *_ = planned("domainName=pay.test", "notificationEmail=ops@pay.test")
    check(first["changes"] and first["basis"] != "unchanged", "says what a new address would change", first)
    emails = [(p["old"], p["new"]) for p in first["parameters"] if p["name"] == "notificationEmail"]
    same(emails, [("", "ops@pay.test")], "and the parameter, from which to which")
    same(parameter("notificationEmail"), "", "and has changed nothing yet")
    sets = [s for r in BOTH for n in judge.stacks(r) for s in
            judge.aws("cloudformation", r).list_change_sets(StackName=n)["Summaries"] if s["ExecutionStatus"] == "AVAILABLE"]
    same(sets, [], "nor left a change set")

    unchanged = ("skipped", "no changes")
    same(deploy("domainName=pay.test"), [unchanged] * 3, "the same again: no changes anywhere")
    changed = ("done", "UPDATE_COMPLETE")
    same(deploy("domainName=pay.test", "notificationEmail=ops@pay.test"), [changed, changed, unchanged],
         "a new address for the alarms changes both regions' stacks and not the global one")
    same(parameter("notificationEmail"), "ops@pay.test", "and arrives")
    same(deploy(), [unchanged] * 3, "with nothing given, everything stays as deployed")
    same(parameter("notificationEmail"), "ops@pay.test", "the address too: no default was put back over it")


def observed(judge):
    seen = judge.status()
    for name in BOTH:
        region = judge.region(name, seen)
        same({s["name"]: s["phase"] for s in region["stacks"]}, dict.fromkeys(judge.stacks(name), "settled"), f"{name}: stacks are settled")
        live = {a["AlarmName"] for a in judge.aws("cloudwatch", name).describe_alarms()["MetricAlarms"]}
        same({a["name"] for a in region["alarms"]}, live, f"{name}: every alarm of the stacks is shown")
        probe = next(c for c in region["health_checks"] if c["source"] == "probe")
        same(probe["health"], "unknown", f"{name}: the emulator's made-up host name is not asked for its health")
    same((seen["serving"], seen["traffic"]["confirmed"], seen["traffic"]["predicted"]), ("unknown", "unknown", ["primary"]),
         "nobody asked DNS: serving is unknown, though the records predict the primary")
    same(seen["traffic"]["record"], "api.pay.test", "the service's name is known from the stacks")

    def alarm(state, reason):
        judge.aws("cloudwatch", STANDBY).set_alarm_state(AlarmName=f"payment-throttles-{SUFFIX}", StateValue=state, StateReason=reason)
        status = judge.status()
        shown = next(a for a in judge.region(STANDBY, status)["alarms"] if a["name"] == f"payment-throttles-{SUFFIX}")
        fit = next(g for g in status["guards"] if g["id"] == "destination_fit")
        return shown["state"], shown["reason"], fit["verdict"], shown["name"] in fit["value"]

    same(alarm("ALARM", "the referee says <so> & more"), ("ALARM", "the referee says <so> & more", "refuse", True),
         "SetAlarmState is seen with its reason, and a critical alarm makes the standby unfit")
    same(alarm("OK", "well again"), ("OK", "well again", "refuse", False),
         "and well again; the emulator leaves the others without data, which is no sign of fitness")

    def signal(name):
        found = next(s for s in judge.region(STANDBY)["signals"] if s["id"] == name)
        return found["value"], found["verdict"]

    dimensions = LEVER["Dimensions"]
    put = lambda metric, value: judge.aws("cloudwatch", STANDBY).put_metric_data(
        Namespace="Switchback/DR", MetricData=[{"MetricName": metric, "Dimensions": dimensions, "Value": value}])
    same(signal("staleness"), (None, "unknown"), "a metric that nobody publishes is unknown")
    put("ReplicaStalenessSeconds", 42.5)
    same(signal("staleness"), (42.5, "good"), "after PutMetricData it is shown")
    put("ReplicaStalenessSeconds", 1234)
    same(signal("staleness"), (1234, "breach"), "and judged against its limit")
    beat = int(time.time()) - 7
    put("HeartbeatReceived", beat)
    same(signal("heartbeat")[0], beat, "the heartbeat's time arrives to the second")
    exposure = next(g for g in judge.status()["guards"] if g["id"] == "exposure")
    check(exposure["verdict"] == "allow", "so that the exposure is known and within its limit", exposure)


def metric_lever(judge):
    same(judge.newest("FailoverCommand"), None, "nobody has commanded anything yet")
    ran = judge.console.json("preflight", "failover")
    refused = {g["id"] for g in ran.json["guards"] if g["verdict"] == "refuse"}
    same((ran.code, refused), (REFUSED, {"destination_healthy", "destination_fit", "predicted"}), "preflight says no-go, and why")
    for words in (("failover", *SURE), ("failover", "--dry-run"), ("--read-only", "failover", *SURE, *BLIND)):
        same(judge.console.run(*words).code, REFUSED, f"`{' '.join(words)}` is refused")
    same(judge.newest("FailoverCommand"), None, "and nothing was sent")

    def move(verb, engaged, words=()):
        ran = judge.console.json(verb, "--timeout", "8", *SURE, *BLIND, *words)
        same(ran.code, TIMED_OUT, f"{verb}: without DNS it can't be confirmed, and says so")
        check(ran.seconds < 25, f"in bounded time: {ran.seconds:.1f} s")
        result = ran.json
        same((result["outcome"], result["serving"], result["rto_seconds"]), ("timed_out", "unknown", None),
             "the result claims nothing: no serving region, no recovery time")
        overridden = {o["guard"] for o in result["overrides"]}
        check({"destination_healthy"} <= overridden, "the overrides are on record", overridden)
        step = result["steps"][0]
        same(step["state"], "done", "the lever was pulled")
        number = int(step["note"].split()[1])
        wanted = number if engaged else -number
        until(lambda: judge.newest("FailoverCommand") == wanted, f"the datum {wanted}", 10)
        same(judge.newest("FailoverCommand"), wanted, "GetMetricData returns the command that the console reports")
        return number

    first = move("failover", True)
    check(abs(first - time.time()) < 60, "its number is the time")
    same(judge.newest("FailoverEngaged"), 1.0, "the state was published beside it")
    same(judge.newest("FailoverCommand", PRIMARY), None, "nothing was sent to the primary region")
    until(lambda: judge.aws("cloudwatch", STANDBY).describe_alarms(AlarmNames=[f"failover-engaged-{SUFFIX}"])
          ["MetricAlarms"][0]["StateValue"] == "ALARM", "the lever's alarm is in ALARM", 90)
    traffic = judge.status()["traffic"]
    same((traffic["commanded"], traffic["confirmed"], traffic["lever"]), ("standby", "unknown", "metric"),
         "status tells commanded from confirmed")
    # a command from elsewhere, by a clock that is an hour ahead, must not win over the next one
    ahead = first + 3600
    judge.aws("cloudwatch", STANDBY).put_metric_data(
        Namespace=LEVER["Namespace"], MetricData=[{"MetricName": "FailoverCommand", "Dimensions": LEVER["Dimensions"], "Value": ahead}])
    second = move("failback", False)
    same(second, ahead + 1, "the way back is numbered after the newest command, whatever the clock says")
    same(judge.status()["traffic"]["commanded"], "primary", "commanded is the primary again")


def records_lever(judge):
    before, sets = judge.records()

    def weights(sets):
        return {(s["Name"], s["SetIdentifier"]): s["Weight"] for s in sets if "Weight" in s}

    at_home = {(f"{name}.pay.test.", side): weight for name in ("api", "active-region")
               for side, weight in (("primary", 100), ("standby", 0))}
    same(weights(sets), at_home, "before: all weight on the primary")
    ran = judge.console.json("failover", "--lever", "records", "--timeout", "15", *SURE, *BLIND)
    same((ran.code, ran.json["steps"][0]["state"]), (TIMED_OUT, "done"), "the records lever is pulled; DNS can't confirm it")
    moved, sets = judge.records()
    away = {(name, side): 100 - weight for (name, side), weight in at_home.items()}
    same(weights(sets), away, "service and marker moved together")
    traffic = judge.status()["traffic"]
    same((traffic["commanded"], traffic["lever"], traffic["predicted"]), ("standby", "records", ["standby"]),
         "status sees what the records say now")
    ran = judge.console.json("failback", "--lever", "records", "--timeout", "15", *SURE, *BLIND)
    same((ran.code, ran.json["steps"][0]["state"]), (TIMED_OUT, "done"), "and the way back")
    after, _ = judge.records()
    check(moved != before and after == before, "the records are what they were, byte for byte", f"{before}\n{after}")


def records_lever_and_others(judge):
    """Weights that no rule could guess, and somebody else at work between the way there and the way back."""
    route53 = judge.aws("route53", PRIMARY)
    zone = next(z["Id"] for z in route53.list_hosted_zones()["HostedZones"] if z["Name"] == "pay.test.")

    def put(wanted):
        sets = [s for s in judge.records()[1] if (s["Name"], s.get("SetIdentifier")) in wanted]
        changes = [{"Action": "UPSERT", "ResourceRecordSet": s | {"Weight": wanted[s["Name"], s["SetIdentifier"]]}} for s in sets]
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})

    both = ("api.pay.test.", "active-region.pay.test.")
    home, _ = judge.records()
    put({(n, side): w for n in both for side, w in (("primary", 90), ("standby", 10))})
    before, _ = judge.records()
    ran = judge.console.json("failover", "--lever", "records", "--timeout", "15", *SURE, *BLIND)
    same((ran.code, ran.json["steps"][0]["state"]), (TIMED_OUT, "done"), "the records lever is pulled over weights of 90 and 10")
    moved, _ = judge.records()

    put({("api.pay.test.", "standby"): 50})
    theirs, _ = judge.records()
    ran = judge.console.run("failback", "--lever", "records", "--timeout", "15", *SURE, *BLIND)
    same(ran.code, REFUSED, "somebody else changed a record: the way back is refused")
    check("api.pay.test CNAME standby: weight 100 → weight 50" in ran.err, "and the difference is shown", ran.err)
    same(judge.records()[0], theirs, "nothing was changed")
    put({("api.pay.test.", "standby"): 100})
    same(judge.records()[0], moved, "they put it back")

    ran = judge.console.json("failback", "--timeout", "15", *SURE, *BLIND)
    same((ran.code, ran.json["steps"][0]["state"]), (TIMED_OUT, "done"), "the way back, by the lever that is engaged")
    same(judge.records()[0], before, "restores 90 and 10 byte for byte, from the journal")
    put({(n, side): w for n in both for side, w in (("primary", 100), ("standby", 0))})
    same(judge.records()[0], home, "and the template's weights are put back")


def endpoint_lever(judge):
    same(judge.lever_path(), 503, "the endpoint lever is released")
    ran = judge.console.json("failover", "--lever", "endpoint", "--timeout", "20", *SURE, *BLIND)
    same((ran.code, ran.json["steps"][0]["state"]), (TIMED_OUT, "done"), "it is pulled; DNS can't confirm it")
    same(judge.lever_path(), 200, "its path answers 200")
    ran = judge.console.json("deploy", *SURE)
    same((ran.code, {s["state"] for s in ran.json["steps"]}), (DONE, {"skipped"}), "a deploy meanwhile changes nothing")
    same(judge.lever_path(), 200, "and leaves the lever pulled")
    ran = judge.console.json("failback", "--lever", "endpoint", "--timeout", "20", *SURE, *BLIND)
    same((ran.code, ran.json["steps"][0]["state"]), (TIMED_OUT, "done"), "it is released")
    same(judge.lever_path(), 503, "its path answers 503 again")


def failed_and_repaired(judge):
    """A deploy that AWS refuses half-way, and the next one over what it left."""
    whole = judge.program(judge.url, bundles=ROOT / "stacks", suffix="second")
    ran = whole.json("deploy", "--parameter", "domainName=second.test", *SURE)
    result = ran.json
    same((ran.code, result["outcome"]), (FAILED, "failed"), "a deploy that MiniStack can't do fails")
    check("ErrorRateAlarm" in (result["reason"] or ""), "its reason names the resource", result["reason"])
    same([s["state"] for s in result["steps"]], ["failed", "waiting", "waiting"], "nothing was begun after it")
    pruned = judge.program(judge.url, suffix="second")
    ran = pruned.json("deploy", "--parameter", "domainName=second.test", *SURE)
    same((ran.code, [s["title"].split()[0] for s in ran.json["steps"]]), (DONE, ["delete", "create", "create", "create"]),
         "the next deploy clears the wreck away and succeeds")
    same(pruned.run("delete", *DELETES).code, DONE, "and is deleted again")


def left(judge, before):
    ran = judge.console.json("journal", "list")
    kinds = [(j["kind"], j["outcome"]) for j in ran.json] if isinstance(ran.json, list) else ran.json
    check(ran.code == DONE and ("deploy", "succeeded") in kinds and ("failover", "timed_out") in kinds,
          "the journal lists what was done and how it ended", kinds)
    same(judge.console.run("journal", "verify").code, DONE, "the journal is as it was written")
    for role, region in (("primary", PRIMARY), ("standby", STANDBY)):
        bucket = judge.console.json("outputs").json[f"{role}.BucketName"]
        judge.aws("s3", region).put_object(Bucket=bucket, Key="audit/left-over.json", Body=b"{}")
    ran = judge.console.json("delete", *DELETES)
    must(ran.code == DONE, "the environment is deleted, its buckets not empty", ran.out + ran.err[-2000:])
    same([(s["region"], s["note"]) for s in ran.json["steps"]],
         [(r, "DELETE_COMPLETE, nothing is left") for r in (PRIMARY, PRIMARY, STANDBY)], "in its order")
    after = judge.inventory()
    more = {k: sorted(set(v) - set(before[k])) for k, v in after.items() if v != before[k]}
    same(more, {}, "nothing is left in either region")
    same(judge.console.run("status").code, CANNOT_TELL, "status: not deployed")
    ran = judge.console.run("delete", *DELETES)
    check(ran.code == FAILURE and "nothing to delete" in ran.err, "a second delete has nothing to do and says so", ran)


def main(folder):
    with ministack(folder) as url:
        judge_ = Judge(folder, url)
        before = judge_.inventory()
        nothing_is_there(judge_)
        deployed(judge_)
        updated(judge_)
        observed(judge_)
        metric_lever(judge_)
        records_lever(judge_)
        records_lever_and_others(judge_)
        endpoint_lever(judge_)
        failed_and_repaired(judge_)
        left(judge_, before)


if __name__ == "__main__":
    judge(main)
