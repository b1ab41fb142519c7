# SPDX-License-Identifier: MIT
"""h2load: one request again and again, over connections that stay open. Unlike wrk it can use a
socket with a path, keep a rate, and write down every answer."""

import math
import re
import subprocess

from services import blanks_filled


def start(service, request, seconds, *options):
    """`request` is what service.request() returns. Its blanks are filled once. Another one may be
    starting with the same body, so its file is there whole at any time."""
    head, body = blanks_filled(request).split("\r\n\r\n")
    path = head.split(" ", 2)[1]
    body_file = service.scratch / "body"
    written = service.scratch / "body.new"
    written.write_text(body)
    written.replace(body_file)
    fields = [f"-H{line}" for line in head.split("\r\n")[1:]
              if not line.startswith(("Host:", "Content-Length:"))]
    over = [f"--base-uri=unix:{service.socket_path}"] if service.socket_path else []
    return subprocess.Popen(
        ["h2load", "--h1", "-t1", f"-D{seconds}", "--warm-up-time=0", "-d", body_file, *fields,
         *over, *map(str, options), f"http://127.0.0.1:{service.port}{path}"],
        stdout=subprocess.PIPE, text=True)


def answers(process):
    """How many were 2xx, and how many were not. Waits for the end."""
    output, _ = process.communicate()
    counts = re.search(r"status codes: (\d+) 2xx, (\d+) 3xx, (\d+) 4xx, (\d+) 5xx", output)
    good, *others = map(int, counts.groups())
    return good, sum(others)


def percentile_ms(lines, percent):
    """Of the answers in a file of --log-file: begun, status, and µs until the answer was there."""
    times_us = sorted(int(line.split("\t")[2]) for line in lines)
    return times_us[math.ceil(len(times_us) * percent / 100) - 1] / 1e3
