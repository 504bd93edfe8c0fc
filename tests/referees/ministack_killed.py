#!/usr/bin/env python3
"""Kills the program (SIGKILL) in the middle of its calls to MiniStack and starts it again; and lets its login expire.

Between them stands a proxy that counts the calls and shoots: before a call has reached AWS, or after AWS has
carried it out and before the answer has come back. It also refuses a key from some call on, as AWS refuses one that has
expired, until another login has changed the profile's files. `ministack_killed.py SEED` repeats a run.
"""
import collections
import contextlib
import http.client
import http.server
import json
import random
import re
import subprocess
import sys
import threading
import time
import urllib.parse

from ministack_console import BOTH, DELETES, DONE, NAME, PRIMARY, STANDBY, SUFFIX, SURE, Judge
from referee import PATIENCE, check, judge, ministack, must, same, say

GLOBAL = f"payment-standby-global-{SUFFIX}"
STACKS = {(STANDBY, NAME), (PRIMARY, NAME), (PRIMARY, GLOBAL)}
# calls of a deploy and of a delete during which the program may die
DEPLOY = ("CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DescribeStackEvents")
DELETE = ("DeleteStack", "DescribeStackEvents")
BEFORE, AFTER = "before AWS hears of it", "after AWS has done it"
EXPIRED = b"""<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code>
<Message>The security token included in the request is expired</Message></Error></ErrorResponse>"""


class Proxy(http.server.ThreadingHTTPServer):
    """Passes everything on to MiniStack. `calls` has every CloudFormation call that arrived there."""

    daemon_threads = True

    def __init__(self, url):
        self.upstream = urllib.parse.urlsplit(url).netloc
        self.calls, self.lock = [], threading.Lock()
        self.victim = self.shot = None
        self.expiring = self.expired = None
        self.refusals = 0
        super().__init__(("127.0.0.1", 0), Relay)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def aim(self, victim, action, moment):
        with self.lock:
            self.victim, self.shot = victim, (action, moment)

    def hits(self, action, moment):
        """Kills the victim if this is the moment to; true if it did."""
        with self.lock:
            if self.shot != (action, moment):
                return False
            self.shot = None
            self.victim.kill()
            self.victim.wait()
            return True

    def refuses(self, action, key):
        """Whether the key has expired; the first call of `expiring` is what it expires at."""
        with self.lock:
            if self.expiring and self.expiring[1] == action and self.expiring[0] == key:
                self.expired, self.expiring = key, None
            refused = key is not None and key == self.expired
            self.refusals += refused
            return refused

    def made(self, action):
        """How often each stack was told this."""
        with self.lock:
            return collections.Counter((region, stack) for region, what, stack in self.calls if what == action)


