"""The versions of nightrank and of what it runs on, from what is installed: nothing is imported for it."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("duckdb", "polars", "torch", "prefect")


def versions() -> str:
    """Two lines: nightrank, and Python with the packages whose versions matter most to a report of a fault."""
    others = ", ".join(f"{package} {installed(package)}" for package in PACKAGES)
    return f"nightrank {installed('nightrank')}\npython {platform.python_version()}, {others}"


def installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
