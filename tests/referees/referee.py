"""What the Python referees share: the score, waiting, MiniStack, and the program under test."""
import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120
_score = {"passed": 0, "failed": 0}


class Stop(Exception):
    """What follows makes no sense any more; its reason is in the score already."""


def say(text):
    print(text, flush=True)


def check(holds, what, found=None):
    """Counts one judgement. `found` is shown if it failed."""
    _score["passed" if holds else "failed"] += 1
    say(f"{'PASS' if holds else 'FAIL'}  {what}")
    if not holds and found is not None:
        say(f"      found: {found}")
    return bool(holds)


def same(found, wanted, what):
    return check(found == wanted, what, f"{found!r}\n      wanted: {wanted!r}")


def must(holds, what, found=None):
    """Counts one judgement without which the rest makes no sense."""
    if not check(holds, what, found):
        raise Stop


def judge(work):
    """Runs a referee in a temporary folder, says the score and exits."""
    # a terminated referee leaves through its clean-up as well
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        with tempfile.TemporaryDirectory(prefix="switchback-referee-", ignore_cleanup_errors=True) as folder:
            work(Path(folder))
    except Stop:
        pass
    except Exception as error:
        check(False, f"the referee itself goes on: {type(error).__name__}: {error}")
        import traceback

        traceback.print_exc()
    say(f"{_score['passed']} passed, {_score['failed']} failed")
    sys.exit(1 if _score["failed"] or not _score["passed"] else 0)


def until(attempt, what, seconds=PATIENCE, every=0.25):
    """Repeats until the attempt is true; a failed attempt is one that is not true yet."""
    end = time.monotonic() + seconds
    while True:
        problem = None
        try:
            result = attempt()
            if result:
                return result
        except (OSError, ClientError, BotoCoreError, KeyError, IndexError) as error:
            problem = error
        if time.monotonic() > end:
            must(False, f"{what} within {seconds} s", problem or "never true")
        time.sleep(every)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def running(command, log, **how):
    """A process of its own group, ended with everything that it started."""
    with open(log, "w") as sink:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True, **how)
    try:
        yield process
    except BaseException as error:
        if not isinstance(error, (Stop, KeyboardInterrupt)):
            say("".join(log.read_text().splitlines(keepends=True)[-40:]))
        raise
    finally:
        for how_hard in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, how_hard)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)


@contextlib.contextmanager
def ministack(folder):
    """An AWS on a loopback port; yields its address."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    scratch = folder / "ministack"
    scratch.mkdir()
    environment = os.environ | {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "TMPDIR": str(scratch)}
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    command = [sys.executable, "-m", "ministack"]
    with running(command, folder / "ministack.log", env=environment, cwd=scratch):
        until(lambda: urllib.request.urlopen(f"{url}/_ministack/health", timeout=2), "MiniStack answers", every=0.1)
        yield url


def client(url, service, region):
    return boto3.client(
        service, region_name=region, endpoint_url=url, aws_access_key_id="test", aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 2}))


@dataclasses.dataclass
class Ran:
    """How one run of the program ended."""
    code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            must(False, "stdout is one JSON document", f"exit {self.code}: {self.out[:500]!r} {self.err[-500:]!r}")


class Program:
    """The program under test, with a home of its own and the flags that every run takes."""

    def __init__(self, folder, *flags):
        self.flags = flags
        home = folder / "home"
        home.mkdir(exist_ok=True)
        self.environment = {
            "HOME": str(home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "USER": "referee",
            "XDG_CONFIG_HOME": str(home / "config"), "XDG_STATE_HOME": str(home / "state"),
            "XDG_CACHE_HOME": str(home / "cache"), "AWS_CONFIG_FILE": str(home / "aws-config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(home / "aws-credentials"), "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true", "RUST_BACKTRACE": "1"}
        self.state = home / "state" / "switchback"
        self.binary = os.environ["SWITCHBACK_BIN"]

    def command(self, *words):
        return [self.binary, *self.flags, *words]

    def run(self, *words, limit=PATIENCE):
        began = time.monotonic()
        try:
            ended = subprocess.run(
                self.command(*words), env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                timeout=limit)
        except subprocess.TimeoutExpired:
            must(False, f"`{' '.join(words)}` ends within {limit} s")
        return Ran(ended.returncode, ended.stdout, ended.stderr, time.monotonic() - began)

    def json(self, *words, limit=PATIENCE):
        return self.run("--format", "json", *words, limit=limit)
