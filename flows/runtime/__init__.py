"""What every run needs: progress lines, steps with retries, time limits, alerts.

No pipeline and no setting is known here.
"""

__all__ = ["alerts", "console", "json_values", "night_summary", "progress", "steps", "timeouts"]
