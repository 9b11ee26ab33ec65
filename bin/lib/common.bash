# What the commands of bin/ share: messages, the JDK, the cache, the class path, the compiled Java. Sourced, never run.
# Written for bash 3.2, the one that macOS has. A command's result is alone on stdout; everything else goes to stderr.

set -u -o pipefail

TOOLS_DEPS_VERSION=0.26.1553     # org.clojure/tools.deps, used where the Clojure CLI is not installed
TOOLS_CLOJURE_VERSION=1.12.4     # the Clojure that tools.deps itself runs on
DEPENDENCY_PLUGIN=org.apache.maven.plugins:maven-dependency-plugin:3.9.0
OLDEST_JAVA=17

PROJECT=$(CDPATH= cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P) || exit 1

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

# --- The cache ---------------------------------------------------------------------------------------------------
# Never the temp dir: what is resolved once stays resolved.

if [ -n "${XDG_CACHE_HOME:-}" ]; then
  CACHE=$XDG_CACHE_HOME/parallel
else
  CACHE=${HOME:?HOME is not set, and neither is XDG_CACHE_HOME}/.cache/parallel
fi

make_cache() { mkdir -p "$CACHE" || die "The cache directory $CACHE cannot be made; set XDG_CACHE_HOME."; }

if command -v sha256sum >/dev/null 2>&1; then
  digest() { local sum; sum=$(sha256sum) && printf '%s' "${sum%% *}"; }
elif command -v shasum >/dev/null 2>&1; then
  digest() { local sum; sum=$(shasum -a 256) && printf '%s' "${sum%% *}"; }
else
  digest() { local sum; sum=$(cksum) && printf '%s' "${sum// /-}"; }
fi

# --- Java --------------------------------------------------------------------------------------------------------

# Sets JAVA: the java command of JAVA_HOME, else the one on PATH.
find_java() {
  if [ -n "${JAVA_HOME:-}" ]; then
    JAVA=$JAVA_HOME/bin/java
    [ -x "$JAVA" ] || die "JAVA_HOME is $JAVA_HOME, but there is no $JAVA. Set it to a JDK, $OLDEST_JAVA or newer, or unset it."
  else
    JAVA=$(command -v java) || die "There is no java: install a JDK, $OLDEST_JAVA or newer, or set JAVA_HOME."
  fi
}

