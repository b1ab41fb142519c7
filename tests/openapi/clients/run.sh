#!/bin/sh
# Generates clients of the OpenAPI document, checks their types, and uses them. Skipped if Node.js
# is too old for the generators, or if they could not be fetched.
# Usage: run.sh <cmake> <the packages' cache> <document> <scratch folder>; the environment has
# SLUICE_BINARY and SLUICE_TRANSCRIPTS.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
scratch=$4

skip()
{
  echo "skipped: $1" >&2
  exit 77
}

tool()
{
  name=$1
  shift
  node "node_modules/.bin/$name" "$@" >"$name.log" 2>&1 || {
    cat "$name.log"
    echo "$name failed" >&2
    exit 1
  }
}

command -v node >/dev/null || skip 'there is no Node.js'
node -e 'process.exit(parseInt(process.versions.node, 10) < 18 ? 1 : 0)' ||
  skip "the generators need Node.js 18, and this is $(node --version)"
npm=$(command -v npm) || npm=
fetch=$here/../../support/fetch.cmake
packages=$("$1" "-DNPM=$npm" "-DCACHE=$2" "-DSOURCE=$here" -P "$fetch") ||
  skip 'the generators could not be fetched'

rm -rf "$scratch"
mkdir -p "$scratch"
cp "$here"/*.ts "$here"/*.cjs "$here"/*.json "$scratch"
cp "$3" "$scratch/openapi.json"
ln -s "$packages/node_modules" "$scratch/node_modules"
cd "$scratch"
tool orval --config orval.config.cjs
tool openapi-typescript openapi.json --output generated/openapi_typescript.ts
tool openapi-ts --input openapi.json --output generated/hey_api \
  --plugins @hey-api/client-fetch @hey-api/typescript @hey-api/sdk zod
tool tsc
SLUICE_CLIENTS=$PWD/built exec node "$here/test_clients.mjs"
