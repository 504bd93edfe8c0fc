#!/usr/bin/env bash
# Measures the console against the numbers it must hold, with nothing but a pseudo-terminal, a clock and /proc.
#
#   tests/referees/measure.sh             # target/release/switchback, built before: cargo build --release
#   SWITCHBACK_BIN=… tests/referees/measure.sh
#
# Prints a table and ends with 1 where a limit is missed. Needs Linux, python3 and, for the size, strip.
set -euo pipefail
cd "$(dirname "$0")/../.."
SWITCHBACK_BIN=${SWITCHBACK_BIN:-target/release/switchback}
[ -x "$SWITCHBACK_BIN" ] || { echo "measure: $SWITCHBACK_BIN is not there; run: cargo build --release" >&2; exit 2; }
SWITCHBACK_BIN=$(realpath "$SWITCHBACK_BIN") exec python3 - <<'PYTHON'
import contextlib
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time

BIN = os.environ["SWITCHBACK_BIN"]
NAME, REGIONS = b"payment-standby-demo", (b"us-east-1", b"us-west-2")
TICK = os.sysconf("SC_CLK_TCK")
IDLE = float(os.environ.get("MEASURE_IDLE", "20"))


class Console:
    """The console in a terminal of its own, with a home of its own."""

    def __init__(self, *words, size=(120, 40)):
        self.home = tempfile.TemporaryDirectory()
        home = self.home.name
        env = {"HOME": home, "XDG_STATE_HOME": f"{home}/s", "XDG_CONFIG_HOME": f"{home}/c", "LANG": "C.UTF-8",
               "TERM": "xterm-256color", "AWS_EC2_METADATA_DISABLED": "true", "AWS_ACCESS_KEY_ID": "test",
               "AWS_SECRET_ACCESS_KEY": "test", "AWS_CONFIG_FILE": f"{home}/none", "AWS_SHARED_CREDENTIALS_FILE": f"{home}/none"}
        self.fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self.began = time.perf_counter()
        self.process = subprocess.Popen([BIN, *words], stdin=slave, stdout=slave, stderr=slave, env=env, cwd=home,
                                        start_new_session=True, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.raw = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        if self.fd is not None:
            os.close(self.fd)
        self.home.cleanup()

    def read(self, seconds):
        """What comes within some time: at once when something does."""
        if not select.select([self.fd], [], [], max(0, seconds))[0]:
            return b""
        try:
            chunk = os.read(self.fd, 1 << 16)
        except OSError:
            return b""
        self.raw += chunk
        return chunk

    def until(self, *texts, seconds=30):
        """Reads until everything was written since the start; the seconds since the process was started."""
        end = time.perf_counter() + seconds
        while not all(text in self.raw for text in texts):
            if time.perf_counter() > end:
                raise SystemExit(f"measure: never saw {texts} in {self.raw[-2000:]!r}")
            self.read(0.5)
        return time.perf_counter() - self.began

    def drain(self, quiet=0.3, most=10):
        """Reads until nothing came for a while; how much it was."""
        end, count = time.perf_counter() + most, 0
        while time.perf_counter() < end:
            chunk = self.read(quiet)
            if not chunk:
                break
            count += len(chunk)
        return count

    def count(self, seconds):
        end, count = time.perf_counter() + seconds, 0
        while (left := end - time.perf_counter()) > 0:
            count += len(self.read(left))
        return count

    def press(self, keys):
        os.write(self.fd, keys)

    def latency(self, keys):
        """Seconds from a key to the first byte of its change."""
        began = time.perf_counter()
        self.press(keys)
        if not self.read(5):
            raise SystemExit(f"measure: {keys!r} changes nothing")
        took = time.perf_counter() - began
        self.drain(quiet=0.02, most=0.2)
        return took

    def gone(self):
        """Seconds until the process has ended."""
        began = time.perf_counter()
        while self.process.poll() is None:
            if time.perf_counter() - began > 10:
                raise SystemExit("measure: it does not end")
            if self.fd is not None:
                self.read(0.0005)
            else:
                time.sleep(0.0005)
        return time.perf_counter() - began

    def cpu(self):
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) / 1024


