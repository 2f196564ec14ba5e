"""Orchestration and the command line: Prefect and typer live here and nowhere else.

What must be said to torch and Prefect before they are imported is said here, unless the environment says otherwise.
"""

import os

os.environ.setdefault(
    "OMP_WAIT_POLICY", "passive"
)  # spinning threads beside a busy core: one step took 20 times as long
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")  # a fresh PREFECT_HOME took 40 s
os.environ.setdefault("PREFECT_LOGGING_EXTRA_LOGGERS", "nightrank")
