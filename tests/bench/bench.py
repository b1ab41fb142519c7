#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures what a decision costs, beside floors and peers in the same run.

The figure is CPU µs per decision: the time that the kernel has charged to all threads of the
process, divided by the decisions that it answered. Wall time on a shared machine says little. CPU
time decides how many cores must be paid for. Every repeat measures each row once, for a short time.
Each repeat begins with another row, and every second repeat runs backwards. So other work of the
machine affects all rows. A ratio is made from two figures of the same repeat. Nothing is pinned to
a core. wrk sends from the same machine, over connections that stay open, with random users.

Everything that is measured is started here, on free ports of 127.0.0.1, with files in a scratch
directory. At the end it is stopped.

  hello    libmicrohttpd in Sluice's event loop with a constant answer (hello.c). The answer is made
           once, or for each request, as a service must do whose answers differ
  nginx    limit_req with a state per user and a constant answer; one worker process
  webdis   calls Sluice's script in Redis with the same arguments; one thread, one link
  floor    redis-benchmark calls a script of the same commands with constants. It sends as many
           calls at a time as Sluice did. Its Redis column is the floor of Sluice's
  memory, no journal   Sluice linked with a journal that keeps nothing (without_journal.c)

--peers measures Sluice beside services that do the same, with binaries that you have built.
rivals.py says how each is started and asked. Claims are not judged then.

--simulate says how many instances and shards a load needs, from what is measured here. It has
options of its own: see --simulate --help.

--instructions counts instructions: two runs of different lengths under callgrind, so that the cost
of starting cancels out. Use it to compare two commits. Only what workers do
for requests counts. It repeats to about half a per cent.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import re
import signal
import subprocess
import sys
import tempfile
import time

import instructions
import report
import simulate
from loads import Spoilt
from rows import CLAIMS, ROWS, rows_beside

WARM_UP_SECONDS = 1
ATTEMPTS = 3
MORE_REPEATS = 2   # times as many again, of what noise alone may have missed
# The time of a disk must not be measured.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
PACKAGES = ["libevent-2.1-7", "redis-server", "nginx-light", "webdis", "wrk", "nghttp2-client"]


def main():
    # So SIGTERM also stops what was started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if "--simulate" in sys.argv:
        return simulate.main([word for word in sys.argv[1:] if word != "--simulate"])
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-", dir=MEMORY) as scratch, \
            contextlib.ExitStack() as running:
        if options.instructions:
            return instructions.main(options.build, pathlib.Path(scratch))
        rows, left_out = rows_beside(options.peers) if options.peers else (ROWS, [])
        rows = [row for row in rows if re.search(options.rows, row.name)
                and not (options.quick and row.is_slow)]
        try:
            results = run(rows, options, pathlib.Path(scratch), running)
        except Spoilt as reason:
            sys.exit(f"bench: {reason}")
    return finish(rows, results, left_out, options)


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true",
                        help="fail when a claim is missed in most repeats, three at least; what "
                             "is missed at first is measured again, and longer")
    parser.add_argument("--rows", metavar="PATTERN", default="",
                        help="only the rows whose name matches")
    parser.add_argument("--peers", metavar="FOLDER", type=pathlib.Path,
                        help="measure Sluice beside other rate limiters instead: those whose "
                             "binaries you have built and put there (throttlecrab-server, "
                             "limitador-server, gubernator, ratelimit)")
    parser.add_argument("--repeats", type=int, default=9, help="how often (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=1,
                        help="how long a row is measured each time (default: %(default)s)")
    parser.add_argument("--quick", action="store_true",
                        help="once, a second each, without the rows that are slow to set up")
    parser.add_argument("--json", metavar="FILE", type=pathlib.Path,
                        help="write every figure of every repeat there")
    parser.add_argument("--simulate", action="store_true",
                        help="how many machines a load needs instead; with options of its own")
    parser.add_argument("--instructions", action="store_true",
                        help="count instructions per decision under callgrind instead")
    parser.add_argument("--build", type=pathlib.Path, default="build/release",
                        help="what to measure (default: %(default)s)")
    options = parser.parse_args()
    options.build = options.build.resolve()
    if options.peers and not options.peers.is_dir():
        parser.error(f"--peers: {options.peers} is no folder")
    if options.quick:
        options.repeats, options.seconds = 1, 1
    return options


def run(rows, options, scratch, running):
    """The figures of each row, by its name: one entry per repeat."""
    started, latest, results = {}, {}, {row.name: [] for row in rows}
    for row in rows:
        begun = time.monotonic()
        if row.service not in started:
            started[row.service] = row.service
            running.callback(row.service.stop)
            row.service.start(options.build, scratch / str(len(started)))
        service = started[row.service]
        row.load.prepare(service)
        measure(row, service, WARM_UP_SECONDS, latest)
        progress(f"ready: {row.name} ({time.monotonic() - begun:.1f} s)")

    def repeat(some, times):
        for i in range(times):
            for row in in_turn(some, i, times):
                progress(f"repeat {i + 1} of {times}: {row.name}")
                measure(row, started[row.service], options.seconds, latest)
                results[row.name].append(latest[row.name])

    repeat(rows, options.repeats)
    if options.check:
        repeat(report.rows_to_repeat(rows, CLAIMS, results), MORE_REPEATS * options.repeats)
    progress("")
    return results


def measure(row, service, seconds, latest):
    """Measures again if the figures are useless; a row that always fails ends the benchmark."""
    for _ in range(ATTEMPTS):
        try:
            latest[row.name] = row.load.measure(service, seconds, latest)
            return
        except Spoilt as reason:
            progress(f"{row.name}: {reason}\n")
    raise Spoilt(f"{row.name}: no figures in {ATTEMPTS} attempts")


def in_turn(rows, repeat, repeats):
    """Rows that are compared are neighbours in the table, so they are measured close in time."""
    begin = len(rows) * repeat // repeats
    turned = rows[begin:] + rows[:begin]
    return turned if repeat % 2 == 0 else turned[::-1]


def progress(text):
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
    elif text:
        print(text, file=sys.stderr, flush=True)


def finish(rows, results, left_out, options):
    claims, missed = report.claims_table(CLAIMS, results)
    print(machine(options.build), report.rows_table(rows, results), sep="\n\n")
    if options.peers:
        print("", *(f"left out, its binary is not in {options.peers}: {name}" for name in left_out),
              sep="\n")
    else:
        print("", claims, sep="\n")
    if options.json:
        document = {"machine": machine(options.build), "results": results}
        options.json.write_text(json.dumps(document, indent=1))
    return 1 if options.check and missed else 0


def machine(build):
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    versions = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}, ", *PACKAGES],
                              capture_output=True, text=True).stdout
    front = subprocess.run([build / "bench_hello", "version"], capture_output=True,
                           text=True).stdout.strip()
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True,
                            text=True).stdout.strip()
    return (f"{commit} on {model[1] if model else platform.machine()}, {os.cpu_count()} cores, "
            f"Linux {platform.release()}\nlibmicrohttpd {front}, {versions.rstrip(', ')}")


if __name__ == "__main__":
    sys.exit(main())
