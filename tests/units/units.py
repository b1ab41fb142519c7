# SPDX-License-Identifier: MIT
"""Tries the units under the systemd of the Debian in a directory: units.py DIRECTORY

Prints each claim and what was seen. Exit status: 1 if a claim does not hold, 77 if none was tried.
"""

import sys

from claims import CLAIMS
from installed import CannotRun, Installed
from machine import CannotBoot, Machine

SKIPPED = 77
WIDTH = max(len(claim) for claim, _ in CLAIMS)


def holds(sluice, claim, seen):
    try:
        print(f"{claim.ljust(WIDTH)}  ", end="", flush=True)
        print(seen(sluice))
        return True
    except AssertionError as error:
        print(f"DOES NOT HOLD: {error}")
        print(sluice.machine.journal("--unit=sluice", "--lines=10"))
        return False


def main(directory):
    try:
        machine = Machine(directory)
    except CannotBoot as error:
        print(f"skipped: its systemd does not start here: {error}")
        return SKIPPED
    try:
        print(machine.must("systemctl", "--version").split("\n")[0])
        sluice = Installed(machine)
        # All are tried, also when one does not hold.
        return 0 if all([holds(sluice, *claim) for claim in CLAIMS]) else 1
    except CannotRun as error:
        print(f"skipped: the binary does not run there: {error}")
        return SKIPPED
    finally:
        machine.end()


sys.exit(main(sys.argv[1]))
