"""What a store remembers of its sources, so that a person may call them by name."""

from datetime import date
from pathlib import Path

from features.errors import FeatureError
from features.ingest.columns.source_schema import CONTRACTS
from features.ingest.sources import Source
from features.store.warehouse import Warehouse


def registered_source(warehouse: Warehouse, named: str, kind: str) -> Source | None:
    """The source of this name that the store has read before, with its query as it was then; None where it has not.

    Raises FeatureError where the store knows the name as another kind of source.
    """
    for known in CONTRACTS:
        for source in registered_sources(warehouse, known):
            if source.name == named and known == kind:
                return source
            if source.name == named:
                raise FeatureError(
                    f"{named}: this store knows it as a source of {known}; say so with --as {known}, or give the file "
                    "another name"
                )
    return None


def register(warehouse: Warehouse, source: Source) -> None:
    """Remembers a source, and with the first one the store's time zone. Raises FeatureError where the store knows the
    name as another kind of source."""
    registered_source(warehouse, source.name, source.kind)
    warehouse.keep_timezone()
    if warehouse.one("ledger/categories_are_whole"):
        warehouse.run("ledger/keep_ruler", ruler="categories", kept="whole")
    warehouse.run("ledger/register_source", **vars(source), now=warehouse.clock())


def registered_sources(warehouse: Warehouse, kind: str) -> list[Source]:
    """The sources this store has read before, so that a night can read on."""
    return [Source(*row) for row in warehouse.run("ledger/sources", kind=kind)]


def registered_path(warehouse: Warehouse, named: str) -> str | None:
    """The path a source was read from last time, None where it is new."""
    known = {source.name: source.path for kind in CONTRACTS for source in registered_sources(warehouse, kind)}
    return known.get(Path(named).stem)


def last_day_read(warehouse: Warehouse, source: Source) -> date | None:
    return warehouse.one("ledger/last_day_read", asset=source.asset)
