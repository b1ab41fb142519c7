#!/bin/sh
# Runs one fuzz target. Usage:
#     run.sh <executable> <kept corpus> <directory of its runs> [<more inputs>...]
#
# Runs for SLUICE_FUZZ_SECONDS (10), and starts from all these inputs. With SLUICE_FUZZ_KEEP=1 it
# then adds inputs of this and earlier runs to the kept corpus: small texts that reach code which no
# other input reaches.
set -eu
target=$1
kept=$2
runs=$3
shift 3
name=$(basename "$target")
seconds=${SLUICE_FUZZ_SECONDS:-10}
bytes_max=1024

# Freed memory is kept for a shorter time than by default, because runs are then faster.
export ASAN_OPTIONS="quarantine_size_mb=16:${ASAN_OPTIONS-}"
mkdir -p "$runs/corpus"

is_text() {
    [ "$(LC_ALL=C tr -d '\t\n\r\040-\176' <"$1" | wc -c)" -eq 0 ]
}

count_kept() {
    find "$kept" -type f | wc -l
}

# libFuzzer adds new inputs, whose names are digests.
keep_new() {
    rm -rf "$runs/base" "$runs/candidates"
    mkdir "$runs/base" "$runs/candidates"
    find "$kept" "$@" -type f -exec cp {} "$runs/base" \;
    find "$runs/corpus" -type f -size -$((bytes_max + 1))c | while read -r input; do
        if is_text "$input"; then
            cp "$input" "$runs/candidates"
        fi
    done
    # Without counters, because reaching a place more often is no reason to keep an input.
    "$target" -merge=1 -use_counters=0 "$runs/base" "$runs/candidates" >"$runs/merge.log" 2>&1 || {
        tail -n 40 "$runs/merge.log"
        exit 1
    }
    before=$(count_kept)
    find "$runs/base" -type f -name "$(printf '%040d' 0 | tr 0 '?')" -exec cp {} "$kept" \;
    echo "$name: kept $(($(count_kept) - before)) new inputs in $kept"
}

# libFuzzer writes only to the first of the directories.
run() {
    "$target" -max_total_time="$seconds" -timeout=20 -dict="$(dirname "$0")/words.dict" \
        -artifact_prefix="$runs/" "$runs/corpus" "$kept" "$@" >"$runs/log" 2>&1 && {
        tail -n 1 "$runs/log"
        return
    }
    grep -v '^#[0-9]*.*\(NEW\|REDUCE\|pulse\|RELOAD\)' "$runs/log" | tail -n 60
    found=$(sed -n 's/.*Test unit written to //p' "$runs/log" | tail -n 1)
    echo
    echo "$name: an input breaks a rule in the head of tests/fuzz/$name.c"
    echo "input:  ${found:-none; the whole log is in $runs/log}"
    [ -z "$found" ] || echo "replay: $target $found"
    exit 1
}

[ "$(count_kept)" -gt 0 ] || {
    echo "$name: $kept has no input to start from"
    exit 1
}
run "$@"
[ -z "${SLUICE_FUZZ_KEEP-}" ] || keep_new "$@"
