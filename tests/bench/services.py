# SPDX-License-Identifier: MIT
"""What is measured: Sluice in several arrangements, the floors, and the peers.

A row names a service by a value of one of these classes; rows that name equal values share one. A
service that is started has `port`, `processes` (by role: "service", "redis"), and `request(load)`:
the bytes that wrk sends, with blanks that tests/bench/wrk/replay.lua fills in.
"""

from dataclasses import dataclass
import http.client
import json
import socket
import subprocess

from processes import Process, free_port, wait_for

QUOTA = 1_000_000_000
WINDOW_SECONDS = 3600
ROUTE = "/search"
BATCH_TO_FILL = 1000
KEYS_SAMPLED = 20
PEPPER = "the same for every benchmark"


def http_request(path, fields, body):
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *fields,
             "Content-Type: application/json", f"Content-Length: {len(blanks_filled(body))}"]
    return "\r\n".join([*lines, "", body])


def blanks_filled(template):
    """The template as replay.lua could send it; every filling is as long as this one."""
    parts = template.split("@")
    for at in range(1, len(parts), 2):
        kind, _, argument = parts[at].partition(":")
        parts[at] = "0000000" if kind == "number" else open(argument).readline().rstrip("\n")
    return "".join(parts)


class Service:
    """Started at the first use, stopped at the end. Subclasses are dataclasses, compared by their
    fields: these say what it is, and start() adds what comes of it."""

    allowed, denied = '"allowed":true', '"allowed":false'

    def __post_init__(self):
        self.processes = {}

    def start(self, build, scratch):
        self.build, self.scratch = build, scratch
        scratch.mkdir()
        self.port = free_port()
        self.launch()

    def stop(self):
        for process in self.processes.values():
            process.stop()

    def run(self, role, command, port):
        process = Process(command, self.scratch / f"{role}.log")
        self.processes[role] = process
        process.wait_for_port(port)
        return process

    def ask(self, load):
        """The answer to one request of this load."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(blanks_filled(self.request(load)).encode())
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.read().decode()

    def post(self, path, value, fields=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", path, json.dumps(value), fields or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class WithRedis(Service):
    def launch_redis(self):
        self.redis_port = free_port()
        self.run("redis", ["redis-server", "--port", self.redis_port, "--bind", "127.0.0.1",
                           "--save", "", "--appendonly", "no", "--dir", self.scratch],
                 self.redis_port)

    def redis(self, *words, given=None):
        answer = subprocess.run(["redis-cli", "-p", str(self.redis_port), *words], input=given,
                                capture_output=True, text=True, check=True)
        return answer.stdout.strip()

    def script_load(self, script):
        return self.redis("-x", "SCRIPT", "LOAD", given=script)

    def redis_counts(self):
        """Script calls so far, and reads from sockets: their ratio is how well calls share."""
        fields = dict(line.split(":", 1) for line in self.redis("INFO", "all").splitlines()
                      if ":" in line)
        scripts = sum(int(fields[name].split(",")[0].removeprefix("calls="))
                      for name in ("cmdstat_evalsha", "cmdstat_eval") if name in fields)
        return scripts, int(fields["total_reads_processed"])

    def key_bytes(self):
        """Of the counters' keys; MEMORY USAGE counts the key and its entry, not the hash tables."""
        keys = self.redis("--scan", "--pattern", "sluice:{*").splitlines()[:KEYS_SAMPLED]
        return max(int(self.redis("MEMORY", "USAGE", key)) for key in keys)


# --- Sluice ------------------------------------------------------------------------------------

def limits_of(count):
    return [{"name": f"w{i}", "limit": QUOTA, "window_seconds": WINDOW_SECONDS * 24 ** i}
            for i in range(count)]


