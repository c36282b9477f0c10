# Tandem's commands. `make help` lists them.
#
# Everything that is downloaded or built stays in .tools/, bin/, var/, web/node_modules and web/dist, and in /var/lib/tandem (the Asterisk root).

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
LINT := .tools/bin/golangci-lint
# The binary says which commit it was built from, where git can tell; where it cannot (another user's checkout), go would fail instead of leaving it out.
STAMP = -buildvcs=$(shell git status --porcelain >/dev/null 2>&1 && echo true || echo false)
# Packages tested at once, of those without a real switch, and those of them that take longest: begun last, they would keep one core waiting.
PARALLEL ?= 3
LONGEST = ./orchestrator/sim ./orchestrator/jobs ./models ./api
# Tests with a real switch prove what is heard, without a break: such packages are tested one after another, for all need the same cores in time. The adapters and
# the lab, a few phones at a switch each, leave a core idle between them: two at once. So does the bench's quick run, which judges no figures.
ADAPTERS = ./ari/... ./esl/... ./orchestrator/enginetest/... ./cmd/tandem-bench
SWITCHED = ./cmd/tandem
# Of one package, with the race detector on two cores. What "go test" vets by itself, lint has vetted.
TIMEOUT ?= 30m
# make test RUN=TestName PKG=./ari/... for a part.
PKG ?=
RUN ?=
# A missing switch, database server or browser fails the tests here instead of skipping them.
export TANDEM_REQUIRE_ASTERISK := 1
export TANDEM_REQUIRE_STORES := 1
export TANDEM_REQUIRE_BROWSER := 1

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what tests and demo need (packages, Asterisk, linter); fast when it is all there
	@docker/setup/setup.sh

# The app is built again when something that it is made of is newer: its sources, its tools, and the contract.
WEB_APP := web/dist/app/index.html
WEB_SOURCES = $(shell find web/src web/public web/build -type f -not -name schema.d.ts) web/index.html web/vite.config.ts $(wildcard web/tsconfig*.json) web/package-lock.json api/openapi.yaml

$(WEB_APP): $(WEB_SOURCES)
	@docker/setup/web.sh
	@npm --prefix web run --silent build -- --logLevel warn
	@touch $@

.PHONY: web
web: $(WEB_APP) ## build the app into web/dist/app, where the binary takes it from

.PHONY: web-check
web-check: web ## lint and unit tests of the app
	@npm --prefix web run --silent lint
	@npm --prefix web run --silent test

.PHONY: pictures
pictures: web ## take docs/screenshots anew, to be looked at
	TANDEM_PICTURES=1 TANDEM_REQUIRE_BROWSER=1 $(GO) test ./cmd/tandem -run 'TestPictures$$' -count=1 -v

.PHONY: build
build: web ## build bin/tandem, the app included
	@mkdir -p bin
	$(GO) build -trimpath $(STAMP) -o bin/ ./cmd/tandem

.PHONY: demo
demo: build ## a call centre on this machine, until Ctrl-C; ONCE=1 plays one complete story and checks it; ENGINE=freeswitch or both
	@$(if $(DEMO_SETUP),docker/setup/setup.sh demo)
	@exec bin/tandem demo $(if $(ENGINE),-engine '$(ENGINE)') $(if $(ONCE),-once)

# Only Asterisk can be installed here. Where the demo wants a FreeSWITCH and there is none, it says so before anything is installed for it.
HAS_FREESWITCH = $(or $(TANDEM_FREESWITCH),$(shell command -v freeswitch),$(wildcard /opt/freeswitch/bin/freeswitch))
DEMO_SETUP = $(if $(filter freeswitch,$(ENGINE)),,$(if $(filter both,$(ENGINE)),$(HAS_FREESWITCH),yes))

.PHONY: test
test: setup lint web-check ## lint and all tests with the race detector, real switch and browser included; PKG=./ari/... RUN=Name for a part
	@mkdir -p var; log=var/test.log; : >"$$log"; \
	run() { $(GO) test -race -vet=off -timeout $(TIMEOUT) $(if $(RUN),-run '$(RUN)') "$$@" 2>&1 | tee -a "$$log" || failed=1; }; failed=; \
	if test -n '$(PKG)'; then run -p 1 $(PKG); else \
	adapters="$$($(GO) list $(ADAPTERS))"; switched="$$($(GO) list $(SWITCHED))"; \
	run -p $(PARALLEL) $(LONGEST) $$($(GO) list ./... | grep -vxF "$$adapters"$$'\n'"$$switched"); \
	run -p 2 $$adapters; \
	run -p 1 $$switched; \
	fi; .ci/untested; test -z "$$failed" || { echo "=== What failed; the whole log is in $$log"; .ci/failures "$$log"; exit 1; }

.PHONY: lint
lint: ## gofmt, go vet, golangci-lint; shellcheck, hadolint and docker compose config where they are installed
	@test -x $(LINT) || docker/setup/tools.sh
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "gofmt: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(LINT) run ./...
	@if command -v shellcheck >/dev/null; then shellcheck -x -P docker/setup docker/setup/*.sh .ci/run .ci/untested; \
	else echo "shellcheck is missing: shell scripts NOT checked"; fi
	@if command -v hadolint >/dev/null; then hadolint --config docker/hadolint.yaml docker/tandem.Dockerfile docker/asterisk/Dockerfile; \
	else echo "hadolint is missing: Dockerfiles NOT checked"; fi
	@if docker compose version >/dev/null 2>&1; then docker compose -f docker/compose.yaml --profile both --profile observability config --quiet; \
	else echo "docker compose is missing: docker/compose.yaml NOT checked"; fi

.PHONY: bench
bench: ## measure beside app_queue on the same Asterisk and mod_callcenter on the same FreeSWITCH, write docs/benchmarks.md
	@docker/setup/setup.sh
	$(GO) run ./cmd/tandem-bench -o docs/benchmarks.md

.PHONY: sim
sim: ## play seeded shifts on simulated switches; SEEDS=3000
	$(GO) run ./cmd/tandem sim -seeds $(or $(SEEDS),3000)

.PHONY: clean
clean: ## remove what was built here (not the Asterisk root, not the tools, not the data in var)
	rm -rf bin var/setup web/dist/app
	$(GO) clean -testcache

.PHONY: golden
golden: ## record esl/testdata again from a real FreeSWITCH, to be read and judged as a diff
	TANDEM_REQUIRE_FREESWITCH=1 $(GO) test ./esl -run Golden -record
