# SPDX-License-Identifier: MIT
"""The service, the examples in front of it, and what takes the service's place.

Ports are reserved: a socket that is bound and does not listen keeps others away, and share_address
lets the service have the port, as often as it is started.
"""

import http.client
import http.server
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
PATIENCE_S = 60


def reserve(port=0):
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind(("127.0.0.1", port))
    return reserved


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.02)


def get(url, fields=None):
    """Status, fields and body of an answer that a new connection gets."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE_S)
    try:
        connection.request("GET", parts.path or "/", headers=fields or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def post(url, key, document):
    """Status and body of the answer that a new connection gets."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE_S)
    try:
        connection.request("POST", parts.path, json.dumps(document), {"X-API-Key": key})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def listens(address):
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port))).close()
    except OSError:
        return False
    return True


def end(process):
    process.send_signal(signal.SIGTERM)
    process.wait(PATIENCE_S)


class Service:
    """The real binary, unless told otherwise with one declared app and its one policy."""

    CONFIGURATION = """
apps:
  - name: toy
    api_key_env: TOY_API_KEY
    policies:
      - route_key: "*"
        limit: {limit}
        window_seconds: 3600
"""

    def __init__(self, limit=None, at_socket_file=False, configuration=None, options=()):
        self.binary = os.environ["SLUICE_BINARY"]
        self.directory = tempfile.TemporaryDirectory()
        self.reserved = reserve()
        self.address = "127.0.0.1:%d" % self.reserved.getsockname()[1]
        self.url = f"http://{self.address}"
        self.probe = ["curl", "-sf", self.url + "/readyz"]
        if at_socket_file:
            path = self.directory.name + "/sluice.sock"
            self.address = self.url = "unix:" + path
            self.probe = ["curl", "-sf", "--unix-socket", path, "http://localhost/readyz"]
        self.key = subprocess.check_output([self.binary, "generate-key"], text=True).strip()
        self.configuration = pathlib.Path(self.directory.name, "sluice.yaml")
        self.configuration.write_text(configuration or self.CONFIGURATION.format(limit=limit))
        self.options = options
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.binary, "serve", "--config", self.configuration, "--listen", self.address,
             "--data-dir", self.directory.name, "--workers", "1", "--share-address", "true",
             *self.options],
            env={**os.environ, "TOY_API_KEY": self.key}, stderr=subprocess.DEVNULL)
        wait_for(self.is_ready, "the service is ready")

    def is_ready(self):
        return subprocess.run(self.probe, stdout=subprocess.DEVNULL).returncode == 0

    def stop(self):
        end(self.process)

    def close(self):
        if self.process.poll() is None:
            self.stop()
        self.reserved.close()
        self.directory.cleanup()

    def connections(self):
        figures = get(self.url + "/metrics")[2].splitlines()
        return int(next(line.split()[1] for line in figures
                        if line.startswith("sluice_http_connections ")))


class Redis:
    """At a socket file, and forgetful."""

    def __init__(self):
        self.directory = tempfile.TemporaryDirectory()
        path = self.directory.name + "/redis.sock"
        self.url = "unix://" + path
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", path, "--save", "",
             "--appendonly", "no", "--dir", self.directory.name], stdout=subprocess.DEVNULL)
        wait_for(lambda: os.path.exists(path), "redis listens")

    def close(self):
        end(self.process)
        self.directory.cleanup()


class OnEngine(unittest.TestCase):
    """Has the service on the engine that the command line names: memory or redis."""

    engine = None

    def serve(self, configuration):
        options = []
        if self.engine == "redis":
            redis = Redis()
            self.addCleanup(redis.close)
            options = ["--engine", "redis", "--redis-url", redis.url,
                       "--redis-timeout-ms", "5000"]
        self.service = Service(configuration=configuration, options=options)
        self.addCleanup(self.service.close)

    @classmethod
    def run_all(cls):
        cls.engine = sys.argv.pop(1)
        run_all(cls.engine != "redis" or shutil.which("redis-server"))


def run_all(is_installed):
    """Runs the tests of the program, or tells CTest that they are skipped."""
    if not is_installed:
        print("skipped: it is not installed")
        sys.exit(77)
    unittest.main(verbosity=2)


