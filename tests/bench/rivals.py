# SPDX-License-Identifier: MIT
"""Other rate limiters, measured beside Sluice from a folder with binaries that the reader has built
(`./dev bench --peers FOLDER`). Each is a row of RECIPES: how it is started, what it is asked, and
how its answers are read. Each has one limit per user that is never reached, and one that a few
requests exceed: a service that does not deny those does not decide at all.
"""

from dataclasses import dataclass
import http.client
import socket
from string import Template

from loads import Requests, Spoilt
from peers import Peer
from processes import free_port, wait_for
from services import QUOTA, WINDOW_SECONDS, WithRedis, blanks_filled, http_request

# So few that the smallest of their caches has room for more.
LOAD = Requests(keys=10_000)
CACHE = 100_000
PROBES = 8
USER = f"u@number:{LOAD.keys}@"


@dataclass(frozen=True)
class Recipe:
    """In the texts, $port is the port where it must listen, $second and $third are more free ports,
    $scratch is its own directory, and $redis_port is the port of its Redis."""

    name: str               # the row's
    binary: str             # in the folder
    path: str
    open: str               # the body that is always allowed
    closed: str             # the body that is allowed once, and denied after a few
    allowed: str            # a part of the answer's status and body
    denied: str
    arguments: str = ""
    environment: tuple = ()     # pairs
    files: tuple = ()           # pairs of path and text
    has_redis: bool = False


def limitador(store, **others):
    def limit(namespace, most):
        return (f"- namespace: {namespace}\n  max_value: {most}\n  seconds: {WINDOW_SECONDS}\n"
                '  conditions: []\n  variables: ["descriptors[0].user_id"]\n')

    def body(namespace, user):
        return f'{{"namespace":"{namespace}","values":{{"user_id":"{user}"}},"delta":1}}'

    return Recipe(
        binary="limitador-server", path="/check_and_report",
        open=body("bench", USER), closed=body("closed", "u"), allowed="200 null", denied="429 ",
        arguments="-B 127.0.0.1 -P $port -b 127.0.0.1 -p $second $scratch/limits.yaml " + store,
        files=(("limits.yaml", limit("bench", QUOTA) + limit("closed", 1)),), **others)


def throttlecrab_body(key, most):
    return (f'{{"key":"{key}","max_burst":{most},"count_per_period":{most},'
            f'"period":{WINDOW_SECONDS},"quantity":1}}')


def gubernator_body(key, most):
    return (f'{{"requests":[{{"name":"bench","unique_key":"{key}","hits":"1","limit":"{most}",'
            f'"duration":"{WINDOW_SECONDS * 1000}","algorithm":"TOKEN_BUCKET"}}]}}')


def ratelimit_body(key, value):
    return ('{"domain":"bench","descriptors":[{"entries":['
            f'{{"key":"{key}","value":"{value}"}}]}}]}}')


RATELIMIT_CONFIG = f"""
domain: bench
descriptors:
  - key: user_id
    rate_limit: {{unit: hour, requests_per_unit: {QUOTA}}}
  - key: closed
    rate_limit: {{unit: hour, requests_per_unit: 1}}
"""

