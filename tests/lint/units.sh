#!/bin/sh
# The systemd units are valid, and as closed as they were made. $1 is the top of the tree.
# Skipped where systemd is not installed: nothing else here needs it.
set -eu

command -v systemd-analyze >/dev/null || exit 77
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# What is not installed cannot be found.
sed 's|/usr/local/bin/sluice|/bin/true|' "$1/config/sluice.service" >"$directory/sluice.service"
cp "$1/config/sluice.socket" "$directory"
found=$(systemd-analyze verify --man=no --recursive-errors=no \
  "$directory/sluice.service" "$directory/sluice.socket" 2>&1) ||
  found="$found
systemd-analyze verify failed"
# Complaints about units of this machine are not ours.
found=$(printf '%s\n' "$found" | grep -e sluice -e failed || true)
[ -z "$found" ] || {
  printf '%s\n' "$found"
  exit 1
}

# Out of 100 (bare) the unit has 13; a line that is lost shows.
systemd-analyze security --no-pager --offline=yes --threshold=15 "$directory/sluice.service" ||
  exit 1

# Strangers may reach the service, and its figures are not theirs.
grep -q '^Environment=SLUICE_METRICS_LISTEN=127\.0\.0\.1:' "$1/config/sluice.service" || {
  echo 'sluice.service serves /metrics beside everything else'
  exit 1
}
