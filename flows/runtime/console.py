"""The two consoles: stdout is data, stderr is progress."""

from rich.console import Console

stdout = Console()
stderr = Console(stderr=True)
