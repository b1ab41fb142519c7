#!/bin/sh
# Checks that those who show manual pages have nothing to say of ours. Usage: manual.sh PAGE...
SKIPPED=77
checkers=0
faults=0

check() { # <command...>: it complains on either output
    checkers=$((checkers + 1))
    complaints=$("$@" 2>&1) && [ -z "$complaints" ] && return
    echo "$*: $complaints" >&2
    faults=$((faults + 1))
}

for page; do
    [ -s "$page" ] || exit 2
    ! command -v mandoc >/dev/null || check mandoc -T lint -W warning "$page"
    # A line that holds one long word cannot be adjusted, which is no fault of the page.
    ! command -v groff >/dev/null || check groff -ww -Wbreak -mdoc -Tutf8 -z "$page"
done
if [ "$checkers" -eq 0 ]; then
    echo "skipped: neither mandoc nor groff, which show manual pages, is installed"
    exit $SKIPPED
fi
echo "$checkers checks, $faults faults"
[ "$faults" -eq 0 ]
