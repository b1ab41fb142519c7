# SPDX-License-Identifier: MIT
"""What is measured (ROWS), and what the figures must be (CLAIMS)."""

from dataclasses import dataclass

from followers import SteadyChecks
from instructions import Instructions
from loads import CounterBytes, Dashboard, Idle, Requests, Restart, SameRequest, ScriptCalls
from peers import Hello, Nginx, RedisFloor, Webdis
from rivals import LOAD, rivals_in
from sluice import Sluice


@dataclass(frozen=True)
class Row:
    name: str
    service: object
    load: object
    is_slow: bool = False   # to set up; left out by --quick


@dataclass(frozen=True)
class Claim:
    """A figure of a row, or its ratio to that of another row, never exceeds the bound."""

    text: str
    row: str
    figure: str
    bound: float
    beside: str = ""


MEMORY, REDIS = Sluice(), Sluice(engine="redis")
CLUSTER = Sluice(engine="redis", masters=3)
MEMORY_2, REDIS_2 = Sluice(workers=2), Sluice(engine="redis", workers=2)
CLOSED = Sluice(policies="closed", filled=100_000)
CLOSED_REDIS = Sluice(engine="redis", policies="closed", filled=100_000)
MILLION = Sluice(filled=1_000_000)
BESIDE_UNUSED = Sluice(policies="unused features")
AT_PATH = Sluice(at_path=True)
FOUR_APPS = Sluice(engine="redis", apps=4)
POOL_USERS = 10_000

# Rows that are compared are neighbours, so they are measured close in time.
ROWS = [
    Row("hello: libmicrohttpd, one answer for all", Hello(), Requests()),
    Row("hello: libmicrohttpd, an answer for each", Hello(makes_answers=True), Requests()),
    Row("nginx: limit_req", Nginx(), Requests()),
    Row("memory", MEMORY, Requests()),
    Row("memory, a period", Sluice(policies="a period"), Requests()),
    Row("memory, no journal", Sluice(binary="bench_without_journal"), Requests()),
    Row("memory, beside unused features", BESIDE_UNUSED, Requests()),
    Row("memory, 1,000 policies", Sluice(policies="thousand"), Requests(), is_slow=True),
    # As many counters as one app has in the other rows. All logs are full, as one app's soon is.
    Row("memory, 10,000 apps", Sluice(apps=10_000, logged=True), Requests(keys=10), is_slow=True),
    Row("memory, 1,000,000 keys", MILLION, Requests(keys=1_000_000), is_slow=True),
    Row("memory, 1,000 keys", Sluice(label="a thousand keys"), Requests(keys=1000)),
    Row("memory, hot key", MEMORY, Requests(keys=1)),
    Row("memory, 16 connections", MEMORY, Requests(connections=16)),
    Row("memory, 512 connections", MEMORY, Requests(connections=512)),
    Row("memory, 2 workers", MEMORY_2, Requests(threads=2)),
    Row("memory, 2 workers, hot key", MEMORY_2, Requests(keys=1, threads=2)),
    Row("memory, three limits", Sluice(policies="three limits"), Requests()),
    Row("memory, three limits by three sets",
        Sluice(policies="three limits by three sets"), Requests()),
    Row("memory, two limits, one pool",
        Sluice(policies="two limits, one pool"), Requests(keys=POOL_USERS)),
    Row("memory, two limits, hot key", Sluice(policies="two limits"), Requests(keys=1)),
    Row("memory, explain", MEMORY, Requests(explain=True)),
    Row("memory, all denied", CLOSED, Requests(denied=True)),
    Row("memory, all denied, hot key", CLOSED, Requests(denied=True, keys=1)),
    Row("memory, one request, a port", MEMORY, SameRequest()),
    Row("memory, one request, a socket with a path", AT_PATH, SameRequest()),
    Row("memory, batch of 100", MEMORY, Requests(batch=100, connections=16)),
    Row("memory, 2 workers, batch of 100", MEMORY_2,
        Requests(batch=100, connections=16, threads=2)),

    Row("webdis: the same script", Webdis(), Requests()),
    Row("redis", REDIS, Requests()),
    Row("redis, Cluster of three", CLUSTER, Requests()),
    Row("floor: the script with constants", RedisFloor(), ScriptCalls(pipelined_like="redis")),
    Row("redis, a period", Sluice(engine="redis", policies="a period"), Requests()),
    Row("redis, three limits", Sluice(engine="redis", policies="three limits"), Requests()),
    Row("redis, three limits by three sets",
        Sluice(engine="redis", policies="three limits by three sets"), Requests()),
    Row("redis, one pool",
        Sluice(engine="redis", policies="one pool"), Requests(keys=POOL_USERS)),
    Row("redis, two limits, one pool",
        Sluice(engine="redis", policies="two limits, one pool"), Requests(keys=POOL_USERS)),
    Row("redis, two limits, as many users",
        Sluice(engine="redis", policies="two limits"), Requests(keys=POOL_USERS)),
    Row("redis, two limits, hot key",
        Sluice(engine="redis", policies="two limits"), Requests(keys=1)),
    Row("redis, hot key", REDIS, Requests(keys=1)),
    Row("redis, Cluster of three, hot key", CLUSTER, Requests(keys=1)),
    Row("redis, 16 connections", REDIS, Requests(connections=16)),
    Row("redis, 512 connections", REDIS, Requests(connections=512)),
    Row("redis, 2 workers", REDIS_2, Requests(threads=2)),
    Row("redis, all denied", CLOSED_REDIS, Requests(denied=True)),
    Row("redis, batch of 100", REDIS, Requests(batch=100, connections=16)),
    Row("redis, beside three apps", FOUR_APPS, SteadyChecks()),
    Row("redis, beside 50 readers of three apps", FOUR_APPS,
        SteadyChecks(readers=50, without="redis, beside three apps")),

    Row("hello: an answer for each, counted", Hello(makes_answers=True), Instructions()),
    Row("memory, counted", MEMORY, Instructions()),
    Row("memory, beside unused features, counted", BESIDE_UNUSED, Instructions()),
    Row("memory, a counter", MILLION, CounterBytes(), is_slow=True),
    Row("redis, a counter", REDIS, CounterBytes()),
    Row("memory, idle", Sluice(label="idle"), Idle()),
    Row("redis, idle", Sluice(engine="redis", label="idle"), Idle()),
    Row("memory, start", Sluice(label="start"), Restart()),
    Row("memory, the dashboard", Sluice(policies="full", logged=True), Dashboard(), is_slow=True),
]

