# Two commands do everything: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3
UV := .tools/bin/uv
RUN := $(UV) run --frozen --no-sync
export UV_PYTHON_DOWNLOADS := never

.PHONY: help env demo test lint types layers engine-test bench package clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

$(UV):
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.9

env: $(UV) ## create .venv from uv.lock and build the engine (minutes the first time)
	$(UV) sync --frozen
