#!/bin/sh
# `cmake --install` lays down all of Sluice, and the unit names what is there. Settings that an
# operator has changed stay. Usage: installed.sh <cmake> <build directory>
set -eu
cmake=$1
build=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
faults=0

fault()
{
  echo "$1" >&2
  faults=$((faults + 1))
}

# The test has no right to write elsewhere, so it looks below another root. install_to ROOT PREFIX
install_to()
{
  DESTDIR=$1 "$cmake" --install "$build" --prefix "$2" >"$scratch/log" 2>&1 || {
    cat "$scratch/log" >&2
    exit 1
  }
}

# expect ROOT PREFIX SETTINGS: what must be below ROOT if that is the prefix.
expect()
{
  for file in "$2/bin/sluice" "$2/lib/systemd/system/sluice.service" \
    "$2/lib/systemd/system/sluice.socket" "$2/share/man/man8/sluice.8" \
    "$2/share/man/man5/sluice.yaml.5" "$2/share/doc/sluice/copyright" \
    "$2/share/doc/sluice/sluice.spdx.json" \
    "$2/share/doc/sluice/docs/operations.md" "$3/sluice.yaml"; do
    [ -s "$1$file" ] || fault "prefix $2: there is no $file"
  done
  unit=$1$2/lib/systemd/system/sluice.service
  grep -qx "ExecStart=$2/bin/sluice serve --config $3/sluice.yaml" "$unit" ||
    fault "prefix $2: the unit starts something else: $(grep ExecStart "$unit")"
}

for prefix in /usr /usr/local; do
  install_to "$scratch/root$prefix" "$prefix"
  expect "$scratch/root$prefix" "$prefix" /etc/sluice
done
install_to "" "$scratch/own"
expect "" "$scratch/own" "$scratch/own/etc/sluice"

echo 'limit of the operator' >"$scratch/own/etc/sluice/sluice.yaml"
install_to "" "$scratch/own"
grep -qx 'limit of the operator' "$scratch/own/etc/sluice/sluice.yaml" ||
  fault 'changed settings are lost'
grep -q '^Permission is hereby granted' "$scratch/own/share/doc/sluice/copyright" ||
  fault 'copyright has no licence'
exit $((faults > 0))
