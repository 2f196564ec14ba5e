"""Examples -> trained weights: batches, the optimizer, early stopping, saved state and warm starts.

Named training, as din.fit and din.rank are functions. No ranking here.
"""

__all__ = [
    "curves",
    "early_stopping",
    "embedding_optimizer",
    "loss_monitor",
    "state",
    "trainer",
    "unique_rows",
    "warm_start",
]