RECIPES = [
    Recipe(
        name="throttlecrab, memory", binary="throttlecrab-server", path="/throttle",
        open=throttlecrab_body(USER, QUOTA), closed=throttlecrab_body("closed", 3),
        allowed='"allowed":true', denied='"allowed":false',
        arguments="--http --http-host 127.0.0.1 --http-port $port --store adaptive "
                  f"--store-capacity {CACHE} --log-level error"),
    limitador(f"memory --cache {CACHE}", name="limitador, memory"),
    Recipe(
        name="gubernator, one node", binary="gubernator", path="/v1/GetRateLimits",
        open=gubernator_body(USER, QUOTA), closed=gubernator_body("closed", 1),
        allowed="UNDER_LIMIT", denied="OVER_LIMIT",
        environment=(("GUBER_HTTP_ADDRESS", "127.0.0.1:$port"),
                     ("GUBER_GRPC_ADDRESS", "127.0.0.1:$second"),
                     ("GUBER_MEMBERLIST_ADDRESS", "127.0.0.1:$third"),
                     ("GUBER_MEMBERLIST_BIND_ADDRESS", "127.0.0.1:$third"),
                     ("GUBER_MEMBERLIST_KNOWN_NODES", "127.0.0.1:$third"),
                     ("GUBER_CACHE_SIZE", str(CACHE)),
                     ("GUBER_LOG_LEVEL", "error"))),
    limitador("redis redis://127.0.0.1:$redis_port", name="limitador, redis", has_redis=True),
    # The spaces in its answers vary, so only the status is compared.
    Recipe(
        name="ratelimit, redis", binary="ratelimit", path="/json",
        open=ratelimit_body("user_id", USER), closed=ratelimit_body("closed", "u"),
        allowed="200 ", denied="429 ",
        environment=(("HOST", "127.0.0.1"), ("PORT", "$port"),
                     ("GRPC_HOST", "127.0.0.1"), ("GRPC_PORT", "$second"),
                     ("DEBUG_HOST", "127.0.0.1"), ("DEBUG_PORT", "$third"),
                     ("REDIS_SOCKET_TYPE", "tcp"), ("REDIS_URL", "127.0.0.1:$redis_port"),
                     ("RUNTIME_ROOT", "$scratch/runtime"), ("RUNTIME_SUBDIRECTORY", "ratelimit"),
                     ("USE_STATSD", "false"), ("LOG_LEVEL", "error")),
        files=(("runtime/ratelimit/config/bench.yaml", RATELIMIT_CONFIG),), has_redis=True),
]


@dataclass(unsafe_hash=True)
class Rival(WithRedis, Peer):
    """One of them. It is the same in each run, whatever else is measured."""

    folder: str
    recipe: Recipe

    def __post_init__(self):
        super().__post_init__()
        self.path = self.recipe.path
        self.allowed, self.denied = self.recipe.allowed, self.recipe.denied

    def launch(self):
        if self.recipe.has_redis:
            self.launch_redis()
        places = {"port": self.port, "second": free_port(), "third": free_port(),
                  "scratch": self.scratch, "redis_port": getattr(self, "redis_port", "")}

        def placed(text):
            return Template(text).substitute(places)

        for path, text in self.recipe.files:
            (self.scratch / path).parent.mkdir(parents=True, exist_ok=True)
            (self.scratch / path).write_text(text)
        self.run("service", [f"{self.folder}/{self.recipe.binary}",
                             *placed(self.recipe.arguments).split()], self.port,
                 {name: placed(value) for name, value in self.recipe.environment})
        self.probe()

    def probe(self):
        """Whether it decides at all."""
        wait_for(lambda: self.allowed in self.ask(LOAD), f"{self.recipe.binary} allows")
        first, *_, last = [self.send(self.recipe.closed) for _ in range(PROBES)]
        if self.allowed not in first or self.denied not in last:
            raise Spoilt(f"{self.recipe.name} does not decide: {first[:300]}; {last[:300]}")

    def request(self, load):
        return http_request(self.path, [], self.recipe.open)

    def ask(self, load):
        return self.send(self.recipe.open)

    def send(self, body):
        """Status and body of the answer, because a denial may be in either."""
        request = blanks_filled(http_request(self.path, [], body))
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(request.encode())
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return f"{answer.status} {answer.read().decode()}"

    def redis_counts(self):
        """Commands instead of script calls, because not all of them use scripts."""
        fields = self.redis_figures()
        return int(fields["total_commands_processed"]), int(fields["total_reads_processed"])


def rivals_in(folder):
    """The rivals whose binary is in the folder, and the names of the others."""
    found = [recipe for recipe in RECIPES if (folder / recipe.binary).is_file()]
    left_out = [recipe.name for recipe in RECIPES if recipe not in found]
    return [Rival(str(folder), recipe) for recipe in found], left_out
