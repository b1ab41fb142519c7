# SPDX-License-Identifier: MIT
"""What is promised of the units. Each function tries one claim of CLAIMS, in which they run.

It returns what it has seen, or raises an AssertionError. Afterwards anything may run: each begins
with what it needs.
"""

import re
import time

from installed import Load, PORT
from machine import wait_for

EXPOSURE_MAX = 1.2
RESTARTS = 4
OTHER_USER = ("setpriv", "--reuid=www-data", "--regid=www-data", "--clear-groups")
# In this order: a socket cannot be started beside its service.
UNITS = ("sluice.socket", "sluice.service")
JOURNALD = ("systemd-journald.socket", "systemd-journald-dev-log.socket",
            "systemd-journald-audit.socket", "systemd-journald.service")


def directives_are_known(sluice):
    said = sluice.machine.must("systemd-analyze", "verify", "--man=no", "--recursive-errors=no",
                               *(f"/etc/systemd/system/{unit}" for unit in UNITS))
    said = [line for line in said.split("\n") if "sluice" in line]
    assert not said, said
    return "no warning"


def is_hardened(sluice):
    sluice.fresh("sluice")
    said = sluice.machine.must("systemd-analyze", "security", "sluice.service")
    exposure = float(re.search(r"Overall exposure level.*: ([\d.]+)", said).group(1))
    assert exposure <= EXPOSURE_MAX, f"exposure {exposure}"
    return f"exposure {exposure}"


def first_check_is_decided(sluice):
    sluice.fresh()
    begun = time.monotonic()
    sluice.systemctl("enable", "--now", "sluice")
    took_s = time.monotonic() - begun
    assert sluice.decides(), sluice.log()
    sandboxed = re.search(r'"event":"sandboxed","landlock_abi":(\d+)', sluice.log())
    assert sandboxed, sluice.log()
    return f"started in {took_s:.1f} s, in the sandbox with Landlock {sandboxed.group(1)}"


def good_reload_is_obeyed(sluice):
    sluice.fresh("sluice")
    sluice.set(limit=12345)
    sluice.systemctl("reload", "sluice")
    wait_for(lambda: sluice.check().get("limit") == 12345, "the new limit is in force")
    sluice.wait(StatusText="Serving with the new settings.")
    return "reload: 0, the new limit is in force"


def bad_reload_is_refused(sluice):
    sluice.fresh("sluice")
    process = sluice.show("MainPID")
    sluice.set("limt: 1\n", limit=12345)
    done = sluice.machine.run("systemctl", "reload", "sluice")
    assert done.returncode == 1, done
    assert "limt: there is no such setting" in sluice.log(), sluice.log()
    assert sluice.check().get("limit") != 12345 and sluice.show("MainPID") == process
    sluice.wait(ActiveState="active", SubState="running")
    return "reload: 1, the journal names the setting, the old limit is in force"


def wrong_setting_is_one_start(sluice):
    sluice.fresh()
    sluice.set("limt: 1\n")
    done = sluice.machine.run("systemctl", "start", "sluice")
    assert done.returncode == 1, done
    state = [sluice.show(name) for name in
             ("ActiveState", "SubState", "ExecMainStatus", "NRestarts")]
    assert state == ["failed", "failed", "78", "0"], state
    assert sluice.log().count("there is no such setting") == 1, sluice.log()
    return "start: 1, status 78, failed for good after one start"


def killed_is_started_again(sluice):
    sluice.fresh("sluice")
    begun = time.monotonic()
    sluice.machine.must("systemctl", "kill", "--signal=KILL", "sluice")
    wait_for(lambda: sluice.show("NRestarts") == "1" and sluice.decides(), "it decides again")
    return f"decides again after {time.monotonic() - begun:.1f} s"


def stopped_is_replaced(sluice):
    sluice.fresh("sluice")
    begun = time.monotonic()
    sluice.machine.must("systemctl", "kill", "--signal=STOP", "sluice")
    wait_for(lambda: sluice.show("NRestarts") == "1" and sluice.decides(), "it is replaced")
    return f"another process decides after {time.monotonic() - begun:.0f} s"


def taken_port_is_tried_until_free(sluice):
    sluice.fresh("sluice")
    sluice.systemctl("stop", "sluice")
    with sluice.machine.listen(PORT):
        sluice.machine.run("systemctl", "start", "sluice")
        wait_for(lambda: int(sluice.show("NRestarts")) >= 7, "it is tried seven times more")
    wait_for(sluice.decides, "it decides")
    return f"{sluice.show('NRestarts')} starts more, then it decides"


def decides_without_journald(sluice):
    sluice.fresh("sluice")
    process = sluice.show("MainPID")
    try:
        sluice.machine.must("systemctl", "kill", "--signal=STOP", "systemd-journald")
        with Load(sluice, 4) as hung:
            sluice.systemctl("reload", "sluice")
        sluice.machine.must("systemctl", "kill", "--signal=CONT", "systemd-journald")
        sluice.systemctl("stop", *JOURNALD)
        with Load(sluice, 4) as gone:
            sluice.systemctl("reload", "sluice")
    finally:
        sluice.systemctl("start", *JOURNALD)
    assert sluice.show("MainPID") == process
    return f"hung: {hung.all_decided()}; stopped: {gone.all_decided()}"


