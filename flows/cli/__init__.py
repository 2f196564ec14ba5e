"""The command line: reads what a person types, calls a pipeline, and hands the result to flows.output.

Typer is imported here and nowhere else. What a command computes or prints belongs in pipelines or output.
"""

from flows.cli.app import main

__all__ = ["main"]
