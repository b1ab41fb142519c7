#!/bin/sh
# Tests a page in Chromium. Skipped if there is no browser, or nothing to control it with.
# Usage: run.sh <cmake> <the packages' cache> <test>; the environment has SLUICE_BINARY and
# SLUICE_SCREENSHOTS.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

skip()
{
  echo "skipped: $1" >&2
  exit 77
}

SLUICE_CHROMIUM=$(command -v chromium) || skip 'there is no chromium'
command -v node >/dev/null || skip 'there is no Node.js'
npm=$(command -v npm) || npm=
fetch=$here/../support/fetch.cmake
SLUICE_PACKAGES=$("$1" "-DNPM=$npm" "-DCACHE=$2" "-DSOURCE=$here" -P "$fetch") ||
  skip 'playwright-core could not be fetched'
export SLUICE_CHROMIUM SLUICE_PACKAGES
exec node "$here/$3"
