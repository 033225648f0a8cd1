# What people type here most. CI runs .ci/run, which does the same and more.
GOLANGCI_VERSION := v2.15.0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
MODULES := $(dir $(wildcard go.mod cmd/*/go.mod deploy/prometheus/check/go.mod internal/permission/compare/go.mod))

.PHONY: help
help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## bin/holdfast, static
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/holdfast ./cmd/holdfast

.PHONY: dev
dev: ## the development stack, until Ctrl-C
	go run ./cmd/holdfast dev

.PHONY: tour
tour: ## the whole story, played on the development stack
	go run ./cmd/holdfast dev --tour

.PHONY: test
test: ## all tests of all modules
	@for m in $(MODULES); do echo "== $$m"; (cd $$m && go test ./...) || exit 1; done

.PHONY: race
race: ## the main module's tests under the race detector
	GORACE=atexit_sleep_ms=10 go test -race ./...

.PHONY: lint
lint: ## golangci-lint, import directions included
	@golangci-lint version --short >/dev/null 2>&1 || go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	PATH="$$(go env GOPATH)/bin:$$PATH" golangci-lint run ./...

.PHONY: fmt
fmt: ## gofmt and goimports
	PATH="$$(go env GOPATH)/bin:$$PATH" golangci-lint fmt ./...

.PHONY: generate
generate: ## what is made from code: AsyncAPI, the tables in docs/configuration.md and docs/metrics.md
	go generate ./...
	UPDATE_DOCS=1 go test ./internal/config -run TestDocumentation -count=1
	UPDATE_DOCS=1 go test ./internal/metrics -run Documented -count=1

.PHONY: image
image: ## the container image holdfast:local
	docker build --build-arg VERSION=$(VERSION) -t holdfast:local .

.PHONY: compose-proof
compose-proof: ## docker-compose.yml on a real Docker engine, with stand-ins for what is pulled
	go test -tags compose -count=1 -timeout 30m -v ./deploy

.PHONY: gameday
gameday: ## everything fails once, under load; as root, with iproute2
	go test -tags gameday -count=1 -timeout 20m -v -run 'GameDay|Hosts' ./internal/testkit ./internal/chaos

.PHONY: ci
ci: ## what has to hold before a change goes in
	.ci/run

.PHONY: bench
bench: build ## the pipeline against a hand-written loop
	bin/holdfast bench pipeline

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist artifacts
