"""Candidates and sequences -> the top k of each user, and which history items carried the weight.

Named ranking, as din.rank is a function. Nothing here changes a weight.
"""

__all__ = ["padded_pooling", "ranker", "tiled_backend", "user_batch"]
