# SPDX-License-Identifier: MIT
"""Callers who check without a pause until standard input ends, each time on a new connection.

usage: callers.py ADDRESS CALLERS, with the API key in the first line of standard input. The address
is a port or the path of a socket.

When each caller has been answered once, prints a line. At the end prints, as JSON, what the callers
saw: how many checks, of which status or error, and the longest time in seconds.
"""

import collections
import http.client
import json
import socket
import sys
import threading
import time

CHECK = json.dumps({"user_id": "u", "route_key": "/r"})
TIME_OUT_S = 30


class Connection(http.client.HTTPConnection):
    def __init__(self, address):
        super().__init__("127.0.0.1", None if "/" in address else address, timeout=TIME_OUT_S)
        self.address = address

    def connect(self):
        if "/" not in self.address:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(TIME_OUT_S)
        self.sock.connect(self.address)


class Callers:
    def __init__(self, address, count, key):
        self.address = address
        self.fields = {"X-API-Key": key, "Content-Type": "application/json"}
        self.seen = collections.Counter()
        self.longest_s = 0
        self.lock = threading.Lock()
        self.is_over = threading.Event()
        self.first = threading.Barrier(count + 1)
        self.threads = [threading.Thread(target=self.call) for _ in range(count)]
        for thread in self.threads:
            thread.start()

    def call(self):
        self.check()
        self.first.wait()
        while not self.is_over.is_set():
            self.check()

    def check(self):
        begun = time.monotonic()
        what = self.status()
        with self.lock:
            self.seen[what] += 1
            self.longest_s = max(self.longest_s, time.monotonic() - begun)

    def status(self):
        connection = Connection(self.address)
        try:
            connection.request("POST", "/check", CHECK, self.fields)
            answer = connection.getresponse()
            answer.read()
            return str(answer.status)
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()

    def end(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join()


def main(address, count):
    callers = Callers(address, int(count), sys.stdin.readline().strip())
    callers.first.wait()
    print("begun", flush=True)
    sys.stdin.read()
    callers.end()
    print(json.dumps({"seen": callers.seen, "longest_s": callers.longest_s}))


main(*sys.argv[1:])
