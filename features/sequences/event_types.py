"""Settings that list event types -> those that match no event of a night, so that a wrong name is noticed."""

from collections.abc import Mapping, Sequence
from datetime import date

from features.config import CandidateConfig, ExampleConfig, SequenceConfig
from features.sequences.histories import create_histories_view
from features.store import sql_files
from features.store.warehouse import Warehouse


def listed_types(
    sequences: SequenceConfig, examples: ExampleConfig, candidates: CandidateConfig
) -> dict[str, Sequence[str]]:
    """Return the settings that list event types, by name; an empty list means all types."""
    listed = {
        "candidates.purchase_event_types": candidates.purchase_event_types,
        "examples.positive_event_types": examples.positive_event_types,
        "sequences.goods_event_types": sequences.goods_event_types,
        "sequences.shop_event_types": sequences.shop_event_types,
    }
    return {name: types for name, types in listed.items() if types}


def unmatched_types(warehouse: Warehouse, ds: date, listed: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """Return the settings without a matching event type, and the types of the night."""
    create_histories_view(warehouse, ds)
    con = warehouse.con
    seen = [name for (name,) in sql_files.run(con, "transforms/seen_types").fetchall()]
    matches = [
        (name, sql_files.run(con, "transforms/types_match", listed=list(types), seen=seen).fetchall())
        for name, types in listed.items()
    ]
    return [name for name, [(has_match,)] in matches if not has_match], seen
