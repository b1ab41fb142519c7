# SPDX-License-Identifier: MIT
"""Sluice as an operator installs it on a machine: the binary, the settings, the two units."""

import json
import os
import pathlib
import shutil

from machine import wait_for

TREE = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("SLUICE_BINARY", TREE / "build/release/sluice")
PORT = 8080
SETTINGS = "/etc/sluice/sluice.yaml"
APP = """
apps:
  - name: units
    api_key_env: UNITS_API_KEY
    policies:
      - {{route_key: "*", limit: {limit}, window_seconds: 3600}}
"""
PLENTY = 1000000000


class CannotRun(Exception):
    """The binary was built for another release."""


class Installed:
    def __init__(self, machine):
        self.machine = machine
        shutil.copy(BINARY, machine.path("/usr/local/bin"))
        if machine.run("sluice", "version").returncode != 0:
            raise CannotRun(machine.run("sluice", "version").stderr.strip())
        machine.path("/etc/sluice").mkdir()
        self.key = machine.must("sluice", "generate-key").strip()
        for unit in "sluice.service", "sluice.socket":
            shutil.copy(TREE / "config" / unit, machine.path("/etc/systemd/system"))
        self.set()
        self.systemctl("daemon-reload")

    def set(self, more="", limit=PLENTY, environment=""):
        """Writes the settings: those that are shipped, and an app with a policy."""
        self.machine.path("/etc/sluice/environment").write_text(
            f"UNITS_API_KEY={self.key}\n{environment}")
        shipped = (TREE / "config/sluice.yaml").read_text()
        self.machine.path(SETTINGS).write_text(shipped + APP.format(limit=limit) + more)

    def systemctl(self, *arguments):
        return self.machine.must("systemctl", *arguments)

    def fresh(self, *units, environment=""):
        """Good settings, and just these units run; earlier starts do not count."""
        self.set(environment=environment)
        self.systemctl("stop", "sluice.socket", "sluice.service")
        self.systemctl("revert", "sluice.socket")
        self.machine.run("systemctl", "reset-failed", "sluice.socket", "sluice.service")
        if units:
            self.systemctl("start", *units)

    def show(self, name, unit="sluice.service"):
        return self.machine.show(unit, name)

    def wait(self, **properties):
        """Until the service has these properties."""
        wait_for(lambda: all(self.show(name) == value for name, value in properties.items()),
                 f"sluice.service has {properties}")

    def log(self):
        """What the service has written since its present start, or the last one."""
        return self.machine.journal("_SYSTEMD_INVOCATION_ID=" + self.show("InvocationID"))

    def override(self, unit, text):
        """Until fresh() is called, adds lines to a unit, as `systemctl edit --runtime` does."""
        directory = self.machine.path(f"/run/systemd/system/{unit}.d")
        directory.mkdir(parents=True)
        (directory / "override.conf").write_text(text)
        self.systemctl("daemon-reload")

    def check(self, *where, become=()):
        """The answer to a check; empty if there was none."""
        done = self.machine.run(*become, "curl", "-sS", "--max-time", "20",
                                "-H", f"X-API-Key: {self.key}",
                                "-d", '{"user_id": "u", "route_key": "/r"}',
                                *where, f"http://127.0.0.1:{PORT}/check")
        return json.loads(done.stdout or "{}")

    def decides(self):
        return "allowed" in self.check()


class Load:
    """Callers who check without a pause, while this is open."""

    def __init__(self, installed, callers, address=str(PORT)):
        self.process = installed.machine.popen_in_network(
            "/usr/bin/python3", "-B", TREE / "tests/units/callers.py", address, str(callers))
        self.process.stdin.write(installed.key + "\n")
        self.process.stdin.flush()

    def __enter__(self):
        assert self.process.stdout.readline() == "begun\n", "the callers have not begun"
        return self

    def __exit__(self, *_):
        figures = json.loads(self.process.communicate()[0])
        self.seen = figures["seen"]
        self.longest_s = figures["longest_s"]

    def all_decided(self):
        assert list(self.seen) == ["200"], f"the callers saw {self.seen}"
        return f"{self.seen['200']} checks, all answered 200, the slowest in {self.longest_s:.1f} s"
