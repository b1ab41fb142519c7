#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""draw.py [--check] PROGRAM: draws what each algorithm does with one history of requests.

PROGRAM is tests/docs/play_algorithms.c, which plays the history through the engine itself; so the
pictures show what Sluice does. They are written beside this file, or with --check compared with
what is there. `./dev pictures` builds the program and draws.
"""

from dataclasses import dataclass
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
WIDTH, LEFT, RIGHT = 700, 62, 14
TITLE_Y = 24
BAR_WIDTH, BAR_HEIGHT = 2.4, 22
LANE_Y = 68             # the line between what is allowed, above, and what is denied, below
TURNS_Y = 122           # the lower end of the bars, where there are turns
CHART_HEIGHT = 90
GRID_SECONDS, GRID_UNITS = 5, 5

STYLE = """
  svg { --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --grid: #d1d9e0;
        --allowed: #0969da; --denied: #cf222e; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #0d1117; --ink: #f0f6fc; --faint: #9198a1; --grid: #3d444d;
          --allowed: #58a6ff; --denied: #ff7b72; }
  }
  text { font: 12px system-ui, sans-serif; fill: var(--faint); }
  .title { font-size: 14px; font-weight: 600; fill: var(--ink); }
  .end { text-anchor: end; }
  .middle { text-anchor: middle; }
  .paper { fill: var(--paper); }
  .grid { stroke: var(--grid); fill: none; }
  .allowed { fill: var(--allowed); }
  .denied { fill: var(--denied); }
  .left { fill: var(--allowed); fill-opacity: 0.15; }
  .curve { fill: none; stroke: var(--allowed); stroke-width: 1.5; }
"""


@dataclass
class Event:
    kind: str
    at_ms: int
    allowed: bool
    remaining: int
    delay_ms: int


@dataclass
class History:
    """What one algorithm did."""

    algorithm: str
    quota: int
    window_ms: int
    end_ms: int
    events: list

    def requests(self, allowed):
        return [event for event in self.events
                if event.kind == "request" and event.allowed == allowed]

    def turns_ms(self):
        """When those that are let in have their turn; empty where nobody has to wait for it."""
        allowed = self.requests(True)
        if not any(event.delay_ms for event in allowed):
            return []
        turns = [event.at_ms + event.delay_ms for event in allowed]
        return [turn for turn in turns if turn <= self.end_ms]


def main(words):
    check = words[:1] == ["--check"]
    [program] = words[1:] if check else words
    played = subprocess.run([program], capture_output=True, text=True, check=True).stdout
    stale = []
    for history in histories(played):
        path = FOLDER / f"{history.algorithm}.svg"
        picture = draw(history)
        if not check:
            path.write_text(picture)
        elif not path.is_file() or path.read_text() != picture:
            stale.append(path.name)
    if stale:
        print("not what the engine does, ./dev pictures draws them anew:", *stale)
    return 1 if stale else 0


def histories(played):
    first, *lines = [line.split() for line in played.splitlines()]
    limit = [int(word) for word in first[1:]]
    by_name = {}
    for name, kind, *numbers in lines:
        at_ms, allowed, remaining, delay_ms = map(int, numbers)
        history = by_name.setdefault(name, History(name, *limit, []))
        history.events.append(Event(kind, at_ms, bool(allowed), remaining, delay_ms))
    return by_name.values()


def draw(history):
    turns = history.turns_ms()
    top = (TURNS_Y if turns else LANE_Y + BAR_HEIGHT) + 24
    bottom = top + CHART_HEIGHT
    height = bottom + 26
    parts = [
        *frame(history, height),
        *time_grid(history, bottom),
        *lanes(history),
        *(turn_lane(history, turns) if turns else []),
        *chart(history, top, bottom),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def frame(history, height):
    allowed, denied = len(history.requests(True)), len(history.requests(False))
    summary = f"{allowed} of {allowed + denied} requests allowed"
    limit = f"{history.quota} in {history.window_ms // 1000} s"
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="title about">',
        f'<title id="title">{history.algorithm}, {limit}: {summary}</title>',
        '<desc id="about">Bars are requests over time, allowed ones above the line and denied ones '
        'below. The curve is how many are left.</desc>',
        f"<style>{STYLE}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
        text(LEFT, TITLE_Y, f"{history.algorithm}: {limit}", "title"),
        text(WIDTH - RIGHT, TITLE_Y, summary, "end"),
    ]


def time_grid(history, bottom):
    parts = []
    for second in range(0, history.end_ms // 1000 + 1, GRID_SECONDS):
        x = across(history, second * 1000)
        parts += [f'<path class="grid" d="M{x:g} {LANE_Y - BAR_HEIGHT - 8}V{bottom}"/>',
                  text(x, bottom + 17, f"{second} s", "middle")]
    return parts


def lanes(history):
    return [
        text(LEFT - 8, LANE_Y - 8, "allowed", "end"),
        text(LEFT - 8, LANE_Y + 17, "denied", "end"),
        f'<path class="grid" d="M{LEFT} {LANE_Y}H{WIDTH - RIGHT}"/>',
        bars(history, [event.at_ms for event in history.requests(True)], LANE_Y - BAR_HEIGHT - 1,
             "allowed"),
        bars(history, [event.at_ms for event in history.requests(False)], LANE_Y + 1, "denied"),
    ]


def turn_lane(history, turns):
    return [text(LEFT - 8, TURNS_Y - 8, "its turn", "end"),
            f'<path class="grid" d="M{LEFT} {TURNS_Y}H{WIDTH - RIGHT}"/>',
            bars(history, turns, TURNS_Y - BAR_HEIGHT, "allowed")]


def chart(history, top, bottom):
    def down(units):
        return bottom - CHART_HEIGHT * units / history.quota

    parts = [text(LEFT - 26, top + CHART_HEIGHT / 2 + 4, "left", "end")]
    for units in range(0, history.quota + 1, GRID_UNITS):
        parts += [f'<path class="grid" d="M{LEFT} {down(units):g}H{WIDTH - RIGHT}"/>',
                  text(LEFT - 8, down(units) + 4, str(units), "end")]
    line = f"M{LEFT} {down(history.events[0].remaining):g}"
    before = history.events[0].remaining
    for event in history.events:
        if event.remaining != before:
            line += f"H{across(history, event.at_ms):g}V{down(event.remaining):g}"
            before = event.remaining
    line += f"H{WIDTH - RIGHT}"
    return [*parts, f'<path class="left" d="{line}V{bottom}H{LEFT}Z"/>',
            f'<path class="curve" d="{line}"/>']


def bars(history, moments_ms, y, kind):
    line = "".join(f"M{across(history, at_ms) - BAR_WIDTH / 2:g} {y}h{BAR_WIDTH}v{BAR_HEIGHT}"
                   f"h-{BAR_WIDTH}z" for at_ms in moments_ms)
    return f'<path class="{kind}" d="{line}"/>'


def across(history, at_ms):
    return round(LEFT + (WIDTH - LEFT - RIGHT) * at_ms / history.end_ms, 1)


def text(x, y, words, kind):
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{words}</text>'


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
