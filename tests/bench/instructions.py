# SPDX-License-Identifier: MIT
"""Instructions per decision, by callgrind."""

from dataclasses import dataclass, replace
import http.client
import re

from loads import Requests
from peers import Hello
from report import table
from services import blanks_filled
from sluice import Sluice

PROFILE = "callgrind.out"
KEYS = 1000
FEW, MANY = 300, 1300
# callgrind counts `rep stosb` once per byte, but a processor does not. So memset() and memcpy()
# must use vectors for all sizes.
ENVIRONMENT = ("env", "GLIBC_TUNABLES=glibc.cpu.x86_rep_stosb_threshold=1000000000:"
               "glibc.cpu.x86_rep_movsb_threshold=1000000000")
# All that a worker does for a request in memory is below this function of libmicrohttpd. What else
# a process does, such as waiting for the disk when it starts, differs from run to run.
COUNTED = "MHD_run"
CASES = [
    ("hello: one answer for all", Hello(), Requests(keys=KEYS)),
    ("hello: an answer for each", Hello(makes_answers=True), Requests(keys=KEYS)),
    ("a check", Sluice(), Requests(keys=KEYS)),
    ("beside unused features", Sluice(policies="unused features"), Requests(keys=KEYS)),
    ("three limits", Sluice(policies="three limits"), Requests(keys=KEYS)),
    ("explain", Sluice(), Requests(keys=KEYS, explain=True)),
    ("denied", Sluice(policies="closed"), Requests(keys=KEYS, denied=True)),
    ("batch of 100, each", Sluice(), Requests(keys=KEYS, batch=100)),
]


@dataclass(frozen=True)
class Instructions:
    """A load. It counts only once, because the count is exact."""

    requests: Requests = Requests(keys=KEYS)

    def prepare(self, service):
        folder = service.scratch / "instructions"
        folder.mkdir()
        service.instructions = per_decision(service, self.requests, service.build, folder)

    def measure(self, service, seconds, latest):
        return {"instructions": service.instructions}


def main(build, scratch):
    lines = []
    for number, (name, service, load) in enumerate(CASES):
        folder = scratch / str(number)
        folder.mkdir()
        lines.append([name, f"{per_decision(service, load, build, folder):,.0f}"])
    print(table(["memory engine", "instructions per decision"], lines))
    return 0


def per_decision(service, load, build, scratch):
    """From two services like this one: one answers few requests, the other many."""
    few, many = (count // 10 if load.batch else count for count in (FEW, MANY))
    counts = []
    for requests in (few, many):
        folder = scratch / str(requests)
        counts.append(counted(replace(service, prefix=callgrind(folder)), build, folder, load,
                              requests))
    return (counts[1] - counts[0]) / (many - few) / max(load.batch, 1)


def callgrind(folder):
    return (*ENVIRONMENT, "valgrind", "--tool=callgrind",
            "--collect-atstart=no", f"--toggle-collect={COUNTED}",
            f"--callgrind-out-file={folder / PROFILE}")


def counted(service, build, scratch, load, requests):
    """Instructions of a whole run, from start to end, with this many requests on one connection."""
    try:
        service.start(build, scratch)
        template = service.request(load)
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
        connection.connect()
        for number in range(requests):
            users = template.replace(f"@number:{KEYS}@", f"{number % KEYS:07d}")
            connection.sock.sendall(blanks_filled(users).encode())
            answer = http.client.HTTPResponse(connection.sock, method="POST")
            answer.begin()
            answer.read()
        connection.close()
    finally:
        service.stop()
    profile = (scratch / PROFILE).read_text()
    return int(re.search(r"^(?:totals|summary): (\d+)", profile, re.M)[1])
