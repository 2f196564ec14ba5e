"""Pipelines as Prefect flows and tasks, their schedules, and the server that runs them.

Prefect is imported here and nowhere else.
"""

__all__ = ["backlog", "flows", "schedule", "serve", "tasks"]
