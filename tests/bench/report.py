# SPDX-License-Identifier: MIT
"""Makes medians, verdicts and text from the figures. Measures nothing."""

import statistics

MISSES_TO_FAIL = 3

COLUMNS = [  # title, figure, digits
    ("requests/s", "rps", 0),
    ("p50 ms", "p50_ms", 2),
    ("p99 ms", "p99_ms", 2),
    ("CPU µs/decision", "cpu_us", 2),
    ("Redis µs/decision", "redis_us", 2),
    ("CPU µs/event", "event_us", 2),
    ("RSS MB", "rss_mb", 0),
]
SPREAD = {"rps", "cpu_us", "redis_us", "event_us"}   # whose least and greatest value are shown


def values_of(results, row, figure):
    """One value per repeat, or an empty list when there are none."""
    repeats = results.get(row, [])
    return [figures[figure] for figures in repeats if figure in figures]


def ratios(claim, results):
    """What the claim bounds, per repeat: numerator and denominator are of the same repeat."""
    values = values_of(results, claim.row, claim.figure)
    if not claim.beside:
        return values
    others = values_of(results, claim.beside, claim.figure)
    return [value / other for value, other in zip(values, others)]


def is_missed(claim, values):
    """Most repeats must miss, and at least three if there are so many: one miss may be noise."""
    misses = sum(value > claim.bound for value in values)
    return misses > len(values) / 2 and misses >= min(MISSES_TO_FAIL, len(values))


def rows_to_repeat(rows, claims, results):
    """Those of missed claims. As they are measured together, the figures of a repeat stay beside
    each other, also where another claim needs one of them."""
    missed = [claim for claim in claims if is_missed(claim, ratios(claim, results))]
    return [row for row in rows if any(row.name in (claim.row, claim.beside) for claim in missed)]


def spread(values, digits, with_ends=True):
    if not values:
        return "-"
    median = f"{statistics.median(values):,.{digits}f}"
    if not with_ends or len(values) == 1:
        return median
    return f"{median} ({min(values):,.{digits}f}..{max(values):,.{digits}f})"


def table(header, lines):
    """Columns as wide as needed; the first is left-aligned, the others are right-aligned."""
    widths = [max(len(line[i]) for line in [header, *lines]) for i in range(len(header))]
    rule = ["-" * width for width in widths]

    def laid_out(line):
        cells = [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        return "  ".join([line[0].ljust(widths[0]), *cells]).rstrip()

    return "\n".join(laid_out(line) for line in [header, rule, *lines])


def rows_table(rows, results):
    lines = []
    for row in rows:
        cells = [spread(values_of(results, row.name, figure), digits, figure in SPREAD)
                 for _, figure, digits in COLUMNS]
        if any(cell != "-" for cell in cells):
            lines.append([row.name, *cells])
    return table(["median (least..greatest)", *(title for title, _, _ in COLUMNS)], lines)


def claims_table(claims, results):
    """The text, and the claims that are missed; a claim whose rows were not run is left out."""
    lines, missed = [], []
    for claim in claims:
        values = ratios(claim, results)
        if not values:
            continue
        if is_missed(claim, values):
            missed.append(claim)
        digits = 2 if claim.bound < 10 else 0
        lines.append([claim.text, spread(values, digits), f"{claim.bound:g}",
                      "MISSED" if claim in missed else "holds"])
    return table(["claim", "median (least..greatest)", "bound", ""], lines), missed
