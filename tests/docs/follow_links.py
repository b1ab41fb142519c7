# SPDX-License-Identifier: MIT
"""Every link within the documentation has a target, every page can be reached from README.md, and
lines are within their width. Usage: follow_links.py TOP"""

from pathlib import Path
import re
import sys

LINK = re.compile(r"\]\(([^)\s]+)\)")
COLUMNS = 100
README_LINES = 150


def main(top):
    pages = [*top.glob("*.md"), *top.glob("docs/**/*.md"), *top.glob("examples/**/*.md")]
    texts = {page: page.read_text(encoding="utf-8") for page in pages}
    faults = [f"{page.relative_to(top)}{fault}" for page, text in texts.items()
              for fault in [*broken_links(page, text), *wide_lines(text)]]
    faults += [f"{page.relative_to(top)}: cannot be reached from README.md"
               for page in texts.keys() - reached(top / "README.md", texts)]
    if len(texts[top / "README.md"].splitlines()) > README_LINES:
        faults.append(f"README.md has more than {README_LINES} lines")
    print("\n".join(faults) or f"{len(texts)} pages")
    return len(faults) > 0


def links(page, text):
    """For each link within the tree: the link, its file, and the heading in that file."""
    for target in LINK.findall(without_code(text)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, heading = target.partition("#")
        yield target, (page.parent / path).resolve() if path else page, heading


def broken_links(page, text):
    for target, path, heading in links(page, text):
        if not path.exists():
            yield f": {target}: there is no such file"
        elif heading and heading not in headings(path.read_text(encoding="utf-8")):
            yield f": {target}: there is no such heading"


def headings(text):
    """The headings as links write them: in lower case, with dashes, without other marks."""
    return {re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower()).replace(" ", "-")
            for line in without_code(text).splitlines() if line.startswith("#")}


def reached(page, texts, seen=None):
    seen = {page} if seen is None else seen
    for _, path, _ in links(page, texts[page]):
        if path in texts and path not in seen:
            seen.add(path)
            reached(path, texts, seen)
    return seen


def wide_lines(text):
    """Rows of tables, lines with links, and code may be longer."""
    for number, line in enumerate(without_code(text).splitlines(), start=1):
        if len(line) > COLUMNS and not line.startswith("|") and not LINK.search(line):
            yield f":{number}: {len(line)} columns"


def without_code(text):
    return re.sub(r"^```.*?^```$", lambda code: "\n" * code[0].count("\n"), text, flags=re.M | re.S)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
