#!/bin/sh
# The build refuses a source package that is older than src/deps/minima says, and accepts a newer
# one. No other file has a minimum of its own. Usage: deps.sh <source directory>
set -eu

cd "$1"
ls /usr/share/keyrings/debian-archive-keyring.* >/dev/null 2>&1 || exit 77
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# An apt-get whose source packages have only a version.
mkdir "$directory/bin"
cat >"$directory/bin/apt-get" <<'END'
#!/bin/sh
case $* in
*source*) for package; do :; done && echo "Version: $OFFERED" >"${package}_$OFFERED.dsc" ;;
esac
END
chmod +x "$directory/bin/apt-get"
faults=0

# expect WORDS PACKAGE MINIMUM VERSION: if the build is offered this version, it says these words.
expect()
{
  said=$(PATH="$directory/bin:$PATH" OFFERED=$4 DEPS_MIRROR=mirror \
    sh src/deps/build.sh "$2" "$3" "$directory/output" 2>&1) && said='it was built'
  case $said in
  *"$1"*) return 0 ;;
  esac
  echo "$2 $4, where $3 is needed: expected '$1', got '$said'" >&2
  faults=$((faults + 1))
}

while read -r package minimum; do
  for old in 0.1-1 "$minimum~rc1-1"; do
    expect "has $old, and $minimum is needed" "$package" "$minimum" "$old"
  done
  for new in "$minimum-1" 1:0.1-1 99.0-1; do
    expect 'could not be unpacked' "$package" "$minimum" "$new"
  done
  grep -qF "$package ($minimum)" README.md || {
    echo "README.md does not name $package ($minimum)" >&2
    faults=$((faults + 1))
  }
  elsewhere=$(find CMakeLists.txt src tests lua -name CMakeLists.txt \
    -exec grep -n "$package *>= *[0-9]" {} +) && {
    printf 'a minimum that belongs in src/deps/minima:\n%s\n' "$elsewhere" >&2
    faults=$((faults + 1))
  }
done <src/deps/minima
echo "$faults faults"
[ "$faults" -eq 0 ]
