# Every target installs what it needs from Debian and SwiftPM. `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help build run test prove check generate interop demo bench torture fuzz install clean

BUILD_PACKAGES := libpq-dev libprotobuf-c-dev libcurl4-openssl-dev pkg-config
RUN_PACKAGES   := $(BUILD_PACKAGES) postgresql
CHECK_PACKAGES := $(BUILD_PACKAGES) protobuf-compiler protobuf-c-compiler libprotobuf-dev
GO_PACKAGES    := golang-go golang-github-containerd-ttrpc-dev gogoprotobuf protobuf-compiler
RUST_PACKAGES  := cargo librust-ttrpc-dev librust-protobuf-dev librust-protobuf-codegen-pure-dev librust-tokio-dev
TORTURE_PACKAGES := $(RUN_PACKAGES) protobuf-compiler python3-protobuf iproute2 util-linux
BENCH_PACKAGES := $(TORTURE_PACKAGES) $(GO_PACKAGES) $(RUST_PACKAGES) librust-async-trait-dev nginx-light curl libgrpc++-dev protobuf-compiler-grpc
MINUTES ?= 10
SECONDS ?= 10

PREFIX  ?= /usr/local
DESTDIR ?=
BIN     := .build/release

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

build: ## build the daemon and the command line tool, optimised
	@scripts/ensure-packages $(BUILD_PACKAGES)
	@scripts/build-release integrationd integrationctl

run: ## build, then start the daemon in the foreground on an embedded PostgreSQL
	@scripts/ensure-packages $(RUN_PACKAGES)
	@$(MAKE) --no-print-directory build
	@exec $(BIN)/integrationd serve

test: ## run all tests and print the coverage
	@scripts/ensure-packages $(RUN_PACKAGES)
	@scripts/test

prove: ## after make test: a short torture with its ledger, and honeypots
	@scripts/ensure-packages $(TORTURE_PACKAGES)
	@scripts/prove

check: ## formatting, a build without warnings, generated code is current
	@scripts/ensure-packages $(CHECK_PACKAGES)
	@scripts/check

generate: ## write the code that comes from proto/ anew
	@scripts/ensure-packages $(CHECK_PACKAGES)
	Tools/generate.sh

interop: ## let the Go and Rust ttrpc clients of Debian call the daemon
	@scripts/ensure-packages $(RUN_PACKAGES) $(GO_PACKAGES) $(RUST_PACKAGES)
	@$(MAKE) --no-print-directory build
	@interop/run $(BIN)/integrationd

demo: ## the story of a webhook in one run, on a daemon of its own
	@scripts/ensure-packages $(RUN_PACKAGES)
	@$(MAKE) --no-print-directory build
	@scripts/demo $(BIN)

bench: ## the wire beside its peers, publishing and delivery beside pgbench and libcurl
	@scripts/ensure-packages $(BENCH_PACKAGES)
	@$(MAKE) --no-print-directory build
	@Benchmarks/wire/run $(SECONDS) --rounds 3
	@Benchmarks/webhooks/run $(BIN)/integrationd $(SECONDS)

torture: ## faults under load for MINUTES=n, and a ledger that checks every promise
	@scripts/ensure-packages $(TORTURE_PACKAGES)
	@$(MAKE) --no-print-directory build
	@/usr/bin/python3 -B torture/torture.py $(MINUTES) --integrationd $(BIN)/integrationd

fuzz: ## libFuzzer on everything that reads what strangers send, SECONDS=n for each target
	@scripts/ensure-packages $(BUILD_PACKAGES)
	@scripts/fuzz $(SECONDS)

install: build ## copy the programs to $(PREFIX)/bin
	install -D -m 0755 $(BIN)/integrationd $(DESTDIR)$(PREFIX)/bin/integrationd
	install -D -m 0755 $(BIN)/integrationctl $(DESTDIR)$(PREFIX)/bin/integrationctl

clean: ## delete what was built
	rm -rf .build Tools/.build
