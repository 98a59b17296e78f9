# make help lists what can be made.
.DEFAULT_GOAL := help
SHELL := bash
.PHONY: help chat test chaos bench lint fmt build

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 8

chat: ## talk to the bot in the terminal as the head of an RT of the sample city
	go run ./cmd/sahabatrt chat --as ketua14

test: ## everything that must hold before a change lands
	./scripts/test

chaos: ## two hundred people on Telegram while the program is killed at any moment; CHAOS=1h: for so long
	CHAOS=$${CHAOS:-5m} ./scripts/with-services go test -count=1 -timeout 0 -v -run '^TestChaos$$' ./cmd/sahabatrt

bench: ## turns and messages a second, registrations a second, allocations; SQLite beside PostgreSQL and Redis, all on disk; the whole program on Telegram beside an echo
	set -o pipefail; FSYNC=on ./scripts/with-services go test -run '^$$' -bench . -benchtime 2s ./bot ./bot/telegram ./conversations ./store/... ./cmd/sahabatrt | grep -E '^(Benchmark|---|FAIL|panic)' | sort -V

lint: ## the linters; builds golangci-lint on first use, some minutes
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 run ./...

fmt: ## format
	gofmt -w $$(git ls-files '*.go')

build: ## one static binary
	CGO_ENABLED=0 go build -o sahabatrt ./cmd/sahabatrt
