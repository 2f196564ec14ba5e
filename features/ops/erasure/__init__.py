"""A user -> out of the lake, the warehouse and the releases, with a scan that proves it.

Retention of whole days and models is features.ops.retention.
"""

__all__ = ["erase", "find_user", "rewrite", "scan"]
