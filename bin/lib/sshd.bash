#!/usr/bin/env bash
# An sshd of the tests' own, on the loopback interface, for the user who runs this. Sourced by nothing: the tests and a person call it.
#   bin/lib/sshd.bash install       installs Debian's openssh-server as root, when it is not there; its status says whether there is one
#   bin/lib/sshd.bash make DIR      makes keys and configurations in DIR, and says the port on stdout
#   bin/lib/sshd.bash run DIR       becomes the sshd, which ends when it is ended; further words are options of sshd_config, as Name=value
# DIR/config is for ssh -F; it knows the hosts big1 (all in order), unknown (its key is not known), changed (its key was another),
# stranger (a user key that nobody has let in) and nowhere (no such name).
set -u -o pipefail

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

installed() { command -v ssh >/dev/null 2>&1 && [ -x /usr/sbin/sshd ]; }

install() {
  installed && return 0
  command -v apt-get >/dev/null 2>&1 || die "There is no sshd, and no apt-get that could install it."
  [ "$(id -u)" -eq 0 ] || die "There is no sshd: root has to install it (apt-get install openssh-server)."
  apt_install() {
    env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends \
      openssh-server openssh-client >&2 </dev/null
  }
  apt_install || { apt-get -q update >&2 </dev/null && apt_install; } || die "apt-get could not install openssh-server; what it said is above."
  installed || die "openssh-server is installed, and there is no /usr/sbin/sshd."
}

# A port that nobody has: the kernel chooses none for us here, so some are tried.
free_port() {
  local port i
  for i in 1 2 3 4 5 6 7 8 9 10; do
    port=$((33000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { printf '%s' "$port"; return 0; }
  done
  die "There is no free port."
}

make() {
  local dir=$1 port each
  umask 077
  mkdir -p "$dir" || exit 1
  port=$(free_port) || exit 1
  for each in host other user stranger; do ssh-keygen -q -t ed25519 -N '' -C "test $each" -f "$dir/$each" </dev/null || exit 1; done
  cp "$dir/user.pub" "$dir/authorized"
  printf 'big1 %s\n' "$(cut -d ' ' -f 1,2 "$dir/host.pub")" >"$dir/known"
  printf 'changed %s\n' "$(cut -d ' ' -f 1,2 "$dir/other.pub")" >>"$dir/known"
  printf 'stranger %s\n' "$(cut -d ' ' -f 1,2 "$dir/host.pub")" >>"$dir/known"
  cat >"$dir/sshd_config" <<CONFIG
Port $port
ListenAddress 127.0.0.1
HostKey $dir/host
AuthorizedKeysFile $dir/authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv PARALLEL_TEST_RUN=${PARALLEL_TEST_RUN:-none} PARALLEL_CACHE=${PARALLEL_CACHE:-$dir/cache}
MaxStartups 100
CONFIG
  for each in big1 unknown changed stranger; do printf 'Host %s\n  HostKeyAlias %s\n' "$each" "$each"; done >"$dir/config"
  cat >>"$dir/config" <<CONFIG
Host stranger
  IdentityFile $dir/stranger
Host nowhere
  HostName no-such-machine.invalid
Host * !stranger
  IdentityFile $dir/user
Host *
  HostName 127.0.0.1
  Port $port
  IdentitiesOnly yes
  UserKnownHostsFile $dir/known
  GlobalKnownHostsFile /dev/null
  ControlPath none
CONFIG
  printf '%s\n' "$port"
}

run() {
  local dir=$1 options=()
  shift
  while [ $# -gt 0 ]; do options+=(-o "$1"); shift; done
  mkdir -p /run/sshd 2>/dev/null
  exec /usr/sbin/sshd -D -e -f "$dir/sshd_config" ${options[@]+"${options[@]}"}
}

case ${1:-} in
  install) install ;;
  make) make "$2" ;;
  run) shift; run "$@" ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 1 ;;
esac
