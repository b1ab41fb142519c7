# SPDX-License-Identifier: MIT
"""The floors and the peers that Sluice is measured beside."""

from dataclasses import dataclass
import json
import struct
import urllib.parse

from services import QUOTA, ROUTE, WINDOW_SECONDS, Service, WithRedis, http_request

class Peer(Service):
    """Gets exactly the bytes that Sluice would get, unless a subclass says otherwise."""

    path = "/check"

    def request(self, load):
        key = "slk_" + "0" * 51
        body = f'{{"user_id":"u@number:{load.keys}@","route_key":"{ROUTE}"}}'
        return http_request(self.path.format(load=load), [f"X-API-Key: {key}"], body)


@dataclass(unsafe_hash=True)
class Hello(Peer):
    """libmicrohttpd in the same event loop, with a constant answer."""

    makes_answers: bool = False  # one for each request
    prefix: tuple = ()           # of the command, such as valgrind

    def launch(self):
        answers = ["made"] if self.makes_answers else []
        self.run("service", [*self.prefix, self.build / "bench_hello", self.port, *answers],
                 self.port)


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
    # `return` would answer before limit_req is asked, because that happens just before access is
    # decided. So access is denied, and the error page is the answer: no file, no system call.
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


# What Sluice sends for one check of PLAIN (see include/store/take_script.h): a key of the same
# length; the operation, the number of strings and where the limits end; the string's bytes, the end
# of its head, and how many limits it has; then algorithm, place, bytes of state, cost, quota,
# window and burst. The head is the number of limits and their ids, which begin with how many
# numbers a state has.
STATE_NUMBERS = 2
SCRIPT_HEAD = bytes([1, STATE_NUMBERS]) + b"limit 1"
STATE_BYTES = 8 + 8 * STATE_NUMBERS  # its end, and its numbers
STRING_BYTES = len(SCRIPT_HEAD) + STATE_BYTES
SCRIPT_NUMBERS = struct.pack(
    "<13d", 0, 1, 13 * 8, STRING_BYTES, len(SCRIPT_HEAD), 1, 1, len(SCRIPT_HEAD) + 8 + 1,
    STATE_BYTES, 1, QUOTA, WINDOW_SECONDS * 1_000_000, QUOTA)
SCRIPT_KEY = "sluice:{{{subject}}}:0123456789abcdef"


@dataclass(unsafe_hash=True)
class Webdis(WithRedis, Peer):
    """Redis over HTTP, calling the same script with the same arguments."""

    allowed = ",0,1"  # no delay, and a time: no error has that, and QUOTA denies none

    def launch(self):
        self.launch_redis()
        self.sha1 = self.script_load((self.build / "lua" / "take_fixed_window.lua").read_text())
        config = self.scratch / "webdis.json"
        config.write_text(json.dumps({
            "redis_host": "127.0.0.1", "redis_port": self.redis_port, "redis_auth": None,
            "http_host": "127.0.0.1", "http_port": self.port, "threads": 1, "pool_size": 1,
            "daemonize": False, "verbosity": 0, "logfile": str(self.scratch / "webdis.log"),
        }))
        self.run("service", ["webdis", config], self.port)

    def request(self, load):
        key = SCRIPT_KEY.format(subject=f"AAAAAAAAAAAAAAA@number:{load.keys}@")
        arguments = [urllib.parse.quote_from_bytes(argument, safe="")
                     for argument in (SCRIPT_NUMBERS, SCRIPT_HEAD)]
        return http_request("/", [], "/".join(["EVALSHA", self.sha1, "1", key, *arguments]))


# The commands of a charged check, with constants instead of computed values.
FLOOR_SCRIPT = f"""
redis.call("TIME")
redis.call("GET", KEYS[1])
redis.call("SET", KEYS[1], "{'-' * STRING_BYTES}", "PX", "3600000")
return {{ 0, 999999999, 3600000000, 0, 1795270335042999 }}
"""


@dataclass(unsafe_hash=True)
class RedisFloor(WithRedis):
    """Redis alone; redis-benchmark calls the script with constants."""

    def launch(self):
        self.launch_redis()
        self.sha1 = self.script_load(FLOOR_SCRIPT)

    def command(self, load):
        # redis-benchmark replaces __rand_int__ by twelve digits.
        key = SCRIPT_KEY.format(subject="AAAAAAAAAA__rand_int__")
        # Nor does it send NULs; the script does not look.
        return ["EVALSHA", self.sha1, "1", key, "-" * len(SCRIPT_NUMBERS), "-" * len(SCRIPT_HEAD)]
