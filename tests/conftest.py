"""Small stores to test on: events written as rows, read through a source query, as anybody's data would come."""

import os
import shutil
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from pathlib import Path

import duckdb
import pytest

import features
from features import IngestConfig, StoreConfig, Warehouse

os.environ["PREFECT_LOGGING_LEVEL"] = "ERROR"
COLUMNS = "user_id bigint, goods_id bigint, shop_id bigint, event_type varchar, event_ts timestamp"
QUERY = """
select *
from read_parquet($path)
where
    event_ts >= $day_start
    and event_ts < $day_end
"""
NOW = datetime(2026, 1, 2, 3, 4, 5)


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("NIGHTRANK_")]:
        monkeypatch.delenv(name)


def write_events(path: Path, rows: list[tuple], columns: str = COLUMNS) -> Path:
    """Writes rows as a Parquet file with these columns."""
    con = duckdb.connect()
    con.execute(f"create table given ({columns})")
    if rows:
        con.executemany(f"insert into given values ({', '.join('?' * len(rows[0]))})", rows)
    con.execute(f"copy given to '{path}' (format parquet)")
    return path


def make_newer(path: Path, made_by: str = "v2.3.0") -> None:
    """Gives a DuckDB file the header of a later version: storage version 70, made by another DuckDB.

    The first eight bytes are the checksum of the header: each eight bytes after them, multiplied, by exclusive or.
    """
    file = bytearray(path.read_bytes())
    before = struct.unpack("<511Q", file[8:4096])
    file[12:20], file[52:84] = struct.pack("<Q", 70), made_by.encode().ljust(32, b"\0")
    checksum = int.from_bytes(file[:8], "little")
    for old, new in zip(before, struct.unpack("<511Q", file[8:4096]), strict=True):
        checksum ^= (old * 0xBF58476D1CE4E5B9 ^ new * 0xBF58476D1CE4E5B9) & 2**64 - 1
    file[:8] = checksum.to_bytes(8, "little")
    mode = path.stat().st_mode
    path.chmod(0o640)
    path.write_bytes(file)
    path.chmod(mode)


@dataclass(frozen=True)
class Desk:
    """A store in a temporary folder, and short ways to work on it."""

    folder: Path
    config: StoreConfig
    ingestion: IngestConfig = field(default_factory=IngestConfig)

    @property
    def store(self) -> features.Store:
        return features.Store(self.folder / "store", self.config)

    def open(self) -> AbstractContextManager[Warehouse]:
        return features.open_warehouse(self.store, "a test", lambda: NOW)

    def source(
        self, rows: list[tuple], columns: str = COLUMNS, query: str = QUERY, name: str = "clicks"
    ) -> features.Source:
        """A source query over a file with these rows."""
        path = write_events(self.folder / f"{name}.parquet", rows, columns)
        (self.folder / f"{name}.sql").write_text(query)
        return features.find_source(str(self.folder / f"{name}.sql"), "events", str(path))

    def ingest(self, warehouse: Warehouse, source: features.Source, first: str, last: str) -> features.IngestResult:
        days = (date.fromisoformat(first), date.fromisoformat(last))
        return features.ingest_events(warehouse, source, *days, self.ingestion)

    def lake_rows(self, warehouse: Warehouse, asset: str, columns: str) -> list[tuple]:
        """The rows of an asset's files, in the order they have within each file."""
        paths = [
            str(self.store.lake / file.path) for file in warehouse.files(asset, date(1970, 1, 1), date(2100, 1, 1))
        ]
        con = duckdb.connect()
        return [
            row for path in paths for row in con.execute(f"select {columns} from read_parquet(?)", [path]).fetchall()
        ]


def small_desk(folder: Path, **config: object) -> Desk:
    return Desk(folder, StoreConfig(**{"threads": 2, "buckets": 2, **config}))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return small_desk(tmp_path)


@pytest.fixture
def desk_with(tmp_path: Path) -> Callable[..., Desk]:
    return partial(small_desk, tmp_path)


@pytest.fixture
def warehouse(desk: Desk) -> Iterator[Warehouse]:
    with desk.open() as opened:
        yield opened


@dataclass(frozen=True)
class Said:
    """What a command gave: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str


@pytest.fixture
def nightrank(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Said]:
    """The command line, in this process."""
    from flows.cli.app import main

    def run(*words: object) -> Said:
        monkeypatch.setattr("sys.argv", ["nightrank", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        captured = capsys.readouterr()
        code = stopped.value.code
        return Said(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run


def month_of_events() -> list[tuple]:
    """Twelve users, three weeks of March 2025: each buys two favourite goods in turn, and all buy bread on Sundays."""
    rows = []
    for day in range(1, 22):
        for user in range(1, 13):
            favourite = 100 + user % 4 * 2 + day % 2
            if (user + day) % 3:
                rows.append((user, favourite, favourite % 3 + 1, "buy", datetime(2025, 3, day, 9 + user % 5)))
            if day % 7 == 2:
                rows.append((user, 200, 4, "buy", datetime(2025, 3, day, 18)))
    return rows


QUICK_SETTINGS = """
[examples]
negative_sampling = "popularity"

[window]
train_days = 8
valid_days = 2
eval_days = 3

[din]
embedding_dim = 4
attention_hidden_units = [8]
mlp_hidden_units = [8]
attention_input = "difference"
attention_normalization = "none"
time_buckets = 0
repeat_features = false

[train]
epochs = 16
batch_size = 32
embedding_l2 = 0.0

[ranking]
top_k = 5

[store]
buckets = 2
threads = 1
"""


@pytest.fixture(scope="session")
def walked_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was walked once from events to three published nights. Copy it before you change it."""
    from flows.pipelines.ingest import ingest
    from flows.pipelines.nightly import run_nights, utc_now
    from flows.pipelines.training import run_training
    from flows.settings import load_settings, open_store

    folder = tmp_path_factory.mktemp("walked")
    root = folder / "store"
    root.mkdir()
    (root / "nightrank.toml").write_text(QUICK_SETTINGS)
    (folder / "purchases.sql").write_text(QUERY)
    events = write_events(folder / "purchases.parquet", month_of_events())
    settings = load_settings(root)
    store = open_store(root, settings)
    with features.open_warehouse(store, "a test", utc_now) as warehouse:
        ingest(
            warehouse, settings, features.find_source(str(folder / "purchases.sql"), "events", str(events)), None, None
        )
    run_training(root, date(2025, 3, 17))
    for day in (18, 19, 20):
        run_nights(root, date(2025, 3, day))
    return root


@pytest.fixture
def own_store(walked_store: Path, tmp_path: Path) -> Path:
    """A copy of the walked store, to change."""
    return Path(shutil.copytree(walked_store, tmp_path / "own", symlinks=True))