# The major version of a java command, on stdout.
java_major() {
  local line
  line=$("$1" -version 2>&1 | grep -m 1 ' version "') || return 1
  line=${line#*\"}
  line=${line%%\"*}
  line=${line#1.}
  printf '%s' "${line%%[.+-]*}"
}

# Only asked where something is made (a class path, classes): a cached call does not pay for it.
require_java_version() {
  local major
  major=$(java_major "$JAVA") || die "$JAVA -version does not say its version."
  [ "$major" -ge "$OLDEST_JAVA" ] || die "$JAVA is Java $major; $OLDEST_JAVA or newer is needed (set JAVA_HOME)."
}

# --- The Clojure CLI ---------------------------------------------------------------------------------------------

# Sets CLI to the installed Clojure CLI, or to nothing. A clojure command that is no CLI (Debian's) does not count.
find_cli() {
  CLI=
  local found
  found=$(command -v clojure) || return 0
  [ "$found" -ef "$PROJECT/bin/clojure" ] && return 0
  if grep -q 'make.classpath2' "$found" 2>/dev/null; then
    CLI=$found
  elif ! grep -q 'clojure.main' "$found" 2>/dev/null; then      # a version manager's shim shows neither
    case $("$found" --version 2>/dev/null </dev/null) in *"Clojure CLI"*) CLI=$found ;; esac
  fi
}

# --- tools.deps --------------------------------------------------------------------------------------------------

# Sets TOOLS_CP: the class path of tools.deps, fetched by Maven the first time.
find_tools() {
  local file=$CACHE/tools.deps-$TOOLS_DEPS_VERSION-$TOOLS_CLOJURE_VERSION.cp
  if ! { [ -s "$file" ] && TOOLS_CP=$(<"$file") && entries_exist "$TOOLS_CP"; }; then
    fetch_tools "$file"
    TOOLS_CP=$(<"$file")
  fi
}

fetch_tools() {
  local work
  command -v mvn >/dev/null 2>&1 ||
    die "Neither the Clojure CLI (clojure) nor Maven (mvn) is installed; one of them is needed to resolve deps.edn."
  make_cache
  work=$(mktemp -d "$CACHE/.tools.XXXXXX") || die "No directory can be made in $CACHE."
  say "Fetching tools.deps $TOOLS_DEPS_VERSION with Maven (once) ..."
  cat >"$work/pom.xml" <<POM
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>parallel</groupId><artifactId>tools</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.clojure</groupId><artifactId>clojure</artifactId><version>$TOOLS_CLOJURE_VERSION</version></dependency>
    <dependency><groupId>org.clojure</groupId><artifactId>tools.deps</artifactId><version>$TOOLS_DEPS_VERSION</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
  if ! (cd "$work" && mvn -q -B "$DEPENDENCY_PLUGIN:build-classpath" -Dmdep.outputFile="$work/cp") >"$work/log" 2>&1 </dev/null ||
     [ ! -s "$work/cp" ]; then
    cat "$work/log" >&2
    rm -rf "$work"
    die "Maven could not fetch tools.deps; what it said is above."
  fi
  mv -f "$work/cp" "$1" && rm -rf "$work"
}

# True when every jar of a class path is still there (a local Maven repository can be emptied).
entries_exist() {
  local entry IFS=:
  set -f
  for entry in $1; do
    case $entry in *.jar) [ -e "$entry" ] || { set +f; return 1; } ;; esac
  done
  set +f
}

# A class path with every entry absolute, on stdout; relative ones are below the working directory.
absolute() {
  local entry result='' IFS=:
  set -f
  for entry in $1; do
    case $entry in /*) ;; *) entry=$PWD/$entry ;; esac
    result=$result${result:+:}$entry
  done
  set +f
  printf '%s' "$result"
}

user_config() {
  if [ -n "${CLJ_CONFIG:-}" ]; then printf '%s' "$CLJ_CONFIG/deps.edn"
  elif [ -n "${XDG_CONFIG_HOME:-}" ]; then printf '%s' "$XDG_CONFIG_HOME/clojure/deps.edn"
  else printf '%s' "${HOME:-}/.clojure/deps.edn"
  fi
}

# resolve USER_DEPS PROJECT_DEPS EXTRA_EDN FORCE [arguments of make-classpath2: aliases, tool]
# Resolves in the working directory. Sets CP (absolute), BASIS, and JVM_FILE and MAIN_FILE, which need not exist.
# The key is the content of all that goes in; a file that a dependency by path brings in (its deps.edn) is looked at by date.
resolve() {
  local user=$1 project=$2 extra=$3 force=$4 key entry
  shift 4
  key=$({ printf '%s\n' 1 "$TOOLS_DEPS_VERSION" "$PWD" "$user" "$project" "$extra" "$@"
          for entry in "$user" "$project" "$extra"; do
            if [ -n "$entry" ] && [ -f "$entry" ]; then printf '\n%s:\n' "$entry"; cat "$entry"; fi
          done; } | digest) || die "No digest can be computed."
  local base=$CACHE/classpath/$key
  BASIS=$base.basis JVM_FILE=$base.jvm MAIN_FILE=$base.main
  if [ -z "$force" ] && [ -s "$base.cp" ] && is_current "$base" && CP=$(<"$base.cp") && entries_exist "$CP"; then
    return 0
  fi
  find_tools
  require_java_version
  mkdir -p "$CACHE/classpath" || die "The cache directory $CACHE cannot be made; set XDG_CACHE_HOME."
  local work
  work=$(mktemp -d "$CACHE/classpath/.new.XXXXXX") || die "No directory can be made in $CACHE."
  if ! "$JAVA" -XX:TieredStopAtLevel=1 -classpath "$TOOLS_CP" clojure.main -m clojure.tools.deps.script.make-classpath2 \
       --config-user "$user" --config-project "$project" ${extra:+--config-data "$extra"} "$@" \
       --cp-file "$work/cp" --jvm-file "$work/jvm" --main-file "$work/main" --basis-file "$work/basis" \
       --manifest-file "$work/manifest" >&2 </dev/null; then
    rm -rf "$work"
    return 1
  fi
  CP=$(absolute "$(<"$work/cp")")
  printf '%s' "$CP" >"$work/cp"
  for entry in basis jvm main manifest cp; do        # cp last: it is what makes the others count
    if [ -e "$work/$entry" ]; then mv -f "$work/$entry" "$base.$entry"; else rm -f "$base.$entry"; fi
  done
  rm -rf "$work"
}

# False when a manifest of a dependency by path is newer than the class path.
is_current() {
  local manifest
  [ -s "$1.manifest" ] || return 0
  while IFS= read -r manifest; do
    [ "$manifest" -nt "$1.cp" ] && return 1
  done <"$1.manifest"
  return 0
}

# --- The project's Java ------------------------------------------------------------------------------------------

# compile SOURCES CLASSES ALIASES [PROCESSOR]: compiles when a source has changed, appeared or gone. All messages go to stderr.
# The class path to compile against is the project's with those aliases, and is only resolved when it is needed.
compile() {
  local sources=$PROJECT/$1 classes=$PROJECT/$2 fingerprint cp
  [ -d "$sources" ] || return 0
  fingerprint=$(cd "$PROJECT" &&
    { find "$1" -type f -name '*.java' | LC_ALL=C sort | xargs cksum; cksum <bin/lib/CompileJava.java; cksum <deps.edn
      case $1 in cluster/*) cat target/classes.fingerprint ;; esac; } | digest) ||
    die "The sources below $sources cannot be read."
  [ -d "$classes" ] && [ -f "$classes.fingerprint" ] && [ "$(<"$classes.fingerprint")" = "$fingerprint" ] && return 0
  require_java_version
  "$JAVA" --list-modules 2>/dev/null | grep -q '^jdk\.compiler@' ||
    die "$JAVA belongs to a runtime without javac; compiling $1 needs a JDK (set JAVA_HOME)."
  cp=$(project_classpath "$3") || die "The class path of $PROJECT could not be resolved; the reason is above."
  say "Compiling $1 ..."
  "$JAVA" -XX:TieredStopAtLevel=1 -XX:-UsePerfData "$PROJECT/bin/lib/CompileJava.java" "$sources" "$classes" "$cp" "$fingerprint" \
    ${4:+"$4"} >&2 </dev/null || die "$1 does not compile; the reason is above."
  COMPILED=$1
}

# project_classpath [ALIASES]
project_classpath() {
  cd "$PROJECT" || exit 1
  if [ -n "$CLI" ]; then
    absolute "$("$CLI" ${1:+"-A$1"} -Spath)"
  else
    resolve "" deps.edn "" "" ${1:+"-A$1"} && printf '%s' "$CP"
  fi
}

# fill_start_cache JAVA CLASSPATH: what a session does in the background after its first worker is done now, so that the first starts
# soon, too. Where it cannot be done workers start as well, only later.
fill_start_cache() {
  [ "${PARALLEL_CACHE:-}" = off ] && return 0
  "$1" -XX:TieredStopAtLevel=1 -classpath "$2" clojure.main -m parallel.impl.start-cache >&2 </dev/null ||
    say "The start cache was not filled: workers start more slowly."
}

STRESS_PROCESSOR=org.openjdk.jcstress.infra.processors.JCStressTestProcessor
JMH_PROCESSOR=org.openjdk.jmh.generators.BenchmarkProcessor

# compile_project ALIASES: the library's Java, and what the aliases bring (:dev, :test: the fixtures; :cluster; :bench; :stress).
# The library is compiled against the oldest Clojure that it runs on.
compile_project() {
  local COMPILED=''
  compile src/java target/classes :1.11
  [ -z "$COMPILED" ] || fill_start_cache "$JAVA" "$(project_classpath)"
  case $1: in *:test:*|*:soak:*|*:hungry:*|*:dev:*) compile test/java target/test-classes :1.11:test ;; esac
  case $1: in *:cluster:*) compile cluster/src/java target/cluster-classes :1.11:cluster ;; esac
  case $1: in *:bench:*) compile bench/java target/bench-classes :cluster:bench; compile bench/jmh target/jmh-classes :bench "$JMH_PROCESSOR" ;; esac
  case $1: in *:stress:*) compile test/stress/java target/stress-classes :stress "$STRESS_PROCESSOR" ;; esac
}

# --- nREPL -------------------------------------------------------------------------------------------------------

# Sets NREPL: arguments that make the alias :nrepl resolve. None where its registry (Clojars) answers; else Debian's package
# of the same version, by path, which leaves the local Maven repository alone. The finding is kept: asking again takes seconds.
find_nrepl() {
  local note=$CACHE/nrepl.edn jar
  find_java
  NREPL=()
  if [ -s "$note" ] && jar=$(debian_nrepl) && [ "$(<"$note")" = "$(nrepl_by_path "$jar")" ]; then
    NREPL=(-Sdeps "$(<"$note")")
    return 0
  fi
  within 90 "$PROJECT/bin/clojure" -P -M:nrepl >/dev/null 2>&1 </dev/null && return 0
  if ! jar=$(debian_nrepl); then
    say "nREPL does not come from its registry; installing Debian's libnrepl-clojure ..."
    install_debian libnrepl-clojure
    jar=$(debian_nrepl) || die "Debian's libnrepl-clojure is installed, but there is no nREPL below /usr/share/maven-repo."
  fi
  make_cache
  nrepl_by_path "$jar" >"$note.$$" && mv -f "$note.$$" "$note"
  NREPL=(-Sdeps "$(<"$note")")
}

# Sets NREPL_CLIENT: the node_modules with the npm package nrepl-client, a client that others have written; empty where it cannot be had.
NREPL_CLIENT_VERSION=0.3.0
find_nrepl_client() {
  local place=$CACHE/npm-nrepl-client-$NREPL_CLIENT_VERSION work
  NREPL_CLIENT=''
  if [ ! -d "$place/node_modules/nrepl-client" ]; then
    command -v npm >/dev/null 2>&1 && command -v node >/dev/null 2>&1 || return 0
    make_cache
    work=$(mktemp -d "$CACHE/.npm.XXXXXX") || die "No directory can be made in $CACHE."
    if within 90 npm install --no-audit --no-fund --prefix "$work" "nrepl-client@$NREPL_CLIENT_VERSION" >/dev/null 2>&1 </dev/null; then
      rm -rf "$place"
      mv "$work" "$place"
    else
      rm -rf "$work"
      return 0
    fi
  fi
  NREPL_CLIENT=$place/node_modules
}

debian_nrepl() {
  local jar
  for jar in /usr/share/maven-repo/nrepl/nrepl/[0-9]*/nrepl-*.jar; do
    [ -e "$jar" ] && without_manifest "$jar" && return 0
  done
  return 1
}

# without_manifest JAR: the path of a copy without its manifest, made if need be. Debian's nREPL names Debian's Clojure there, which would
# come before the project's own.
without_manifest() {
  local copy=$CACHE/${1##*/} work
  if [ ! -s "$copy" ] || [ "$1" -nt "$copy" ]; then
    make_cache
    work=$(mktemp -d "$CACHE/.nrepl.XXXXXX") || die "No directory can be made in $CACHE."
    (cd "$work" && "$JAVA" -m jdk.jartool/sun.tools.jar.Main xf "$1" && rm -f META-INF/MANIFEST.MF &&
      "$JAVA" -m jdk.jartool/sun.tools.jar.Main cMf ../"${work##*/}".jar . && mv -f ../"${work##*/}".jar "$copy") ||
      die "$1 cannot be copied to $CACHE."
    rm -rf "$work"
  fi
  printf '%s' "$copy"
}

# The alias :nrepl of deps.edn with nREPL as a file.
nrepl_by_path() {
  cat <<EDN
{:aliases
 {:nrepl {:extra-deps {nrepl/nrepl {:local/root "$1"}}
          :main-opts ["-e" "(require '[parallel.api :as parallel])" "-m" "nrepl.cmdline" "--bind" "127.0.0.1"
                      "--middleware" "[parallel.nrepl/middleware]"]}}}
EDN
}

install_debian() {
  local as_root=()
  command -v apt-get >/dev/null 2>&1 || die "$1 is a package of Debian, and there is no apt-get here; connect to Clojars once instead."
  if [ "$(id -u)" -ne 0 ]; then
    { command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; } ||
      die "$1 has to be installed by root: sudo apt-get install $1"
    as_root=(sudo -n)
  fi
  apt_install() {
    ${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive \
      apt-get -q -y -o DPkg::Lock::Timeout=120 install --no-install-recommends "$1" >&2 </dev/null
  }
  apt_install "$1" ||
    { ${as_root[@]+"${as_root[@]}"} apt-get -q update >&2 </dev/null && apt_install "$1"; } ||
    die "apt-get could not install $1; what it said is above."
}

# within SECONDS COMMAND...: its status; a command that takes longer is ended with all that it started.
within() {
  local seconds=$1 command watch status
  shift
  set -m                       # a process group for each, so that one kill reaches the children too
  "$@" & command=$!
  { sleep "$seconds"; kill -- "-$command"; } >/dev/null 2>&1 & watch=$!
  set +m
  wait "$command" 2>/dev/null
  status=$?
  kill -- "-$watch" 2>/dev/null
  wait "$watch" 2>/dev/null
  return "$status"
}
