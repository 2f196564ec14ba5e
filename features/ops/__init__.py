"""A whole store: plan, status, doctor, retention and erasure.

What one night builds belongs in the packages below.
"""

__all__ = [
    "doctor",
    "erasure",
    "needed",
    "orphan_files",
    "plan",
    "release_checks",
    "retention",
    "source_checks",
    "status",
    "store_checks",
    "unranked_nights",
]
