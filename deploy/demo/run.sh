#!/usr/bin/env bash
# make demo: fills an emulated AWS account, scans it, changes it, scans it again.
#
# Needs what 'make setup' and 'make build' leave: bin/insights, .tools/chdb and
# .tools/moto. Opens one loopback port and leaves no process behind, however it
# ends. Its data and logs are in .insights/demo, new with each run.
set -euo pipefail
cd "$(dirname "$0")/../.."

insights=bin/insights
python=.tools/moto/bin/python
dir=.insights/demo
data=$dir/data
log=$dir/moto.log
steps=8 step=0
moto=

bold='' plain=''
if [ -t 1 ]; then bold=$'\033[1m' plain=$'\033[0m'; fi

step() {
  step=$((step + 1))
  printf '\n%s==> %d/%d  %s%s\n' "$bold" "$step" "$steps" "$1" "$plain"
}

say() { printf '    %s\n' "$@"; }

# Shows a command and runs it. Without an insights.yaml that may lie around.
run() {
  printf '\n$ insights %s\n\n' "$*"
  quiet "$@"
}

quiet() { "$insights" --config /dev/null "$@"; }

# A scan of it is partial, with exit code 4: it lacks what the role may not read.
scan() {
  local code=0
  run scan start demo || code=$?
  [ "$code" -eq 4 ] || fail "the scan ended with exit code $code, not 4"
}

stop_moto() {
  if [ -n "$moto" ]; then
    kill "$moto" 2>/dev/null || true
    wait "$moto" 2>/dev/null || true
    moto=
  fi
}

ended() {
  code=$?
  trap - EXIT INT TERM HUP
  stop_moto
  if [ "$code" -gt 128 ]; then
    printf '\nInterrupted; moto is stopped. "make demo" begins again with a fresh account.\n' >&2
  elif [ "$code" -ne 0 ] && [ "$step" -gt 0 ]; then
    printf '\nThe demo failed in step %d (exit code %d). Logs: %s\n' "$step" "$code" "$dir" >&2
  fi
  exit "$code"
}
trap ended EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

fail() {
  printf 'error: %s\n' "$1" >&2
  exit 1
}

# A value of the JSON that seed.py printed.
seeded() {
  "$python" -c 'import json, sys; print(eval("d" + sys.argv[2], {"d": json.load(open(sys.argv[1]))}))' "$dir/$1.json" "$2"
}

seed() {
  "$python" deploy/demo/seed.py --endpoint "$url" --phase "$1" >"$dir/$1.json" 2>"$dir/$1.log" ||
    {
      tail -n 20 "$dir/$1.log" >&2
      fail "seed.py --phase $1 failed; the emulator's log is $log"
    }
}

# --- a clean start --------------------------------------------------------------

for file in "$insights" "$python"; do
  [ -x "$file" ] || fail "$file is missing: run 'make setup build'"
done
if [ -f "$dir/pid" ] && ps -p "$(cat "$dir/pid")" -o args= 2>/dev/null | grep -q demo/run.sh; then
  fail "the demo runs already (process $(cat "$dir/pid"))"
fi
# Nothing of the caller's own accounts and servers.
for name in $(compgen -e | grep -E '^(AWS|INSIGHTS)_' | grep -vE '^INSIGHTS_(CHDB_LIB|CLICKHOUSE_LIBRARY)$'); do
  unset "$name"
done
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
export AWS_REGION=us-east-1 NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
export INSIGHTS_DATA_DIR=$data
if [ -e "$data/lock" ] && ! "$python" -c "import fcntl; fcntl.flock(open('$data/lock'), fcntl.LOCK_EX | fcntl.LOCK_NB)" 2>/dev/null; then
  fail "$data is in use by $(cat "$data/lock"): stop it first, the demo begins with an empty one"
fi
rm -rf "$dir"
mkdir -p "$dir"
echo $$ >"$dir/pid"

echo "This demo scans a make-believe AWS account, which moto emulates on this machine."
echo "No account of yours is read, and nothing leaves this machine."

# --- the account ------------------------------------------------------------------

version=$("$python" -c 'import importlib.metadata as m; print(m.version("moto"))')
step "Start moto $version on a free loopback port: 1 process, about 300 MB of memory"
"$python" deploy/demo/emulator.py --parent $$ >"$dir/url" 2>"$log" &
moto=$!
for _ in $(seq 300); do
  [ ! -s "$dir/url" ] || break
  kill -0 "$moto" 2>/dev/null || break
  sleep 0.1
