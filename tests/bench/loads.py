# SPDX-License-Identifier: MIT
"""The loads on a service, and the figures that they give.

A load has `prepare(service)`, which is called once, and `measure(service, seconds, latest)`, which
is called to warm up and then once per repeat. `latest` has the last figures of each row. measure()
returns figures by name. CPU is the time that the kernel has charged to the processes, divided by
the decisions that were answered meanwhile.
"""

from dataclasses import dataclass
import json
import os
import pathlib
import subprocess
import time

import h2load
from processes import wait_for

REPLAY = pathlib.Path(__file__).parent / "wrk" / "replay.lua"
BROWSER = pathlib.Path(__file__).parents[1] / "browser"
PACKAGES = pathlib.Path(__file__).parents[2] / "build" / "web"   # from npm
# Answers without Redis mean that the service has a problem, not that it is fast.
REDIS_SHARE_MIN = 0.995
CALLS_PER_SECOND = 50_000   # about what Redis does: redis-benchmark counts calls, not seconds
PIPELINE_DEFAULT = 16
SKIPPED = 77                # what run.sh ends with where it has no browser


class Spoilt(Exception):
    """The service did not do what the row says, so its figures mean nothing."""


def expect_redis_decided(figures):
    if figures.get("redis_share", 1) < REDIS_SHARE_MIN:
        raise Spoilt(f"Redis decided only {figures['redis_share']:.1%}")


def all_good(good, bad):
    if good == 0 or bad:
        raise Spoilt(f"wrong answers: {good} good, {bad} others")
    return good


class Meters:
    """What the processes of a service use from now on."""

    def __init__(self, service):
        self.service = service
        self.cpu_us = {role: process.cpu_us() for role, process in service.processes.items()}
        self.scripts, self.reads = self._redis_counts()

    def figures(self, decisions):
        used = {role: (process.cpu_us() - self.cpu_us[role]) / decisions
                for role, process in self.service.processes.items()}
        figures = {"cpu_us": used["service"]} if "service" in used else {}
        if self.service.redis_roles():
            figures["redis_us"] = sum(used[role] for role in self.service.redis_roles())
            figures["nodes_us"] = [used[role] for role in self.service.redis_roles()]
            scripts, reads = self._redis_counts()
            figures["redis_share"] = (scripts - self.scripts) / decisions
            figures["calls_per_read"] = (scripts - self.scripts) / max(reads - self.reads, 1)
        if "service" in self.service.processes:
            figures["rss_mb"] = self.service.processes["service"].resident_bytes() / 1e6
        return figures

    def _redis_counts(self):
        if not self.service.redis_roles():
            return 0, 0
        return self.service.redis_counts()


@dataclass(frozen=True)
class Checks:
    """What service.request() makes of it."""

    keys: object = 1         # or "100000:50": 50 of 100 checks are of the same one
    batch: int = 0           # checks in a request; 0: one that is no batch
    explain: bool = False


def expect_allowed(service, load):
    answer = service.ask(load)
    if service.allowed not in answer:
        raise Spoilt(f"expected {service.allowed}: {answer[:300]}")


@dataclass(frozen=True)
class Requests(Checks):
    """wrk, over connections that stay open."""

    keys: object = 100_000
    connections: int = 64
    denied: bool = False
    threads: int = 1

    def prepare(self, service):
        self._template(service).write_text(service.request(self))
        service.ask(self)
        answer = service.ask(self)
        expected = service.denied if self.denied else service.allowed
        if answer.count(expected) < max(self.batch, 1):
            raise Spoilt(f"expected {expected}: {answer[:300]}")

    def measure(self, service, seconds, latest):
        meters = Meters(service)
        answers = self._wrk(service, seconds)
        decisions = answers["requests"] * max(self.batch, 1)
        figures = meters.figures(decisions)
        refused = answers["requests"] if self.denied and not self.batch else 0
        if answers["broken"] or answers["refused"] != refused:
            raise Spoilt(f"wrong answers: {answers}")
        expect_redis_decided(figures)
        return {"rps": answers["requests"] / answers["seconds"], "p50_ms": answers["p50_ms"],
                "p99_ms": answers["p99_ms"], **figures}

    def _template(self, service):
        return service.scratch / f"request-{hash(self) & 0xffffffff:08x}"

    def _wrk(self, service, seconds):
        done = subprocess.run(
            ["wrk", f"-t{self.threads}", f"-c{self.connections}", f"-d{seconds}s", "-s", REPLAY,
             f"http://127.0.0.1:{service.port}", "--", self._template(service)],
            capture_output=True, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])


