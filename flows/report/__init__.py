"""A published night -> one HTML file.

Text for a terminal belongs in flows.output.
"""

__all__ = ["page", "report"]
