# mirror: copies Kafka topics between clusters exactly once.
#
# Targets with a text behind ## are shown by `make help`. Needed: Go 1.26. The
# tests on real brokers also need Java and, the first time, Maven, those of
# metrics the servers that .ci/run installs; where these are missing they are
# skipped, and `make test` says so at its end.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
VERSION ?=
FUZZTIME ?= 10000x
# What go test prints goes into a file; summary.awk shows packages, failures and
# skipped tests of it. $(1) names the suite.
LOGS := .cache/test
summary = tee $(LOGS)/$(1).log | awk -v skipped=$(LOGS)/$(1).skipped -f .ci/summary.awk

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-17s %s\n", $$1, $$2}' Makefile

.PHONY: build
build: ## Build bin/mirror, static and without cgo
	@mkdir -p bin
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/mirror ./cmd/mirror

.PHONY: demo
demo: build ## Run mirror between two clusters inside one process (DEMO_FLAGS="--for 20s")
	./bin/mirror demo $(DEMO_FLAGS)

.PHONY: fresh
fresh: ## Time it from git clone to a demo that copies, on a new Debian without caches (as root, with debootstrap)
	deploy/fresh $(DEMO_FLAGS)

.PHONY: test
test: ## Run all tests that this machine can run; say at the end what was skipped and why
	@.ci/suites check unit deploy-test e2e

.PHONY: check
check: ## go vet, gofmt and staticcheck
	@unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "not formatted by gofmt:"; echo "$$unformatted"; exit 1; fi
	go vet ./...
	go vet -tags deeponly ./batch ./e2e
	go run $(STATICCHECK) ./...

.PHONY: unit
unit: ## Unit tests with the race detector, of memory without it, and with every batch copied deep
	@mkdir -p $(LOGS)
	go test -race -v -timeout 20m $$(go list ./... | grep -v '^mirror/e2e') 2>&1 | $(call summary,unit)
	go test -race -short -v -timeout 10m ./e2e/strict ./e2e/truth ./e2e/workload 2>&1 | $(call summary,unit-e2e)
	go test -v -timeout 10m ./batch 2>&1 | $(call summary,unit-memory)
	go test -v -timeout 10m -tags deeponly ./batch ./replicate 2>&1 | $(call summary,unit-deep)

# One package at a time: each starts brokers of its own.
.PHONY: e2e
e2e: ## Tests of the binary on real brokers, about ten minutes
	@mkdir -p $(LOGS)
	go test -v -count=1 -p 1 -timeout 40m ./e2e/... 2>&1 | $(call summary,e2e)

.PHONY: e2e-sinks
e2e-sinks: ## Its tests of metrics on Graphite, Ganglia, InfluxDB and Prometheus, about two minutes
	@mkdir -p $(LOGS)
	go test -v -count=1 -timeout 20m -run 'TestGraphite|TestGanglia|TestInfluxDB|TestOpenTSDB|TestMetricsOfARunningMirror|TestPrometheus' ./e2e 2>&1 | $(call summary,e2e-sinks)

.PHONY: e2e-deep
e2e-deep: ## Its shapes and kills with every batch copied deep
	@mkdir -p $(LOGS)
	go test -v -count=1 -timeout 40m -tags deeponly -run 'TestShapes|TestKill' ./e2e 2>&1 | $(call summary,e2e-deep)

.PHONY: e2e-long
e2e-long: ## The long forms of the tests on real brokers, more than an hour
	@mkdir -p $(LOGS)
	MIRROR_E2E_LONG=1 go test -v -count=1 -p 1 -timeout 4h ./e2e/... 2>&1 | $(call summary,e2e-long)
	MIRROR_E2E_LONG=1 go test -v -count=1 -timeout 4h -tags deeponly ./e2e 2>&1 | $(call summary,e2e-long-deep)

.PHONY: page-test
page-test: ## Tests of the page in a real Chromium, two minutes
	@mkdir -p $(LOGS)
	go -C e2e/browser vet ./...
	go -C e2e/browser test -v -count=1 -timeout 9m ./... 2>&1 | $(call summary,page-test)

.PHONY: compose-test
compose-test: ## The image, and the outage of the demo in containers with Prometheus and Graphite, five minutes (as root, with Docker)
	deploy/compose/test

.PHONY: compose-test-long
compose-test-long: ## Its profile ha as well: three brokers in each cluster, one dies, then a datacenter; nine minutes
	deploy/compose/test image outage ha

MINUTES ?= 20
.PHONY: screenshots
screenshots: ## Take the pictures of the page for the docs, after MINUTES (20) of copying
	go -C e2e/browser run ./screenshots -minutes $(MINUTES) -out $(CURDIR)/docs/images

.PHONY: fuzz
fuzz: ## Fuzz every parser of foreign bytes, each with FUZZTIME (10000x) inputs
	@grep -rl --include='*_test.go' '^func Fuzz' . | sort | while read -r file; do \
	  for target in $$(grep -o '^func Fuzz[A-Za-z0-9_]*' "$$file" | cut -c6-); do \
	    echo "$$(dirname "$$file") $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$(dirname "$$file")"; \
	  done; \
	done

.PHONY: bench
bench: build ## Measure mirror, a plain kgo copier and MirrorMaker 2 side by side (BENCH_FLAGS="-scale 0.1")
	go run ./bench -mirror bin/mirror $(BENCH_FLAGS)

.PHONY: docs
docs: ## Write the generated references and the golden files of the help
	go test ./monitor -run TestReferencePage -update
	go test ./cmd/mirror -short -update

.PHONY: man
man: build ## Write the manual pages into bin/man (man -M bin/man mirror)
	./bin/mirror man bin/man

IMAGE ?= mirror:latest
GO_IMAGE ?= golang:1.26
.PHONY: image
image: ## Build the container image mirror:latest (VERSION=v1.2.3)
	docker build -t $(IMAGE) --build-arg GO_IMAGE=$(GO_IMAGE) --build-arg VERSION=$(VERSION) \
	  --build-arg REVISION="$$(git describe --always --abbrev=40 --exclude='*' --dirty 2>/dev/null || true)" \
	  --build-arg CREATED="$$(TZ=UTC git log -1 --date=iso-strict-local --format=%cd 2>/dev/null | sed 's/+00:00$$/Z/' || true)" .

# Who answers for the Debian package.
MAINTAINER ?= mirror <mirror@localhost>
.PHONY: release
release: ## Archives, Debian packages, SBOMs and checksums into bin/release (VERSION=v1.2.3 MAINTAINER="name <address>")
	@rm -rf bin/release.new
	cd deploy && go run ./release -version "$(VERSION)" -maintainer "$(MAINTAINER)" -epoch "$$(git log -1 --format=%ct)" -out ../bin/release.new
	@rm -rf bin/release && mv bin/release.new bin/release

.PHONY: deploy-test
deploy-test: ## Tests of all that is deployed: release, package, unit in a booted system, manifests, alerts
	@mkdir -p $(LOGS)
	cd deploy && go vet ./...
	cd deploy && go test -v -timeout 15m ./... 2>&1 | (cd .. && $(call summary,deploy))

.PHONY: clean
clean: ## Remove build output and logs; the brokers' jars stay in .cache/kafka
	rm -rf bin $(LOGS)
