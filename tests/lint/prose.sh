#!/bin/sh
# Lines are within 100 columns, and prose keeps to plain English. Usage: prose.sh <source directory>
#
# Lines that cannot be broken may be longer: those with a link, or with one word that takes most of
# the line. src/deps is left out, because a change of its text builds the libraries again.
set -eu
cd "$1"

PHRASES='for want of|hangs? on|bears? the marks?|the stuff of|who is connected|is served on'

sources()
{
    find include src lua tests docker dev config CMakeLists.txt -type f \
        ! -path 'src/deps/*' ! -path 'tests/fixtures/*' ! -name prometheus-alerts.yaml |
        grep -E -e '\.(c|h|lua|sh|py|cmake|js|mjs|cjs|ts|css|html|yaml|service|socket)$' \
            -e '(^|/)CMakeLists\.txt$' -e '^(dev|docker/|config/package/debian/)'
}

long=$(sources | LC_ALL=C.UTF-8 xargs grep -nHE '^.{101,}$' | grep -vE '[a-z]://|[^ ]{80}' || true)
phrases=$({ sources; find ./*.md docs examples -name '*.md'; } |
    grep -vx tests/lint/prose.sh | xargs grep -nHiwE "$PHRASES" || true)
[ -z "$long" ] || printf 'longer than 100 columns:\n%s\n' "$long"
[ -z "$phrases" ] || printf 'not plain English:\n%s\n' "$phrases"
[ -z "$long$phrases" ]