@contextlib.contextmanager
def black_hole():
    """An endpoint that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


rows, missed = [], []


def row(what, value, limit, unit, note=""):
    good = value <= limit
    if not good:
        missed.append(what)
    rows.append((what, f"{value:.4g} {unit}", f"{limit:g} {unit}", "ok" if good else "MISSED", note))
    print(f"  {what}: {value:.4g} {unit}", file=sys.stderr, flush=True)


def milliseconds(values):
    return [value * 1000 for value in values]


def first_frame():
    def once(*words):
        with Console(*words) as console:
            return console.until(*REGIONS)
    with black_hole() as url:
        cases = {"an endpoint that hangs": ("--bundle", "payment-standby", "--suffix", "demo", "--endpoint-url", url),
                 "an endpoint that refuses": ("--bundle", "payment-standby", "--suffix", "demo", "--endpoint-url", "http://127.0.0.1:1"),
                 "a rehearsal": ("--rehearse",)}
        for name, words in cases.items():
            once(*words)
            times = milliseconds(once(*words) for _ in range(15))
            row(f"first frame, {name}", statistics.median(times), 20, "ms", f"worst {max(times):.1f}")


def keys():
    with black_hole() as url:
        cases = {"": ("--rehearse",), ", a region that hangs": ("--rehearse=region-outage",),
                 ", everything hangs": ("--bundle", "payment-standby", "--suffix", "demo", "--endpoint-url", url)}
        for name, words in cases.items():
            with Console(*words) as console:
                console.until(*REGIONS)
                console.drain(quiet=1, most=4)
                times = sorted(milliseconds(console.latency(b"2345"[i % 4:i % 4 + 1]) for i in range(100)))
            row(f"key to change{name}, median", statistics.median(times), 2, "ms")
            row(f"key to change{name}, p99", times[98], 16, "ms")


def idle():
    with Console("--rehearse") as console:
        console.until(*REGIONS)
        console.drain(quiet=2, most=12)
        before = console.cpu()
        count = console.count(IDLE)
        row("CPU, idle", (console.cpu() - before) / IDLE * 100, 0.3, "% of one core", "a rehearsal: its world included")
        row("bytes to the terminal, idle", count / IDLE, 50, "B/s")
        row("resident memory, steady", console.memory(), 25, "MiB", "a rehearsal: its world included")
        console.press(b"\x12")
        row("bytes of one poll", console.count(3), 2048, "B", "Ctrl-r: everything is read again")
    with Console("--rehearse=large") as console:
        console.until(*REGIONS)
        console.drain(quiet=2, most=12)
        row("resident memory, large", console.memory(), 60, "MiB", "a rehearsal: its world included")
    with black_hole() as url, Console("--bundle", "payment-standby", "--suffix", "demo", "--endpoint-url", url) as console:
        console.until(*REGIONS)
        # until every source has timed out once, the screen has something new to say
        console.count(30)
        before = console.cpu()
        count = console.count(IDLE)
        row("CPU, everything hangs", (console.cpu() - before) / IDLE * 100, 0.3, "% of one core")
        row("bytes, everything hangs", count / IDLE, 50, "B/s")
        row("resident memory, everything hangs", console.memory(), 25, "MiB")


def leave():
    def quits(how):
        with Console("--rehearse") as console:
            console.until(*REGIONS)
            console.drain()
            how(console)
            return console.gone()

    def hang_up(console):
        os.close(console.fd)
        console.fd = None
    ways = {"q": lambda c: c.press(b"q"), "SIGTERM": lambda c: os.kill(c.process.pid, signal.SIGTERM),
            "SIGHUP": lambda c: os.kill(c.process.pid, signal.SIGHUP), "a closed terminal": hang_up}
    for name, how in ways.items():
        times = milliseconds(quits(how) for _ in range(5))
        row(f"gone after {name}", max(times), 100, "ms", f"median {statistics.median(times):.1f}, worst of 5")


class Tap:
    """Stands between the console and the rehearsal's endpoint and notes when the lever was pulled."""

    def __init__(self, port):
        self.upstream, self.pulled = port, None
        self.server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            with contextlib.suppress(OSError):
                client, _ = self.server.accept()
                upstream = socket.create_connection(("127.0.0.1", self.upstream))
                threading.Thread(target=self.pump, args=(client, upstream, True), daemon=True).start()
                threading.Thread(target=self.pump, args=(upstream, client, False), daemon=True).start()

    def pump(self, source, sink, listens):
        with contextlib.suppress(OSError):
            while chunk := source.recv(1 << 16):
                if listens and b"PutMetricData" in chunk and self.pulled is None:
                    self.pulled = time.perf_counter()
                sink.sendall(chunk)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def lever():
    serve = subprocess.Popen([BIN, "--rehearse=region-outage", "serve", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0"],
                             stdout=subprocess.PIPE, text=True, env={"HOME": "/nonexistent", "LANG": "C.UTF-8"})
    try:
        http = int(serve.stdout.readline().rsplit(":", 1)[1])
        dns = serve.stdout.readline().strip().rsplit(" ", 1)[1]
        tap = Tap(http)
        parameters = ("--name-server", dns, "--bundle", "payment-standby", "--suffix", "demo", "--endpoint-url", f"http://127.0.0.1:{tap.port}")
        with Console(*parameters, size=(120, 50)) as console:
            console.until(*REGIONS)
            console.count(12)
            console.press(b"F")
            console.drain()
            console.press(b"\tmeasuring\x0f\t" + NAME + b"\r")
            console.drain()
            tap.pulled = None
            began = time.perf_counter()
            console.press(b"\r")
            end = began + 10
            while tap.pulled is None and time.perf_counter() < end:
                console.read(0.001)
            if tap.pulled is None:
                rows.append(("confirm to lever call", "not pulled", "50 ms", "MISSED", "the failover was not accepted"))
                missed.append("confirm to lever call")
                if os.environ.get("MEASURE_DEBUG"):
                    sys.stderr.buffer.write(console.raw[-6000:])
            else:
                row("confirm to lever call", (tap.pulled - began) * 1000, 50, "ms")
    finally:
        serve.terminate()
        serve.wait()


def size():
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copy(BIN, folder)
        stripped = shutil.which("strip") is not None and subprocess.run(["strip", copy], check=False).returncode == 0
        row("binary", os.path.getsize(copy) / 2**20, 25, "MiB", "stripped of symbols" if stripped else "with symbols")


chosen = os.environ.get("MEASURE", "size first_frame keys leave lever idle").split()
print(f"measuring {BIN}; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", file=sys.stderr)
for name in chosen:
    globals()[name]()
widths = [max(len(line[i]) for line in rows) for i in range(5)]
for line in [("what", "measured", "limit", "", "")] + rows:
    print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
sys.exit(1 if missed else 0)
PYTHON
