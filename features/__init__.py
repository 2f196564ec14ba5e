"""The feature store: events -> histories -> sequences, examples and candidates -> rankings -> the published file.

DuckDB and Polars live here and nowhere else. Knows nothing of the model: arrays go out, scores come back.

A name loads its module when it is first used, so that a command starts quickly. `__init__.pyi` lists the names.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