done
if [ ! -s "$dir/url" ]; then
  echo "moto did not start. The end of $log:" >&2
  tail -n 20 "$log" >&2
  exit 1
fi
url=$(cat "$dir/url")
say "It answers on $url and logs to $log."

step "Make about 120 resources of 24 services in two regions with boto3, good and bad ones"
seed seed
say "$(seeded seed '["count"]') resources: $(seeded seed '["summary"]')." | fold -s -w 96 | sed '2,$s/^/    /'
say "moto now checks permissions. The scanner comes in with the role $(seeded seed '["scanner"]["roleName"]'), which may" \
  "read everything but bucket policies: it lacks $(seeded seed '["scanner"]["denied"][0]')."

step "Register the account in an empty data directory, $data"
AWS_ACCESS_KEY_ID=$(seeded seed '["scanner"]["accessKeyId"]')
AWS_SECRET_ACCESS_KEY=$(seeded seed '["scanner"]["secretAccessKey"]')
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
run account add demo --endpoint "$url" --role-arn "$(seeded seed '["scanner"]["roleArn"]')" \
  --external-id "$(seeded seed '["scanner"]["externalId"]')" --region us-east-1 --region eu-west-1

# --- the first scan -----------------------------------------------------------------

step "Scan it: 24 services, about 300 API calls"
scan
echo
say "More resources than were made: a bucket, its versioning and its public access block are a" \
  "resource each, as in Pulumi, and default VPCs and root volumes are there as well." \
  "The scan is partial: which buckets have a policy of their own nobody could read. What the" \
  "refused calls would have told is unknown: neither passed nor failed, and no reason to call" \
  "anything fixed."

step "Report: the policies of high severity that fail, and what could not be judged and why"
run report --severity critical,high
run violations --severity critical
echo
say "What stands under \"Could not be judged\" needs the bucket's policy, which the role may not" \
  "read, so every bucket is unknown there. That lowers coverage and score: what is not known" \
  "counts as not passed. Policies and violations of all severities will be in the report file."

# --- the change ---------------------------------------------------------------------

step "Break a bucket, fix another, delete a third, make a database private: 10 API calls"
seed change
for i in 0 1 2 3; do
  say "$(seeded change "[\"changed\"][$i][\"how\"]")"
done

step "Scan again: the same calls, but only what changed is judged anew"
scan | tee "$dir/rescan.txt"
scan=$(sed -n 's/^Scan \([0-9-]*\) .*/\1/p' "$dir/rescan.txt")
run scan show "$scan" | tee "$dir/changes.txt"
stop_moto
echo
grep -E '^(opened|reopened|fixed) ' "$dir/changes.txt" >"$dir/events.txt" || true
for i in 0 1 2 3; do
  id=$(seeded change "[\"changed\"][$i][\"id\"]")
  grep -q " $id " "$dir/events.txt" || fail "the scan did not notice what became of $id"
  grep -v " $id " "$dir/events.txt" >"$dir/others.txt" || true
  mv "$dir/others.txt" "$dir/events.txt"
done
[ ! -s "$dir/events.txt" ] || fail "the scan changed something else, see the list above"
say "Only what happened to these four. All other violations stay open, and keep the" \
  "time at which they were first seen."

# --- what stays ---------------------------------------------------------------------

step "Write the report files"
{
  quiet report --all
  printf '\n\nOpen violations\n\n'
  quiet violations --limit 1000
  printf '\n\nWhat the last scan changed\n\n'
  quiet violations --scan "$scan"
} >demo-report.txt
say "demo-report.txt   $(wc -l <demo-report.txt | tr -d ' ') lines: the report, every open violation, what the last scan changed"
quiet report -o html >demo-report.html
say "demo-report.html  $(wc -c <demo-report.html | awk '{ printf "%d", $1 / 1024 }') KB, to open in a browser"

cat <<END

Done in $SECONDS s. moto is stopped; what the scanner knows stays in $data ($(du -sh "$data" | cut -f1 | tr -d ' ')).
Go on with it:

  $insights --data-dir $data report --severity critical,high
  $insights --data-dir $data violations --region eu-west-1 --type aws:rds/instance:Instance
  $insights --data-dir $data resources --id demo-website --type aws:s3/bucket:Bucket --properties -o json
END
