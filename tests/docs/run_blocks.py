#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""run_blocks.py [PAGE...]: runs every command block, and says which were not run, and why.

Without arguments the pages are README.md and those of docs/. The ```sh blocks of a page are run
from top to bottom in one shell (session.py). Each must print what the block after it shows
(pages.py). If nothing is shown, it must end with status 0, and no answer may be a problem. A block
that cannot be run has `<!-- not run: REASON -->` on the line before it.
"""

import os
import pathlib
import shutil
import sys
import tempfile

from pages import Unclear, blocks_of, prints
from session import SOURCES, Broken, Session

NEEDED = ("curl", "redis-server")
SKIPPED = 77    # as CMakeLists.txt says
PROBLEM = "urn:sluice:problem:"


def main(names):
    missing = [program for program in NEEDED if not shutil.which(program)]
    if missing:
        print("needs", *missing)
        return SKIPPED
    binary = pathlib.Path(os.environ["SLUICE_BINARY"]).resolve()
    run, left_out, faults = 0, [], []
    pages = [pathlib.Path(name) for name in names]
    for page in pages or [SOURCES / "README.md", *sorted((SOURCES / "docs").glob("*.md"))]:
        text = page.read_text()
        try:
            blocks = blocks_of(text)
        except Unclear as reason:
            faults.append(f"{page.name}, {reason}")
            continue
        left_out += [f"{page.name}, line {block.line}: {block.not_run}"
                     for block in blocks if block.not_run]
        commands = [block for block in blocks if not block.not_run]
        run += len(commands)
        faults += [f"{page.name}, {fault}" for fault in run_page(binary, text, commands)]
    print(f"{run} blocks run, {len(left_out)} not run", *left_out, sep="\n  ")
    print(*faults, sep="\n")
    return 1 if faults or run == 0 else 0


def run_page(binary, text, blocks):
    """The faults of the blocks. The first block that breaks the shell ends the page."""
    if not blocks:
        return []
    faults = []
    with tempfile.TemporaryDirectory(prefix="sluice-docs-") as folder, \
            Session(binary, pathlib.Path(folder), text) as session:
        for block in blocks:
            try:
                fault = run_block(session, block)
            except Broken as reason:
                return [*faults, f"line {block.line}: {reason}"]
            if fault:
                faults.append(f"line {block.line}: {fault}")
    return faults


def run_block(session, block):
    status, printed = session.run(block.text)
    if block.expected is None:
        went_well = status == 0 and PROBLEM not in printed
        return None if went_well else f"status {status}: {printed}"
    if not prints(block.expected, printed):
        return f"must print\n{block.expected}but prints\n{printed}"
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
