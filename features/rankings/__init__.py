"""Candidates and scores -> rankings and their evaluation: outcomes, baselines, drift.

Files that people read belong in features.publish.
"""

__all__ = ["baselines", "drift", "outcomes", "rankings"]