@dataclass(frozen=True)
class SameRequest(Checks):
    """h2load, over connections that stay open: one request again and again."""

    connections: int = 64

    def prepare(self, service):
        expect_allowed(service, self)

    def measure(self, service, seconds, latest):
        meters = Meters(service)
        asking = h2load.start(service, service.request(self), seconds, f"-c{self.connections}")
        good = all_good(*h2load.answers(asking))
        return {"rps": good / seconds, **meters.figures(good)}


@dataclass(frozen=True)
class ScriptCalls:
    """redis-benchmark, by default over one connection. It sends as many calls at a time as Sluice's
    link did in the row `pipelined_like`."""

    pipelined_like: str
    keys: int = 100_000
    connections: int = 1

    def prepare(self, service):
        pass

    def measure(self, service, seconds, latest):
        meters = Meters(service)
        calls = CALLS_PER_SECOND * seconds
        pipeline = latest.get(self.pipelined_like, {}).get("calls_per_read", PIPELINE_DEFAULT)
        done = subprocess.run(
            ["redis-benchmark", "-p", str(service.redis_port), "-c", str(self.connections),
             "-P", str(max(round(pipeline), 1)), "-r", str(self.keys), "-n", str(calls), "--csv",
             *service.command(self)], capture_output=True, text=True, check=True)
        fields = [field.strip('"') for field in done.stdout.splitlines()[-1].rsplit(",", 7)]
        return {"rps": float(fields[1]), "p50_ms": float(fields[4]), "p99_ms": float(fields[6]),
                **meters.figures(calls)}


@dataclass(frozen=True)
class Idle:
    """No requests at all: how often does a thread wake up?"""

    def prepare(self, service):
        pass

    def measure(self, service, seconds, latest):
        process = service.processes["service"]
        begun, before = time.monotonic(), process.wakeups()
        time.sleep(seconds)
        woken = process.wakeups() - before
        return {"wakeups_per_s": woken / (time.monotonic() - begun),
                "rss_mb": process.resident_bytes() / 1e6}


@dataclass(frozen=True)
class Restart(Checks):
    """From starting the program, on data that is there, to the first decision."""

    def prepare(self, service):
        pass

    def measure(self, service, seconds, latest):
        service.halt()
        begun = time.monotonic()
        service.resume()
        wait_for(lambda: service.allowed in service.ask(self), "the first decision")
        return {"start_ms": (time.monotonic() - begun) * 1e3}


@dataclass(frozen=True)
class Dashboard:
    """From opening the page in a browser that has none of it, until its longest view is drawn and
    answers its reader. No figure where there is no Chromium."""

    def prepare(self, service):
        pass

    def measure(self, service, seconds, latest):
        done = subprocess.run(
            ["sh", BROWSER / "run.sh", "cmake", PACKAGES, "time_dashboard.mjs"],
            env={**os.environ, "SLUICE_ORIGIN": f"http://127.0.0.1:{service.port}",
                 "SLUICE_KEY": service.key}, capture_output=True, text=True)
        if done.returncode == SKIPPED:
            return {}
        if done.returncode != 0:
            raise Spoilt(f"the browser: {done.stderr.strip()}")
        return json.loads(done.stdout)


@dataclass(frozen=True)
class CounterBytes:
    """What one counter takes: resident memory per counter, or MEMORY USAGE of a key."""

    def prepare(self, service):
        pass

    def measure(self, service, seconds, latest):
        if service.redis_roles():
            return {"counter_bytes": service.key_bytes()}
        return {"counter_bytes": service.bytes_per_counter}
