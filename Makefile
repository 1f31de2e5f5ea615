# `make help` lists what there is. Everything that is missing is set up first; .ci/setup says what and why.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/target/tools/bin:$(PATH)

.PHONY: help setup run test dev build site lint unit e2e bench clean

help: ## List the commands
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: ## Set up everything that is missing, for all of the commands below
	@.ci/setup run build test dev

run: ## Build, migrate and serve on http://localhost:3000 with SQLite under data/
	@.ci/setup run
	@.ci/site
	cargo run -- serve

test: lint unit e2e ## Formatting, clippy on both targets, Rust tests, browser tests

dev: ## Serve and rebuild on every change (cargo leptos watch)
	@.ci/setup run dev
	cargo leptos watch -- serve

build: ## Leave target/release/latchkey, one file that runs from any folder
	@.ci/setup run build
	@.ci/site --small
	LATCHKEY_SITE="$$(cat target/site/pkg/* | sha256sum)" cargo build --release
	@.ci/site --sizes

lint: # formatting and clippy
	@.ci/setup run
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	cargo clippy --lib --target wasm32-unknown-unknown --no-default-features --features hydrate -- -D warnings

unit: # Rust tests, the store's on SQLite and PostgreSQL
	@.ci/setup run test
	cargo test

e2e: # browser tests, with the browser half that a release has
	@.ci/setup run test
	@.ci/site --small
	cargo build
	cd end2end && npx --no-install playwright test

bench: ## Benchmarks
	@.ci/setup run
	cargo bench

clean: ## Remove what was built; accounts and keys under data/ stay
	cargo clean
