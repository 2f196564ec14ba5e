"""The days of a read -> portions that are read at once, so that memory does not grow with the size of a source."""

from dataclasses import dataclass
from datetime import date, timedelta

from features.ingest.loss_guard import UNDATED, LossGuard


@dataclass(frozen=True)
class ReadBatch:
    """Some days that are read at once: those asked of the source, and those of them whose rows are read, if any."""

    asked: tuple[date, date]
    read: tuple[date, date] | None
    with_undated: bool


def split_days(
    rows: int, with_rows: tuple[date, date] | None, first_ds: date, last_ds: date, rows_at_once: int
) -> list[tuple[date, date]]:
    """The days in runs of about `rows_at_once` rows, the first beginning with the first day, the last ending with the
    last. `with_rows`: the first and the last day that have rows."""
    if rows <= rows_at_once or not with_rows:
        return [(first_ds, last_ds)]
    begin, end = max(first_ds, with_rows[0]), min(last_ds, with_rows[1])
    days = max((end - begin).days + 1, 1)
    portions = min(-(-rows // rows_at_once), days)
    cuts = [begin + timedelta(days=days * n // portions) for n in range(1, portions)]
    return list(zip([first_ds, *cuts], [*(cut - timedelta(days=1) for cut in cuts), last_ds], strict=True))


def changed_batches(
    rows: dict[date, int], loss_guard: LossGuard, first_ds: date, last_ds: date, rows_at_once: int
) -> list[ReadBatch]:
    """The portions of a read whose every day's rows are counted, each from its first day that changed to its last. One
    at least, in which the read comes to its end."""
    dated = rows.keys() - {UNDATED}
    cuts = split_days(sum(rows.values()), (min(dated), max(dated)) if dated else None, first_ds, last_ds, rows_at_once)
    changed = dated - loss_guard.unchanged
    missing = loss_guard.asked_anyway() - dated
    with_undated = UNDATED not in loss_guard.unchanged
    portions = []
    for start, end in cuts:
        days = sorted(ds for ds in changed if start <= ds <= end)
        undated = with_undated and start == first_ds
        if days or undated or any(start <= ds <= end for ds in missing):
            read = (days[0], days[-1]) if days else None
            portions.append(ReadBatch((start, end), read, undated))
    return portions or [ReadBatch(cuts[-1], None, with_undated=False)]
