"""Orchestration and the command line: Prefect and typer live here and nowhere else."""
