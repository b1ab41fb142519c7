# SPDX-License-Identifier: MIT
"""A Debian that its own systemd has started, in namespaces and a cgroup of its own."""

import contextlib
import pathlib
import secrets
import subprocess
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
# Listens until standard input ends.
LISTEN = """
import socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listens", flush=True)
sys.stdin.read()
"""
BOOT_S = 60
PATIENCE_S = 60
NAMESPACES = ["--mount", "--pid", "--cgroup", "--net", "--uts", "--ipc"]


class CannotBoot(Exception):
    """The reason is its text."""


def wait_for(condition, what, patience_s=PATIENCE_S):
    """Returns the first value of `condition` that is true."""
    end = time.monotonic() + patience_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.02)
    return value


class Cgroup:
    """A new one at the top of the unified hierarchy, wherever that is mounted on this machine."""

    def __init__(self):
        self.top = tempfile.mkdtemp()
        mounted = subprocess.run(["mount", "-t", "cgroup2", "cgroup2", self.top],
                                 capture_output=True, text=True)
        if mounted.returncode != 0:
            pathlib.Path(self.top).rmdir()
            raise CannotBoot(mounted.stderr.strip())
        self.path = pathlib.Path(self.top, "sluice-units-" + secrets.token_hex(4))
        self.path.mkdir()

    def enter(self):
        (self.path / "cgroup.procs").write_text("0")

    def remove(self):
        """All its processes must have been killed. They may still be on their way out."""
        wait_for(self.is_removed, "the cgroup is empty")
        subprocess.run(["umount", self.top], check=True)
        pathlib.Path(self.top).rmdir()

    def is_removed(self):
        try:
            for path in sorted(self.path.rglob("*"), reverse=True):
                if path.is_dir():
                    path.rmdir()
            self.path.rmdir()
        except OSError:
            return False
        return True


class Machine:
    def __init__(self, directory):
        self.cgroup = Cgroup()
        self.outside = subprocess.Popen(
            ["unshare", "--propagation", "private", "--fork", "--kill-child", *NAMESPACES, "--",
             "sh", HERE / "boot.sh", directory],
            preexec_fn=self.cgroup.enter, stderr=subprocess.PIPE, text=True)
        try:
            wait_for(self.is_up, "multi-user.target is reached", BOOT_S)
        except (AssertionError, OSError) as error:
            self.end()
            raise CannotBoot(self.outside.stderr.read().strip() or error) from None

    def is_up(self):
        if self.outside.poll() is not None:
            raise ChildProcessError("it has ended")
        outside = self.outside.pid
        self.pid = pathlib.Path(f"/proc/{outside}/task/{outside}/children").read_text().strip()
        # Until boot.sh has become systemd, the root may be this machine's.
        return (self.pid and self.name_of(self.pid) == "systemd" and
                self.run("systemctl", "is-active", "multi-user.target").returncode == 0)

    @staticmethod
    def name_of(pid):
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()

    def end(self):
        """With the first process of a PID namespace all others end."""
        self.outside.kill()
        self.outside.wait()
        self.cgroup.remove()

    def path(self, path):
        """Where this machine finds a file of that one."""
        return pathlib.Path(f"/proc/{self.pid}/root{path}")

    def run(self, *command):
        return subprocess.run(
            ["nsenter", "--target", self.pid, *NAMESPACES, "env", "-i", "LC_ALL=C",
             "PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "SYSTEMD_PAGER=",
             "SYSTEMD_COLORS=0", *command],
            stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def must(self, *command):
        done = self.run(*command)
        text = done.stdout + done.stderr
        assert done.returncode == 0, f"{' '.join(command)}: {text.strip()}"
        return text

    def journal(self, *which):
        self.must("journalctl", "--sync")
        return self.must("journalctl", "--quiet", "--output=cat", *which)

    def show(self, unit, name):
        return self.must("systemctl", "show", "--value", "--property", name, unit).strip()

    def popen_in_network(self, *command):
        """A program of this machine on the network of that one."""
        return subprocess.Popen(["nsenter", "--target", self.pid, "--net", *command],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    @contextlib.contextmanager
    def listen(self, port):
        """Another program has this port."""
        with self.popen_in_network("/usr/bin/python3", "-c", LISTEN, str(port)) as other:
            assert other.stdout.readline() == "listens\n", f"port {port} is not free"
            yield
