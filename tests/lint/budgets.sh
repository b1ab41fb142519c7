#!/bin/sh
# The settings, figures and tests in docs/budgets.md exist, and each siege has a row there. $1 is
# the top of the tree.
set -eu

cd "$1"
table=docs/budgets.md
found=$(mktemp)
trap 'rm -f "$found"' EXIT

# Prints the texts between backquotes in one column of all tables, one per line.
column() {
  # shellcheck disable=SC2016
  awk -F'|' -v column="$(($1 + 1))" '/^\|/ && $2 !~ /^(---| resource )/ { print $column }' \
    "$table" |
    grep -o '`[^`]*`' | tr -d '`' | sort -u
}

# Reports each name of the input that none of the files has in quotes.
need() {
  kind=$1
  shift
  while IFS= read -r name; do
    grep -qrF -- "\"$name\"" "$@" || echo "$table: no $kind is called \"$name\""
  done
}

column 3 | need setting src/app/settings_table.c >"$found"
column 5 | need figure include/metrics src/metrics src/api/scrape.c >>"$found"

column 6 | while IFS= read -r name; do
  grep -qF ".name = \"$name\"" tests/fault/hostilities.c ||
    ls tests/*/test_"$name".c >/dev/null 2>&1 ||
    echo "$table: neither siege nor test is called \"$name\""
done >>"$found"

sed -n 's/.*{\.name = "\(.*\)",$/\1/p' tests/fault/hostilities.c | while IFS= read -r name; do
  column 6 | grep -qxF -- "$name" || echo "$table: no row names the siege \"$name\""
done >>"$found"

column 6 | grep -q . || echo "$table: no rows" >>"$found"
cat "$found"
[ ! -s "$found" ]
