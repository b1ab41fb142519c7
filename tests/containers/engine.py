# SPDX-License-Identifier: MIT
"""The engine of the containers: the one that answers, or one of the test's own.

An engine of our own lives in namespaces that end with the test, and leaves the machine's firewall
alone. It needs root and dockerd. Nothing is installed here.
"""

import atexit
import fcntl
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

SKIPPED = 77
PATIENCE_S = 60
OURS = "SLUICE_OWN_ENGINE"
SET_FLAGS, UP = 0x8914, 1
# Debian's own first, because another client may lack BuildKit.
DOCKER = shutil.which("docker", path="/usr/bin") or shutil.which("docker")


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain: {what}")
        time.sleep(0.05)


def docker(*arguments, **options):
    """What a command of docker prints. If it fails, its output is in the error."""
    done = subprocess.run([DOCKER, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"docker {' '.join(map(str, arguments))}: {done.stdout}")
    return done.stdout.strip()


def composes():
    """Every compose that is installed: version 2 is a part of docker, version 1 a program."""
    found = [[DOCKER, "compose"], ["docker-compose"]]
    return [one for one in found if shutil.which(one[0]) and succeeds(*one, "version")]


def kits():
    """Both ways to build, as environments, if this docker has both."""
    return [kit for kit in ({"DOCKER_BUILDKIT": "0"}, {"DOCKER_BUILDKIT": "1"})
            if subprocess.run([DOCKER, "build", "-q", "-"], input=b"FROM scratch\nLABEL a=b\n",
                              env={**os.environ, **kit}, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL).returncode == 0]


def begin(network):
    """Returns when an engine answers. Without one the script begins anew beside an engine of its
    own, or ends as skipped and says why. `network`: whether builds must reach the world."""
    if DOCKER is None:
        skip("docker is not installed")
    if os.environ.get(OURS) == str(os.getppid()):
        start(network)
    elif not succeeds(DOCKER, "info"):
        namespaces = ["--mount", "--pid", *([] if network else ["--net"])]
        if shutil.which("dockerd") is None:
            skip("no engine answers, and dockerd is not installed")
        if not succeeds("unshare", *namespaces, "--fork", "true"):
            skip("no engine answers, and only root may start one")
        restart(namespaces)


def restart(namespaces):
    os.environ[OURS] = "0"  # The parent of the first process in a namespace of its own.
    os.execvp("unshare", ["unshare", *namespaces, "--fork", "--kill-child", "--mount-proc",
                          sys.executable, "-B", *sys.argv])


def elsewhere():
    """The environment for a test that has to begin by itself, without an engine of ours."""
    environment = dict(os.environ)
    if environment.pop(OURS, None) is not None:
        del environment["DOCKER_HOST"]
    return environment


def start(network):
    if not network:
        loopback = struct.pack("16sh", b"lo", UP)
        with socket.socket() as any_socket:
            fcntl.ioctl(any_socket, SET_FLAGS, loopback)
    home = pathlib.Path(tempfile.mkdtemp(prefix="sluice-engine-"))
    os.environ["DOCKER_HOST"] = f"unix://{home}/socket"
    with open(home / "log", "w") as log:
        process = subprocess.Popen(
            ["dockerd", "--host", os.environ["DOCKER_HOST"], "--pidfile", home / "pid",
             "--data-root", home / "data", "--exec-root", home / "exec", "--bridge=none",
             "--iptables=false", "--ip6tables=false", "--ip-forward=false"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    atexit.register(stop, process, home)
    wait_for(lambda: process.poll() is not None or succeeds(DOCKER, "info"), "the engine answers")
    if process.poll() is not None:
        skip("dockerd cannot start here: " + (home / "log").read_text().splitlines()[-1])


def stop(process, home):
    process.terminate()
    process.wait(PATIENCE_S)
    for mount in reversed(pathlib.Path("/proc/self/mounts").read_text().splitlines()):
        if mount.split()[1].startswith(str(home)):
            subprocess.run(["umount", mount.split()[1]], check=True)
    shutil.rmtree(home)


def succeeds(*command):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def skip(reason):
    print("skipped:", reason)
    sys.exit(SKIPPED)
