"""What a command loads before it does its work."""

import os
import subprocess
import sys
from pathlib import Path

HEAVY = ("torch", "prefect", "polars", "pyarrow", "numpy", "pandas", "matplotlib", "jinja2", "numba")
ENGINES = (*HEAVY, "duckdb", "pydantic", "structlog")


def loaded(words: list[str], of: tuple[str, ...]) -> list[str]:
    """Run the command in a process of its own; return which of the modules it loaded."""
    program = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print([name for name in {of} if name in sys.modules], file=sys.stderr))\n"
        f"sys.argv = ['nightrank', *{words}]\n"
        "from flows import cli\n"
        "cli.main()"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return ran.stderr.splitlines()[-1].strip("[]").replace("'", "").split(", ")


def test_a_help_text_loads_neither_an_engine_nor_the_settings() -> None:
    assert loaded(["--help"], ENGINES) == [""]


def test_status_loads_duckdb_alone_of_the_engines(walked_store: Path) -> None:
    assert loaded(["status", "--store", str(walked_store)], (*HEAVY, "duckdb")) == ["duckdb"]


def test_every_name_of_features_can_be_loaded() -> None:
    program = "import features; print(len(features.__all__) > 100, len(set(dir(features)) - set(vars(features))))"
    environment = os.environ | {"EAGER_IMPORT": "1"}
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)

    assert ran.stdout == "True 0\n"
