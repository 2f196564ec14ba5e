"""Array operations that know no model: segment operations in torch and compiled kernels for the processor.

numba is imported by numba_ops alone. A layer with parameters belongs in din.model.
"""

__all__ = [
    "activation_kernels",
    "blocked_activations",
    "blocked_attention",
    "numba_ops",
    "segment_ops",
    "tiled_mlp",
    "tiled_ranking",
]
