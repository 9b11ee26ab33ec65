#!/usr/bin/env bash
# A Slurm of the tests' own on this machine, without systemd, for the user who runs this: munged, slurmctld and three slurmd.
#   bin/lib/slurm.bash install       installs Debian's slurm-wlm and munge as root, when they are not there; its status says whether they are
#   bin/lib/slurm.bash make DIR      makes a key and a configuration in DIR; further words NAME=ADDRESS@NAMESPACE, of slurmctld's first, are
#                                    nodes in network namespaces, in the place of those below
#   bin/lib/slurm.bash run DIR       runs the daemons until it is ended; then it cancels all jobs, and ends them
#   bin/lib/slurm.bash ready DIR     its status says whether the nodes are there
# SLURM_CONF=DIR/slurm.conf leads Slurm's commands there. The partition main, of an hour at most, has the nodes n1 and n2 of 4 CPUs each;
# fragile has n1 and n3, the pid of whose slurmd is in DIR/n3.pid; broken has n1 and n4, which is down.
set -u -o pipefail

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

PATH=$PATH:/usr/sbin:/sbin

installed() {
  local name
  for name in munged slurmctld slurmd srun salloc; do command -v "$name" >/dev/null 2>&1 || return 1; done
}

install() {
  local as_root=()
  installed && return 0
  command -v apt-get >/dev/null 2>&1 || die "There is no Slurm, and no apt-get that could install it."
  if [ "$(id -u)" -ne 0 ]; then
    # A machine of CI lets us be root; a person decides that for himself.
    { [ "${CI:-}" = true ] && sudo -n true 2>/dev/null; } ||
      die "There is no Slurm: root has to install it (apt-get install slurm-wlm munge)."
    as_root=(sudo -n)
  fi
  apt_install() {
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
      apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends slurm-wlm munge >&2 </dev/null
  }
  apt_install || { ${as_root[@]+"${as_root[@]}"} apt-get -q update >&2 </dev/null && apt_install; } ||
    die "apt-get could not install slurm-wlm and munge; what it said is above."
  installed || die "slurm-wlm and munge are installed, and their commands are not on the PATH."
}

# Five ports in a row of which nobody has the first.
free_ports() {
  local port i
  for i in 1 2 3 4 5 6 7 8 9 10; do
    port=$((33000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { printf '%s' "$port"; return 0; }
  done
  die "There is no free port."
}

make() {
  local dir=$1 port user name i control=127.0.0.1 each address
  port=$(free_ports) || exit 1
  user=$(id -un)
  name=$(hostname -s)
  shift
  [ $# -eq 0 ] || { address=${1#*=} control=${address%@*}; }
  mkdir -p "$dir" "$dir/state" && chmod 711 "$dir" || exit 1       # munged wants its socket to be reached by all
  (umask 077 && dd if=/dev/urandom of="$dir/munge.key" bs=128 count=1 2>/dev/null) || exit 1
  cat >"$dir/slurm.conf" <<CONFIG
ClusterName=parallel
SlurmctldHost=$name($control)
SlurmctldPort=$port
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$dir/munge.sock
CredType=cred/munge
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool-%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/%n.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MailProg=/bin/true
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
MessageTimeout=5
SlurmdTimeout=120
KillWait=2
MinJobAge=5
DefMemPerCPU=100
CONFIG
  node() {
    mkdir -p "$dir/spool-$1" || exit 1
    printf 'NodeName=%s NodeHostname=%s NodeAddr=%s Port=%s CPUs=4 RealMemory=1000 State=%s\n' "$1" "$name" "$2" "$((port + $3))" "$4" \
      >>"$dir/slurm.conf"
  }
  if [ $# -gt 0 ]; then
    printf '%s\n' "$@" >"$dir/namespaces"
    shift
    i=0
    for each in "$@"; do address=${each#*=} i=$((i + 1)); node "${each%%=*}" "${address%@*}" "$i" UNKNOWN; done
    printf 'PartitionName=main Nodes=ALL Default=YES MaxTime=600 DefaultTime=60 State=UP\n' >>"$dir/slurm.conf"
    return
  fi
  for i in 1 2 3; do node "n$i" "$control" "$i" UNKNOWN; done
  node n4 "$control" 4 DOWN
  cat >>"$dir/slurm.conf" <<CONFIG
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=60 DefaultTime=10 State=UP
PartitionName=fragile Nodes=n1,n3 MaxTime=60 DefaultTime=10 State=UP
PartitionName=broken Nodes=n1,n4 MaxTime=60 DefaultTime=10 State=UP
CONFIG
}

# In a network namespace; ip netns exec would take the cgroups away, without which no slurmd starts.
inside() {
  local namespace=$1
  shift
  exec nsenter --net="/run/netns/$namespace" "$@"
}

# The namespace of slurmctld, as words before a command.
find_control() {
  CONTROL=()
  [ ! -e "$1/namespaces" ] || CONTROL=(nsenter "--net=/run/netns/$(sed -n '1s/.*@//p' "$1/namespaces")")
}

run() {
  local dir=$1 pids=() i
  export SLURM_CONF=$dir/slurm.conf
  find_control "$dir"
  stop() {
    trap '' TERM INT HUP
    ${CONTROL[@]+"${CONTROL[@]}"} scancel --quiet --state=PENDING >/dev/null 2>&1
    ${CONTROL[@]+"${CONTROL[@]}"} scancel --quiet --state=RUNNING >/dev/null 2>&1
    for i in 1 2 3 4 5 6 7 8 9 10; do [ -n "$(${CONTROL[@]+"${CONTROL[@]}"} squeue --noheader 2>/dev/null)" ] || break; sleep 0.5; done
    kill "${pids[@]}" 2>/dev/null
    wait
  }
  trap stop EXIT
  trap 'exit 143' TERM INT HUP
  munged --foreground --socket="$dir/munge.sock" --key-file="$dir/munge.key" --pid-file="$dir/munged.pid" --log-file="$dir/munged.log" \
    --seed-file="$dir/munge.seed" --num-threads=2 & pids+=($!)
  for i in 1 2 3 4 5 6 7 8 9 10; do [ -S "$dir/munge.sock" ] && break; sleep 0.2; done
  if [ -e "$dir/namespaces" ]; then
    while IFS= read -r i; do
      if [ ${#pids[@]} -eq 1 ]; then inside "${i#*@}" slurmctld -D -i & else inside "${i#*@}" slurmd -D -N "${i%%=*}" & fi
      pids+=($!)
    done <"$dir/namespaces"
  else
    slurmctld -D -i & pids+=($!)
    for i in 1 2 3; do slurmd -D -N "n$i" & pids+=($!); done
  fi
  wait
}

ready() {
  local nodes=3
  find_control "$1"
  [ ! -e "$1/namespaces" ] || nodes=$(($(wc -l <"$1/namespaces") - 1))
  [ "$(SLURM_CONF=$1/slurm.conf ${CONTROL[@]+"${CONTROL[@]}"} sinfo --noheader --Node --states=idle --format=%N 2>/dev/null | sort -u |
    wc -l)" -eq "$nodes" ]
}

case ${1:-} in
  install) install ;;
  make) shift; make "$@" ;;
  run) run "$2" ;;
  ready) ready "$2" ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 1 ;;
esac
