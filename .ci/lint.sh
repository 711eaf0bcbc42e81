#!/usr/bin/env bash
# All checks that are no tests. Every one runs; the names of those that fail come last.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
bin=$PWD/.tools/bin
tags=grpcnotrace
export CGO_ENABLED=0 # as make build, which then finds everything compiled
packages=(./... ./.ci/gotest ./.ci/publicpacks ./.ci/benchpeers)
failed=()

trap 'exit 130' INT
trap 'exit 143' TERM HUP

# check NAME COMMAND... runs one check; code 77 stands for skipped.
check() {
  local name=$1 start=$SECONDS out code=0
  shift
  printf '==> %s ... ' "$name"
  out=$("$@" 2>&1 </dev/null) || code=$?
  case $code in
    0) echo "ok in $((SECONDS - start)) s" ;;
    77) echo "skipped: $out" ;;
    *)
      echo "FAILED in $((SECONDS - start)) s"
      printf '%s\n' "$out" | sed 's/^/    /'
      failed+=("$name")
      ;;
  esac
}

# files lists what git knows or would add.
files() {
  git ls-files -co --exclude-standard -- "$@" | while IFS= read -r f; do
    if [ -f "$f" ]; then printf '%s\n' "$f"; fi
  done
}

formatted() {
  local list
  list=$(files '*.go' | tr '\n' '\0' | xargs -0 "$bin/gofumpt" -l) || { echo "$list"; return 1; }
  [ -z "$list" ] || { echo "$list"; echo "write them with: .tools/bin/gofumpt -w FILE"; return 1; }
}

# state changes when a file of the tree does.
state() { files | tr '\n' '\0' | xargs -0 cksum; }

generated() {
  local before
  # shellcheck disable=SC2046 # no such name holds a space
  grep -lq '^//go:generate ' $(files '*.go') || { echo "no file says go:generate"; return 77; }
  before=$(state)
  go generate ./... || return 1
  diff <(echo "$before") <(state) || { echo "go generate changes these files"; return 1; }
}

scripts() {
  local f code=0
  while IFS= read -r f; do
    bash -n "$f" || code=1
    if command -v shellcheck >/dev/null; then shellcheck "$f" || code=1; fi
  done < <(files '*.sh' .ci/run)
  return $code
}

# portable: no address of a package registry, no path of one machine, and lock
# files without download addresses.
portable() {
  local code=0 hosts paths
  hosts='registry\.(npmjs|yarnpkg)\.|(proxy|sum)\.golang\.|(files\.pythonhosted|pypi)\.org|(index|static)\.crates\.|deb\.debian\.'
  paths='(^|[^[:alnum:]_.}~*-])/(work|root|home|Users|opt)/[[:alnum:]_.]'
  if files | tr '\n' '\0' | xargs -0 grep -nIE "$hosts|$paths" /dev/null; then
    echo "these lines name a package registry or a path of one machine"
    code=1
  fi
  if files '*package-lock.json' | tr '\n' '\0' | xargs -0 grep -n '"resolved"' /dev/null; then
    echo "these lock files hold download addresses: npm install --omit-lockfile-registry-resolved"
    code=1
  fi
  return $code
}

vulnerabilities() {
  local out code=0
  out=$("$bin/govulncheck" -tags "$tags" ./... 2>&1) || code=$?
  if [ "$code" -ne 0 ] && [ "$code" -ne 3 ] && grep -qiE 'dial tcp|no such host|timeout|connection refused|unexpected status|forbidden|certificate' <<<"$out"; then
    echo "vulnerability data not reachable"
    return 77
  fi
  echo "$out"
  return "$code"
}

check "gofumpt" formatted
check "go vet" go vet -tags "$tags" "${packages[@]}"
check "golangci-lint" "$bin/golangci-lint" run --allow-serial-runners "${packages[@]}"
check "import table" go test -count=1 -run '^TestImport' ./cmd/insights
check "go mod tidy" go mod tidy -diff
check "go generate" generated
check "shell scripts" scripts
check "portable files" portable
check "govulncheck" vulnerabilities

if [ ${#failed[@]} -gt 0 ]; then
  printf '\nFailed:'
  printf ' %s;' "${failed[@]}"
  echo
  exit 1
fi
