"""What a store no longer needs -> gone: the record first, in one transaction, then the files.

Whatever dies in between leaves files that nothing names, which the next housekeeping removes. What goes is found in the
same way whether it is only told or removed.
"""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path

from features.config import PublishConfig, RetentionConfig
from features.ingest.event_files import ALL_DAYS
from features.ops.needed import REBUILDABLE_ASSETS, first_days, models_needed
from features.publish.release_files import is_partial, old_releases
from features.store.warehouse import Warehouse

MIN_ORPHAN_AGE = timedelta(days=1)  # whatever nothing names and is younger may be at work elsewhere
MIN_TRAINING_AGE = timedelta(days=7)  # a training that was killed goes on from what it kept
REPORT = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9].html"


@dataclass(frozen=True)
class RemovalItem:
    """A file or folder that goes: as what (the asset, or strays, releases, checkpoints, reports, leftovers), where in
    the store, its bytes, and of files that the ledger names the day."""

    kind: str
    path: str
    bytes: int
    ds: date | None = None


def find_expired(
    warehouse: Warehouse, config: RetentionConfig, publish: PublishConfig, window_days: int
) -> list[RemovalItem]:
    """Everything that is no longer needed, in order; nothing is written."""
    return [
        *old_days(warehouse, first_days(warehouse, config, publish, window_days)),
        *orphan_files(warehouse),
        *releases(warehouse, publish),
        *checkpoints(warehouse, config.keep_checkpoints),
        *reports(warehouse, config.keep_reports),
        *temp_files(warehouse),
    ]


def old_days(warehouse: Warehouse, first_ds: dict[str, date]) -> Iterator[RemovalItem]:
    """The files of days before those that are kept."""
    for asset, first in first_ds.items():
        for path, ds, size in warehouse.run("housekeeping/old_files", asset=asset, first_ds=first):
            yield RemovalItem(asset, f"lake/{path}", size, ds)


def orphan_files(warehouse: Warehouse) -> Iterator[RemovalItem]:
    """Files of the lake that the ledger does not name: left by runs that died, and by what was built again since."""
    for path in unnamed_files(warehouse):
        if is_old(warehouse, path, MIN_ORPHAN_AGE):
            yield removal_item(warehouse, "strays", path)


def unnamed_files(warehouse: Warehouse) -> list[Path]:
    named = {file.path for file in warehouse.files("%", *ALL_DAYS)}
    lake_root = warehouse.store.lake
    paths = [path for path in sorted(lake_root.rglob("*")) if path.is_file()]
    return [path for path in paths if str(path.relative_to(lake_root)) not in named]


def releases(warehouse: Warehouse, publish: PublishConfig) -> Iterator[RemovalItem]:
    """Releases before those that are kept, and what killed runs left half-built; never the published one."""
    store = warehouse.store
    old, published = old_releases(store, publish.keep_releases), store.published.resolve()
    for path in sorted(store.releases.glob("*.duckdb")):
        half = path.resolve() != published and is_partial(path) and is_old(warehouse, path, MIN_ORPHAN_AGE)
        if path in old or half:
            yield removal_item(warehouse, "releases", path)
    for path in sorted(store.releases.glob("*.wal")):
        if is_old(warehouse, path, MIN_ORPHAN_AGE):
            yield removal_item(warehouse, "releases", path)


def checkpoints(warehouse: Warehouse, keep: int) -> Iterator[RemovalItem]:
    """Checkpoints that nothing refers to, beside the newest."""
    folders = [path for path in sorted(warehouse.store.models.glob("[!.]*")) if path.is_dir()]
    needed = models_needed(warehouse, keep) if folders else set()
    for path in folders:
        if path.name not in needed and is_old(warehouse, path, MIN_ORPHAN_AGE):
            yield removal_item(warehouse, "checkpoints", path)


def reports(warehouse: Warehouse, keep: int) -> Iterator[RemovalItem]:
    found = sorted(warehouse.store.reports.glob(REPORT))
    for path in found[: max(len(found) - keep, 0)]:
        yield removal_item(warehouse, "reports", path)


def temp_files(warehouse: Warehouse) -> Iterator[RemovalItem]:
    """What was being written when a run died, and what spilled."""
    store = warehouse.store
    spilled = store.spill.glob("*")
    folders = (store.root, store.models, store.releases, store.reports, store.copies)
    making = chain.from_iterable(folder.glob(".*.making*") for folder in folders)
    for path in sorted([*spilled, *making]):
        if is_old(warehouse, path, MIN_ORPHAN_AGE):
            yield removal_item(warehouse, "leftovers", path)
    for path in sorted(store.models.glob(".*.under_way.*")):
        if is_old(warehouse, path, MIN_TRAINING_AGE):
            yield removal_item(warehouse, "leftovers", path)


def removal_item(warehouse: Warehouse, kind: str, path: Path) -> RemovalItem:
    inside = [one for one in path.rglob("*") if one.is_file()] if path.is_dir() else [path]
    return RemovalItem(kind, str(path.relative_to(warehouse.store.root)), sum(one.lstat().st_size for one in inside))


def is_old(warehouse: Warehouse, path: Path, span: timedelta) -> bool:
    """Whether nobody has written to a file for so long."""
    touched = datetime.fromtimestamp(path.lstat().st_mtime, UTC).replace(tzinfo=None)
    return touched <= warehouse.clock() - span


def remove_expired(warehouse: Warehouse, gone: list[RemovalItem]) -> None:
    """Removes it: out of the record, in one transaction, then from the disk."""
    now, store = warehouse.clock(), warehouse.store
    on_disk = [str(path.relative_to(store.lake)) for path in unnamed_files(warehouse)]
    with warehouse.transaction():
        warehouse.run("housekeeping/forget_replaced", paths=on_disk)
        for asset in REBUILDABLE_ASSETS:
            days = sorted({one.ds for one in gone if one.kind == asset and one.ds})
            if days:
                warehouse.run("housekeeping/remove_days", asset=asset, days=days, now=now)
        model_ids = [Path(one.path).name for one in gone if one.kind == "checkpoints"]
        warehouse.run("housekeeping/remove_models", model_ids=model_ids, now=now)
    for one in gone:
        remove(store.root, one.path)


def remove(root: Path, path: str) -> None:
    """Takes a file or folder from the disk, and the folders of the lake that only it was in."""
    target = root / path
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
        return
    target.unlink(missing_ok=True)
    if path.startswith("lake/"):
        with suppress(OSError):  # the first folder that is not empty
            for folder in Path(path).parents[:-2]:
                (root / folder).rmdir()
