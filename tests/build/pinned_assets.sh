#!/bin/sh
# If a third-party file differs from the one in src/web/assets.sha256, the build fails, names it,
# and does not embed it. Usage: pinned_assets.sh <cmake> <src/web> <the packages' cache>
set -eu
cmake=$1
source=$2
packages=$(sha256sum "$source/package-lock.json" | cut -c 1-16)/node_modules
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
faults=0

fault()
{
  echo "$1" >&2
  faults=$((faults + 1))
}

# There is no npm, so nothing is fetched.
fetch()
{
  "$cmake" -DNPM= "-DCACHE=$scratch" "-DSOURCE=$source" "-DOUTPUT=$scratch/output" \
    -P "$source/fetch.cmake" >"$scratch/log" 2>&1
}

tamper_with() # <file of a package> <what is embedded of it>
{
  cp "$scratch/$packages/$1" "$scratch/kept"
  echo changed >>"$scratch/$packages/$1"
  if fetch; then
    fault "$1: a changed file is embedded"
  elif ! grep -q "^  $2 is not the one" "$scratch/log"; then
    fault "$1: the build does not say that $2 differs: $(cat "$scratch/log")"
  elif [ -e "$scratch/output/$2" ]; then
    fault "$1: the changed file stays for the next build"
  fi
  mv "$scratch/kept" "$scratch/$packages/$1"
}

mkdir -p "$scratch/$packages"
for package in swagger-ui-dist uplot; do
  cp -R "$3/$packages/$package" "$scratch/$packages/$package"
done
fetch || fault "the files from npm are refused: $(cat "$scratch/log")"
for file in NOTICE.txt swagger-ui-bundle.js swagger-ui.css \
  uPlot-NOTICE.txt uPlot.iife.min.js uPlot.min.css; do
  [ -e "$scratch/output/$file" ] || fault "$file is not embedded"
done
tamper_with swagger-ui-dist/swagger-ui-bundle.js swagger-ui-bundle.js
tamper_with swagger-ui-dist/swagger-ui.css swagger-ui.css
tamper_with swagger-ui-dist/LICENSE NOTICE.txt
tamper_with uplot/dist/uPlot.iife.min.js uPlot.iife.min.js
tamper_with uplot/dist/uPlot.min.css uPlot.min.css
tamper_with uplot/LICENSE uPlot-NOTICE.txt
exit $((faults > 0))
