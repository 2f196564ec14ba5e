"""The warehouse -> published.duckdb: built, checked, switched to, read, explained and rolled back.

Nothing here ranks: it publishes what the night ranked.
"""

__all__ = [
    "explain_inputs",
    "model_keys",
    "night_summary",
    "reader",
    "release",
    "release_files",
    "release_sequences",
    "rollback",
]
