"""Candidates and scores -> rankings, and what the next day says of them: outcomes, baselines, drift.

Files that people read belong in features.publish.
"""

__all__ = ["baselines", "drift", "outcomes", "rankings"]
