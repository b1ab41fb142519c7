# SPDX-License-Identifier: MIT
"""Reads the commands of a documentation page, and what they must print."""

from dataclasses import dataclass
import re

# Blocks in these languages are not run: settings, programs, bodies.
OTHER_LANGUAGES = {"c", "conf", "dockerfile", "go", "haproxy", "ini", "javascript", "js", "json",
                   "lua", "mermaid", "nginx", "promql", "python", "yaml"}
OUTPUT_LANGUAGES = {"", "json", "text"}
ANYTHING = "…"
# If these were run by mistake, they would change the machine on which the tests run.
OUTSIDE = re.compile(r"\b(?:sudo|systemctl|docker|kubectl|apt-get)\b|/(?:etc|var|usr)/")
FENCE = re.compile(r"^ *```(\S*)")
NOT_RUN = re.compile(r"^ *<!-- not run: (.*?) -->$")


class Unclear(Exception):
    """It is not clear what a block is for."""


@dataclass
class Block:
    line: int           # of its fence, counted from 1
    language: str
    text: str           # with the newline of its last line
    not_run: str = ""   # the reason
    expected: str = None  # what it must print; None when the page does not show it


def blocks_of(page):
    """The commands of a page, in their order. Blocks that are not run are included, with their
    reason."""
    found, commands = [], None
    for block in fenced(page):
        if block is None:   # a heading: a new subject begins
            commands = None
        elif block.language == "sh":
            if not block.not_run and OUTSIDE.search(block.text):
                raise Unclear(f"line {block.line}: changes the machine, so it must not be run")
            commands = block
            found.append(block)
        elif block.not_run:
            commands = None
            found.append(block)
        elif commands and block.language in OUTPUT_LANGUAGES:
            commands.expected = block.text
            commands = None
        elif block.language not in OTHER_LANGUAGES:
            raise Unclear(f"line {block.line}: a block of ```{block.language} is neither commands "
                          "(```sh), nor what the commands before it print, nor a language")
    return found


def fenced(page):
    """Every block, and None for every heading."""
    lines = page.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        fence = FENCE.match(lines[at])
        if not fence:
            if lines[at].startswith("#"):
                yield None
            at += 1
            continue
        end = at + 1
        while end < len(lines) and not FENCE.match(lines[end]):
            end += 1
        if end == len(lines):
            raise Unclear(f"line {at + 1}: a block without an end")
        reason = NOT_RUN.match(lines[at - 1].rstrip("\n")) if at else None
        yield Block(at + 1, fence[1], "".join(lines[at + 1:end]), reason[1] if reason else "")
        at = end + 1


def prints(expected, printed):
    """Whether the commands printed what the page shows. An ellipsis stands for any text in its
    line; an ellipsis on its own line, for any number of lines. If the page shows the head of an
    HTTP answer, there may be more lines between those that it shows."""
    shown = expected.rstrip("\n").splitlines()
    between = r"(?:.*\n)*?" if expected.startswith("HTTP/") else ""
    pattern = between.join(line_pattern(line) for line in shown)
    return re.fullmatch(between + pattern + between, printed.rstrip("\n") + "\n") is not None


def line_pattern(line):
    if line.strip() == ANYTHING:
        return r"(?:.*\n)*?"
    return ".*?".join(re.escape(part) for part in line.rstrip().split(ANYTHING)) + r"[ \t]*\n"
