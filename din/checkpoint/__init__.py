"""A trained model <-> its files: saved, loaded, verified, and rewritten without an erased user.

What trains a model or ranks with it belongs in din.training and din.ranking.
"""

__all__ = ["checkpoint", "erase_user"]
