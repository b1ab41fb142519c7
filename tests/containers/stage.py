# SPDX-License-Identifier: MIT
"""Images without a registry, the composed services, a proxy in front of them, and callers."""

import collections
import http.client
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tarfile
import tempfile
import threading

from engine import PATIENCE_S, docker, wait_for

TREE = pathlib.Path(__file__).resolve().parents[2]
USER = 65532
TOKEN = "0123456789abcdef0123456789abcdef"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def tag(name):
    return f"sluice-test-{name}:{os.getpid()}"


def build(name, dockerfile, *programs):
    """An image of this machine's programs and what they load, made in a moment. `dockerfile` adds
    the archive `system.tar`."""
    with tempfile.TemporaryDirectory() as directory:
        here = pathlib.Path(directory)
        subprocess.run([TREE / "docker/pack", here / "system", *programs], check=True)
        with tarfile.open(here / "system.tar", "w") as archive:
            archive.add(here / "system", "/")
            data = tarfile.TarInfo("var/lib/sluice")
            data.type, data.mode, data.uid, data.gid = tarfile.DIRTYPE, 0o700, USER, USER
            archive.addfile(data)
        (here / "Dockerfile").write_text(dockerfile)
        docker("build", "-q", "-t", tag(name), here, env={**os.environ, "DOCKER_BUILDKIT": "0"})
    return tag(name)


def build_sluice(binary):
    """The last stage of our Dockerfile, with a binary that has been built already."""
    last = (TREE / "docker/Dockerfile").read_text().rsplit("\nFROM", 1)[1]
    copied = "COPY --from=build /image/ /"
    assert copied in last
    return build("sluice", "FROM" + last.replace(copied, "ADD system.tar /"), binary)


def build_redis():
    programs = [shutil.which(name) for name in ("redis-server", "redis-cli")]
    return build("redis", "FROM scratch\nADD system.tar /\nWORKDIR /data\n", *programs)


class Composed:
    """docker/compose.yaml, run under a name of its own by one of the composes."""

    def __init__(self, compose, sluice, redis):
        self.project = f"sluice-test-{os.getpid()}"
        self.command = [*compose, "-p", self.project, "-f", TREE / "docker/compose.yaml"]
        self.environment = {
            **os.environ, "SLUICE_ADMIN_TOKEN": TOKEN, "SLUICE_IMAGE": sluice,
            "REDIS_IMAGE": redis, "SLUICE_PORT_1": "0", "SLUICE_PORT_2": "0"}

    def run(self, *arguments):
        done = subprocess.run([*self.command, *arguments], env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()

    def up(self):
        self.run("up", "-d", "--no-build")
        for instance in self.instances():
            wait_for(lambda: self.health(instance) == "healthy", f"{instance} is healthy")

    def instances(self):
        return [self.run("ps", "-q", name) for name in ("sluice-1", "sluice-2")]

    def health(self, instance):
        return docker("inspect", "-f", "{{.State.Health.Status}}", instance)

    def status(self, instance):
        return docker("inspect", "-f", "{{.State.Status}} {{.State.ExitCode}}", instance)

    def address(self, instance):
        """In the services' network. Behind a published port it is the engine's proxy that accepts,
        also while the instance does not."""
        template = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
        return docker("inspect", "-f", template, instance) + ":8080"

    def down(self):
        self.run("down", "-v", "-t", "1")


class Nginx:
    """The proxy of the system tests, in front of two addresses."""

    def __init__(self, first, second):
        self.directory = tempfile.TemporaryDirectory()
        here = pathlib.Path(self.directory.name)
        text = (TREE / "tests/support/proxies/nginx.conf").read_text()
        for old, new in {"@DIRECTORY@": str(here), "127.0.0.1:@FIRST@": first,
                         "127.0.0.1:@SECOND@": second,
                         "127.0.0.1:@PORT@": f"unix:{here}/socket"}.items():
            assert old in text, old
            text = text.replace(old, new)
        (here / "nginx.conf").write_text(text)
        self.socket = here / "socket"
        self.process = subprocess.Popen([NGINX, "-c", here / "nginx.conf", "-p", here],
                                        stderr=subprocess.DEVNULL)
        wait_for(self.socket.exists, "nginx listens")

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.directory.cleanup()


def post(connection, path, body, fields):
    connection.request("POST", path, json.dumps(body), fields)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


class ToSocket(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("proxy", timeout=PATIENCE_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


class Load:
    """Callers that check without a pause over kept connections. `seen` counts what each saw: a
    status, or the name of an error."""

    def __init__(self, path, body, fields, callers):
        self.path, self.body, self.fields = path, json.dumps(body), fields
        self.lock, self.seen, self.ended = threading.Lock(), collections.Counter(), False
        self.threads = [threading.Thread(target=self.call) for _ in range(callers)]
        for thread in self.threads:
            thread.start()

    def call(self):
        connection = ToSocket(self.path)
        while not self.ended:
            try:
                connection.request("POST", "/check", self.body, self.fields)
                answer = connection.getresponse()
                answer.read()
                outcome = answer.status
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                outcome = type(error).__name__
            with self.lock:
                self.seen[outcome] += 1
        connection.close()

    def more(self, count):
        """Waits until so many more checks have ended."""
        until = self.ended_checks() + count
        wait_for(lambda: self.ended_checks() >= until, "callers are answered")

    def ended_checks(self):
        with self.lock:
            return self.seen.total()

    def end(self):
        self.ended = True
        for thread in self.threads:
            thread.join()
