# `make help` lists the commands. Each sets up first what is missing; .ci/setup says what and why.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/target/tools/bin:$(PATH)
# When a part of the toolchain is missing, rustup by itself updates all of it to the newest release.
# .ci/setup adds the part and nothing else.
RUSTUP_AUTO_INSTALL ?= 0
export RUSTUP_AUTO_INSTALL

# What is built with it has the client bundle inside, and is built again when that changes.
SITE = LATCHKEY_SITE="$$(cat target/site/pkg/* | sha256sum)"
# rustc optimises the ways that requests take, and puts the parts of functions that they do not take elsewhere
# (docs/decisions/0038-optimised-by-profile.md). Cargo does not look into the profile: its checksum tells when to compile everything
# again. Functions that were changed since are compiled without it, and no warning tells of each. Cargo parts flags at spaces: in a
# folder that has one in its path, the program is built without the profile.
FLAGS = CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS
PROFILE = $(CURDIR)/benches/latchkey.profdata
CHECKSUM = $$(sha256sum <$(PROFILE) | head -c 8)
LLVM = -Cllvm-args=-no-pgo-warn-mismatch -Cllvm-args=-enable-split-machine-functions
PROFILED = $(FLAGS)="-Cprofile-use=$(PROFILE) $(LLVM) --cfg=profile_$(CHECKSUM)"
RELEASE = $(SITE) $(if $(word 2,$(CURDIR)),,$(PROFILED)) cargo

.PHONY: help setup run check test dev build lint unit e2e screenshots bench load profile observatory lighthouse fuzz clean

help: ## List the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: ## Set up everything that is missing, for all of the commands below
	@.ci/setup run lint build test e2e dev

run: ## Build, migrate and serve on http://localhost:3000 with SQLite under data/
	@.ci/setup run
	@.ci/client-bundle
	cargo run -- serve

check: lint unit ## Formatting, clippy, licences of crates and the Rust tests: all but the browser tests

test: check e2e ## Everything: check and the browser tests

dev: ## Serve and rebuild on every change (cargo leptos watch); mails are printed
	@.ci/setup run dev
	LATCHKEY_MAIL_URL="$${LATCHKEY_MAIL_URL-stdout:}" LATCHKEY_MAIL_FROM="$${LATCHKEY_MAIL_FROM-Latchkey <latchkey@localhost>}" \
	  cargo leptos watch -- serve

build: ## Leave target/release/latchkey, one file that runs from any folder
	@.ci/setup run build
	@.ci/client-bundle --small
	$(RELEASE) build --release
	@.ci/profiled --check
	@.ci/client-bundle --sizes

lint: # formatting, clippy on both targets, licences and duplicates of crates
	@.ci/setup run lint
	cargo fmt --check
	.ci/deny
	cargo clippy --all-targets -- -D warnings
	cargo clippy --lib --target wasm32-unknown-unknown --no-default-features --features split -- -D warnings

unit: # Rust tests, the store's on SQLite and PostgreSQL
	@.ci/setup run test
	cargo test

e2e: # browser tests, with the client bundle that a release has
	@.ci/setup run e2e
	@.ci/client-bundle --small
	@node .ci/sizes.mjs target/site/pkg
	cargo build
	cd end2end && npx --no-install playwright test

screenshots: ## Take pictures of every page and state into end2end/pictures
	@.ci/setup run e2e
	@.ci/client-bundle --small
	cargo build
	cd end2end && npx --no-install playwright test -c screenshots.config.ts

bench: ## Measure the program beside what the hardware allows, the Express tutorial's app and oidc-provider
	@.ci/setup run build bench
	@.ci/client-bundle --small
	$(RELEASE) build --release
	@.ci/profiled --check
	$(RELEASE) bench --bench ceilings --no-run
	$(RELEASE) bench --bench tokens
	benches/load.py
	benches/oauth.py
	benches/passwords.py

load: ## Measure what connections cost: half-open, idle, slow, large
	@.ci/setup run
	@.ci/client-bundle
	cargo build
	benches/connections.py

profile: ## Record anew what releases are optimised for: the ways that requests take, and the functions that run
	@.ci/setup run build bench profile
	@.ci/client-bundle --small
	$(SITE) $(FLAGS)=-Cprofile-generate LLVM_PROFILE_FILE=/dev/null cargo build --release --target-dir target/counting
	benches/profiling.py ways
	$(RELEASE) rustc --release --bin latchkey -- -Cstrip=none
	benches/profiling.py functions
	for pass in {1..4}; do $(RELEASE) rustc --release --bin latchkey -- -Cstrip=none; benches/profiling.py strays; done

observatory: ## Grade every kind of page with MDN Observatory
	@.ci/setup run e2e observatory
	@.ci/client-bundle
	cargo build
	cd end2end && npx --no-install playwright test --config observatory

lighthouse: ## Measure the pages that people see first with Lighthouse, as on a slow phone
	@.ci/setup run e2e lighthouse
	@.ci/client-bundle --small
	cargo build
	cd end2end && npx --no-install playwright test --config lighthouse

fuzz: ## Fuzz every parser that faces the network (FUZZ_SECONDS each, 60 by default)
	@.ci/setup run
	@.ci/fuzz

clean: ## Remove what was built; accounts and keys under data/ stay
	cargo clean
