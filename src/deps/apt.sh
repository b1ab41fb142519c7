# What apt of this machine knows about fetching from Debian. To be sourced.

# Mirrors of Debian: DEPS_MIRROR, else those that this system's packages come from; on another
# distribution the one that debootstrap would take.
debian_mirrors()
{
  # shellcheck disable=SC1091
  suites="$(. /etc/os-release && echo "${VERSION_CODENAME:-sid}")|(old)*stable|testing|unstable|sid"
  if [ -n "${DEPS_MIRROR:-}" ]; then
    echo "$DEPS_MIRROR"
  elif grep -q '^ID=debian$' /etc/os-release; then
    apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' 'Component: main' |
      sed -n -E "s/^($suites) //p" | sort -u
  else
    sed -n 's/^DEF_MIRROR="\(.*\)"$/\1/p' /usr/sbin/debootstrap
  fi
}

# How it fetches, by which proxies and what it checks, as lines of apt.conf(5). Hooks and the like, which
# may need root, are not among them.
apt_fetching()
{
  apt-config dump | grep -E '^Acquire::(https?|Check|Force|Retries)' || true
}
