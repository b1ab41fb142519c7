#!/bin/sh
# Builds one library from Debian's source package, static and without root:
#
#   build.sh PACKAGE MINIMUM OUTPUT    with CC, CFLAGS and LDFLAGS in the environment
#
# HOST=TRIPLET builds for another machine, with the tools that begin with that triplet.
#
# OUTPUT gets include/, lib/ with the archive and its pkg-config file, and three files that say where it
# is from: version, source (the name and SHA-256 of Debian's description) and copyright. It may be moved. The package comes by apt from Debian's development suite, the only one that has it, as a private
# list beside the system's own; so its signature is checked as for any other package. That suite keeps
# only its newest version, which is taken when it is MINIMUM or newer.
#
# DEPS_MIRROR names a mirror of Debian in place of the one that this machine uses already.
set -eu

package=$1
minimum=$2
output=$3
suite=forky

# shellcheck source=src/deps/apt.sh
. "$(dirname "$0")/apt.sh"

die()
{
  printf '%s: %s\n' "$package" "$*" >&2
  exit 1
}

# apt-get with the mirror's source packages of the suite, and nothing else of this system but the way it
# fetches. fetch MIRROR
fetch()
{
  echo "deb-src [signed-by=$keyring] $1 $suite main" >"$work/list"
  {
    cat <<END
Dir::Etc::Main "/dev/null";
Dir::Etc::Parts "/dev/null";
Dir::Etc::SourceList "$work/list";
Dir::Etc::SourceParts "/dev/null";
Dir::State "$work/state";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "$work/cache";
APT::Sandbox::User "root";
Acquire::Languages "none";
END
    apt_fetching
  } >"$work/apt.conf"
  (
    cd "$work"
    export APT_CONFIG="$work/apt.conf"
    apt-get -q update -o APT::Update::Error-Mode=any && apt-get -q source --download-only "$package"
  ) >>"$log" 2>&1
}

# Debian's patches touch the makefiles of tests, which are not built: nothing is to be generated anew.
build_libmicrohttpd()
{
  export ACLOCAL=: AUTOCONF=: AUTOHEADER=: AUTOMAKE=:
  ./configure ${HOST:+"--host=$HOST"} --prefix="$prefix" --libdir="$prefix/lib" --disable-shared --with-pic \
    --enable-https=yes --disable-doc --disable-examples --disable-tools --disable-curl \
    --disable-bauth --disable-dauth --disable-postprocessor --disable-httpupgrade \
    --disable-cookie
  make -j "$(nproc)"
  make install
}

build_hiredis()
{
  make -j "$(nproc)" static hiredis.pc hiredis_ssl.pc USE_SSL=1 AR="${HOST:+$HOST-}ar" \
    OPTIMIZATION= DEBUG_FLAGS= WARNINGS= CFLAGS="$CFLAGS" PREFIX="$prefix" LIBRARY_PATH=lib
  mkdir -p "$prefix/include/hiredis" "$prefix/lib/pkgconfig"
  cp hiredis.h hiredis_ssl.h async.h read.h sds.h alloc.h sockcompat.h "$prefix/include/hiredis"
  cp libhiredis.a libhiredis_ssl.a "$prefix/lib"
  cp hiredis.pc hiredis_ssl.pc "$prefix/lib/pkgconfig"
}

for keyring in /usr/share/keyrings/debian-archive-keyring.pgp \
  /usr/share/keyrings/debian-archive-keyring.gpg; do
  [ ! -r "$keyring" ] || break
done
[ -r "$keyring" ] || die 'needs the package debian-archive-keyring'
mirrors=$(debian_mirrors)
[ -n "$mirrors" ] || die "apt knows no mirror of Debian here; name one in DEPS_MIRROR"

rm -rf "$output"
mkdir -p "$output"
log=$output/build.log
# Elsewhere than in OUTPUT, whose path may have spaces: many a configure script takes none.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
prefix=$work/installed
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"

from=
for mirror in $mirrors; do
  fetch "$mirror" && from=$mirror && break
done
[ -n "$from" ] || {
  grep '^E:' "$log" >&2 || true
  die "$suite could not be had as source, see $log; DEPS_MIRROR names another mirror"
}
description=$(echo "$work/$package"_*.dsc)
version=$(sed -n 's/^Version: //p' "$description")
dpkg --compare-versions "$version" ge "$minimum" ||
  die "$suite at $from has $version, and $minimum is needed"

dpkg-source -x "$description" "$work/source" >>"$log" 2>&1 || die "could not be unpacked; see $log"
# The folder that it is built in leaves no trace.
export CFLAGS="${CFLAGS-} -ffile-prefix-map=$work/source=$package"
(cd "$work/source" && "build_$package") >>"$log" 2>&1 || {
  tail -n 20 "$log" >&2
  die "could not be built; see $log"
}
# shellcheck disable=SC2016
sed -i -e 's|^prefix=.*|prefix=${pcfiledir}/../..|' -e "s|$prefix|\${prefix}|" \
  "$prefix"/lib/pkgconfig/*.pc
rm -f "$prefix"/lib/*.la
cp -R "$prefix/include" "$prefix/lib" "$output"
cp "$work/source/debian/copyright" "$output"
(cd "$work" && sha256sum "${description##*/}") >"$output/source"
echo "$version" >"$output/version"
