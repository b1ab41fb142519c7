# SPDX-License-Identifier: MIT
"""Runs the command blocks of pages, as a reader would paste them, and compares what they print:
run_blocks.py BINARY PAGE...

Each page has a shell and a fresh service of its own. The pages name it by an address that a test
cannot be sure of, so another one is put in its place."""

import json
from pathlib import Path
import subprocess
import sys
import tempfile

import pages

ADDRESS = "127.0.0.1:8080"
END = "== end of a block =="


def main(binary, names):
    faults = 0
    for name in names:
        blocks = pages.read(Path(name).read_text(encoding="utf-8"))
        chosen = [block for block in blocks if not block.why_not]
        for block in blocks:
            if block.why_not:
                print(f"{name}:{block.line}: not run: {block.why_not}")
        for block, printed in zip(chosen, run(binary, chosen) if chosen else [], strict=True):
            why = pages.difference(block.shown, printed)
            faults += why != ""
            print(f"{name}:{block.line}: {why or 'as shown'}")
    return faults > 0


def run(binary, blocks):
    """What each block prints, a list of lines."""
    with tempfile.TemporaryDirectory() as folder:
        service, address = serve(binary, folder)
        try:
            script = "".join(f"{block.commands}echo '{END}'\n" for block in blocks)
            printed = subprocess.run(
                ["bash"], input=script.replace(ADDRESS, address), cwd=folder, timeout=60, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout
        finally:
            service.terminate()
            service.wait()
    parts = printed.replace(address, ADDRESS).split(f"{END}\n")
    return [part.splitlines() for part in parts[:-1]]


def serve(binary, folder):
    service = subprocess.Popen(  # pylint: disable=consider-using-with
        [binary, "serve", "--listen", "127.0.0.1:0", "--data-dir", folder], stderr=subprocess.PIPE,
        text=True)
    for line in service.stderr:
        event = json.loads(line)
        if event["event"] == "listening":
            return service, f"{event['address']}:{event['port']}"
    raise SystemExit(f"the service does not start: exit status {service.wait()}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