class Relay(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def relay(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        action, call = None, None
        signed = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", self.headers.get("authorization", ""))
        key, region = signed.groups() if signed else (None, None)
        if "form-urlencoded" in self.headers.get("content-type", ""):
            form = dict(urllib.parse.parse_qsl(body.decode()))
            action = form.get("Action")
            # an ARN has the name in its second part
            stack = form.get("StackName", "")
            call = (region, action, stack.split("/")[1] if "/" in stack else stack)
        if self.server.refuses(action, key):
            self.answer(403, [("content-type", "text/xml")], EXPIRED)
            return
        self.close_connection = self.server.hits(action, BEFORE)
        if self.close_connection:
            return
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=PATIENCE)
        with contextlib.closing(upstream):
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            content = answer.read()
        if call:
            with self.server.lock:
                self.server.calls.append(call)
        self.close_connection = self.server.hits(action, AFTER)
        if self.close_connection:
            return
        self.answer(answer.status, answer.getheaders(), content)

    def answer(self, status, headers, content):
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            for name, value in headers:
                if name.lower() not in ("transfer-encoding", "content-length", "connection", "server", "date"):
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = relay

    def log_message(self, *_):
        pass


def shots(dice, actions):
    """Where it dies: at every call once on each side of it, in an order of chance."""
    every = [(action, moment) for action in actions for moment in (BEFORE, AFTER)]
    dice.shuffle(every)
    return every


def shoot(proxy, program, verb, action, moment):
    """Runs the verb until the proxy has killed it. False: it came to its end without that call."""
    process = subprocess.Popen(
        program.command(*verb), env=program.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True)
    proxy.aim(process, action, moment)
    try:
        _, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        must(False, f"`{verb[0]}` ends, or dies at {action}, within {PATIENCE} s")
    killed = process.returncode == -9
    must(killed or process.returncode == DONE, f"{verb[0]}: dies at {action}, {moment}" if killed else f"{verb[0]}: ends", err[-2000:])
    return killed


def survives(proxy, program, verb, drawn):
    """Kills it at each of these moments and lets it end at last. Returns how often it died."""
    deaths = 0
    for action, moment in drawn:
        again = ("--resume",) if deaths else ()
        if not shoot(proxy, program, (*verb, *again), action, moment):
            return deaths
        deaths += 1
        if deaths == 1:
            ran = program.run(*verb)
            must(ran.code == 2 and "--resume" in ran.err, "without a word about what was cut off nothing begins", ran)
    proxy.aim(None, None, None)
    ran = program.json(*verb, "--resume")
    must(ran.code == DONE and ran.json["outcome"] == "succeeded", f"{verb[0]} is continued to its end", ran.out + ran.err[-2000:])
    return deaths


def log_in(program, key):
    path = program.environment["AWS_SHARED_CREDENTIALS_FILE"]
    with open(path, "w") as file:
        file.write(f"[ops]\naws_access_key_id = {key}\naws_secret_access_key = test\naws_session_token = test\n")


def renewed(proxy, judge_, words, expires_at):
    """The login expires at a call of the verb, and another one comes while it waits."""
    program = judge_.program(proxy.url, "--profile", "ops")
    old, new = f"OLD{words[0].upper()}", f"NEW{words[0].upper()}"
    log_in(program, old)
    proxy.expiring, proxy.refusals = (old, expires_at), 0
    process = subprocess.Popen(
        program.command(*words, "--progress", "json"), env=program.environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = []
    watchdog = threading.Timer(PATIENCE, process.kill)
    watchdog.start()
    for line in process.stderr:
        said.append(json.loads(line) if line.startswith("{") else line)
        if said[-1]["type"] == "paused":
            log_in(program, new)
    watchdog.cancel()
    kinds = [line["type"] for line in said]
    check("paused" in kinds and "resumed" in kinds, f"{words[0]}: paused at {expires_at}, and went on after a new login", said[-3:])
    same(process.wait(), DONE, f"{words[0]} has succeeded all the same")
    check(0 < proxy.refusals < 60, f"the old login was refused {proxy.refusals} times meanwhile")


def journal(program, kinds):
    same(program.run("journal", "verify").code, DONE, "the journal is as it was written")
    listed = program.json("journal", "list").json
    same(sorted((j["kind"], j["outcome"]) for j in listed), sorted(kinds), "and has one operation of each kind, which succeeded")


def one_of_each(judge):
    found = collections.Counter()
    for region in BOTH:
        aws = judge.aws("cloudformation", region)
        found.update((region, s["StackName"]) for s in aws.list_stacks()["StackSummaries"] if s["StackStatus"] != "DELETE_COMPLETE")
        for name in judge.stacks(region):
            events = aws.describe_stack_events(StackName=name)["StackEvents"]
            begun = [e for e in events if e["LogicalResourceId"] == name and e["ResourceStatus"] == "CREATE_IN_PROGRESS"]
            same(len(begun), 1, f"{name} in {region} was created once")
    same(found, dict.fromkeys(STACKS, 1), "there is exactly one of each stack")


def main(folder):
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else time.time_ns() % 100_000
    say(f"seed {seed}")
    dice = random.Random(seed)
    with ministack(folder) as url:
        judge_ = Judge(folder, url)
        before = judge_.inventory()
        proxy = Proxy(url)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        program = judge_.program(proxy.url)
        began = time.monotonic()

        deploy = ("deploy", "--parameter", "domainName=pay.test", *SURE)
        deaths = survives(proxy, program, deploy, shots(dice, DEPLOY))
        must(deaths >= 4, f"the deploy survived being killed {deaths} times")
        same(proxy.made("ExecuteChangeSet"), dict.fromkeys(STACKS, 1), "every change set was executed once")
        same(proxy.made("CreateChangeSet"), dict.fromkeys(STACKS, 1), "and made once")
        one_of_each(judge_)
        journal(program, [("deploy", "succeeded")])

        delete = ("delete", *DELETES)
        deaths = survives(proxy, program, delete, shots(dice, DELETE))
        must(deaths >= 2, f"the delete survived being killed {deaths} times")
        same(proxy.made("DeleteStack"), dict.fromkeys(STACKS, 1), "every stack was deleted once")
        same([judge_.stacks(region) for region in BOTH], [{}, {}], "there is none of them")
        same(judge_.inventory(), before, "and nothing else is left")
        journal(program, [("deploy", "succeeded"), ("delete", "succeeded")])

        proxy.calls.clear()
        renewed(proxy, judge_, deploy, "ExecuteChangeSet")
        same(proxy.made("ExecuteChangeSet"), dict.fromkeys(STACKS, 1), "every change set was executed once")
        one_of_each(judge_)
        renewed(proxy, judge_, delete, "DeleteStack")
        same(proxy.made("DeleteStack"), dict.fromkeys(STACKS, 1), "every stack was deleted once")
        same([judge_.stacks(region) for region in BOTH], [{}, {}], "there is none of them")
        journal(program, [("deploy", "succeeded"), ("delete", "succeeded")] * 2)
        say(f"in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    judge(main)
