# SPDX-License-Identifier: MIT
"""What a page of the documentation tells a reader to type, and what it says will be printed.

A command block is fenced by ```sh. What it prints follows at once in a block fenced by ``` or
```json, where … stands for anything within a line. A block that a test cannot run has a comment
<!-- not run: reason --> on the line before."""

from dataclasses import dataclass
import re

FENCE = "```"
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
SHOWN = ("", "json")


@dataclass
class Block:
    """Commands, with what is shown of their output; why_not is empty for one that is run."""

    line: int
    commands: str
    shown: list
    why_not: str


def read(text):
    """The command blocks of a page, in order."""
    blocks = []
    before, fence, held = "", None, []
    for number, line in enumerate(text.split("\n"), start=1):
        if fence is None and line.startswith(FENCE):
            fence, held = line[len(FENCE):], []
            begun = number
        elif fence is not None and line == FENCE:
            if fence == "sh":
                mark = NOT_RUN.fullmatch(before)
                blocks.append(Block(begun, "\n".join(held) + "\n", [], mark[1] if mark else ""))
            elif fence in SHOWN and blocks and before == FENCE:
                blocks[-1].shown = held
            before, fence = line, None
        elif fence is not None:
            held.append(line)
        else:
            before = line
    return blocks


def difference(shown, printed):
    """Why the lines are not what is shown; empty when they are. Nothing shown, anything goes."""
    if not shown:
        return ""
    if len(shown) != len(printed):
        return f"{len(shown)} lines are shown, and {len(printed)} came: {printed}"
    for expected, line in zip(shown, printed):
        pattern = ".*".join(re.escape(part) for part in expected.split("…"))
        if not re.fullmatch(pattern, line):
            return f"shown is {expected}\n  and came {line}"
    return ""
