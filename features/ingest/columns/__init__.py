"""The columns of a source: the contract, their types, the forms of ids and dates, and printed remedies.

Reading files is features.ingest.readers; writing events is features.ingest.
"""

__all__ = [
    "column_errors",
    "column_expressions",
    "date_columns",
    "event_ids",
    "remedies",
    "source_schema",
    "uuid_spelling",
]