PLAIN = {"route_key": ROUTE, "limit": QUOTA, "window_seconds": WINDOW_SECONDS}
POLICIES = {
    "one": [PLAIN],
    "closed": [{"route_key": ROUTE, "limit": 1, "window_seconds": 31_536_000}],
    "three limits": [{"route_key": ROUTE, "limits": limits_of(3)}],
    # Everything that a check of ROUTE by the default role has to pass by.
    "unused features": [
        PLAIN,
        {**PLAIN, "role": "premium"},
        {**PLAIN, "user_id": "somebody"},
        {"route_key": "/sea*", "limits": limits_of(3), "mode": "shadow"},
        {"route_key": "*", "limits": limits_of(3)},
    ],
    # One half is found by its own name, the other through a prefix.
    "thousand": [{**PLAIN, "route_key": f"{ROUTE}/{i:07d}" + ("*" if i % 2 else "")}
                 for i in range(1000)],
}

@dataclass(unsafe_hash=True)
class Sluice(WithRedis):
    engine: str = "memory"
    workers: int = 1
    policies: str = "one"
    apps: int = 1
    filled: int = 0             # how many counters there are before the first measurement
    binary: str = "sluice"
    label: str = ""             # tells apart what must not be shared
    prefix: tuple = ()          # of the command: valgrind, for one

    def launch(self):
        if self.engine == "redis":
            self.launch_redis()
        self.run("service", self.command(), self.port)
        self.set_up()

    def command(self):
        command = [*self.prefix, self.build / self.binary, "serve",
                   f"--listen=127.0.0.1:{self.port}", f"--engine={self.engine}",
                   f"--workers={self.workers}", f"--data-dir={self.scratch}",
                   f"--key-pepper={PEPPER}", "--register-limit=off", "--manage-limit=off",
                   "--log-level=warn"]
        if self.engine == "redis":
            command.append(f"--redis-url=redis://127.0.0.1:{self.redis_port}/0")
        return command

    def set_up(self):
        wait_for(self._is_ready, "sluice is ready")
        keys = [self._register(i) for i in range(self.apps)]
        self.key = keys[0]
        self.keys_file = self.scratch / "api-keys"
        self.keys_file.write_text("\n".join(keys) + "\n")
        # A new key may send large bodies only after a moment.
        wait_for(lambda: self._fill(0)[0] == 200, "a large batch is let in")
        before = self.processes["service"].resident_bytes()
        for first in range(BATCH_TO_FILL, self.filled, BATCH_TO_FILL):
            status, answer = self._fill(first)
            assert status == 200, answer
        if self.filled > BATCH_TO_FILL:
            grown = self.processes["service"].resident_bytes() - before
            self.bytes_per_counter = grown / (self.filled - BATCH_TO_FILL)

    def restart(self):
        self.processes["service"].stop()
        self.processes["service"] = Process(self.command(), self.scratch / "service.log")

    def _is_ready(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
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
        checks = [{"user_id": f"u{first + i:07d}", "route_key": ROUTE}
                  for i in range(BATCH_TO_FILL)]
        return self.post("/check/batch", {"checks": checks}, {"X-API-Key": self.key})

    def check(self, load):
        route = ROUTE + ("/@number:1000@" if self.policies == "thousand" else "")
        explain = ',"explain":true' if load.explain else ""
        return f'{{"user_id":"u@number:{load.keys}@","route_key":"{route}"{explain}}}'

    def request(self, load):
        key = self.key if self.apps == 1 else f"@line:{self.keys_file}@"
        fields = [f"X-API-Key: {key}"]
        if load.batch == 0:
            return http_request("/check", fields, self.check(load))
        checks = ",".join([self.check(load)] * load.batch)
        return http_request("/check/batch", fields, f'{{"checks":[{checks}]}}')


# --- Floors and peers --------------------------------------------------------------------------

class Peer(Service):
    """Gets the very bytes that Sluice would get, unless it says otherwise."""

    path = "/check"

    def request(self, load):
        key = "slk_" + "0" * 51
        body = f'{{"user_id":"u@number:{load.keys}@","route_key":"{ROUTE}"}}'
        return http_request(self.path.format(load=load), [f"X-API-Key: {key}"], body)


@dataclass(unsafe_hash=True)
class Hello(Peer):
    """libmicrohttpd in the same event loop, with a constant answer."""

    def launch(self):
        self.run("service", [self.build / "bench_hello", self.port], self.port)


NGINX_CONFIG = """
daemon off;
worker_processes 1;
pid {scratch}/nginx.pid;
error_log stderr crit;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  keepalive_timeout 60s;
  keepalive_requests 1000000000;
  client_body_temp_path {scratch}/body;
  proxy_temp_path {scratch}/proxy;
  fastcgi_temp_path {scratch}/fastcgi;
  uwsgi_temp_path {scratch}/uwsgi;
  scgi_temp_path {scratch}/scgi;
  limit_req_zone $arg_user zone=users:64m rate=1000000r/s;
  server {{
    listen 127.0.0.1:{port};
    # `return` would answer before limit_req is asked, which is only just before access is decided.
    # So access is denied, and the page for that is the answer: no file, no system call.
    location = /check {{
      limit_req zone=users burst=1000000 nodelay;
      deny all;
      error_page 403 =200 @allowed;
    }}
    location @allowed {{
      default_type application/json;
      add_header X-RateLimit-Limit 1000000000;
      return 200 '{{"allowed":true,"limit":1000000000,"retry_after":0,"reason":null}}';
    }}
  }}
}}
"""


@dataclass(unsafe_hash=True)
class Nginx(Peer):
    """limit_req with a state per user, one worker process, and nothing written to disk."""

    path = "/check?user=u@number:{load.keys}@"

    def launch(self):
        config = self.scratch / "nginx.conf"
        config.write_text(NGINX_CONFIG.format(scratch=self.scratch, port=self.port))
        self.run("service", ["nginx", "-p", self.scratch, "-c", config, "-e", "stderr"], self.port)


# What Sluice sends for one check of PLAIN: a key of the same length, and the same arguments.
SCRIPT_ARGUMENTS = ["1", "fixed_window", str(QUOTA), str(WINDOW_SECONDS * 1_000_000), str(QUOTA)]
SCRIPT_KEY = "sluice:{{{subject}}}:0123456789abcdef:01234567"


@dataclass(unsafe_hash=True)
class Webdis(WithRedis, Peer):
    """Redis over HTTP, calling the same script with the same arguments."""

    allowed, denied = '"EVALSHA":[1,', '"EVALSHA":[0,'

    def launch(self):
        self.launch_redis()
        self.sha1 = self.script_load((self.build / "lua" / "take.lua").read_text())
        config = self.scratch / "webdis.json"
        config.write_text(json.dumps({
            "redis_host": "127.0.0.1", "redis_port": self.redis_port, "redis_auth": None,
            "http_host": "127.0.0.1", "http_port": self.port, "threads": 1, "pool_size": 1,
            "daemonize": False, "verbosity": 0, "logfile": str(self.scratch / "webdis.log"),
        }))
        self.run("service", ["webdis", config], self.port)

    def request(self, load):
        key = SCRIPT_KEY.format(subject=f"AAAAAAAAAAAAAAA@number:{load.keys}@")
        return http_request("/", [], "/".join(["EVALSHA", self.sha1, "1", key, *SCRIPT_ARGUMENTS]))


# The commands of a charged check, with constants for all that is computed.
FLOOR_SCRIPT = """
redis.call("TIME")
redis.call("GET", KEYS[1])
redis.call("SET", KEYS[1], "0123456789abcdef", "PX", "3600000")
return { 1, 999999999, 3600000000, 0, 0 }
"""


@dataclass(unsafe_hash=True)
class RedisFloor(WithRedis):
    """Redis alone, asked by redis-benchmark for the script with constants."""

    def launch(self):
        self.launch_redis()
        self.sha1 = self.script_load(FLOOR_SCRIPT)

    def command(self, load):
        # redis-benchmark replaces __rand_int__ by twelve digits.
        key = SCRIPT_KEY.format(subject="AAAAAAAAAA__rand_int__")
        return ["EVALSHA", self.sha1, "1", key, *SCRIPT_ARGUMENTS]
