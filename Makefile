# The front door to building Holt. `make help` lists what there is.
#
# Everything is locked (Cargo.lock, package-lock.json) and downloaded once: cargo and npm keep their downloads outside
# the clone. What was done and has not changed is not done again.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

ROOT := $(CURDIR)
# What set-up puts beside the system's programs, and what remembers that a step is done.
STATE := $(ROOT)/.dev
export PATH := $(STATE)/node/bin:$(HOME)/.cargo/bin:$(PATH)

TARGET := $(or $(CARGO_TARGET_DIR),$(ROOT)/target)
# Asked for when it is needed: on a bare machine, set-up installs the compiler first.
HOST = $(shell PATH="$(HOME)/.cargo/bin:$$PATH" rustc -vV 2>/dev/null | sed -n 's/^host: //p')
KEEPER := $(ROOT)/target/keeper/holt-keeper
HOLT := $(TARGET)/debug/holt
# The test runner, where it is installed; cargo's own elsewhere.
RUN_TESTS := $(shell PATH="$(HOME)/.cargo/bin:$$PATH" command -v cargo-nextest >/dev/null 2>&1 && echo "nextest run" || echo "test")

WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path 'web/build/*' -not -path 'web/.svelte-kit/*' 2>/dev/null)

.PHONY: help setup keeper web build run dev test check bench clean
.PHONY: schema check-static check-rust check-web unit test-rust test-web test-e2e

help: ## List what there is
	@echo "Holt. The two that most people want: make run, make test"
	@echo
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | awk -F'\t' '{ printf "  make %-12s %s\n", $$1, $$2 }'

setup: ## Install what is missing on this machine, and say what
	@scripts/setup.sh

setup-tests:
	@scripts/setup.sh tests
.PHONY: setup-tests

# ---------------------------------------------------------------------------------------------------------- building

keeper: setup ## Build the static executable that runs in every sandbox
	@RUSTFLAGS="-C target-feature=+crt-static" cargo build --locked --package holt-keeper --bin holt-keeper \
		--profile keeper --target $(HOST)
	@mkdir -p $(dir $(KEEPER))
	@# Copied only when it changed, so that what embeds it is not built again for nothing.
	@cmp -s $(TARGET)/$(HOST)/keeper/holt-keeper $(KEEPER) || install -m 755 $(TARGET)/$(HOST)/keeper/holt-keeper $(KEEPER)

web: setup $(STATE)/web-built ## Build the page
	@:

$(STATE)/web-built: $(STATE)/web-installed $(WEB_SOURCES)
	cd web && npm run --silent build
	@touch $@

$(STATE)/web-installed: web/package-lock.json | setup
	@mkdir -p $(STATE)
	cd web && npm ci --no-audit --no-fund --no-progress --loglevel=error
	@touch $@

$(STATE)/e2e-installed: e2e/package-lock.json | setup
	@mkdir -p $(STATE)
	cd e2e && npm ci --no-audit --no-fund --no-progress --loglevel=error
	@touch $@

# npm waits for the network while cargo computes.
parts: setup
	@$(MAKE) -j2 keeper web
.PHONY: parts

build: parts ## Build the release program: target/release/holt
	cargo build --locked --release --package holt
	@ls -lh $(TARGET)/release/holt | awk '{ print "built " $$NF ", " $$5 }'

# ----------------------------------------------------------------------------------------------------------- running

run: parts ## Build quickly, start Holt with its page, and print the link that signs you in
	cargo build --locked --package holt
	@exec $(HOLT) serve --welcome $(ARGS)

dev: parts ## The same while you change it: restarts the server, reloads the page
	@TARGET=$(TARGET) scripts/dev.sh

# ----------------------------------------------------------------------------------------------------------- checking

check: check-static unit ## Everything that needs no services: format, lints, docs, dependencies, unit tests

check-static: check-rust check-web

# One build for everything that runs afterwards: the tests, the program for the browser, the interface's description.
programs: parts
	cargo build --locked --workspace --bins --tests
.PHONY: programs

check-rust: web
	cargo fmt --all --check
	python3 scripts/check_dependencies.py
	cargo clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" cargo doc --locked --workspace --no-deps --quiet

check-web: programs $(STATE)/web-installed
	cd web && HOLT_BIN=$(HOLT) npm run --silent check

schema: programs $(STATE)/web-installed ## Write the page's types from the interface's description, after a change of it
	cd web && HOLT_BIN=$(HOLT) npm run --silent generate

unit: programs
	cargo $(RUN_TESTS) --locked --workspace --lib --bins
	cd web && npm test --silent

test: setup-tests check-static test-rust test-web test-e2e ## Everything: the checks, all tests, and the page in a real browser
	@echo "all is well"

test-rust: programs
	cargo $(RUN_TESTS) --locked --workspace

test-web: setup $(STATE)/web-installed
	cd web && npm test --silent

test-e2e: programs $(STATE)/e2e-installed
	cd e2e && HOLT_BIN=$(HOLT) npm test --silent

bench: build ## Measure, against real peers beside it, with the release program
	cargo run --locked --release --package holt-bench -- $(ARGS)

clean: ## Remove what was built; sessions and downloads stay
	cargo clean
	rm -rf web/build web/.svelte-kit web/node_modules e2e/node_modules e2e/test-results
	rm -f $(STATE)/web-built $(STATE)/web-installed $(STATE)/e2e-installed $(STATE)/set-up
