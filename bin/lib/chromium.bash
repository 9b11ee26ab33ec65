#!/usr/bin/env bash
# A browser without a window, and what drives it, for the tests of the dashboard and for its picture. Sourced by nothing: the tests and a
# person call it.
#   bin/lib/chromium.bash install   installs Debian's chromium and chromium-driver as root, when they are not there; its status says whether
#                                   they are
set -u -o pipefail

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

installed() { command -v chromium >/dev/null 2>&1 && command -v chromedriver >/dev/null 2>&1; }

install() {
  local as_root=()
  installed && return 0
  command -v apt-get >/dev/null 2>&1 || die "There is no chromium with its driver, and no apt-get that could install them."
  if [ "$(id -u)" -ne 0 ]; then
    # A machine of CI lets us be root; a person decides that for himself.
    { [ "${CI:-}" = true ] && sudo -n true 2>/dev/null; } ||
      die "There is no chromium with its driver: root has to install them (apt-get install chromium chromium-driver)."
    as_root=(sudo -n)
  fi
  apt_install() {
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
      apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends chromium chromium-driver fonts-dejavu-core >&2 </dev/null
  }
  apt_install || { ${as_root[@]+"${as_root[@]}"} apt-get -q update >&2 </dev/null && apt_install; } ||
    die "apt-get could not install chromium and chromium-driver; what it said is above."
  installed || die "chromium and chromium-driver are installed, and their commands are not on the PATH."
}

case ${1:-} in
  install) install ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 1 ;;
esac
