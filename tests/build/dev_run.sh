#!/bin/sh
# `./dev run` tells the address that the service gets. Nothing is installed, built or served here.
# Usage: dev_run.sh <the project>
set -eu
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
faults=0

# expect WORDS OPTION...: ./dev run OPTION... prints a line with these words
expect()
{
  words=$1
  shift
  PATH="$scratch/programs:$PATH" "$scratch/dev" run "$@" >"$scratch/said"
  grep -q -F -e "$words" "$scratch/said" || {
    echo "./dev run $* does not say: $words" >&2
    cat "$scratch/said" >&2
    faults=$((faults + 1))
  }
}

mkdir -p "$scratch/src/deps" "$scratch/build/release" "$scratch/programs"
cp "$1/dev" "$scratch/dev"
: >"$scratch/src/deps/minima"
for program in cmake npm; do
  printf '#!/bin/sh\n' >"$scratch/programs/$program"
done
printf '#!/bin/sh\necho install ok installed\n' >"$scratch/programs/dpkg-query"
printf '#!/bin/sh\necho "$0 $*"\n' >"$scratch/build/release/sluice"
chmod +x "$scratch"/programs/* "$scratch/build/release/sluice"

expect 'http://127.0.0.1:8080/docs'
expect 'http://127.0.0.1:8080/dashboard'
expect 'serve --listen 127.0.0.1:8080 '
expect 'http://127.0.0.1:9000/docs' --listen 127.0.0.1:9000
expect 'serve --listen 127.0.0.1:9000 ' --listen 127.0.0.1:9000
expect 'http://[::1]:9000/register' --workers=1 --listen='[::1]:9000'
expect 'http://localhost at unix:/tmp/s.sock' --listen unix:/tmp/s.sock
expect "curl --unix-socket /tmp/s.sock -d '{" --listen unix:/tmp/s.sock
exit "$faults"
