# SPDX-License-Identifier: MIT
"""What readers of the log cost: themselves, and an app that they do not read of."""

from dataclasses import dataclass
import math
import selectors
import socket
import threading

import h2load
from loads import Checks, Meters, Spoilt, all_good, expect_allowed, expect_redis_decided
from processes import wait_for

GOOD = b"HTTP/1.1 200 "
EVENT = b"event: decision\n"
READ_BYTES = 65536
UNREAD_BYTES = 4096      # what the kernel keeps for the reader that does not read
TURN_S = 0.05
READ_MIN = 0.99          # of the events; those that two chunks share are not recognised
CONNECTIONS = 10         # of each app
RATE = 1000              # checks a second of the app that is measured
RATE_OF_OTHERS = 300     # of each app that is followed
PATIENCE_S = 30
SECONDS_MIN = 3          # so that a percentile is of thousands of answers


@dataclass(frozen=True)
class SteadyChecks(Checks):
    """h2load at a steady rate for each app. The figures are the first app's. `readers` follow the
    logs of the others, and one of these does not read. CPU is per decision of all apps."""

    readers: int = 0
    without: str = ""    # the row without readers

    def prepare(self, service):
        expect_allowed(service, self)

    def measure(self, service, seconds, latest):
        seconds = max(seconds, SECONDS_MIN)
        measured, *others = service.keys
        log = service.scratch / "answers"
        log.unlink(missing_ok=True)
        with Followers(service, others, self.readers) as followers:
            meters = Meters(service)
            asking = [self._ask(service, measured, RATE, seconds, f"--log-file={log}"),
                      *(self._ask(service, key, RATE_OF_OTHERS, seconds) for key in others)]
            decisions = [all_good(*h2load.answers(process)) for process in asking]
            events = followers.wait_for_events(decisions[1:])
            figures = meters.figures(sum(decisions))
        expect_redis_decided(figures)
        if events:
            added_us = figures["cpu_us"] - latest[self.without]["cpu_us"]
            figures["event_us"] = added_us * sum(decisions) / events
        lines = log.read_text().splitlines()
        return {"rps": decisions[0] / seconds, "p50_ms": h2load.percentile_ms(lines, 50),
                "p99_ms": h2load.percentile_ms(lines, 99), **figures}

    def _ask(self, service, key, rate, seconds, *options):
        return h2load.start(service, service.request(self, key), seconds, f"-c{CONNECTIONS}",
                            f"--rps={rate // CONNECTIONS}", *options)


class Follower:
    """A connection that reads GET /logs/stream, and what it has got."""

    def __init__(self, connection, key):
        self.connection = connection
        self.events = 0
        self.rest = b""
        connection.sendall(f"GET /logs/stream HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                           f"X-API-Key: {key}\r\n\r\n".encode())
        head = connection.recv(len(GOOD), socket.MSG_WAITALL)
        if head != GOOD:
            raise Spoilt(f"a reader was answered {head}")

    def read(self):
        """False at the end of the stream."""
        text = self.connection.recv(READ_BYTES)
        self.take(text)
        return bool(text)

    def take(self, text):
        text = self.rest + text
        self.events += text.count(EVENT)
        self.rest = text[-len(EVENT) + 1:]


class Followers:
    """So many, the apps in turn. The first one does not read; a thread reads for all others."""

    def __init__(self, service, keys, count):
        self.service, self.keys, self.count = service, keys, count
        self.connections, self.followers = [], []
        self.selector = selectors.DefaultSelector()
        self.ended = False
        self.thread = threading.Thread(target=self._read_all, daemon=True)

    def __enter__(self):
        try:
            for i in range(self.count):
                self.connections.append(self.service.connect(5))
                key = self.keys[i % len(self.keys)]
                self.followers.append(Follower(self.connections[i], key))
        except Spoilt:
            self._close()
            raise
        for lazy in self.followers[:1]:
            lazy.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, UNREAD_BYTES)
        for follower in self.followers[1:]:
            self.selector.register(follower.connection, selectors.EVENT_READ, follower)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        self.thread.join()
        self._close()

    def _close(self):
        self.selector.close()
        for connection in self.connections:
            connection.close()

    def _read_all(self):
        while not self.ended:
            for key, _ in self.selector.select(TURN_S):
                if not key.data.read():
                    self.selector.unregister(key.fileobj)

    def wait_for_events(self, decisions):
        """How many events the readers have got together, once each has got those of its app."""
        due = [math.ceil(decisions[i % len(decisions)] * READ_MIN) for i in range(self.count)]

        def all_there():
            return all(follower.events >= least
                       for follower, least in zip(self.followers[1:], due[1:]))

        try:
            wait_for(all_there, "the readers have all decisions", PATIENCE_S)
        except RuntimeError as reason:
            raise Spoilt(reason) from reason
        return sum(follower.events for follower in self.followers[1:])
