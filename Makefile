# `make demo` and `make test` are all that is needed: each sets up what it needs.
# What is downloaded and built goes to .tools/ and bin/ and is reused.

SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help setup build demo test lint bench bench-peers clean

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
TAGS := grpcnotrace
# What is built here is stripped of what debuggers read. Without it AWS's IAM package and what it
# needs compile in 35 s instead of 47.
export GOFLAGS := $(strip $(GOFLAGS) -gcflags=all=-dwarf=false)
# make test PKGS=./sink ARGS='-run TestFold -v'
PKGS := ./... ./.ci/gotest ./.ci/benchpeers
ARGS :=

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

setup: ## Go modules, the ClickHouse engine, moto, the Pulumi SDKs and package managers, each once
	@bash .ci/setup.sh

build: ## bin/insights
	@start=$$SECONDS; printf '==> bin/insights $(VERSION), built from source, minutes the first time ... '; \
	CGO_ENABLED=0 go build -trimpath -tags $(TAGS) -ldflags "-s -w -X main.version=$(VERSION)" -o bin/insights ./cmd/insights && \
	echo "done in $$((SECONDS - start)) s: $$(du -sm bin/insights | cut -f 1) MB"

demo: setup build ## scan an emulated AWS account on this machine and show the findings
	@bash deploy/demo/run.sh

test: setup ## all tests, with the race detector, in random order (make lint vets)
	@echo "==> tests: the first run compiles everything and takes minutes"
	@mkdir -p .tools/bin && go build -o .tools/bin/gotest ./.ci/gotest
	@exec .tools/bin/gotest -- -vet=off -race -shuffle=on -timeout=60m -tags $(TAGS) $(ARGS) $(PKGS)

lint: ## formatting, vet, linters, import table, tidy, generated files, known vulnerabilities
	@bash .ci/setup.sh check modules authorization linters
	@bash .ci/lint.sh

bench: setup build ## all benchmarks, once each (.ci/bench.sh says what can be set)
	@bash .ci/bench.sh

bench-peers: build ## other scanners and insights on the same emulated account; downloads Prowler, Cloud Custodian and the AWS CLI, 1.5 GB
	@bash .ci/setup.sh check modules engine moto peers
	@go run -tags $(TAGS) ./.ci/benchpeers $(ARGS)

clean: ## remove bin/ and .tools/; the package clients' caches stay
	rm -rf bin .tools
