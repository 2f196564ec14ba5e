"""Which states of a planned asset each mode of a backfill builds."""

from typing import Literal

Mode = Literal["missing", "failed", "stale", "removed", "all"]
STATES = {
    "missing": ("missing", "interrupted"),  # so that a backfill that was killed does, run again, all that is left
    "failed": ("failed", "interrupted", "damaged", "rolled_back"),
    "stale": ("stale",),
    "removed": ("removed",),
    "all": ("missing", "failed", "interrupted", "damaged", "rolled_back", "stale"),
}
PUBLISHED_STATES = ("stale", "rolled_back")  # of a ranking: people have seen it, so it is rebuilt only for a reason
