"""Results -> what a person reads on stdout: tables, bars, JSON and CSV.

Nothing is computed or changed here.
"""

__all__ = ["comparison", "explanation", "maintenance", "results", "tables"]
