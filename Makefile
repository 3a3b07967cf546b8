# Every command of the project. Needs GNU make and a Python of 3.11 or newer with venv; nothing else.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
# The interpreter that makes .venv: `make run PYTHON=/path/to/python` says otherwise. Asked only when .venv is to be made.
# The newest that was built with profile-guided optimization, or else the newest: without it all takes a tenth longer.
# A build says so by its option; Debian takes the compiler's option out of what it says, once it has used it.
PYTHON ?= $(shell IFS=:; first=; for name in "python3.13" "python3.12" "python3.11" "python3"; do for place in $$PATH; do \
	[ -x "$$place/$$name" ] || continue; "$$place/$$name" -c 'import sys, venv, ensurepip; \
	from sysconfig import get_config_var as var; sys.exit(1 if sys.version_info < (3, 11) else 0 if \
	"--enable-optimizations" in (var("CONFIG_ARGS") or "") or var("PGO_PROF_GEN_FLAG") and not var("PGO_PROF_USE_FLAG") \
	else 3)' >/dev/null 2>&1; case $$? in (0) echo "$$place/$$name"; exit;; (3) first="$${first:-$$place/$$name}";; esac; \
	done; done; echo "$$first")
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes
CATALOGUES = $(wildcard locale/*/LC_MESSAGES/django.po */locale/*/LC_MESSAGES/django.po)
# For a machine of two cores: three test processes, as much of a test is waiting for a browser, a server, a process; two
# where each brings several servers along. JOBS=n says otherwise. Files are taken in the order that
# tests/conftest.py gives them, and what takes longer than five seconds is named at the end.
JOBS ?=
PARALLEL = -n $(or $(JOBS),$(1)) --dist loadfile --no-loadscope-reorder --durations=10 --durations-min=5
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: help run demo admin test lint docs pictures audit test-orders stripe-fake bench lock messages compile

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/.site compile ## set up and serve the site; Ctrl-C stops it and loses nothing
	@exec $(BIN)/python manage.py serve

demo: $(VENV)/.site compile ## fill a fresh data directory with sample data
	@KV_TIMEOUT_MS=$${KV_TIMEOUT_MS:-10000} $(BIN)/python manage.py demo

admin: $(VENV)/.site compile ## make an administrator and print the password
	@$(BIN)/python manage.py admin

# In a browser: what axe finds on public and own pages, counting, cookies, and a customer's whole way.
QUICK = $(patsubst %,tests/browser/test_%.py,axe cookies counting customer)
# Half of all time goes to browsers.
SLOW = $(filter-out $(QUICK),$(wildcard tests/browser/test_*.py))
# What has a command of its own below.
APART = $(addprefix --ignore=,$(SLOW) $(addprefix tests/,adoption clients deploy faults frontends fuzz packaging security))

test: lint var/outside/.done ## lint, types and every test that has no command of its own
	@$(BIN)/pytest $(call PARALLEL,3) $(APART)

test-browser: $(VENV)/.dev var/outside/.done compile ## every page in a browser: phone and desktop, scripts and none, Back, printing, axe in the admin
	@$(BIN)/pytest $(call PARALLEL,3) $(SLOW)

test-security: $(VENV)/.dev var/outside/.done compile ## every caller at every address, hostile bodies and headers, generated requests
	@$(BIN)/pytest $(call PARALLEL,3) tests/security tests/fuzz

lint: $(VENV)/.dev compile ## ruff and mypy alone
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

docs: $(VENV)/.dev ## build the documents as a site, var/site/index.html; a broken link fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

pictures: $(VENV)/.dev compile ## make the pictures of README.md again, from a site with sample data of their own
	@$(BIN)/python docs/picture.py

test-orders: $(VENV)/.dev compile ## every order of up to seven of Stripe's events, and thousands of scenarios of paid periods
	@ORDERS=all ORDERS_SAMPLED=200 PAID=deep $(BIN)/pytest tests/billing/test_orders.py tests/billing/test_sum_of_paid_periods.py -n $(or $(JOBS),2) -q

stripe-fake: $(VENV)/.dev ## a Stripe to click through on this machine, without an account
	@$(BIN)/python -m tests.stripe_fake

# What the apps keep and answer: the same on every kind of store.
STORED = $(addprefix tests/,billing codetags concurrency flows kv stats usertokens) $(addprefix --ignore=tests/flows/test_valid_,html.py shop.py)
# On each database and Django also settings, accounts and hostile bodies. Who may do what, and HTML, are the same on each.
SUITE = $(STORED) tests/config tests/security/test_bodies.py
# The pages that read and write most.
PAGES = $(patsubst %,tests/browser/test_%.py,codetags counting dashboard)
# A fifth of the made-up histories, and nothing that does not reach what is another there.
ON = SAMPLES=few NEEDS=store TEST_FAILOVER=1 TEST_STORE=$(1) $(BIN)/pytest $(call PARALLEL,$(2))

test-cluster: $(VENV)/.dev compile ## the apps' suite and pages on six Valkey nodes, and failover and resharding under load
	@TEST_FAILOVER=1 $(BIN)/pytest tests/cluster
	@EVERY_SCRIPT=1 $(call ON,cluster,2) $(STORED) $(PAGES)

test-sentinel: $(VENV)/.dev compile ## the suite of kv, stats and codetags behind Sentinel, and failover under load
	@TEST_FAILOVER=1 $(BIN)/pytest tests/sentinel
	@$(call ON,sentinel,2) tests/codetags tests/kv tests/stats

test-redis7: $(VENV)/.dev compile ## the apps' suite on Debian's redis-server
	@$(call ON,redis7,3) $(STORED)

test-postgres: $(VENV)/.dev compile ## the suite on PostgreSQL, and two workers at once
	@SAMPLES=few NEEDS=database $(BIN)/python -m tests.postgres $(BIN)/pytest $(call PARALLEL,3) $(SUITE)

test-matrix: $(VENV)/.dev var/outside/.done compile ## the suite on each pair of Django and Python found here; ONLY=newest: on the newest alone
	@SAMPLES=few $(BIN)/python -m tests.matrix --only "$(ONLY)" $(call PARALLEL,3) $(SUITE)

test-faults: $(VENV)/.dev compile ## every fault in the table of docs/operations.md but failovers, which test-cluster and test-sentinel try
	@$(BIN)/pytest $(call PARALLEL,3) tests/faults

# Apart from .venv: Wagtail, Celery and uvicorn are nothing of ours.
var/adoption/.done: tests/adoption/requirements.txt $(VENV)/.dev
	@echo "Installing what projects of somebody else bring along (once)"
	@$(BIN)/python -m venv var/adoption
	@var/adoption/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

test-adoption: $(VENV)/.dev var/adoption/.done compile ## projects of somebody else that adopt the apps: by the words of the documents, in many variations, from the wheel
	@$(BIN)/pytest -n $(or $(JOBS),3) --dist load --durations=10 --durations-min=5 tests/adoption
	@$(BIN)/pytest $(call PARALLEL,3) tests/packaging

test-chaos: $(VENV)/.dev compile ## processes die and freeze at random for SECONDS=200 under eight clients; nothing is lost or doubled
	@CHAOS_SECONDS=$(or $(SECONDS),200) $(BIN)/pytest tests/faults/test_chaos.py

test-fuzz: $(VENV)/.dev compile ## generated requests and files, 25 times as many as `make test-security` tries, and others each time
	@FUZZ=deep $(BIN)/pytest tests/fuzz -n $(or $(JOBS),2) --dist load

# Apart from .venv: generators of clients, and what the generated ones need.
var/clients/.done: tests/clients/requirements.txt tests/clients/package-lock.json $(VENV)/.dev
	@command -v npm >/dev/null && command -v java >/dev/null || { echo "make test-clients needs npm and java" >&2; exit 1; }
	@echo "Installing the generators of clients (once)"
	@$(BIN)/python -m venv var/clients/venv
	@var/clients/venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@cp tests/clients/package.json tests/clients/package-lock.json var/clients/
	@npm ci --prefix var/clients --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

test-clients: $(VENV)/.dev var/clients/.done compile ## clients generated from the API's description, driven against a running site
	@$(BIN)/pytest tests/clients

# What builds the front ends of docs/frontend.md: Vite and Next.js.
var/frontends/.done: tests/frontends/package-lock.json
	@command -v npm >/dev/null || { echo "make test-frontends needs npm" >&2; exit 1; }
	@echo "Installing Vue and Next.js (once)"
	@mkdir -p $(@D) && cp tests/frontends/package.json tests/frontends/package-lock.json $(@D)/
	@npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@

test-frontends: $(VENV)/.dev var/frontends/.done compile ## the Vue and the Next.js front end of docs/frontend.md, built, served from other ports, in a browser
	@$(BIN)/pytest tests/frontends

test-lighthouse: $(VENV)/.dev var/outside/.done compile ## pages on a slow phone, by Google's Lighthouse: within a second and a budget
	@LIGHTHOUSE=times $(BIN)/pytest -n $(or $(JOBS),2) --dist load tests/lighthouse

test-walks: $(VENV)/.dev var/outside/.done compile ## the ways of a customer, of a code's reader and of a clerk with many codes through the site in every language, with and without scripts
	@WALKS=all $(BIN)/pytest -n $(or $(JOBS),2) --dist load tests/browser/test_customer.py tests/browser/test_bulk_codes.py tests/browser/test_vouchers.py tests/browser/test_auto_topup.py

# Apart from .venv: they bring older versions of what the site itself uses.
var/peers/.done: benchmarks/peers/requirements.txt $(VENV)/.dev
	@$(PIP) --no-deps --upgrade --target var/peers -r $<
	@touch $@

bench-peers: var/peers/.done compile ## compare with packages that do the same: a table of ratios
	@PEERS=var/peers $(BIN)/python -m benchmarks.peers

bench-growth: $(VENV)/.dev compile ## operations at a large site beside one of a hundredth: a table of ratios (GROWTH=10: a tenth)
	@$(BIN)/python -m benchmarks growth

load: $(VENV)/.dev compile ## a mixed load for SECONDS=600 (closed, then open loop), and again at ten times the data
	@$(BIN)/python -m benchmarks.load --seconds $(or $(SECONDS),600)

bench: $(VENV)/.dev compile ## run the benchmarks and print a table of ratios (BENCH_STORE=cluster: on six nodes)
	@$(BIN)/python -m benchmarks

lock: $(VENV)/.dev ## renew the hash-locked requirements
	$(LOCK) --upgrade requirements.in --output-file requirements.txt
	$(LOCK) --upgrade requirements-dev.in --output-file requirements-dev.txt
	$(LOCK) --upgrade --extra all pyproject.toml tests/adoption/requirements.in --output-file tests/adoption/requirements.txt

# Apart from .venv: nothing of it is needed to run or to test.
var/audit/.done: tests/house/audit-requirements.txt $(VENV)/.site
	@$(PYTHON) -m venv var/audit
	@var/audit/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Apart from .venv: linters and judges of what runs the site.
var/deploy/.done: tests/deploy/requirements.txt $(VENV)/.site
	@test -x var/deploy/bin/python || $(PYTHON) -m venv var/deploy
	@var/deploy/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

test-deploy: $(VENV)/.dev var/deploy/.done compile ## alert rules, and all that runs the site elsewhere, judged by the tools that are found
	@$(BIN)/pytest tests/deploy

screenshots: $(VENV)/.dev compile ## a picture of every page, var/screenshots/index.html; ONLY=name, LANGS=en,de, AGAINST=commit or folder: beside those
	@$(BIN)/python -m tests.screenshots --only "$(ONLY)" --languages "$(LANGS)" --against "$(AGAINST)"

audit: var/audit/.done ## check the locked packages for known weaknesses; says so if the data can't be reached
	@$(BIN)/python -m tests.house.audit var/audit/bin/pip-audit

messages: $(VENV)/.dev ## collect the texts to translate into the catalogues
	@$(BIN)/python -m config.messages
	@$(MAKE) compile

compile: $(CATALOGUES:.po=.mo) ## compile the catalogues
	@:

# Catalogues are compiled by Babel: a bare machine has no msgfmt.
%.mo: %.po | $(VENV)/.site
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Needs python3.11 or newer with venv (Debian: apt-get install python3-venv); or name one: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

# Stamps: newer than the lock they were installed from, so that a second run installs nothing.
$(VENV)/.site: requirements.txt $(BIN)/python
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing the locked requirements (once)"
	@$(PIP) -r requirements.txt
	@touch $@

# Packages of the npm registry that tests hold this project against; where there is no npm those tests say that they were skipped.
var/outside/.done: tests/outside/package-lock.json
	@command -v npm >/dev/null || { echo "No npm on this machine: tests against packages from npm are skipped"; exit 0; }; \
	echo "Installing the npm packages that tests compare with (once)"; \
	mkdir -p $(@D) && cp tests/outside/package.json tests/outside/package-lock.json $(@D)/ && \
	npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error && touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.site
	@echo "Installing the locked requirements of tests and tools (once)"
	@$(PIP) -r requirements-dev.txt
	@touch $@
