"""The work of a command, in the order of its stages: ingest, train, rank, backfill, explain, maintain.

No Prefect, no typer and no printing: those are deployments, cli and output.
"""

__all__ = [
    "backfill",
    "champion",
    "compare",
    "din_adapter",
    "explain",
    "ingest",
    "maintenance",
    "nightly",
    "overdue_nights",
    "plan_states",
    "recorded_schedules",
    "training",
    "training_data",
    "unranked_nights",
    "warm_start",
]
