"""Histories -> the candidates of a night: sources, quotas, block list and item statistics.

Scores and order belong in features.rankings.
"""

__all__ = ["block_list", "candidate_sources", "candidates", "item_stats"]
