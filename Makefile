# Two commands on a fresh machine: make demo, make test. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
KERNELS := $(VENV)/.kernels
CHROMIUM := $(VENV)/.chromium
DUCKDB_2 := $(VENV)-duckdb2

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test test-duckdb2 deployments torture check audit lock format bench bench-din clean

# Every file by its hash, but for torch: which build of it fits differs with the machine (docs/security.md).
$(READY): pyproject.toml requirements.lock requirements-torch.txt
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "nightrank needs Python 3.11 or newer"'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --no-deps --requirement requirements.lock
	$(PIP) install --requirement requirements-torch.txt
	$(PIP) install --no-build-isolation --no-deps --editable .
	touch $(READY)

# Where torch brings no Triton, the kernel is tested in Triton's interpreter on the processor: 286 MB, for tests alone.
$(KERNELS): $(READY) requirements-kernels.lock
	$(BIN)/python -c 'import triton' 2>/dev/null || $(PIP) install --require-hashes --requirement requirements-kernels.lock || true
	touch $(KERNELS)

# The page of a night is looked at in Chromium. Where there is none, it is installed if this is Debian and we may; else
# those tests are skipped, and say so.
$(CHROMIUM): $(READY)
	command -v chromium >/dev/null || command -v google-chrome >/dev/null \
	  || apt-get install -y --no-install-recommends chromium >/dev/null 2>&1 \
	  || { apt-get update && apt-get install -y --no-install-recommends chromium; } >/dev/null 2>&1 || true
	touch $(CHROMIUM)

# Everything but DuckDB comes from $(VENV): a folder that a .pth file adds comes after the environment's own packages.
$(DUCKDB_2)/.ready: $(READY) requirements-duckdb2.lock
	$(PYTHON) -m venv $(DUCKDB_2)
	$(DUCKDB_2)/bin/python -m pip install --require-hashes --quiet --disable-pip-version-check --requirement requirements-duckdb2.lock
	$(BIN)/python -c 'import site; print(f"import site; site.addsitedir({site.getsitepackages()[0]!r})")' \
	  > $$($(DUCKDB_2)/bin/python -c 'import site; print(site.getsitepackages()[0])')/nightrank-packages.pth
	touch $@

demo: $(READY)          ## the whole job on the bundled sample, into ./demo-store
	$(BIN)/nightrank demo

# With loadfile, pytest-xdist 3.8.0 never ends after a worker has crashed; worksteal reports the test that crashed.
# A test that runs for 10 minutes prints the stack of every thread and ends its worker, so that a hang is red too.
PYTEST := -m pytest --numprocesses 2 --dist worksteal \
  -o faulthandler_timeout=600 -o faulthandler_exit_on_timeout=true

test: $(READY) $(KERNELS) $(CHROMIUM)  ## every test, about a quarter of an hour on two cores
	$(BIN)/python $(PYTEST)

test-duckdb2: $(DUCKDB_2)/.ready  ## the tests of the feature store on DuckDB 2.0.1: about four minutes on two cores
	$(DUCKDB_2)/bin/python $(PYTEST) tests/features

deployments: $(READY)   ## prefect.yaml on a server of its own: a late worker, nightrank serve, and runs that a schedule creates: ten minutes
	$(BIN)/python -m pytest -m deployment tests/flows/test_deployments.py

torture: $(READY)       ## nights killed 250 times, full disks, flipped bits and the like, and a month killed five times
	$(BIN)/python -m pytest -m torture tests/torture

check: $(READY)         ## lint, types, import directions, SQL
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --quiet sql

audit: $(READY)         ## known vulnerabilities of what is locked; fails where it cannot be asked
	$(BIN)/python .ci/audit.py

lock: $(READY)          ## requirements.lock anew from pyproject.toml; what is locked stays where it still fits
	$(BIN)/uv pip compile --quiet pyproject.toml --output-file requirements.lock

format: $(READY)        ## put code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix --quiet sql

bench: $(READY)         ## the feature store beside its limits: 20M events, about three minutes and 2 GB of disk
	$(BIN)/python -m bench.store --events 20000000 --users 500000 --work bench/work

PEERS := fuxictr recbole torch-rechub deepctr-torch
PEERS_READY := $(PEERS:%=bench/.venvs/%/.ready)

bench/.venvs/%/.ready: bench/requirements-%.txt
	$(PYTHON) -m venv bench/.venvs/$*
	bench/.venvs/$*/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

bench-din: $(READY) $(PEERS_READY) ## DIN beside the four peers' DIN, on one core: half an hour, 6 GB of disk for them
	$(BIN)/python -m bench.speed --work bench/work/speed

clean:
	rm -rf $(VENV) $(DUCKDB_2) demo-store
