# Starts an agent on a machine that workers are to be started on. POSIX sh evaluates it; it reads from stdin, line by line:
#   the java command, or nothing: that of JAVA_HOME, else the one that is found, if need be by a login shell
#   how nice to be
#   the directory to be in, if it is there
#   the number of jars of the agent's class path, and a line for each: SHA-256, bytes; 0: the class path is among the arguments
#   the number of arguments of java, and those, a line each; the last is the main class
# It says on stdout "parallel-need SUM:BYTES..." for the jars that are not here, which then follow on stdin one after the other. The rest
# of stdin is the agent's. Nothing of all this is in a command or in the environment.
umask 077
fail() { printf 'parallel: %s\n' "$2" >&2; exit "$1"; }
IFS= read -r java && read -r nice && IFS= read -r dir && read -r count || fail 70 "the launcher has no stdin"
jars=
while [ "$count" -gt 0 ]; do read -r sum bytes; jars="$jars $sum:$bytes"; count=$((count - 1)); done
arguments=$(mktemp "${TMPDIR:-/tmp}/parallel-agent.XXXXXX") || fail 73 "no file can be made in ${TMPDIR:-/tmp}"
exec 9<"$arguments" 8>"$arguments"
rm -f "$arguments"
read -r count
while [ "$count" -gt 1 ]; do IFS= read -r line; printf '%s\n' "$line" >&8; count=$((count - 1)); done
IFS= read -r main
cd "$dir" 2>/dev/null || :

if [ -z "$java" ]; then
  if [ -n "${JAVA_HOME:-}" ]; then java=$JAVA_HOME/bin/java
  else java=$(command -v java) || java=$("${SHELL:-sh}" -lc 'command -v java' </dev/null 2>/dev/null | tail -n 1); fi
fi
found=$(command -v "${java:=java}" 2>/dev/null) || fail 69 "there is no java command $java"
home=$(readlink -f "$found" 2>/dev/null)
version=$(sed -n 's/^JAVA_VERSION="\([^"]*\)".*/\1/p' "${home%/bin/java}/release" 2>/dev/null)
[ -n "$version" ] || version=$("$java" -version 2>&1 </dev/null | sed -n 's/.* version "\([^"]*\)".*/\1/p' | head -n 1)
major=${version#1.}
major=${major%%[!0-9]*}
[ "${major:-0}" -ge 17 ] || fail 69 "the java command $java is too old: it is Java ${version:-of an unknown version}"

# Makes a directory that is this user's alone. 1: it cannot be had, or others can put one in its place. 2: it is somebody else's, too.
private() {
  mkdir -p "$1" 2>/dev/null && [ -w "$1" ] || return 1
  [ ! -L "$1" ] || return 2
  above=$1
  set -- $(ls -ldn "$1")
  case $1 in drwx------*) [ "$3" = "$(id -u)" ] || return 2 ;; *) return 2 ;; esac
  while above=${above%/*} && [ -n "$above" ]; do
    case $(ls -ldL "$above") in
      ?????????[tT]*) ;;
      ?????w*|????????w*) return 1 ;;
    esac
  done
}
if [ -n "${PARALLEL_CACHE:-}" ]; then cache=$PARALLEL_CACHE/blobs; else cache=${XDG_CACHE_HOME:-${HOME:-/nowhere}/.cache}/parallel/blobs; fi
if [ -n "$jars" ]; then
  [ "${PARALLEL_CACHE:-}" != off ] && private "$cache"
  case $? in
    0) ;;
    2) fail 77 "the directory $cache is not this user's alone; remove it" ;;
    *) other=/tmp/parallel-cache-$(id -u)
       private "$other" || fail 73 "neither $cache nor $other can be written by this user alone"
       cache=$other ;;
  esac
fi
if command -v sha256sum >/dev/null 2>&1; then sum_of() { sha256sum <"$1" | cut -d ' ' -f 1; }
else sum_of() { shasum -a 256 <"$1" | cut -d ' ' -f 1; }; fi
part= need= path=
for jar in $jars; do
  file=$cache/${jar%:*}.jar
  path=$path:$file
  if [ -f "$file" ] && [ "$(sum_of "$file")" = "${jar%:*}" ]; then : >"$cache/${jar%:*}.used"; else need="$need $jar"; fi
done
if [ -n "$jars" ]; then
  trap 'rm -f "$part"' EXIT
  trap 'exit 1' HUP INT TERM
  echo "parallel-need $need"
  for jar in $need; do
    part=$(mktemp "$cache/part.XXXXXX") || fail 73 "no file can be made in $cache"
    bytes=${jar#*:}
    { dd bs=65536 count=$((bytes / 65536)) iflag=fullblock
      [ $((bytes % 65536)) -eq 0 ] || dd bs=$((bytes % 65536)) count=1 iflag=fullblock; } >"$part" 2>/dev/null
    [ "$(sum_of "$part")" = "${jar%:*}" ] || fail 74 "a jar has not arrived whole in $cache"
    : >"$cache/${jar%:*}.used"
    mv -f "$part" "$cache/${jar%:*}.jar"
  done
  trap - EXIT HUP INT TERM
fi

quoted() { printf '"%s%s"\n' "$1" "$(printf '%s' "$2" | sed 's/[\\"]/\\&/g')" >&8; }
[ -z "$path" ] || { quoted -Dparallel.blobs= "$cache"; echo '"-cp"' >&8; quoted '' "${path#:}"; }
printf '%s\n' "$main" >&8
exec 8>&-
exec nice -n "$nice" "$java" @/dev/fd/9
