"""Benchmarks of the feature store and of whole nights: their limits, and peers. No benchmark of the model alone."""
