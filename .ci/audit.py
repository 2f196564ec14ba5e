"""What is locked -> what is known to be vulnerable in it, by pip-audit. Exit codes: 0 audited and nothing found, 1 some
found, 3 not audited. With --where-it-can the last is 0, and the first line says NOT AUDITED.

pip-audit alone ends with `No known vulnerabilities found` where its service knows nothing of a package, and so of every
package behind an index that has files alone: here that is no audit.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parent.parent
LOCKED = ("requirements.lock", "requirements-duckdb2.lock", "requirements-torch.txt")
PIN = re.compile(r"^[A-Za-z0-9_.-]+==[^ ;\\]+", re.MULTILINE)
FOUND, NOT_AUDITED = 1, 3


def main() -> None:
    pins = [pin for name in LOCKED for pin in PIN.findall((ROOT / name).read_text(encoding="utf-8"))]
    code, lines = verdict(pins, *asked(pins))
    print("\n".join(lines))
    sys.exit(0 if code == NOT_AUDITED and "--where-it-can" in sys.argv[1:] else code)


def asked(pins: list[str]) -> tuple[dict[str, Any], str]:
    """What pip-audit reports of these, empty where it cannot, and its last word beside. Nothing is installed."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "pins.txt"
        file.write_text("\n".join(pins), encoding="utf-8")
        options = ["--format", "json", "--progress-spinner", "off", "--disable-pip", "--no-deps", "--requirement", file]
        done = subprocess.run(  # noqa: S603 - our own words alone
            [sys.executable, "-m", "pip_audit", *options], capture_output=True, text=True, check=False
        )
    said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return (json.loads(done.stdout) if done.stdout.strip() else {}), said[-1]


def verdict(pins: list[str], report: dict[str, Any], said: str) -> tuple[int, list[str]]:
    """The exit code, and what a person reads."""
    dependencies = report.get("dependencies", [])
    audited = [one for one in dependencies if "skip_reason" not in one]
    found = [
        f"{one['name']} {one['version']}: {known['id']}, mended in {', '.join(known['fix_versions']) or 'none yet'}"
        for one in audited
        for known in one["vulns"]
    ]
    counts = f"{len(audited)} of {len(pins)} packages, {len(found)} vulnerabilities known"
    if found:
        return FOUND, [f"VULNERABLE: {counts}", *found]
    if len(audited) < len(pins):
        why = next((one["skip_reason"] for one in dependencies if "skip_reason" in one), said)
        return NOT_AUDITED, [f"NOT AUDITED: {counts}; of the others nothing is: {why}"]
    return 0, [f"audited: {counts}"]


if __name__ == "__main__":
    main()
