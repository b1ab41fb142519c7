# SPDX-License-Identifier: MIT
"""Says how many instances and shards a load needs, and which part is full next.

The arithmetic is in scale.py, whose head says why no events are played. It is given CPU times per
decision that ./dev bench has measured. Without --measure nothing is started.

  each instance        all of its workers are busy
  the busiest shard    where most keys lie; the median of 20 random placements
  one shard with nothing but its busiest key
                       the bound that no further shard lifts: a key is on one shard. The key is the
                       hot one, a pool, or the user who asks most

--measure finds the CPU times with one Redis and uniform users. From these it foretells how busy
each process is on a Cluster of three, with uniform users and with half of the checks by one user.
Then it measures both. Each process should have a core for itself: where they take turns on few
cores, a node of three also pays for cold caches, and is busier than foretold.
"""

import argparse
import contextlib
from dataclasses import dataclass
import pathlib
import statistics
import sys
import tempfile

from loads import Requests, ScriptCalls, Spoilt
from peers import RedisFloor
from report import table
from scale import COUNTER_BYTES, Callers, Costs, Machines, Scale
from sluice import Sluice

SHARDS_MEASURED = 3
USERS_MEASURED = 100_000
WARM_UP_SECONDS = 1
ROUNDS = 5
FLOOR_CONNECTIONS = 20   # enough that Redis never sleeps
CALLS_TOGETHER = 16
# The default of --full: what is left is for the loss of a machine, and for peaks.
FULL = 0.7


@dataclass(frozen=True)
class Point:
    """A load that is foretold, and measured."""

    name: str
    callers: Callers

    def requests(self):
        return Requests(keys=f"{self.callers.users}:{self.callers.hot * 100:.0f}")


POINTS = [Point("uniform users", Callers(users=USERS_MEASURED)),
          Point("half by one user", Callers(users=USERS_MEASURED, hot=0.5))]


def main(words):
    options = arguments(words)
    if not options.measure:
        print(foretold(options))
        return 0
    with tempfile.TemporaryDirectory(prefix="sluice-simulate-") as scratch, \
            contextlib.ExitStack() as running:
        try:
            print(measured(options, pathlib.Path(scratch), running))
        except Spoilt as reason:
            sys.exit(f"simulate: {reason}")
    return 0