CLAIMS = [
    # By instructions. Half of hello's time is the kernel's, and machines differ in that: one binary
    # cost 1.2 x hello's time on one machine and 1.5 x on another. So nginx has a wide bound, too.
    Claim("a check takes at most 1.8 x the instructions of libmicrohttpd's hello",
          "memory, counted", "instructions", 1.8, "hello: an answer for each, counted"),
    Claim("a check costs at most 2 x nginx limit_req",
          "memory", "cpu_us", 2.0, "nginx: limit_req"),
    Claim("with Redis, a check costs no more than webdis",
          "redis", "cpu_us", 1.0, "webdis: the same script"),
    Claim("on a Cluster of three, a check costs at most 1.15 x one on one Redis",
          "redis, Cluster of three", "cpu_us", 1.15, "redis"),
    Claim("Redis spends at most 1.3 x the script with constants",
          "redis", "redis_us", 1.3, "floor: the script with constants"),
    Claim("Redis spends on three limits at most 1.6 x one limit",
          "redis, three limits", "redis_us", 1.6, "redis"),
    Claim("Redis spends on three sets of subjects at most 1.5 x one",
          "redis, three limits by three sets", "redis_us", 1.5, "redis, three limits"),
    Claim("Redis spends on a pool of 10,000 users at most 1.25 x a hot key of two limits",
          "redis, one pool", "redis_us", 1.25, "redis, two limits, hot key"),
    Claim("Redis spends on a pool and a limit by user at most 1.25 x two limits by user",
          "redis, two limits, one pool", "redis_us", 1.25, "redis, two limits, as many users"),
    Claim("a pool of 10,000 users costs at most 1.25 x a hot key",
          "memory, two limits, one pool", "cpu_us", 1.25, "memory, two limits, hot key"),
    Claim("a period costs at most 1.05 x a window",
          "memory, a period", "cpu_us", 1.05, "memory"),
    Claim("50 readers of other apps' logs, one of which does not read: p99 at most 1.5 x without",
          "redis, beside 50 readers of three apps", "p99_ms", 1.5, "redis, beside three apps"),
    Claim("with Redis, a period costs at most 1.05 x a window",
          "redis, a period", "cpu_us", 1.05, "redis"),
    Claim("Redis spends on a period at most 1.05 x a window",
          "redis, a period", "redis_us", 1.05, "redis"),
    Claim("journal and usage cost at most 8 %",
          "memory", "cpu_us", 1.08, "memory, no journal"),
    Claim("over a socket with a path, a check costs no more than over a port",
          "memory, one request, a socket with a path", "cpu_us", 1.0,
          "memory, one request, a port"),
    # By instructions, because the times of two equal services differ by more than this.
    Claim("unused features cost nothing",
          "memory, beside unused features, counted", "instructions", 1.02, "memory, counted"),
    Claim("from 10^3 to 10^6 keys, at most 25 % more",
          "memory, 1,000,000 keys", "cpu_us", 1.25, "memory, 1,000 keys"),
    Claim("from 1 to 1,000 policies, at most 25 % more",
          "memory, 1,000 policies", "cpu_us", 1.25, "memory"),
    # A wide bound, because one machine's runs gave 1.2 to 1.6. Usage is saved every five seconds,
    # which a measured second mostly misses.
    Claim("from 1 to 10,000 apps, at most twice as much",
          "memory, 10,000 apps", "cpu_us", 2.0, "memory"),
    Claim("each of 10^6 counters in memory takes at most 96 bytes",
          "memory, a counter", "counter_bytes", 96),
    Claim("a counter in Redis takes at most 160 bytes", "redis, a counter", "counter_bytes", 160),
    Claim("idle, at most 10 wake-ups a second", "memory, idle", "wakeups_per_s", 10),
    Claim("idle with Redis, at most 10 wake-ups a second", "redis, idle", "wakeups_per_s", 10),
    Claim("the first decision within 100 ms of the start", "memory, start", "start_ms", 100),
    Claim("the dashboard answers its reader within 1 s, with 1,000 policies and a full log",
          "memory, the dashboard", "page_ms", 1000),
]


def rows_beside(folder):
    """Sluice and every peer whose binary is in the folder, and the names of the other peers."""
    rivals, left_out = rivals_in(folder)
    beside = [Row(rival.recipe.name, rival, LOAD) for rival in rivals]
    in_memory = [row for row in beside if not row.service.recipe.has_redis]
    in_redis = [row for row in beside if row.service.recipe.has_redis]
    return [Row("sluice, memory", MEMORY, LOAD), *in_memory,
            Row("sluice, redis", REDIS, LOAD), *in_redis], left_out
