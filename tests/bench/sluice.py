# SPDX-License-Identifier: MIT
"""Sluice with the configurations that are measured."""

from dataclasses import dataclass
import json

from processes import Process, wait_for
from services import QUOTA, ROUTE, WINDOW_SECONDS, WithRedis, http_request

BATCH_TO_FILL = 1000
LOG_RECORDS = 1000
USERS_LOGGED = 10
ORGS = 1000
PEPPER = "the same for every benchmark"
# Long, because the cost of Redis is measured, and not what happens when a busy machine is late.
REDIS_TIMEOUT_MS = 2000


def limits_of(count, *sets):
    """That many limits, each by its set of subjects if these are told."""
    limits = [{"name": f"w{i}", "limit": QUOTA, "window_seconds": WINDOW_SECONDS * 24 ** i}
              for i in range(count)]
    return [{**limit, "by": by} for limit, by in zip(limits, sets)] if sets else limits


PLAIN = {"route_key": ROUTE, "limit": QUOTA, "window_seconds": WINDOW_SECONDS}
POLICIES = {
    "one": [PLAIN],
    "a period": [{"route_key": ROUTE, "limit": QUOTA, "period": "hour"}],
    "closed": [{"route_key": ROUTE, "limit": 1, "window_seconds": 31_536_000}],
    "one pool": [{"route_key": ROUTE, "limits": limits_of(1, [])}],
    "two limits": [{"route_key": ROUTE, "limits": limits_of(2)}],
    "two limits, one pool": [{"route_key": ROUTE, "limits": limits_of(2, [], "user")}],
    "three limits": [{"route_key": ROUTE, "limits": limits_of(3)}],
    "three limits by three sets": [{"route_key": ROUTE, "limits": limits_of(3, [], "org", "user")}],
    # Features that a check of ROUTE by the default role does not use.
    "unused features": [
        PLAIN,
        {**PLAIN, "role": "premium"},
        {**PLAIN, "user_id": "somebody"},
        {"route_key": "/sea*", "limits": limits_of(3), "mode": "shadow"},
        {"route_key": "*", "limits": limits_of(3)},
    ],
    # One half is found by its exact name, the other through a prefix.
    "thousand": [{**PLAIN, "route_key": f"{ROUTE}/{i:07d}" + ("*" if i % 2 else "")}
                 for i in range(1000)],
}


# As many as an app may have, one of them for the checks that fill the log.
POLICIES["full"] = [PLAIN, *POLICIES["thousand"][1:]]


@dataclass(unsafe_hash=True)
class Sluice(WithRedis):
    engine: str = "memory"
    masters: int = 0            # of a Redis Cluster; 0: one Redis that is none
    workers: int = 1
    policies: str = "one"
    apps: int = 1
    filled: int = 0             # how many counters there are before the first measurement
    logged: bool = False        # by then every app's log is full, too
    at_path: bool = False       # serves a socket with a path, and no port
    binary: str = "sluice"
    label: str = ""             # makes values differ that must not be shared
    prefix: tuple = ()          # of the command, such as valgrind

    def launch(self):
        if self.masters:
            self.launch_cluster(self.masters)
        elif self.engine == "redis":
            self.launch_redis()
        if self.at_path:
            self.socket_path = self.scratch / "s"
            self.processes["service"] = Process(self.command(), self.scratch / "service.log")
        else:
            self.run("service", self.command(), self.port)
        self.set_up()

    def command(self):
        command = [*self.prefix, self.build / self.binary, "serve",
                   f"--listen={self.address()}", f"--engine={self.engine}",
                   f"--workers={self.workers}", f"--data-dir={self.scratch}",
                   f"--key-pepper={PEPPER}", "--register-limit=off", "--manage-limit=off",
                   "--log-level=warn",
                   # So its memory can be read from outside without root.
                   "--core-dumps=true"]
        if self.engine == "redis":
            command += [f"--redis-url={self.redis_url()}",
                        f"--redis-timeout-ms={REDIS_TIMEOUT_MS}"]
        return command

    def redis_url(self):
        if not self.masters:
            return f"redis://127.0.0.1:{self.redis_port}/0"
        # The others are learnt from these.
        return "redis-cluster://" + ",".join(f"127.0.0.1:{port}" for port in self.redis_ports[:2])

    def address(self):
        return f"unix:{self.socket_path}" if self.at_path else f"127.0.0.1:{self.port}"

    def set_up(self):
        wait_for(self._is_ready, "sluice is ready")
        keys = [self._register(i) for i in range(self.apps)]
        self.key, self.keys = keys[0], keys
        self.keys_file = self.scratch / "api-keys"
        self.keys_file.write_text("\n".join(keys) + "\n")
        # A new key may send large bodies only after a moment.
        wait_for(lambda: self._fill(0)[0] == 200, "a large batch is let in")
        logged = [f"u{i % USERS_LOGGED:07d}" for i in range(LOG_RECORDS)]
        for key in keys if self.logged else []:
            status, answer = self._batch(logged, key)
            assert status == 200, answer
        before = self.processes["service"].resident_bytes()
        for first in range(BATCH_TO_FILL, self.filled, BATCH_TO_FILL):
            status, answer = self._fill(first)
            assert status == 200, answer
        if self.filled > BATCH_TO_FILL:
            grown = self.processes["service"].resident_bytes() - before
            self.bytes_per_counter = grown / (self.filled - BATCH_TO_FILL)

    def halt(self):
        self.processes["service"].stop()

    def resume(self):
        self.processes["service"] = Process(self.command(), self.scratch / "service.log")

    def _is_ready(self):
        try:
            connection = self.http(1)
        except OSError:
            return False
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        finally:
            connection.close()

    def _register(self, number):
        status, answer = self.post("/register", {"name": f"bench {number}"})
        assert status == 201, answer
        key = json.loads(answer)["api_key"]
        for policy in POLICIES[self.policies]:
            status, answer = self.post("/policy", policy, {"X-API-Key": key})
            assert status in (200, 201), answer
        return key

    def _fill(self, first):
        return self._batch([f"u{first + i:07d}" for i in range(BATCH_TO_FILL)], self.key)

    def _batch(self, users, key):
        checks = [{**self._caller(user, "o0000000"), "route_key": ROUTE} for user in users]
        return self.post("/check/batch", {"checks": checks}, {"X-API-Key": key})

    def check(self, load):
        route = ROUTE + ("/@number:1000@" if self.policies == "thousand" else "")
        caller = self._caller(f"u@number:{load.keys}@", f"o@number:{ORGS}@")
        explain = {"explain": True} if load.explain else {}
        return json.dumps({**caller, "route_key": route, **explain}, separators=(",", ":"))

    def _caller(self, user, org):
        """Names no subject that the policies do not need."""
        if self.policies == "three limits by three sets":
            return {"subjects": {"org": org, "user": user}}
        return {"user_id": user}

    def request(self, load, key=None):
        """With this key, else with the app's, or with one of those of all apps."""
        key = key or (self.key if self.apps == 1 else f"@line:{self.keys_file}@")
        fields = [f"X-API-Key: {key}"]
        if load.batch == 0:
            return http_request("/check", fields, self.check(load))
        checks = ",".join([self.check(load)] * load.batch)
        return http_request("/check/batch", fields, f'{{"checks":[{checks}]}}')