class Stranger:
    """Takes a service's place: counts the checks that come, and answers with what it is given.

    With `closing` it closes each connection at that check, without an answer.
    """

    def __init__(self, service, answer=b"", closing=None):
        self.checks = 0
        self.answer = answer
        self.closing = closing
        self.open = []
        self.listener = reserve(service.reserved.getsockname()[1])
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                self.open.append(self.listener.accept()[0])
            except OSError:
                return
            threading.Thread(target=self.read, args=[self.open[-1]], daemon=True).start()

    def read(self, connection):
        asked = 0
        try:
            while heard := connection.recv(65536):
                if b"POST /check" not in heard:
                    continue  # The body by itself.
                asked += 1
                self.checks += 1
                if asked == self.closing:
                    connection.shutdown(socket.SHUT_RDWR)
                    return
                connection.sendall(self.answer)
        except OSError:
            pass

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            connection.close()


class Program:
    """An API with the middleware in it; its first line says where it listens."""

    subjects = True
    keeps_connections = True

    def __init__(self, command, service, fail, timeout_ms):
        self.process = subprocess.Popen(
            [*command, "0"], text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "SLUICE_URL": service.url, "SLUICE_API_KEY": service.key,
                 "FAIL": fail, "TIMEOUT_MS": str(timeout_ms)})
        self.url = self.process.stdout.readline().split()[-1]

    def close(self):
        end(self.process)
        self.process.stdout.close()


class Hello(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello\n")

    def log_message(self, *_):
        pass


class Nginx:
    """The example's file, but for its addresses, its time-outs and the line that fails closed."""

    subjects = False
    keeps_connections = False
    MAIN = """
daemon off;
master_process off;
pid {0}/pid;
error_log {0}/error.log;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {0}/body;
    proxy_temp_path {0}/proxied;
    fastcgi_temp_path {0}/fastcgi;
    scgi_temp_path {0}/scgi;
    uwsgi_temp_path {0}/uwsgi;
    include {0}/sluice.conf;
}}
"""

    def __init__(self, service, fail, timeout_ms):
        self.directory = tempfile.TemporaryDirectory()
        self.reserved = reserve()
        self.api = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello)
        threading.Thread(target=self.api.serve_forever, daemon=True).start()
        address = "127.0.0.1:%d" % self.reserved.getsockname()[1]
        here = pathlib.Path(self.directory.name)
        changes = {
            # nginx ends the path of a socket file with a colon.
            "127.0.0.1:8080": service.address + ":" * service.address.startswith("unix:"),
            "127.0.0.1:8000": address + " reuseport",
            "127.0.0.1:8001": "127.0.0.1:%d" % self.api.server_port,
            "/etc/nginx/sluice.key": str(here / "sluice.key"),
            "250ms": f"{timeout_ms}ms",
        }
        if fail == "closed":
            changes["return 204;"] = "return 500;"
        text = (EXAMPLES / "nginx/sluice.conf").read_text()
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        (here / "sluice.conf").write_text(text)
        (here / "sluice.key").write_text(f"proxy_set_header X-API-Key {service.key};\n")
        (here / "nginx.conf").write_text(self.MAIN.format(here))
        self.process = subprocess.Popen(
            [nginx(), "-c", here / "nginx.conf", "-p", here, "-e", here / "error.log"])
        self.url = f"http://{address}"
        wait_for(lambda: listens(address), "nginx listens")

    def close(self):
        end(self.process)
        self.api.shutdown()
        self.api.server_close()
        self.reserved.close()
        self.directory.cleanup()


def nginx():
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


class Go:
    built = None

    def __new__(cls, *arguments):
        if cls.built is None:
            cls.built = tempfile.TemporaryDirectory()
            subprocess.run(
                ["go", "build", "-o", cls.built.name + "/api", "."],
                cwd=EXAMPLES / "go", check=True,
                env={**os.environ, "CGO_ENABLED": "0", "GOCACHE": cls.built.name + "/cache",
                     "GOPROXY": "off", "GOTOOLCHAIN": "local"})
        return Program([cls.built.name + "/api"], *arguments)


# What each needs, and how it is started.
FRONTS = {
    "python": (lambda: True,
               lambda *a: Program(["/usr/bin/python3", "-B", EXAMPLES / "python/api.py"], *a)),
    "node": (lambda: shutil.which("node"),
             lambda *a: Program(["node", EXAMPLES / "node/api.js"], *a)),
    "go": (lambda: shutil.which("go"), Go),
    "nginx": (nginx, Nginx),
}
