# SPDX-License-Identifier: MIT
"""Processes that the benchmark starts, owns and reads the meters of."""

import os
import pathlib
import signal
import socket
import subprocess
import time

START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 15


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what, timeout_s=START_TIMEOUT_S):
    """The first true value of condition(); a refused connection counts as false."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            value = condition()
        except OSError:
            value = None
        if value:
            return value
        time.sleep(0.0005)
    raise RuntimeError(f"{what}: not within {timeout_s} s")


class Process:
    """A program and its children, and what they have used so far."""

    def __init__(self, command, log, environment=None):
        self.name = pathlib.Path(command[0]).name
        self.log = log
        with open(log, "ab") as output:
            self.process = subprocess.Popen([str(word) for word in command], stdout=output,
                                            stderr=output, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **(environment or {})})

    def wait_for_port(self, port):
        def connects():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended: {self.log.read_text()[-2000:]}")
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return True

        wait_for(connects, f"{self.name} listens")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def cpu_us(self):
        """Time on a CPU, of all threads: nanoseconds inside the kernel, not clock ticks."""
        return sum(int((task / "schedstat").read_text().split()[0]) for task in self._tasks()) / 1e3

    def wakeups(self):
        """How often a thread gave up its CPU to wait for something."""
        return sum(int(line.split()[1]) for task in self._tasks()
                   for line in (task / "status").read_text().splitlines()
                   if line.startswith("voluntary_ctxt_switches"))

    def resident_bytes(self):
        # VmRSS of `status` is summed up from each CPU only now and then; this one is counted.
        return sum(int(line.split()[1]) * 1024 for pid in self._pids()
                   for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                   if line.startswith("Rss:"))

    def _tasks(self):
        return [task for pid in self._pids()
                for task in pathlib.Path(f"/proc/{pid}/task").iterdir()]

    def _pids(self):
        pid = self.process.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]
