"""Sorted runs of events -> one run, user by user in the total order."""

import numpy as np
import polars as pl

from features.ingest.event_files import ORDER

TIES = ("goods_key", "shop_key", "type_key")  # separate events of two sources that ORDER leaves equal
ORDERED = ("user_key", *TIES, *ORDER)
COLUMNS = (*ORDERED, "is_return")
EMPTY = {
    "user_key": pl.Int32,
    "goods_key": pl.Int32,
    "shop_key": pl.Int32,
    "type_key": pl.Int16,
    "event_ts": pl.Datetime("us"),
    "known_at": pl.Datetime("us"),
    "is_return": pl.Boolean,
}


def merge_histories(runs: list[pl.DataFrame], columns: tuple[str, ...] = COLUMNS) -> pl.DataFrame:
    """Merge sorted runs into one frame, user by user in the total order.

    Returns those of `columns` that the runs have. Runs mostly follow each other in time. So a counting sort appends
    each user's rows run by run in one pass. Only users whose rows are then out of order are sorted again. 20M
    events of 100 days take about half the time of a full sort (docs/experiments.md). Each row moves once.
    """
    frame = pl.concat(runs) if runs else pl.DataFrame(schema=EMPTY)
    selected = frame.select([name for name in columns if name in frame.columns])
    if len(runs) < 2 or not len(frame):
        return selected
    source = counting_sort_order([run["user_key"].to_numpy() for run in runs])
    user = frame["user_key"].to_numpy()[source]
    unsorted = unsorted_mask(frame, source, user)
    return selected[resort_users(frame, source, user, unsorted) if unsorted.any() else source]


def counting_sort_order(runs: list[np.ndarray]) -> np.ndarray:
    """Return the source row of each result row, with each user's rows run by run.

    uint32 [N]
    """
    users = max(int(run[-1]) for run in runs if len(run)) + 1
    starts = [np.flatnonzero(np.r_[True, run[1:] != run[:-1]]) if len(run) else np.zeros(0, np.int64) for run in runs]
    counts = [np.diff(np.r_[start, len(run)]) for start, run in zip(starts, runs, strict=True)]
    total = np.zeros(users, np.int64)
    for run, start, count in zip(runs, starts, counts, strict=True):
        total[run[start]] += count
    cursor = np.cumsum(total) - total
    source = np.empty(int(total.sum()), np.uint32)
    done = 0
    for run, start, count in zip(runs, starts, counts, strict=True):
        user = run[start]
        place = np.repeat(cursor[user] - start, count) + np.arange(len(run))
        source[place] = np.arange(done, done + len(run), dtype=np.uint32)
        cursor[user] += count
        done += len(run)
    return source


def unsorted_mask(frame: pl.DataFrame, source: np.ndarray, user: np.ndarray) -> np.ndarray:
    """Mark each row of `frame[source]` whose next row should come before it.

    Both rows are of the same user. bool [N - 1]
    """
    moment = frame["event_ts"].to_physical().to_numpy()[source]
    same = user[1:] == user[:-1]
    unsorted = same & (moment[1:] < moment[:-1])
    tied = np.flatnonzero(same & (moment[1:] == moment[:-1]))
    if len(tied):
        unsorted[tied] = breaks_tie(frame, source[tied], source[tied + 1])
    return unsorted


def breaks_tie(frame: pl.DataFrame, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return which rows come after others of the same time, by the remaining order columns.

    bool [rows]
    """
    keys = [name for name in (*ORDER[1:], *TIES) if name in frame.columns and frame[name].null_count() < len(frame)]
    here, there = frame.select(keys)[rows], frame.select(keys)[others]
    after, decided = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    for name in keys:
        one, other = here[name], there[name]
        later = (one > other).fill_null(value=False) | (one.is_not_null() & other.is_null())
        after |= ~decided & later.to_numpy()
        decided |= one.ne_missing(other).to_numpy()
    return after


def resort_users(frame: pl.DataFrame, source: np.ndarray, user: np.ndarray, unsorted: np.ndarray) -> np.ndarray:
    """Sort the users who have a row marked in `unsorted`, and return the changed `source`.

    uint32 [N]
    """
    has_unsorted = np.zeros(int(user[-1]) + 1, bool)
    has_unsorted[user[:-1][unsorted]] = True
    places = np.flatnonzero(has_unsorted[user])
    rows = source[places]
    keys = [name for name in ORDERED if name in frame.columns and name not in TIES]
    order = frame[rows].select(pl.arg_sort_by(*keys, *TIES, nulls_last=False, maintain_order=True)).to_series()
    source[places] = rows[order.to_numpy()]
    return source
