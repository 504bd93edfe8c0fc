#!/usr/bin/env python3
"""Reads and moves the rehearsal's world with tools that nobody here wrote: the AWS CLI and dig."""
import contextlib
import json
import re
import shutil
import subprocess
import sys
import time

from referee import Program, check, free_port, judge, must, running, same, until

PRIMARY, STANDBY = "us-east-1", "us-west-2"
NAME, SUFFIX, DOMAIN = "payment-standby-demo", "demo", "pay.test"
MARKER = f"active-region.{DOMAIN}"
SPEED = 60


class World:
    """A served world, and the tools that look at it."""

    def __init__(self, program, folder, process):
        self.program, self.process = program, process
        self.log = folder / "serve.log"
        text = until(lambda: "server: " in self.log.read_text() and self.log.read_text(), "`serve` says where it listens", 30, 0.05)
        self.url = re.search(r"http://127\.0\.0\.1:\d+", text)[0]
        self.dns = re.search(r"[Nn]ame server: +127\.0\.0\.1:(\d+)", text)[1]
        self.environment = program.environment | {"AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "2"}

    def cli(self, region, *words, fails=False):
        """The AWS CLI's answer; its error message where it is expected to fail."""
        ran = subprocess.run(
            [sys.executable, "-m", "awscli", "--endpoint-url", self.url, "--region", region, "--output", "json", *words],
            env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        if fails:
            check(ran.returncode != 0, f"`aws {' '.join(words[:2])}` fails", ran)
            return ran.stderr
        must(ran.returncode == 0, f"`aws {' '.join(words[:2])}` in {region}", ran.stderr)
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    def dig(self, name, kind, *flags):
        """Code, flags and values of one answer."""
        ran = subprocess.run(
            ["dig", "@127.0.0.1", "-p", self.dns, "+time=2", "+tries=1", "+norecurse", *flags, name, kind],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
        code = re.search(r"status: (\w+)", ran.stdout)
        found = re.search(r"flags: ([a-z ]*);", ran.stdout)
        section = re.search(r";; ANSWER SECTION:\n(.*?)\n\n", ran.stdout, re.S)
        lines = section[1].splitlines() if section else []
        return code and code[1], found[1].split() if found else [], [line.split(None, 4)[4] for line in lines]

    def marker(self):
        return [value.strip('"') for value in self.dig(MARKER, "TXT")[2]]

    def lever(self, number, engaged):
        """What the console sends, sent by somebody else."""
        dimensions = [{"Name": "Environment", "Value": SUFFIX}]
        data = [{"MetricName": name, "Dimensions": dimensions, "Value": value}
                for name, value in (("FailoverCommand", number if engaged else -number), ("FailoverEngaged", int(engaged)))]
        self.cli(STANDBY, "cloudwatch", "put-metric-data", "--namespace", "Switchback/Failover", "--metric-data", json.dumps(data))

    def newest(self, metric, stat):
        query = {"Id": "q", "MetricStat": {"Period": 60, "Stat": stat, "Metric": {
            "Namespace": "Switchback/Failover", "MetricName": metric, "Dimensions": [{"Name": "Environment", "Value": SUFFIX}]}}}
        stamp = lambda seconds: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
        got = self.cli(STANDBY, "cloudwatch", "get-metric-data", "--start-time", stamp(-7200), "--end-time", stamp(7200),
                       "--metric-data-queries", json.dumps([query]))["MetricDataResults"][0]
        return got["Values"]


def stacks_and_alarms(world):
    status = world.program.json("--endpoint-url", world.url, "--name-server", f"127.0.0.1:{world.dns}", "status").json
    for region in (PRIMARY, STANDBY):
        stacks = world.cli(region, "cloudformation", "describe-stacks")["Stacks"]
        shown = next(r for r in status["regions"] if r["region"] == region)
        same({s["StackName"]: s["StackStatus"] for s in stacks}, {s["name"]: s["status"] for s in shown["stacks"]},
             f"{region}: the AWS CLI and a second console see the same stacks")
        alarms = world.cli(region, "cloudwatch", "describe-alarms")
        live = {a["AlarmName"]: a["StateValue"] for kind in ("MetricAlarms", "CompositeAlarms") for a in alarms[kind]}
        same(live, {a["name"]: a["state"] for a in shown["alarms"]}, f"{region}: and the same alarms")
    outputs = {o["OutputKey"] for s in world.cli(STANDBY, "cloudformation", "describe-stacks", "--stack-name", NAME)["Stacks"]
               for o in s["Outputs"]}
    check({"ApiDomain", "LeverAlarmName"} <= outputs, "a stack has its outputs", outputs)
    kinds = {r["ResourceType"] for r in world.cli(
        STANDBY, "cloudformation", "describe-stack-resources", "--stack-name", NAME)["StackResources"]}
    check({"AWS::Lambda::Function", "AWS::CloudWatch::Alarm"} <= kinds, "and its resources", kinds)
    same(status["serving"], "primary", "the second console, with --name-server, is told by DNS who serves")
    same(world.cli(STANDBY, "sts", "get-caller-identity")["Account"], "123456789012", "the caller has an identity")


def routing(world):
    zones = world.cli(PRIMARY, "route53", "list-hosted-zones")["HostedZones"]
    same([z["Name"] for z in zones], [f"{DOMAIN}."], "the zone is listed")
    sets = world.cli(PRIMARY, "route53", "list-resource-record-sets", "--hosted-zone-id", zones[0]["Id"])["ResourceRecordSets"]
    weights = {(s["Name"], s["SetIdentifier"]): s["Weight"] for s in sets if "Weight" in s}
    same(weights, {(f"{n}.{DOMAIN}.", side): w for n in ("api", "active-region") for side, w in (("primary", 100), ("standby", 0))},
         "its weighted records are listed")
    checks = world.cli(PRIMARY, "route53", "list-health-checks")["HealthChecks"]
    kinds = sorted(c["HealthCheckConfig"]["Type"] for c in checks)
    same(kinds, ["CALCULATED", "CLOUDWATCH_METRIC", "HTTPS", "HTTPS", "HTTPS"], "the health checks are listed, children and all")
    combined = next(c["HealthCheckConfig"] for c in checks if c["HealthCheckConfig"]["Type"] == "CALCULATED")
    check(set(combined["ChildHealthChecks"]) < {c["Id"] for c in checks} and combined["HealthThreshold"] == 3,
          "primary-ok needs all of its three children", combined)
    for endpoint in (c for c in checks if c["HealthCheckConfig"]["Type"] == "HTTPS"):
        seen = world.cli(PRIMARY, "route53", "get-health-check-status", "--health-check-id", endpoint["Id"])["HealthCheckObservations"]
        well = all(o["StatusReport"]["Status"].startswith("Success") for o in seen)
        # the endpoint lever's path fails while the lever is released, which its inverted check takes for healthy
        same((len(seen) >= 16, well), (True, not endpoint["HealthCheckConfig"]["Inverted"]),
             f"Route 53's checkers report on {endpoint['HealthCheckConfig']['ResourcePath']}")
    calculated = next(c["Id"] for c in checks if c["HealthCheckConfig"]["Type"] == "CALCULATED")
    seen = world.cli(PRIMARY, "route53", "get-health-check-status", "--health-check-id", calculated)["HealthCheckObservations"]
    same(seen, [], "a calculated check has no checkers of its own")
    primary = next(s["ResourceRecords"][0]["Value"] for s in sets if s["Name"] == f"api.{DOMAIN}." and s["SetIdentifier"] == "primary")
    return primary


def names(world, primary):
    code, flags, values = world.dig(MARKER, "TXT")
    same((code, "aa" in flags, values), ("NOERROR", True, [f'"{PRIMARY}"']), "dig: the marker names the primary, with authority")
    same(world.dig(MARKER, "TXT", "+tcp")[2], [f'"{PRIMARY}"'], "dig: over TCP as well")
    same(world.dig(MARKER.upper(), "TXT")[2], [f'"{PRIMARY}"'], "dig: whatever the case of its letters")
    code, flags, values = world.dig(f"api.{DOMAIN}", "CNAME")
    same((code, [v.rstrip(".") for v in values]), ("NOERROR", [primary]), "dig: the service's name leads to the primary")
    same(len(world.dig(DOMAIN, "NS")[2]), 4, "dig: the zone has four name servers")
    same(world.dig(f"nobody.{DOMAIN}", "A")[0], "NXDOMAIN", "dig: a name that is not there does not exist")
    for foreign in ("example.com", "amazonaws.com", "test", "notpay.test"):
        code, flags, values = world.dig(foreign, "A")
        same((code, "aa" in flags, values), ("REFUSED", False, []), f"dig: {foreign} is not its business")


def lever(world):
    number = int(time.time()) + 86400
    world.lever(number, engaged=True)
    same(max(world.newest("FailoverCommand", "Maximum")), number, "get-metric-data returns the command")
    until(lambda: world.marker() == [STANDBY], "the marker's TXT answers the standby", 60)
    check(True, "after put-metric-data on the lever, the marker's TXT names the standby")
    alarm = world.cli(STANDBY, "cloudwatch", "describe-alarms", "--alarm-names", f"failover-engaged-{SUFFIX}")["MetricAlarms"][0]
    same(alarm["StateValue"], "ALARM", "the lever's alarm is in ALARM")
    until(lambda: number in world.newest("FailoverEcho", "Maximum"), "the keepalive echoes the command", 60)
    status = world.program.json("--endpoint-url", world.url, "--name-server", f"127.0.0.1:{world.dns}", "status").json
    same((status["serving"], status["traffic"]["commanded"], status["traffic"]["held"]), ("standby", "standby", True),
         "a second console sees traffic on the standby, and held")
    world.lever(number + 1, engaged=False)
    until(lambda: world.marker() == [PRIMARY], "the marker's TXT answers the primary again", 60)
    check(True, "and back, after the release")


def drift(world):
    """The combined check is forced by hand: a detection finds it, and a second console sees what it found."""
    stack = "payment-standby-global-demo"
    checks = world.cli(PRIMARY, "route53", "list-health-checks")["HealthChecks"]
    forced = next(c for c in checks if c["HealthCheckConfig"]["Type"] == "CALCULATED")
    force = lambda threshold: world.cli(PRIMARY, "route53", "update-health-check", "--health-check-id", forced["Id"],
                                        "--health-threshold", str(threshold))
    force(4)
    begun = world.cli(PRIMARY, "cloudformation", "detect-stack-drift", "--stack-name", stack)["StackDriftDetectionId"]
    asked = lambda: world.cli(PRIMARY, "cloudformation", "describe-stack-drift-detection-status", "--stack-drift-detection-id", begun)
    until(lambda: asked()["DetectionStatus"] == "DETECTION_COMPLETE", "the drift detection ends", 60)
    same((asked()["StackDriftStatus"], asked()["DriftedStackResourceCount"]), ("DRIFTED", 1), "detect-stack-drift finds the forced check")
    found = world.cli(PRIMARY, "cloudformation", "describe-stack-resource-drifts", "--stack-name", stack,
                      "--stack-resource-drift-status-filters", "MODIFIED")["StackResourceDrifts"]
    same([(d["PropertyPath"], d["ExpectedValue"], d["ActualValue"]) for d in found[0]["PropertyDifferences"]],
         [("/HealthCheckConfig/HealthThreshold", "3", "4")], "and says what the template has instead")
    shown = world.program.json("--endpoint-url", world.url, "status").json
    stacks = [s for r in shown["regions"] for s in r["stacks"] if s["name"] == stack]
    same([s["drift"]["status"] for s in stacks], ["drifted"], "a second console is told without asking for a detection")
    force(3)


def refusals(world):
    error = world.cli(STANDBY, "cloudformation", "describe-stacks", "--stack-name", "nobody", fails=True)
    check("ValidationError" in error and "does not exist" in error, "an unknown stack is refused in AWS's words", error)
    error = world.cli(STANDBY, "s3api", "list-buckets", fails=True)
    check("does not know" in error or "signed for a service" in error, "a service that is not rehearsed says so", error)
    error = world.cli(STANDBY, "cloudformation", "list-types", fails=True)
    check("NotImplemented" in error, "so does a call that is not", error)
    busy = world.url.rsplit("/", 1)[1]
    ran = world.program.run("--rehearse", "serve", "--listen", busy, limit=30)
    check(ran.code == 1 and busy in ran.err, "a port that is taken is an error that names it", ran)
    ran = world.program.run("--rehearse", "serve", "--listen", f"0.0.0.0:{free_port()}", limit=30)
    same(ran.code, 2, "an address that others could reach is refused")


@contextlib.contextmanager
def served(folder):
    program = Program(folder, "--bundle", "payment-standby", "--suffix", SUFFIX)
    command = program.command(
        "--rehearse", "--speed", str(SPEED), "serve", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0")
    with running(command, folder / "serve.log", env=program.environment) as process:
        yield World(program, folder, process)


def main(folder):
    must(shutil.which("dig"), "dig is installed (Debian: dnsutils)")
    with served(folder) as world:
        stacks_and_alarms(world)
        names(world, routing(world))
        lever(world)
        drift(world)
        refusals(world)
        began = time.monotonic()
        world.process.terminate()
        same(world.process.wait(10), 0, "SIGTERM ends it in good order")
        check(time.monotonic() - began < 2, "and at once")


if __name__ == "__main__":
    judge(main)
