# SPDX-License-Identifier: MIT
"""What all services have in common. The services themselves are in sluice.py, peers.py and
rivals.py.

A row names a service by a value of one of their classes. Rows with equal values share one service.
A started service has `port`, `processes` (by role: "service", "redis"; the nodes of a cluster are
"redis 1", "redis 2" and so on), and `request(load)`: the bytes that wrk sends, with blanks that
tests/bench/wrk/replay.lua fills in.
"""

import http.client
import json
import socket
import subprocess

from processes import Process, free_port, wait_for

# The limit that is never reached. Each service that can have it is asked about it.
QUOTA = 1_000_000_000
WINDOW_SECONDS = 3600
ROUTE = "/search"
KEYS_SAMPLED = 20
SLOTS = 16384


def http_request(path, fields, body):
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *fields,
             "Content-Type: application/json", f"Content-Length: {len(blanks_filled(body))}"]
    return "\r\n".join([*lines, "", body])


def blanks_filled(template):
    """The template as replay.lua could send it. All fillings have the same length."""
    parts = template.split("@")
    for at in range(1, len(parts), 2):
        kind, _, argument = parts[at].partition(":")
        parts[at] = "0000000" if kind == "number" else open(argument).readline().rstrip("\n")
    return "".join(parts)


class Service:
    """Started at the first use, stopped at the end. Subclasses are dataclasses, and are compared by
    their fields, which say what the service is. start() adds the rest."""

    allowed, denied = '"allowed":true', '"allowed":false'
    socket_path = None   # of the socket that it serves instead of the port

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

    def redis_roles(self):
        return [role for role in self.processes if role.startswith("redis")]

    def run(self, role, command, port, environment=None):
        process = Process(command, self.scratch / f"{role}.log", environment)
        self.processes[role] = process
        process.wait_for_port(port)
        return process

    def ask(self, load):
        """The answer to one request of this load."""
        with self.connect(5) as connection:
            connection.sendall(blanks_filled(self.request(load)).encode())
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.read().decode()

    def connect(self, timeout_s):
        if self.socket_path is None:
            return socket.create_connection(("127.0.0.1", self.port), timeout_s)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(timeout_s)
        connection.connect(str(self.socket_path))
        return connection

    def http(self, timeout_s):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        connection.sock = self.connect(timeout_s)
        return connection

    def post(self, path, value, fields=None):
        connection = self.http(30)
        try:
            connection.request("POST", path, json.dumps(value), fields or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class WithRedis(Service):
    def launch_redis(self):
        self.redis_port = self._run_redis("redis")
        self.redis_ports = [self.redis_port]

    def launch_cluster(self, masters):
        """Each has the same number of slots. There are no replicas."""
        buses = [free_port() for _ in range(masters)]
        self.redis_ports = [
            self._run_redis(f"redis {number}", "--cluster-enabled", "yes", "--cluster-port", bus,
                            "--cluster-config-file", f"nodes-{number}.conf")
            for number, bus in enumerate(buses, start=1)]
        self.redis_port = self.redis_ports[0]
        for i, port in enumerate(self.redis_ports):
            first, last = SLOTS * i // masters, SLOTS * (i + 1) // masters - 1
            # Different epochs from the start, so that the nodes need not agree on them.
            self.redis("CLUSTER", "SET-CONFIG-EPOCH", str(i + 1), port=port)
            self.redis("CLUSTER", "ADDSLOTSRANGE", str(first), str(last), port=port)
            self.redis("CLUSTER", "MEET", "127.0.0.1", str(self.redis_port), str(buses[0]),
                       port=port)
        wait_for(lambda: all(map(self._knows_all_slots, self.redis_ports)), "the cluster is whole")

    def _run_redis(self, role, *options):
        port = free_port()
        self.run(role, ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
                        "--appendonly", "no", "--dir", self.scratch, *options], port)
        return port

    def _knows_all_slots(self, port):
        told = self.redis("CLUSTER", "INFO", port=port).split()
        return {"cluster_state:ok", f"cluster_slots_assigned:{SLOTS}",
                f"cluster_known_nodes:{len(self.redis_ports)}"} <= set(told)

    def redis(self, *words, given=None, port=None):
        answer = subprocess.run(["redis-cli", "-p", str(port or self.redis_port), *words],
                                input=given, capture_output=True, text=True, check=True)
        return answer.stdout.strip()

    def script_load(self, script):
        return self.redis("-x", "SCRIPT", "LOAD", given=script)

    def redis_counts(self):
        """Script calls so far, and reads from sockets, of all nodes. Their ratio is the calls per
        read."""
        told = [self.redis_figures(port) for port in self.redis_ports]
        scripts = sum(int(fields[name].split(",")[0].removeprefix("calls="))
                      for fields in told
                      for name in ("cmdstat_evalsha", "cmdstat_eval") if name in fields)
        return scripts, sum(int(fields["total_reads_processed"]) for fields in told)

    def log_cost(self):
        """Records that were sent to the logs so far, and Redis' time for them in µs, without that
        of reading the commands."""
        told = (self.redis_figures(port).get("cmdstat_xadd", "") for port in self.redis_ports)
        found = [dict(field.split("=") for field in line.split(",")) for line in told if line]
        return (sum(int(fields["calls"]) for fields in found),
                sum(int(fields["usec"]) for fields in found))

    def redis_figures(self, port=None):
        answer = self.redis("INFO", "all", port=port)
        return dict(line.split(":", 1) for line in answer.splitlines() if ":" in line)

    def key_bytes(self):
        """The counters' keys. MEMORY USAGE counts the key and its entry, not the hash tables."""
        keys = self.redis("--scan", "--pattern", "sluice:{*").splitlines()[:KEYS_SAMPLED]
        return max(int(self.redis("MEMORY", "USAGE", key)) for key in keys)
