#!/bin/sh
# The systemd units are valid, and have lost none of their protection. $1 is the top of the tree.
# Skipped if systemd is not installed, because nothing else here needs it.
set -eu

command -v systemd-analyze >/dev/null || exit 77
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# The binary is not installed, so another one must stand for it.
sed 's|/usr/local/bin/sluice|/bin/true|' "$1/config/sluice.service" >"$directory/sluice.service"
cp "$1/config/sluice.socket" "$directory"
found=$(systemd-analyze verify --man=no --recursive-errors=no \
  "$directory/sluice.service" "$directory/sluice.socket" 2>&1) ||
  found="$found
systemd-analyze verify failed"
# Complaints about other units of this machine do not count.
found=$(printf '%s\n' "$found" | grep -e sluice -e failed || true)
[ -z "$found" ] || {
  printf '%s\n' "$found"
  exit 1
}

# Without protection a unit has 100, and this one has 11. So a lost line is noticed.
systemd-analyze security --no-pager --offline=yes --threshold=12 "$directory/sluice.service" ||
  exit 1

# Strangers may reach the service, but they must not read its figures.
grep -q '^Environment=SLUICE_METRICS_LISTEN=127\.0\.0\.1:' "$1/config/sluice.service" || {
  echo 'sluice.service serves /metrics on the same port as everything else'
  exit 1
}
