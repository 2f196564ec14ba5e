"""Nothing that is read may run: no pickle and no eval in the code, none of it in the files of a store."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = [path for name in ("din", "features", "flows") for path in sorted((ROOT / name).rglob("*.py"))]
RUNS = re.compile(r"\b(c?pickle|_pickle|cloudpickle|dill|joblib|shelve|marshal|jsonpickle|from yaml|copyreg)\b")
CALLS = re.compile(
    r"(eval|exec|compile|__import__)|(torch|np|numpy)\.(load|save)|yaml\.(?!safe_load).*|.*\.(read_pickle|to_pickle|savez)"
)
# How the files of a store begin, by their suffix.
BEGINS = {
    ".parquet": rb"PAR1",
    ".duckdb": rb".{8}DUCK",
    ".safetensors": rb".{7}\x00\{",  # the length of a header, which is JSON
    ".json": rb"\{",
    ".html": rb"<!doctype html>",
    ".toml": rb"\n?[\[#]",
    "": rb"\Z",  # the lock, while nobody holds it
    ".queue": rb"\Z",
}


def running(code: str) -> list[str]:
    """What a module imports or calls that turns what it reads into code."""
    found = []
    for one in ast.walk(ast.parse(code)):
        if isinstance(one, ast.Import | ast.ImportFrom) and RUNS.search(ast.unparse(one)):
            found.append(ast.unparse(one))
        if isinstance(one, ast.Call) and (
            CALLS.fullmatch(ast.unparse(one.func)) or any(given.arg == "allow_pickle" for given in one.keywords)
        ):
            found.append(ast.unparse(one))
    return found


def kept_results(code: str) -> list[str]:
    """The flows and tasks of a module whose results Prefect may write down, which it does as pickles."""
    made = [one for one in ast.walk(ast.parse(code)) if isinstance(one, ast.Call)]
    return [
        ast.unparse(one)
        for one in made
        if ast.unparse(one.func) in ("flow", "task")
        and not any(given.arg == "persist_result" and ast.unparse(given.value) == "False" for given in one.keywords)
    ]


def test_no_module_makes_code_of_what_it_reads() -> None:
    assert len(MODULES) >= 90
    assert {str(path): running(path.read_text()) for path in MODULES if running(path.read_text())} == {}


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "from joblib import load",
        "from yaml import load",
        "yaml.load(text)",
        "torch.load(path)",
        "torch.save(model, path)",
        "np.load(path)",
        "frames.read(path, allow_pickle=True)",
        "eval(text)",
        "frame.to_pickle(path)",
    ],
)
def test_code_that_would_is_found(line: str) -> None:
    assert running(line) == [line]


def test_prefect_keeps_no_results() -> None:
    of_prefect = [path for path in MODULES if re.search(r"from prefect import .*\b(flow|task)\b", path.read_text())]

    assert len(of_prefect) >= 2
    assert [text for path in of_prefect for text in kept_results(path.read_text())] == []
    assert kept_results("@flow(name='nightly')\ndef nightly(): ...") == ["flow(name='nightly')"]


def test_every_file_of_a_store_is_of_a_kind_that_holds_no_code(walked_store: Path) -> None:
    files = [path for path in sorted(walked_store.rglob("*")) if path.is_file()]

    others = [
        path.name
        for path in files
        if not re.match(BEGINS[path.suffix], path.read_bytes()[:32], re.DOTALL | re.IGNORECASE)
    ]

    assert {path.suffix for path in files} == set(BEGINS)
    assert others == []
