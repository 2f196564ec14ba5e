"""The network: embeddings, attention groups, activation units and the last net.

No optimizer, no file and no top-k: see din.training, din.checkpoint and din.ranking.
"""

__all__ = ["activations", "category_embedding", "din", "folded_mlp", "repeat_features", "tables", "time_position"]
