"""Settings that list event types -> those of which a night sees none, so that a wrong name does not go unnoticed."""

from collections.abc import Mapping, Sequence
from datetime import date

from features.config import CandidateConfig, ExampleConfig, SequenceConfig
from features.sequences.histories import create_histories_view
from features.store import sql_files
from features.store.warehouse import Warehouse


def listed_types(
    sequences: SequenceConfig, examples: ExampleConfig, candidates: CandidateConfig
) -> dict[str, Sequence[str]]:
    """Every setting that lists event types, by its name; an empty list means all of them."""
    listed = {
        "candidates.purchase_event_types": candidates.purchase_event_types,
        "examples.positive_event_types": examples.positive_event_types,
        "sequences.goods_event_types": sequences.goods_event_types,
        "sequences.shop_event_types": sequences.shop_event_types,
    }
    return {name: types for name, types in listed.items() if types}


def unmatched_types(warehouse: Warehouse, ds: date, listed: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """The settings none of whose event types the night sees, and the types that it does see."""
    create_histories_view(warehouse, ds)
    con = warehouse.con
    seen = [name for (name,) in sql_files.run(con, "transforms/seen_types").fetchall()]
    asked = [
        (name, sql_files.run(con, "transforms/types_match", listed=list(types), seen=seen).fetchall())
        for name, types in listed.items()
    ]
    return [name for name, [(is_met,)] in asked if not is_met], seen
