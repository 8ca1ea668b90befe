# Two commands do everything: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3
UV := .tools/bin/uv
BIN := .venv/bin
GO = $(shell .tools/bin/python tools/go_toolchain.py)
export UV_PYTHON_DOWNLOADS := never
# As the build hook builds, so that tests find what it compiled.
export CGO_ENABLED := 0

.PHONY: help env demo test faults chamber codex-versions agreement replay fuzz lint types layers engine-test bench package clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

env: $(UV) ## create .venv from uv.lock and build the engine (minutes the first time)
	@test -x src/sealock/_engine/sealock-engine || { rm -rf .venv; \
	  echo "building the engine: about five minutes the first time, seconds afterwards"; }
	@PATH="$(dir $(GO)):$$PATH" $(UV) sync --frozen --quiet --compile-bytecode --python $(PYTHON)
	@$(BIN)/python -m compileall -q src

demo: env ## run the main job on the example repository
	@examples/demo.sh $(abspath $(BIN)/sealock)

test: env engine-test ## everything but the test bed, the faults of promotions, and the sealed agent
	PATH="$(dir $(GO)):$$PATH" $(BIN)/pytest -n 2 \
	  --ignore=tests/agreement --ignore=tests/promotion/faults --ignore=tests/chamber

faults: env ## promotions killed, cut off, refused and raced, against real Git servers
	$(BIN)/pytest -n 2 tests/promotion/faults

chamber: env ## sealed runs of real Codex programs, which it fetches, against a scripted model
	$(BIN)/python tools/codex_binaries.py
	$(BIN)/pytest -n 2 tests/chamber

codex-versions: env ## prove releases of Codex: VERSIONS, or all of them, a minute and 130 MB each
	$(BIN)/python -m tests.chamber.versions $(VERSIONS)

agreement: env ## the engine's verdicts beside a real kube-apiserver's; builds one, minutes the first time
	PATH="$(dir $(GO)):$$PATH" $(BIN)/python testbed/build.py
	PATH="$(dir $(GO)):$$PATH" $(BIN)/pytest tests/agreement

replay: env ## a thousand promotions, made again from their plans
	$(BIN)/python -m bench.promotion_replay

fuzz: env ## break repositories for SECONDS (600 unless told), then check changes of many more
	$(BIN)/python -m tests.fuzz.fuzzer --seconds $(or $(SECONDS),600)
	SEALOCK_PROPERTY_EXAMPLES=400 $(BIN)/pytest tests/property/test_since.py

engine-test: env ## vet and test the Go engine
	cd engine && $(GO) vet -trimpath ./... && $(GO) test -trimpath ./...

lint: env ## ruff and gofmt
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	@test -z "$$($(dir $(GO))gofmt -l engine testbed bench/tools)" || \
	  { echo "not formatted:"; $(dir $(GO))gofmt -l engine testbed bench/tools; exit 1; }

types: env ## mypy, strict
	$(BIN)/mypy

layers: env ## the layer contracts
	$(BIN)/lint-imports

bench: env ## figures side by side with what users would run otherwise
	PATH="$(dir $(GO)):$$PATH" $(BIN)/python -m bench.run
	$(BIN)/python -m bench.promotion --out docs/reference/benchmarks-promotion.md
	$(BIN)/python tools/codex_binaries.py
	$(BIN)/python -m bench.chamber --out docs/reference/benchmarks-chamber.md

package: env ## build the wheel, install it elsewhere, run the demo there with no Go
	tests/package.sh

clean: ## remove what was built
	rm -rf .venv .tools .cache .demo build dist src/sealock/_engine