def arguments(words):
    parser = argparse.ArgumentParser(prog="./dev bench --simulate", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    number = {"type": int, "metavar": "N"}
    share = {"type": float, "metavar": "PART", "default": 0.0}
    us = {"type": float, "metavar": "US"}
    parser.add_argument("--instances", default=1, **number)
    parser.add_argument("--workers", default=1, help="of each instance", **number)
    parser.add_argument("--shards", default=1, help="masters; 1 is one Redis", **number)
    parser.add_argument("--users", default=1_000_000, **number)
    parser.add_argument("--zipf", type=float, metavar="EXPONENT", default=0.0,
                        help="how unequal the users are; 0: not at all, 1: as words of a language")
    parser.add_argument("--hot", help="of all checks are of one key (0 to 1)", **share)
    parser.add_argument("--pooled", help="are decided by policies with a pool (0 to 1)", **share)
    parser.add_argument("--pools", default=1, help="that share these checks", **number)
    parser.add_argument("--apps", default=1, help="whose logs are kept", **number)
    parser.add_argument("--decisions", type=float, metavar="RATE", default=0.0,
                        help="per second: also say how busy each part is then")
    parser.add_argument("--full", type=float, metavar="PART", default=FULL,
                        help="how busy a part may be (default: %(default)s)")
    parser.add_argument("--instance-us", default=Costs.instance_us, help="per decision", **us)
    parser.add_argument("--redis-us", default=Costs.redis_us, help="per script call", **us)
    parser.add_argument("--record-us", default=Costs.record_us, help="per record of the log", **us)
    parser.add_argument("--exchange-us", default=Costs.exchange_us,
                        help="per exchange between a worker and a shard", **us)
    parser.add_argument("--at-once", type=float, metavar="CALLS", default=Costs.at_once,
                        help="that a worker sends in a turn (default: %(default)s)")
    parser.add_argument("--measure", action="store_true", help="compare with what is measured here")
    parser.add_argument("--seconds", default=1, help="for each measurement", **number)
    parser.add_argument("--build", type=pathlib.Path, default="build/release",
                        help="what to measure (default: %(default)s)")
    options = parser.parse_args(words)
    options.build = options.build.resolve()
    if min(options.instances, options.workers, options.shards, options.users, options.pools,
           options.apps) < 1:
        parser.error("there must be at least one of each")
    if min(options.hot, options.pooled) < 0 or options.hot + options.pooled > 1:
        parser.error("--hot and --pooled are parts of one whole")
    if options.at_once < 1:
        parser.error("--at-once is at least one call")
    if not 0 < options.full <= 1:
        parser.error("--full is a part of one whole, and not none")
    return options


def foretold(options):
    machines = Machines(options.instances, options.workers, options.shards)
    callers = Callers(options.users, options.zipf, options.hot, options.pooled, options.pools,
                      options.apps)
    costs = Costs(options.instance_us, options.redis_us, options.record_us, options.exchange_us,
                  options.at_once)
    scale = Scale(machines, callers, costs)
    header = ["part", f"decisions/s at {options.full:.0%}"]
    lines = [[name, f"{limit:,.0f}"] for name, limit in scale.limits(options.full).items()]
    if options.decisions:
        header.append(f"busy at {options.decisions:,.0f}/s")
        busy = scale.busy(options.decisions)
        lines = [[*line, f"{busy[line[0]]:.0%}"] for line in lines]
    memory = options.users * COUNTER_BYTES / options.shards / 1e6
    return "\n".join([
        table(header, lines), "",
        f"connections of each shard: {machines.instances * machines.workers}, and three for each "
        "instance",
        f"counters of each shard: {memory:,.0f} MB, if each user has one"])


def measured(options, scratch, running):
    """Each round measures one Redis, which gives the costs, and then each point on a Cluster. So a
    machine that becomes slower meanwhile harms few rounds."""
    floor, one, cluster = (
        started(service, name, options, scratch, running) for service, name in
        ((RedisFloor(), "floor"), (Sluice(engine="redis"), "one"),
         (Sluice(engine="redis", masters=SHARDS_MEASURED), "cluster")))
    found = {}
    for _ in range(ROUNDS):
        costs = costs_measured(one, exchange_measured(floor, options.seconds), options.seconds)
        for point in POINTS:
            figures = figures_of(cluster, point.requests(), options.seconds)
            for name, *pair in beside(point, figures, costs):
                found.setdefault(name, []).append(pair)
    return table([f"on a Cluster of {SHARDS_MEASURED}", "foretold", "measured", "difference"],
                 [line(name, pairs) for name, pairs in found.items()])


def started(service, name, options, scratch, running):
    running.callback(service.stop)
    service.start(options.build, scratch / name)
    return service


def figures_of(service, requests, seconds):
    requests.prepare(service)
    requests.measure(service, WARM_UP_SECONDS, {})
    return requests.measure(service, seconds, {})


def exchange_measured(floor, seconds):
    """From a script with constants, called alone and with others."""
    load = ScriptCalls(pipelined_like="told", connections=FLOOR_CONNECTIONS)
    alone, together = (load.measure(floor, seconds, {"told": {"calls_per_read": calls}})
                       for calls in (1, CALLS_TOGETHER))
    return (alone["redis_us"] - together["redis_us"]) / (1 - 1 / CALLS_TOGETHER)


def costs_measured(service, exchange_us, seconds):
    """Redis itself says what the log has cost. The rest of its time is that of the scripts."""
    requests = Requests(keys=USERS_MEASURED)
    requests.prepare(service)
    requests.measure(service, WARM_UP_SECONDS, {})
    calls, used_us = service.log_cost()
    figures = requests.measure(service, seconds, {})
    calls_after, used_after_us = service.log_cost()
    record_us = (used_after_us - used_us) / max(calls_after - calls, 1)
    records = (calls_after - calls) / (figures["rps"] * seconds)
    return Costs(figures["cpu_us"], figures["redis_us"] - records * record_us, record_us,
                 exchange_us, figures["calls_per_read"])


def beside(point, figures, costs):
    """(name, foretold, measured) of the instance, and of each shard, the busiest first."""
    rate = figures["rps"]
    scale = Scale(Machines(shards=len(figures["nodes_us"])), point.callers, costs)
    shards = [statistics.mean(of_rank) for of_rank in
              zip(*([shard.busy(rate) for shard in shards] for shards in scale.placements()))]
    names = ["instance", *(f"shard {rank}" for rank in range(1, len(shards) + 1))]
    expected = [scale.instance().busy(rate), *shards]
    found = [rate * used / 1e6 for used in
             [figures["cpu_us"], *sorted(figures["nodes_us"], reverse=True)]]
    return [(f"{point.name}, {name}", *pair) for name, *pair in zip(names, expected, found)]


def line(name, pairs):
    """The medians of all rounds. The difference is one of a round, as a ratio is of one repeat."""
    before, after = (statistics.median(values) for values in zip(*pairs))
    difference = statistics.median(after / before for before, after in pairs) - 1
    return [name, f"{before:.0%}", f"{after:.0%}", f"{difference:+.0%}"]
