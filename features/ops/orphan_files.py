"""Files that a housekeeping would remove and that the warehouse never knew: a few are normal, many mean that the
warehouse is an old copy, or that of another store."""

import shlex

from features.errors import FeatureError
from features.ingest.event_files import ALL_DAYS
from features.ops.retention import RemovalItem
from features.store import duckdb_connection
from features.store.store import Store
from features.store.warehouse import Warehouse
from features.store.warehouse_copies import has_files, restore_command

MAX_ORPHANS = 0.1  # of the lake, in files or bytes
CHECKPOINT = ("model.json", "weights.safetensors")


def orphans_error(warehouse: Warehouse, gone: list[RemovalItem]) -> str | None:
    """Why what goes must stay: it holds files that only a newer warehouse, or another one, can know; else None.

    These are any finished file of events, any finished checkpoint, and more than a tenth of the lake. A killed stage
    leaves one file for each bucket, so that many may always go.
    """
    kept = duckdb_connection.has_table(
        warehouse.con, "ops", "replaced_files"
    )  # an older store has none until a writer opens it
    replaced = {path for (path,) in warehouse.run("housekeeping/replaced_files")} if kept else set()
    known = {model_id for (model_id,) in warehouse.run("housekeeping/known_models")}
    found = [one for one in gone if is_orphan(warehouse.store, one, replaced, known)]
    events = [one for one in found if one.path.startswith("lake/events/")]
    models = [one for one in found if one.kind == "checkpoints"]
    lake = [one for one in found if one.kind == "strays"]
    if not (events or models or is_large(warehouse, lake)):
        return None
    first = (events or models or lake)[0].path
    return (
        f"{warehouse.store.warehouse}: never knew {len(lake)} files of the lake ({len(events)} of them events) and "
        f"{len(models)} models that would go, such as {first}; nothing was removed. Where it is an old copy, or that "
        f"of another store, restore the newest: {restore_command(warehouse.store)}\n"
        f"to remove them all the same: nightrank housekeeping --yes --store {shlex.quote(str(warehouse.store.root))}"
    )


def require_lake(warehouse: Warehouse) -> None:
    """Raises FeatureError where the warehouse names lake files and the lake has none: a mount that is missing."""
    store, named = warehouse.store, len(warehouse.files("%", *ALL_DAYS))
    if named and not has_files(store.lake):
        raise FeatureError(
            f"{store.lake}: has no file, and the warehouse names {named}; mount the folder again, or put a backup of "
            "it in its place. Where the lake is lost, read each source again: nightrank ingest SOURCE"
        )


def is_orphan(store: Store, one: RemovalItem, replaced: set[str], known: set[str]) -> bool:
    """Whether it is a finished file or checkpoint that the warehouse never named."""
    if one.kind == "strays":
        return one.path.endswith(".parquet") and one.path.removeprefix("lake/") not in replaced
    if one.kind == "checkpoints":
        folder = store.root / one.path
        return folder.name not in known and all((folder / name).exists() for name in CHECKPOINT)
    return False


def is_large(warehouse: Warehouse, found: list[RemovalItem]) -> bool:
    """Whether these files are more than a tenth of the lake and more than a killed stage leaves."""
    if len(found) <= warehouse.store.config.buckets:
        return False
    sizes = [path.stat().st_size for path in warehouse.store.lake.rglob("*.parquet")]
    return len(found) > MAX_ORPHANS * len(sizes) or sum(one.bytes for one in found) > MAX_ORPHANS * sum(sizes)
