"""Sources -> events, impressions and the catalogue: read, checked, keyed, deduplicated and counted.

What a night builds from events belongs in features.sequences and above.
"""

__all__ = [
    "catalogue",
    "columns",
    "duplicate_ids",
    "entity_keys",
    "event_files",
    "event_ids",
    "held_back_days",
    "impressions",
    "ingest_events",
    "loss_guard",
    "read_batches",
    "readers",
    "skipped_rows",
    "source_registry",
    "source_sql",
    "sources",
    "unchanged_days",
]
