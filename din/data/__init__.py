"""Arrays -> batches: what the model reads, cut from the histories of all users.

No parameters and no arithmetic of the model: that is din.model and din.kernels.
"""

__all__ = ["batch", "dedup_history", "loader"]
