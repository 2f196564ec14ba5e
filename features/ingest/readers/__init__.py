"""The files of a source: reader calls, options, encodings, table folders and credentials.

Columns and their types belong in features.ingest.columns.
"""

__all__ = ["credentials", "encodings", "reader_calls", "reader_options", "table_folders"]
