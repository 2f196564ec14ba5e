"""Events -> labelled examples with the slices they may see, and the registry of models.

The model itself is din. What a night ranks belongs in features.rankings.
"""

__all__ = ["category_keys", "examples", "model_registry", "negative_sampling", "training_data"]
