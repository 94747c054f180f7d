# The checks are the same everywhere: a person runs `make ci` before a push, and .ci/run runs it after one.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# All tools are built from source at a fixed version. The generator's is in go.mod, by way of tools.go. The others' are here,
# since they would bring hundreds of modules into go.mod.
CONTRACT      := go run ./internal/contract/cmd
GOLANGCI_LINT := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
ACTIONLINT    := go run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
GOVULNCHECK   := go run golang.org/x/vuln/cmd/govulncheck@v1.9.0
GORELEASER    := github.com/goreleaser/goreleaser/v2@v2.17.0

FUZZTIME ?= 10s
PACKAGES ?= ./...

EXAMPLES := $(wildcard examples/*/go.mod)

.PHONY: help
help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: generate
generate: ## Compile api/openapi.yaml into gen/; SPEC=file takes a new vendor document in first, or changes nothing
ifdef SPEC
	@$(CONTRACT) take "$(SPEC)"
else
	go generate ./gen
	go build ./gen
endif

# Each check runs, also after one that failed. gen/ is compared with what the generator gives and not with what is committed,
# so that it holds too before a commit.
.PHONY: verify
verify: ## Prove that the contract holds, gen/ is what api/ gives, go.mod is tidy and the code is formatted
	@failed=; \
	dir=$$(mktemp -d); trap 'rm -rf -- "$$dir"' EXIT; \
	echo 'go test ./api/...'; \
	go test ./api/... || failed=1; \
	if ! $(CONTRACT) generate "$$dir/outgoing.gen.go"; then failed=1; \
	elif ! diff -u gen/outgoing.gen.go "$$dir/outgoing.gen.go" || [ "$$(echo gen/*.gen.go)" != gen/outgoing.gen.go ]; then \
	  echo 'gen/ is not what api/ gives: run make generate' >&2; failed=1; \
	fi; \
	go mod tidy -diff || failed=1; \
	for mod in $(EXAMPLES); do go -C "$$(dirname "$$mod")" mod tidy -diff || failed=1; done; \
	unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then printf 'not formatted, run gofmt -w on:\n%s\n' "$$unformatted" >&2; failed=1; fi; \
	[ -z "$$failed" ]

.PHONY: drift
drift: ## Compare the vendor document SPEC=file with the one last taken in; fail unless all changes are harmless
	@[ -n "$(SPEC)" ] || { echo 'make drift needs SPEC=file, a document of the vendor' >&2; exit 1; }; \
	$(CONTRACT) drift "$(SPEC)"

# Other systems and a 32-bit processor have their own vet, since no test runs there; without cgo, as there is no compiler
# for them here.
.PHONY: lint
lint: ## Run go vet, also for Windows, macOS and 32 bits, golangci-lint and actionlint
	go vet ./...
	CGO_ENABLED=0 GOOS=windows go vet ./...
	CGO_ENABLED=0 GOOS=darwin go vet ./...
	CGO_ENABLED=0 GOOS=linux GOARCH=386 go vet ./...
	go vet -tags manual ./cmd/outgoing
	$(GOLANGCI_LINT) run ./...
	$(ACTIONLINT) -color=false .github/workflows/*.yml

.PHONY: build
build: ## Build everything
	go build ./...

# The race detector needs cgo, a C compiler and the C library's headers. Only using it proves that they are there.
TRY_RACE := go test -race -run '^$$' unicode/utf8

# The race detector waits a second before each test binary ends, for goroutines that go on. goleak finds those.
export GORACE ?= atexit_sleep_ms=0

.PHONY: test
test: ## Run all tests, with the race detector where it works
	@race=' -race'; \
	if ! output=$$($(TRY_RACE) 2>&1); then \
	  race=; \
	  reason=$$(awk '!/^(#|FAIL)/ { print; exit }' <<<"$$output"); \
	  echo "make test: running without the race detector, which does not work here: $$reason" >&2; \
	fi; \
	echo "go test$$race -timeout 30m ./..."; \
	go test$$race -timeout 30m ./...

.PHONY: race
race: ## Fail unless the race detector works here
	@output=$$($(TRY_RACE) 2>&1) || { \
	  printf '%s\nmake ci needs the race detector, which does not work here: install a C compiler, or see above\n' "$$output" >&2; \
	  exit 1; \
	}

# Each example is a module of its own, which ./... does not see. All is done for the race detector, also vet and lint: so what
# takes long to compile, SQLite, is compiled once; but for a module with a Dockerfile, which is built as its image is, too.
.PHONY: examples
examples: ## Run go vet, golangci-lint and the tests of each example, with the race detector
	@for mod in $(EXAMPLES); do \
	  echo "$$mod: go vet, golangci-lint, go test -race"; \
	  cd "$$(dirname "$$mod")"; \
	  go vet -race ./...; \
	  $(subst go run,go run -exec 'env GOFLAGS=-race',$(GOLANGCI_LINT)) run ./...; \
	  go test -race ./...; \
	  if [ -f Dockerfile ]; then echo "$$mod: a static build, as for its image"; CGO_ENABLED=0 go build -o /dev/null .; fi; \
	  cd "$$OLDPWD"; \
	done

# A benchmark's line is pairs of a value and its unit; one whose unit starts with "limit:" belongs to the other one.
.PHONY: bench
bench: ## Measure the speed, relative to bare net/http and decoding, with the limits
	@go test -run '^$$' -bench . ./outgoing | awk ' \
	  !/^Benchmark/ { if (!/^PASS|^ok/) print > "/dev/stderr"; next } \
	  !heading++    { print "| | | measured | limit |"; print "|---|---|---:|---:|" } \
	  { split($$1, name, "/"); rule = substr(name[1], 10); what = name[2]; sub(/-[0-9]+$$/, "", what); gsub("_", " ", what); \
	    delete value; for (i = 3; i < NF; i += 2) value[$$(i+1)] = $$i; \
	    for (i = 3; i < NF; i += 2) if ($$(i+1) !~ /^limit:/) { unit = $$(i+1); limit = value["limit:" unit]; \
	      printf "| %s | %s, %s | %.2f | %s |\n", rule, what, unit, $$i, limit == "" ? "" : sprintf("%.2f", limit) } }'

.PHONY: fuzz
fuzz: ## Fuzz each target of PACKAGES (./...) for FUZZTIME (10s), and name those that failed
	@trap 'exit 130' INT; \
	failed=; \
	packages=$$(go list $(PACKAGES)); \
	for package in $$packages; do \
	  if ! listed=$$(go test -list '^Fuzz' "$$package"); then \
	    echo "$$listed"; failed+="  $$package"$$'\n'; continue; \
	  fi; \
	  for target in $$(grep '^Fuzz' <<<"$$listed" || true); do \
	    echo "$$package $$target"; \
	    go test -run '^$$' -fuzz "^$$target\$$" -fuzztime "$(FUZZTIME)" "$$package" || failed+="  $$package $$target"$$'\n'; \
	  done; \
	done; \
	if [ -n "$$failed" ]; then printf 'make fuzz: these failed:\n%s' "$$failed" >&2; exit 1; fi

.PHONY: demo
demo: ## A guided run of all operations, without a token or a network
	go run ./cmd/outgoing demo

# govulncheck fetches what is known from vuln.go.dev. Where that cannot be reached, nothing is known to be wrong, and nothing to
# be right: that is said, and is no failure.
.PHONY: vuln
vuln: ## Look for known vulnerabilities in what the code calls; say so if the database cannot be reached
	@failed=; \
	for mod in go.mod $(EXAMPLES); do \
	  dir=$$(dirname "$$mod"); \
	  if output=$$($(GOVULNCHECK) -C "$$dir" ./... 2>&1); then echo "$$mod: $$output"; continue; fi; \
	  case $$output in \
	  *'fetching vulnerabilities'*) \
	    printf 'make vuln: NOT CHECKED, the database cannot be reached:\n%s\n' "$$output" >&2; break;; \
	  esac; \
	  printf '%s: %s\n' "$$mod" "$$output" >&2; failed=1; \
	done; \
	[ -z "$$failed" ]

.PHONY: dist
dist: ## Build into dist/ what a release has: archives, deb and rpm, SBOMs, checksums; publish nothing
	go run $(GORELEASER) release --snapshot --clean

# Each clone has a build cache of its own, so that nothing is built once for both.
.PHONY: reproducible
reproducible: ## Prove that what is committed gives the same release, to the byte, in two directories
	@dir=$$(mktemp -d); trap 'chmod -R u+w "$$dir"; rm -rf -- "$$dir"' EXIT; \
	GOBIN="$$dir" go install $(GORELEASER); \
	for clone in one two/deeper; do \
	  git clone --quiet . "$$dir/$$clone"; \
	  (cd "$$dir/$$clone"; GOCACHE="$$dir/cache" "$$dir/goreleaser" release --snapshot --clean); \
	  rm -rf "$$dir/cache"; \
	done; \
	diff "$$dir/one/dist/checksums.txt" "$$dir/two/deeper/dist/checksums.txt"; \
	cd "$$dir/one/dist"; sha256sum --check --quiet checksums.txt; \
	echo 'both have these files:'; while read -r _ file; do wc -c "$$file"; done < checksums.txt

# The notes of a release are its section of the CHANGELOG; a tag without one is not released.
.PHONY: release
release: export TAG ?=
release: ## Build and publish the release TAG=vX.Y.Z, which is checked out; a workflow runs this
	@notes=$$(mktemp); trap 'rm -f -- "$$notes"' EXIT; \
	awk -v heading="## [$${TAG#v}]" '/^## |^\[.*\]: / { ours = index($$0, heading) == 1; next } ours' CHANGELOG.md > "$$notes"; \
	grep -q . "$$notes" || { echo 'make release: the CHANGELOG has no section for TAG='"$$TAG" >&2; exit 1; }; \
	go run $(GORELEASER) release --clean --release-notes "$$notes"

# Without the race detector, with which the whole grids would take many times as long.
.PHONY: full
full: ## Run all tests with whole grids and simulations, and those of make targets and of the generator
	OUTGOING_FULL=1 go test -timeout 30m ./...

.PHONY: ci
ci: race verify lint vuln build test full examples ## All that must pass before a change lands
