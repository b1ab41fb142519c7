#!/bin/sh
# With SLUICE_DOCS=OFF the pages are made without npm. They then say so, and lead to the contract.
# Usage: without_docs.sh <cmake> <source directory> <SLUICE_DEPS>
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# There is no npm, and nothing that it has fetched.
{
  "$1" -S "$2" -B "$scratch" -DSLUICE_DOCS=OFF -DSLUICE_NPM=/nowhere/npm "-DSLUICE_DEPS=$3" \
    "-DSLUICE_WEB_CACHE=$scratch/web" -DBUILD_TESTING=OFF &&
    "$1" --build "$scratch" --target web_content
} >"$scratch/log" 2>&1 || {
  cat "$scratch/log"
  exit 1
}

pages=$(sed -n 's/.*\.path = "\(.*\)",$/\1/p' "$scratch/src/web/web_assets.c" | sort | xargs)
[ "$pages" = '/dashboard /docs /openapi.json' ] || {
  echo "these pages are embedded: $pages"
  exit 1
}
page=$(sed -n 's/.*incbin "\(.*\.html\)"$/\1/p' "$scratch/src/web/web_content.S" | sort -u)
grep -q 'built without' "$page" && grep -q 'href="openapi.json"' "$page"
