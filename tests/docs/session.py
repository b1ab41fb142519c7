# SPDX-License-Identifier: MIT
"""A shell and a new service. The commands of a page are run in the shell, block after block.

Every local port that a page names stands for a free port, which the page never sees. The service is
at 8080. A Redis is at 6379, if the page names that port. What the page itself starts is at other
ports. The shell is in an empty directory: `data` belongs to the service, `config` and `examples`
are copies of those in the sources, and `sluice` is in the PATH.
"""

import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.request

SOURCES = pathlib.Path(__file__).resolve().parents[2]
COPIED = ("config", "examples")
LOCAL_PORT = re.compile(r"\b(127\.0\.0\.1|localhost):(\d+)\b")
SERVICE_PORT, REDIS_PORT = "8080", "6379"
BLOCK_TIMEOUT_S, START_TIMEOUT_S, STOP_TIMEOUT_S = 60, 30, 15


class Broken(Exception):
    """The shell, or a program that it needs, has failed."""


class Session:
    """The session of one page. At the end of the context, all that it started is stopped."""

    def __init__(self, binary, folder, page):
        self.folder, self.binary = folder, binary
        self.ports = free_ports({port for _, port in LOCAL_PORT.findall(page)} | {SERVICE_PORT})
        self.started = []
        self.lines = queue.Queue()
        self.environment = environment(folder)

    def __enter__(self):
        try:
            self.furnish()
            if REDIS_PORT in self.ports:
                self.serve(["redis-server", "--port", self.ports[REDIS_PORT], "--bind", "127.0.0.1",
                            "--save", ""], self.is_open(REDIS_PORT))
            self.serve([self.binary, "serve", "--listen", f"127.0.0.1:{self.ports[SERVICE_PORT]}",
                        "--data-dir", "data"], self.is_ready)
            self.shell = self.start(["sh"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT, text=True)
            threading.Thread(target=self.listen, daemon=True).start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in reversed(self.started):
            end_group(process)

    def furnish(self):
        for name in COPIED:
            if (SOURCES / name).is_dir():
                shutil.copytree(SOURCES / name, self.folder / name)
        for name in ("bin/sluice", "build/release/sluice"):
            (self.folder / name).parent.mkdir(parents=True)
            (self.folder / name).symlink_to(self.binary)

    def run(self, commands):
        """The exit status of the block's last command, and all that was printed."""
        block = self.folder / ".block"
        block.write_text(self.inward(commands))
        mark = f"end of block {time.monotonic_ns()}"
        # A command that reads its input must not read the commands after it.
        self.shell.stdin.write(f". {block} </dev/null\nprintf '\\n%s: %s\\n' '{mark}' $?\n")
        self.shell.stdin.flush()
        printed, status = self.printed_until(mark)
        return status, self.outward(printed)

    def printed_until(self, mark):
        printed = []
        deadline = time.monotonic() + BLOCK_TIMEOUT_S
        while True:
            try:
                line = self.lines.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                raise Broken(f"not done within {BLOCK_TIMEOUT_S} s: {''.join(printed)}") from None
            if line is None:
                raise Broken(f"ended the shell: {''.join(printed)}")
            if line.startswith(f"{mark}: "):
                return "".join(printed).removesuffix("\n"), int(line.removeprefix(f"{mark}: "))
            printed.append(line.replace("\r\n", "\n"))

    def listen(self):
        for line in self.shell.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def inward(self, text):
        return LOCAL_PORT.sub(lambda found: f"{found[1]}:{self.ports[found[2]]}", text)

    def outward(self, text):
        shown = {free: port for port, free in self.ports.items()}
        return LOCAL_PORT.sub(lambda found: f"{found[1]}:{shown.get(found[2], found[2])}", text)

    def start(self, command, **how):
        process = subprocess.Popen([str(word) for word in command], cwd=self.folder,
                                   env=self.environment, start_new_session=True, **how)
        self.started.append(process)
        return process

    def serve(self, command, is_up):
        log = self.folder / f".log-{len(self.started)}"
        with open(log, "wb") as output:
            process = self.start(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not is_up():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Broken(f"{command[0]} did not start: {log.read_text()[-2000:]}")
            time.sleep(0.01)

    def is_open(self, port):
        return lambda: succeeds(lambda: socket.create_connection(
            ("127.0.0.1", int(self.ports[port])), timeout=1).close())

    def is_ready(self):
        address = f"http://127.0.0.1:{self.ports[SERVICE_PORT]}/readyz"
        return succeeds(lambda: urllib.request.urlopen(address, timeout=1).close())


def succeeds(action):
    try:
        action()
    except OSError:
        return False
    return True


def environment(folder):
    """An environment without the developer's own settings."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("SLUICE_") and not name.lower().endswith("_proxy")}
    return {**kept, "HOME": str(folder), "LC_ALL": "C.UTF-8",
            "PATH": f"{folder}/bin:{os.environ['PATH']}"}


def free_ports(names):
    """A different free port for each name."""
    probes = {name: socket.socket() for name in sorted(names)}
    try:
        for probe in probes.values():
            probe.bind(("127.0.0.1", 0))
        return {name: str(probe.getsockname()[1]) for name, probe in probes.items()}
    finally:
        for probe in probes.values():
            probe.close()


def end_group(process):
    """Ends the process and all that it has started, because a shell leaves its background jobs."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(STOP_TIMEOUT_S)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
