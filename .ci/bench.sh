#!/usr/bin/env bash
# Runs the benchmarks of all packages.
#
#   BENCH=REGEXP       which (default: all)
#   BENCHTIME=1x       how often or how long each (-benchtime of go test)
#   INSIGHTS_BENCH_ACCOUNTS=2    how many accounts BenchmarkFleet scans at once
#   INSIGHTS_BENCH_SECONDS=5, INSIGHTS_BENCH_REPORT=NAME, INSIGHTS_BENCH_DIR=DIR    of BenchmarkReports; see there
#   INSIGHTS_BENCH=1   also the big ones, which take minutes and gigabytes
set -euo pipefail
cd "$(dirname "$0")/.."
exec go test -run '^$' -bench "${BENCH:-.}" -benchtime "${BENCHTIME:-1x}" -benchmem \
  -timeout 60m -tags grpcnotrace ./...
