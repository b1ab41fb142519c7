#!/bin/sh
# Builds one library from Debian's source package, static and without root:
#
#   build.sh PACKAGE MINIMUM OUTPUT    with CFLAGS and LDFLAGS in the environment
#
# OUTPUT gets include/ and lib/ with the archive and its pkg-config file. The package comes by apt from
# Debian's development suite, the only one that has it, as a private list beside the system's own; so
# its signature is checked as for any other package. That suite keeps only its newest version, which is
# taken when it is MINIMUM or newer.
#
# DEPS_MIRROR names a mirror of Debian in place of the one that this machine uses already.
set -eu

package=$1
minimum=$2
output=$3
suite=forky
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die()
{
  printf '%s: %s\n' "$package" "$*" >&2
  exit 1
}

# Where Debian's packages come from here; elsewhere, where debootstrap would take them from.
mirrors()
{
  if [ -n "${DEPS_MIRROR:-}" ]; then
    echo "$DEPS_MIRROR"
    return
  fi
  # shellcheck disable=SC1091
  . /etc/os-release
  if [ "$ID" = debian ]; then
    apt-get indextargets --format '$(REPO_URI)' \
      'Created-By: Packages' "Release: $VERSION_CODENAME" 'Component: main' | sort -u
  else
    sed -n 's/^DEF_MIRROR="\(.*\)"$/\1/p' /usr/sbin/debootstrap
  fi
}

# apt-get with the mirror's source packages of the suite, and nothing else.
private_apt()
{
  apt-get -q \
    -o Dir::Etc::SourceList="$work/list" -o Dir::Etc::SourceParts=/dev/null \
    -o Dir::State="$work/state" -o Dir::Cache="$work/cache" -o APT::Sandbox::User= \
    -o Dir::State::status=/var/lib/dpkg/status -o Acquire::Languages=none "$@"
}

fetch()
{
  echo "deb-src [signed-by=$keyring] $1 $suite main" >"$work/list"
  (cd "$work" && private_apt update && private_apt source --download-only "$package") \
    >>"$log" 2>&1
}

# Debian's patches touch the makefiles of tests, which are not built: nothing is to be generated anew.
build_libmicrohttpd()
{
  export ACLOCAL=: AUTOCONF=: AUTOHEADER=: AUTOMAKE=:
  ./configure --prefix="$output" --libdir="$output/lib" --disable-shared --with-pic \
    --enable-https=yes --disable-doc --disable-examples --disable-tools --disable-curl \
    --disable-bauth --disable-dauth --disable-postprocessor --disable-httpupgrade \
    --disable-cookie
  make -j "$(nproc)"
  make install
}

build_hiredis()
{
  make -j "$(nproc)" static hiredis.pc hiredis_ssl.pc \
    USE_SSL=1 OPTIMIZATION= DEBUG_FLAGS= WARNINGS= CFLAGS="$CFLAGS" PREFIX="$output" LIBRARY_PATH=lib
  mkdir -p "$output/include/hiredis/adapters" "$output/lib/pkgconfig"
  cp hiredis.h hiredis_ssl.h async.h read.h sds.h alloc.h sockcompat.h "$output/include/hiredis"
  cp libhiredis.a libhiredis_ssl.a "$output/lib"
  cp hiredis.pc hiredis_ssl.pc "$output/lib/pkgconfig"
}

[ -r "$keyring" ] || die "needs the package debian-archive-keyring, and elsewhere than on Debian debootstrap"
rm -rf "$output"
mkdir -p "$output"
work=$output/work
log=$output/build.log
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial"

fetched=
for mirror in $(mirrors); do
  fetch "$mirror" && fetched=yes && break
done
[ -n "$fetched" ] || die "could not be had as source; see $log"
description=$(echo "$work/$package"_*.dsc)
version=$(sed -n 's/^Version: //p' "$description" | tail -n 1)
dpkg --compare-versions "$version" ge "$minimum" || die "$suite has $version; $minimum is needed"

dpkg-source -x "$description" "$work/source" >>"$log" 2>&1 || die "could not be unpacked; see $log"
# The folder that it is built in leaves no trace.
export CFLAGS="${CFLAGS-} -ffile-prefix-map=$work/source=$package"
(cd "$work/source" && "build_$package") >>"$log" 2>&1 || {
  tail -n 20 "$log" >&2
  die "could not be built; see $log"
}
rm -rf "$work"
echo "$version" >"$output/version"
