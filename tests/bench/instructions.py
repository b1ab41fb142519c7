# SPDX-License-Identifier: MIT
"""Instructions per decision, by callgrind."""

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
# callgrind counts `rep stosb` once per byte, a processor does not: memset() and memcpy() shall use
# vectors however much there is.
ENVIRONMENT = ("env", "GLIBC_TUNABLES=glibc.cpu.x86_rep_stosb_threshold=1000000000:"
               "glibc.cpu.x86_rep_movsb_threshold=1000000000")
CASES = [
    ("hello: libmicrohttpd alone", Hello, {}, Requests(keys=KEYS)),
    ("a check", Sluice, {}, Requests(keys=KEYS)),
    ("beside unused features", Sluice, {"policies": "unused features"}, Requests(keys=KEYS)),
    ("three limits", Sluice, {"policies": "three limits"}, Requests(keys=KEYS)),
    ("explain", Sluice, {}, Requests(keys=KEYS, explain=True)),
    ("denied", Sluice, {"policies": "closed"}, Requests(keys=KEYS, denied=True)),
    ("batch of 100, each", Sluice, {}, Requests(keys=KEYS, batch=100)),
]


def main(build, scratch):
    lines = []
    for number, (name, service, arrangement, load) in enumerate(CASES):
        few, many = (count // 10 if load.batch else count for count in (FEW, MANY))
        counts = []
        for requests in (few, many):
            folder = scratch / f"{number}-{requests}"
            measured = service(prefix=callgrind(folder), **arrangement)
            counts.append(counted(measured, build, folder, load, requests))
        decisions = (many - few) * max(load.batch, 1)
        lines.append([name, f"{(counts[1] - counts[0]) / decisions:,.0f}"])
    print(table(["memory engine", "instructions per decision"], lines))
    return 0


def callgrind(folder):
    return (*ENVIRONMENT, "valgrind", "--tool=callgrind",
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
