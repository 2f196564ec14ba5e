"""The record -> what the nights and trainings to come still need: days of the lake, and checkpoints."""

from datetime import date, timedelta

from features.config import PublishConfig, RetentionConfig
from features.publish.release_files import old_releases, release_of
from features.publish.rollback import releases
from features.sequences.histories import weekly_snapshot_day
from features.store import duckdb_connection, sql_files
from features.store.warehouse import Warehouse

DAY = timedelta(days=1)
# What can be built again from events and histories, which are never removed.
REBUILDABLE_ASSETS = ("candidates", "examples", "goods_sequences", "night_goods", "night_pairs", "shop_sequences")


def first_days(
    warehouse: Warehouse, config: RetentionConfig, publish: PublishConfig, window_days: int
) -> dict[str, date]:
    """The first day to keep of each asset that can be built again; empty where all of them stay.

    Whatever the setting says, there stay: the nights that a kept release shows the sequences of, with the Sunday each
    builds on; the night before, whose goods the outcomes of the day after are held against; and the examples of the
    window of the newest training.
    """
    [(newest, published, learned)] = warehouse.run("housekeeping/newest_days", assets=list(REBUILDABLE_ASSETS))
    if not config.keep_lake_days or newest is None:
        return {}
    first = newest - DAY * (config.keep_lake_days - 1)
    for night in (published, *release_nights(warehouse, publish)):
        first = min(first, night - DAY * max(publish.sequence_nights, 1)) if night else first
    days: dict[str, date] = dict.fromkeys(REBUILDABLE_ASSETS, first)
    days["goods_sequences"] = days["shop_sequences"] = weekly_snapshot_day(first)
    days["examples"] = min(first, (learned or newest) - DAY * (window_days - 1))
    return days


def release_nights(warehouse: Warehouse, publish: PublishConfig) -> list[date | None]:
    """The newest night of each release that is kept: one may go back to it."""
    gone = set(old_releases(warehouse.store, publish.keep_releases))
    return [release_of(path) for path in sorted(warehouse.store.releases.glob("*.duckdb")) if path not in gone]


def models_needed(warehouse: Warehouse, keep: int) -> set[str]:
    """The models that rankings, nights, releases or the trainings to come refer to, the newest `keep`, and what any of
    them started from."""
    needed = {model_id for (model_id,) in warehouse.run("housekeeping/models_needed", keep=keep)}
    for release in releases(warehouse.store):
        with duckdb_connection.connect_read_only(release.path) as con:
            needed |= {model_id for (model_id,) in sql_files.run(con, "published/models_that_ranked").fetchall()}
    began = dict(warehouse.run("housekeeping/warm_starts"))
    for model_id in list(needed):
        while (model_id := began.get(model_id)) and model_id not in needed:
            needed.add(model_id)
    return needed
