"""Two nights -> their drift, compared with values computed by hand."""

from datetime import date, datetime
from math import log

import duckdb
import numpy as np
import pytest

from features import Warehouse, measure_drift
from features.store import sql_files

BEFORE, TONIGHT = date(2025, 3, 1), date(2025, 3, 2)
Row = tuple[int, int, int, float]  # user, goods, rank, score


def rank(warehouse: Warehouse, ds: date, rows: list[Row], status: str = "OK", model_id: str = "din-1") -> None:
    nights = "insert into ops.nights by name select $ds as ds, $as_of as as_of, $status as status, $rows as users,"
    nights += " $rows as rows, $model_id as model_id, 'a run' as run_id, 1 as seconds"
    values = {"ds": ds, "as_of": datetime(2025, 3, 3), "status": status, "rows": len(rows), "model_id": model_id}
    warehouse.con.execute(nights, values)
    for user, goods, place, score in rows:
        warehouse.con.execute(
            "insert into serving.rankings values (?, ?, ?, ?, 0, ?, [], ?, 'a run')",
            [ds, user, place, goods, score, model_id],
        )


def test_the_first_night_has_no_drift(warehouse: Warehouse) -> None:
    rank(warehouse, TONIGHT, [(1, 10, 1, 0.5)], "RANKED")

    assert measure_drift(warehouse, TONIGHT, 0.1) is None


def test_the_next_night_is_not_compared_with_a_failed_night(warehouse: Warehouse) -> None:
    rank(warehouse, BEFORE, [(1, 10, 1, 0.5)], "FAILED_KEPT_YESTERDAY")
    rank(warehouse, TONIGHT, [(1, 10, 1, 0.5)], "RANKED")

    assert measure_drift(warehouse, TONIGHT, 0.1) is None


def test_overlap_counts_users_and_ranks_of_both_nights(warehouse: Warehouse) -> None:
    rank(warehouse, BEFORE, [(1, 10, 1, 0.9), (1, 11, 2, 0.8), (2, 10, 1, 0.7), (2, 11, 2, 0.6), (3, 10, 1, 0.5)])
    tonight = [(1, 10, 1, 0.9), (1, 12, 2, 0.8), (1, 11, 3, 0.1), (2, 10, 1, 0.7), (2, 11, 2, 0.6), (4, 10, 1, 0.5)]
    rank(warehouse, TONIGHT, tonight, "RANKED")

    drift = measure_drift(warehouse, TONIGHT, 0.1)

    assert drift is not None
    assert (drift.ds_before, drift.overlap) == (BEFORE, (1 / 3 + 1) / 2)
    assert warehouse.con.execute("select k, users from serving.drift").fetchall() == [(2, 2)]


def test_equal_nights_have_no_drift_and_measuring_twice_leaves_one_row(warehouse: Warehouse) -> None:
    rows = [(user, 10 + n, n, 1 / (user + n)) for user in range(1, 9) for n in range(1, 6)]
    rank(warehouse, BEFORE, rows)
    rank(warehouse, TONIGHT, rows, "RANKED")

    first, again = (measure_drift(warehouse, TONIGHT, 0.1) for _ in range(2))

    assert first == again
    assert first is not None
    assert (first.overlap, first.psi, first.psi_limit) == (1, 0, 0.1 + 9 * (1 / 8 + 1 / 8))
    assert warehouse.con.execute("select count(*) from serving.drift").fetchall() == [(1,)]


def test_a_limit_of_0_means_no_limit(warehouse: Warehouse) -> None:
    rank(warehouse, BEFORE, [(1, 10, 1, 0.5)])
    rank(warehouse, TONIGHT, [(1, 10, 1, 0.5)], "RANKED")

    drift = measure_drift(warehouse, TONIGHT, 0)

    assert drift is not None
    assert drift.psi_limit is None


@pytest.mark.parametrize("seed", range(4))
def test_psi_equals_its_formula(warehouse: Warehouse, seed: int) -> None:
    random = np.random.default_rng(seed)
    nights = [random.beta(2, 2 + seed, rows).round(1 + seed) for rows in (70, 50)]
    for ds, scores, status in zip((BEFORE, TONIGHT), nights, ("OK", "RANKED"), strict=True):
        rank(warehouse, ds, [(user, 10, 1, float(score)) for user, score in enumerate(scores)], status)

    drift = measure_drift(warehouse, TONIGHT, 0.1)

    ordered = sorted(nights[0])
    deciles = [ordered[-(-len(ordered) * n // 10) - 1] for n in range(1, 10)]
    shares = []
    for scores in nights:
        bins = [sum(score > decile for decile in deciles) for score in scores]
        shares.append([(bins.count(n) + 0.5) / (len(scores) + 5) for n in range(10)])
    psi = sum((after - before) * log(after / before) for before, after in zip(*shares, strict=True))
    assert drift is not None
    assert drift.psi == pytest.approx(psi)


def test_equal_scores_are_in_one_bin() -> None:
    con = duckdb.connect()
    sql_files.run(con, "transforms/bins")

    found = con.execute(
        "select bin_of(unnest([0.0, 0.1, 0.2, 0.9, 1.0]), [0.1, 0.1, 0.1, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])"
    ).fetchall()

    assert [bin_ for (bin_,) in found] == [0, 0, 3, 8, 9]
