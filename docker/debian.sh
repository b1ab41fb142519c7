# A fresh Debian in a directory, entered by chroot, without a Docker engine. To be sourced by a
# script that has set `tree`, the top of the source tree. Needs root, debootstrap and a network.

# shellcheck source=src/deps/apt.sh
. "$tree/src/deps/apt.sh"

# All Debians are kept here. This directory is not a part of images or copies of the tree.
debian=$tree/build/debian
certificates=/etc/ssl/certs/ca-certificates.crt
debian_certificates=/run/certificates

die()
{
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Starts the script again in namespaces of its own, so its mounts and processes end with it. Only
# one script runs at a time. Usage: debian_begin SCRIPT [ARGUMENT...]
debian_begin()
{
  [ "${DEBIAN_BEGUN:-}" != yes ] || return 0
  [ "$(id -u)" = 0 ] || die 'must be root'
  command -v debootstrap >/dev/null || die 'needs the package debootstrap'
  mkdir -p "$debian"
  exec 9>"$debian/lock"
  flock -n 9 || die "another script is at work in $debian"
  DEBIAN_BEGUN=yes exec unshare --mount --pid --fork --kill-child -- "$@"
}

# Prints the suite of a release: debian_suite VERSION
debian_suite()
{
  case $1 in
  12) echo bookworm ;;
  13) echo trixie ;;
  *) die 'VERSION must be 12 or 13' ;;
  esac
}

# Copies a fresh Debian to ROOT. The first call for a suite makes it: debian_make SUITE ROOT
debian_make()
{
  if [ ! -e "$debian/$1" ]; then
    rm -rf "$debian/$1.part"
    debootstrap --variant=minbase "$1" "$debian/$1.part" "$(debian_mirrors | head -n 1)" ||
      die "$1 could not be made; DEPS_MIRROR names another mirror"
    mv "$debian/$1.part" "$debian/$1"
  fi
  rm -rf "$2" "$2.part"
  cp -a "$debian/$1" "$2.part"
  mv "$2.part" "$2"
}

# Gives ROOT what programs expect: debian_open ROOT
debian_open()
{
  mount -t proc proc "$1/proc"
  mount --rbind /dev "$1/dev"
  debian_connect "$1"
}

# Gives ROOT this machine's settings of the network: debian_connect ROOT
debian_connect()
{
  cp /etc/resolv.conf /etc/hosts "$1/etc"
  apt_fetching >"$1/etc/apt/apt.conf.d/fetching"
  # Behind a proxy with certificates of its own, apt and npm must trust what this machine trusts.
  if [ -r "$certificates" ]; then
    cp "$certificates" "$1$debian_certificates"
    echo "Acquire::https::CAInfo \"$debian_certificates\";" >>"$1/etc/apt/apt.conf.d/fetching"
  fi
}

# Copies the part of the source tree that a Docker build would copy: debian_copy DIRECTORY
debian_copy()
{
  find "$tree" -mindepth 1 -maxdepth 1 -printf '%P\0' |
    tar -C "$tree" -c --anchored -X "$tree/.dockerignore" --null -T - |
    tar -C "$1" -x --no-same-owner
}

# Opens the Debian in a directory, which is kept with the installed packages and what was built. The
# source tree is copied anew. Sets `root` to the directory, and `source` to the tree's place in it:
# debian_enter_source SUITE VERSION
debian_enter_source()
{
  root=$debian/test-$2${SLUICE_ARCHITECTURE:+-$SLUICE_ARCHITECTURE}
  source=$root/src/sluice
  [ -e "$root" ] || debian_make "$1" "$root"
  debian_open "$root"
  mkdir -p "$source/build"
  find "$source" -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} +
  debian_copy "$source"
  # What npm has fetched for this tree is good there, too.
  if [ -e "$tree/build/web" ] && [ ! -e "$source/build/web" ]; then
    cp -a "$tree/build/web" "$source/build"
  fi
  # Finishes an installation that was interrupted.
  (debian_exec "$root" 0:0 / dpkg --configure -a)
}

# Runs a command in ROOT in place of the shell:
# debian_exec ROOT USER DIRECTORY [VARIABLE=VALUE...] COMMAND...
debian_exec()
{
  root=$1
  user=$2
  directory=$3
  shift 3
  for variable in http_proxy https_proxy no_proxy DEPS_MIRROR; do
    eval "value=\${$variable-}"
    [ -z "$value" ] || set -- "$variable=$value" "$@"
  done
  exec chroot --userspec="$user" "$root" /usr/bin/env -i -C "$directory" HOME=/root \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    "NODE_EXTRA_CA_CERTS=$debian_certificates" "$@" 9>&-
}