def socket_beside_service_is_refused(sluice):
    sluice.fresh("sluice")
    process = sluice.show("MainPID")
    done = sluice.machine.run("systemctl", "start", "sluice.socket")
    assert done.returncode == 1, done
    said = sluice.machine.journal("--unit=sluice.socket")
    assert "already active, refusing" in said, said
    assert sluice.decides() and sluice.show("MainPID") == process
    sluice.systemctl("stop", "sluice")
    sluice.systemctl("start", *UNITS)
    assert sluice.decides() and "socket passed" in sluice.log(), sluice.log()
    return "start: 1, the service goes on; after a stop both start"


def restarts_with_socket_lose_nothing(sluice):
    sluice.fresh(*UNITS)
    with Load(sluice, 8) as load:
        for _ in range(RESTARTS):
            sluice.systemctl("restart", "sluice")
    return f"{RESTARTS} restarts, {load.all_decided()}"


def waiting_caller_starts_service(sluice):
    sluice.fresh("sluice.socket")
    assert sluice.show("ActiveState") == "inactive"
    assert sluice.decides()
    return "the first check is decided"


def other_user_reaches_socket_file(sluice):
    path = "/run/sluice/sluice.sock"
    sluice.fresh("sluice",
                 environment=f"SLUICE_LISTEN=unix:{path}\nSLUICE_SOCKET_MODE=0666\n")
    for end in ["restart"], ["kill", "--signal=KILL"]:
        process = sluice.show("MainPID")
        sluice.systemctl(*end, "sluice")
        wait_for(lambda: sluice.show("MainPID") != process and
                 "allowed" in sluice.check("--unix-socket", path, become=OTHER_USER),
                 f"another user is answered after {end[0]}")
    return "after a restart and after a kill, too"


def restarts_with_socket_file_lose_nothing(sluice):
    path = "/run/sluice.sock"
    sluice.fresh()
    sluice.override("sluice.socket",
                    f"[Socket]\nListenStream=\nListenStream={path}\nSocketMode=0666\n")
    sluice.systemctl("start", *UNITS)
    with Load(sluice, 8, str(sluice.machine.path(path))) as load:
        for _ in range(RESTARTS):
            sluice.systemctl("restart", "sluice")
    assert "allowed" in sluice.check("--unix-socket", path, become=OTHER_USER)
    sluice.systemctl("stop", *UNITS)
    assert not sluice.machine.path(path).exists(), f"{path} is left"
    return f"{RESTARTS} restarts, {load.all_decided()}"


def wrong_setting_with_socket_ends_both(sluice):
    sluice.fresh("sluice.socket")
    sluice.set("limt: 1\n")
    before = sluice.machine.journal("--unit=sluice").count("no such setting")
    assert not sluice.decides()
    wait_for(lambda: sluice.show("Result", "sluice.socket") == "service-start-limit-hit",
             "the socket has ended")
    starts = sluice.machine.journal("--unit=sluice").count("no such setting") - before
    assert starts <= 5, f"{starts} starts"
    # An operator takes longer to mend the settings than the starts are counted.
    sluice.systemctl("reset-failed", *UNITS)
    sluice.set()
    sluice.systemctl("start", *UNITS)
    assert sluice.decides()
    return f"refused after {starts} starts; with good settings both can be started"


def stop_leaves_only_state(sluice):
    sluice.fresh("sluice")
    # As a link it would lead to a directory that other users cannot enter.
    assert not sluice.machine.path("/run/sluice").is_symlink()
    assert sluice.machine.must("stat", "-c", "%F %a", "/run/sluice") == "directory 755\n"
    sluice.systemctl("stop", "sluice")
    assert (sluice.show("Result"), sluice.show("ExecMainStatus")) == ("success", "0")
    assert not sluice.machine.path("/run/sluice").exists()
    mode = sluice.machine.must("stat", "-Lc", "%a", "/var/lib/sluice").strip()
    assert mode == "700", mode
    return "status 0, /run/sluice is removed, /var/lib/sluice stays, mode 700"


CLAIMS = [
    ("systemd knows every directive of the units", directives_are_known),
    (f"the exposure is {EXPOSURE_MAX} at most", is_hardened),
    ("when it is started, it can decide", first_check_is_decided),
    ("a reload with good settings is obeyed", good_reload_is_obeyed),
    ("a reload with wrong settings fails and changes nothing", bad_reload_is_refused),
    ("wrong settings are tried once", wrong_setting_is_one_start),
    ("what was killed is started again", killed_is_started_again),
    ("a process that stands still is replaced", stopped_is_replaced),
    ("it is tried again until its port is free", taken_port_is_tried_until_free),
    ("it decides while journald hangs, and without journald", decides_without_journald),
    ("a socket beside the running service is refused", socket_beside_service_is_refused),
    ("with the socket, a caller starts the service", waiting_caller_starts_service),
    ("with the socket, restarts lose no request", restarts_with_socket_lose_nothing),
    ("another user reaches a file in /run/sluice", other_user_reaches_socket_file),
    ("with a socket file of systemd, too", restarts_with_socket_file_lose_nothing),
    ("with the socket, wrong settings end in refused callers", wrong_setting_with_socket_ends_both),
    ("a stop is clean", stop_leaves_only_state),
]
