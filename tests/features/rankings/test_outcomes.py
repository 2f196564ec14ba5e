"""Rankings and events -> outcomes as plain Python counts them; rankings of the baselines; segments."""

from collections import Counter, defaultdict
from math import log2

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import RankingBucket
from features.rankings.baselines import cumulative_count, purchase_recency, top_k
from features.rankings.outcomes import segments_of
from features.sequences.histories import Histories
from features.sequences.history_slices import HistorySlices
from features.store import sql_files

DAY = 86_400_000_000
Ranking = dict[int, list[int]]  # by user, items in ranked order
Taken = dict[int, set[int]]

rankings = st.dictionaries(st.integers(1, 6), st.lists(st.integers(1, 9), min_size=1, max_size=7, unique=True))
takings = st.dictionaries(st.integers(1, 8), st.sets(st.integers(1, 12), min_size=1, max_size=6))


def sources_of(goods: int) -> list[str]:
    return [["new"], ["old", "popular"], ["popular"]][goods % 3]


def by_hand(ranked: Ranking, taken: Taken, users: list[int], k: int, counts: dict) -> tuple:
    """Return hit rate, NDCG, recall and MRR over some users, with the hits that `counts` accepts."""
    sums = [0.0] * 4
    for user in users:
        hits = [
            rank
            for rank, goods in enumerate(ranked.get(user, [])[:k], start=1)
            if goods in taken[user] and counts["hit"](goods)
        ]
        ideal = sum(1 / log2(place + 1) for place in range(1, min(len(taken[user]), k) + 1))
        sums[0] += bool(hits)
        sums[1] += sum(1 / log2(rank + 1) for rank in hits) / ideal
        sums[2] += len(hits) / len(taken[user])
        sums[3] += 1 / hits[0] if hits else 0
    return tuple(pytest.approx(one / len(users)) for one in sums)


def measured(model: Ranking, other: Ranking, taken: Taken, segment: dict[int, str], cutoffs: list[int]) -> dict:
    """Return the metrics of sql/transforms/outcomes.sql by ranker, kind, segment and k."""
    con = duckdb.connect()
    con.execute("create table night_rankings (user_key integer, goods_key integer, rank integer, sources varchar[])")
    con.execute("create table wanted (user_key integer, goods_key integer, ranked boolean)")
    con.execute("create table segments (kind varchar, segment varchar, user_key integer)")
    con.execute("create table rankers as select unnest(['model', 'other']) as ranker")
    con.execute(
        "create table hits (ranker varchar, user_key integer, goods_key integer, rank integer, sources varchar[])"
    )
    for user, goods in [(user, one) for user, order in model.items() for one in order]:
        rank = model[user].index(goods) + 1
        con.execute("insert into night_rankings values (?, ?, ?, ?)", [user, goods, rank, sources_of(goods)])
    for user, some in taken.items():
        for goods in some:
            con.execute("insert into wanted values (?, ?, ?)", [user, goods, user in model])
            for ranker, ranked in (("model", model), ("other", other)):
                if goods in ranked.get(user, []):
                    row = [ranker, user, goods, ranked[user].index(goods) + 1, sources_of(goods)]
                    con.execute("insert into hits values (?, ?, ?, ?, ?)", row)
    for user in sorted(set(model) & set(taken)):
        con.execute("insert into segments values ('history', ?, ?)", [segment[user], user])
    sql_files.run(con, "transforms/outcomes")
    rows = con.execute("from outcomes_at($cutoffs)", {"cutoffs": cutoffs}).fetchall()
    return {row[:4]: row[4:] for row in rows}


@settings(max_examples=60, deadline=None)
@given(model=rankings, taken=takings, shift=st.integers(0, 3))
def test_outcomes_are_those_counted_by_hand(model: Ranking, taken: Taken, shift: int) -> None:
    other = {user: order[shift:] + order[:shift] for user, order in model.items() if user != 2}
    users, cutoffs = sorted(set(model) & set(taken)), [1, 3, 7]
    segment = {user: "long" if user % 3 else "short" for user in users}

    found = measured(model, other, taken, segment, cutoffs)

    sources = {source for order in model.values() for goods in order for source in sources_of(goods)}
    groups = [("all", "all", users, lambda _: True)]
    groups += [("history", one, [u for u in users if segment[u] == one], lambda _: True) for one in {*segment.values()}]
    groups += [("source", one, users, lambda goods, one=one: one in sources_of(goods)) for one in sources]
    expected = {}
    for kind, name, some, counts in groups:
        for ranker, ranked in (("model", model), ("other", other)):
            for k in cutoffs:
                metrics = by_hand(ranked, taken, some, k, {"hit": counts}) if some else (None,) * 4
                expected[ranker, kind, name, k] = (len(some), *metrics)
    assert found == expected


@pytest.mark.parametrize("per_shop", [0, 1, 2])
@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=25
    ),
    k=st.integers(1, 6),
)
def test_a_baseline_ranks_the_strongest_within_per_shop_and_breaks_ties_by_goods_key(
    rows: list[tuple[int, int, int, int]], k: int, per_shop: int
) -> None:
    rows = sorted(rows, key=lambda row: row[0])
    goods = np.random.default_rng(len(rows)).permutation(len(rows)) + 1
    night = bucket([row[0] for row in rows], goods, np.array([row[1] for row in rows]))
    first, second = (np.array([row[place] for row in rows]) for place in (2, 3))

    order = top_k(night, (first, second), k, per_shop)

    expected, taken, of_shop = [], Counter(), Counter()
    for place in sorted(range(len(rows)), key=lambda at: (rows[at][0], -first[at], -second[at], goods[at])):
        user, shop = rows[place][:2]
        if taken[user] < k and not (per_shop and shop and of_shop[user, shop] >= per_shop):
            taken[user] += 1
            of_shop[user, shop] += 1
            expected.append((user, taken[user], place))
    assert list(zip(*(column.tolist() for column in order), strict=True)) == expected


def bucket(users: list[int], goods: np.ndarray, shops: np.ndarray, as_of: int = 0) -> RankingBucket:
    user_keys, counts = np.unique(np.array(users), return_counts=True)
    nothing = HistorySlices(*(np.zeros(0, np.int64),) * 4)
    sources = pl.Series([["popular"]] * len(goods))
    return RankingBucket(user_keys, np.r_[0, counts.cumsum()], goods, shops, sources, nothing, nothing, as_of)


def histories(events: list[tuple[int, int, int]]) -> Histories:
    """Build histories from (user, goods, days before the end of the night), in one bucket."""
    events = sorted(events, key=lambda event: (event[0], -event[2]))
    users, goods, days = (np.array(column, np.int64) for column in zip(*events, strict=True))
    counts = np.bincount(users)
    zeros = np.zeros(len(users), np.int64)
    return Histories(1, users, goods, zeros, zeros + users % 2, -days * DAY, None, counts.cumsum() - counts, counts)


def test_purchase_recency_weighs_frequent_and_recent_purchases_of_the_user_alone() -> None:
    night = bucket([1, 1, 1, 2, 3], np.array([10, 11, 12, 10, 10]), np.zeros(5, int))
    past = histories([(1, 10, 30), (1, 10, 60), (1, 11, 30), (1, 0, 1), (2, 11, 30)])

    assert purchase_recency(night, past, None).tolist() == [0.75, 0.5, 0, 0, 0]
    assert purchase_recency(night, past, []).tolist() == [0, 0, 0, 0, 0]
    assert purchase_recency(night, past, [0]).tolist() == [0, 0, 0, 0, 0]
    assert purchase_recency(night, past, [1]).tolist() == [0.75, 0.5, 0, 0, 0]


def test_an_event_at_the_end_of_the_night_does_not_count_as_bought() -> None:
    night = bucket([1], np.array([10]), np.zeros(1, int))

    assert purchase_recency(night, histories([(1, 10, 0), (1, 11, 3)]), None).tolist() == [0]


def test_cumulative_count_counts_earlier_equal_values() -> None:
    assert cumulative_count(np.array([7, 3, 7, 7, 3])).tolist() == [0, 0, 1, 2, 1]
    assert cumulative_count(np.zeros(0, np.int64)).tolist() == []


def test_segments_depend_on_the_number_of_events_and_the_first_event() -> None:
    lengths = {1: 1, 2: 4, 3: 5, 4: 19, 5: 20, 6: 99, 7: 100, 8: 0}
    events = [(user, 10 + n, 30) for user, length in lengths.items() for n in range(length)]
    past = histories([*events, (8, 0, 7), (9, 10, 8), (9, 10, 1)])

    rows = segments_of(np.arange(1, 10), past, as_of=0).rows()

    found = defaultdict(dict)
    for segment, user, kind in rows:
        found[kind][user] = segment
    assert found == {
        "history": {1: "1-4", 2: "1-4", 3: "5-19", 4: "5-19", 5: "20-99", 6: "20-99", 7: "100+", 8: "0", 9: "1-4"},
        "user": {1: "old", 2: "old", 3: "old", 4: "old", 5: "old", 6: "old", 7: "old", 8: "new", 9: "old"},
    }


def test_a_user_without_an_event_is_new_with_an_empty_history() -> None:
    past = histories([(1, 10, 30), (3, 10, 30)])

    rows = segments_of(np.array([1, 2, 3, 9]), past, as_of=0).rows()

    assert [row[::2] for row in rows if row[1] in (2, 9)] == [
        ("0", "history"),
        ("0", "history"),
        ("new", "user"),
        ("new", "user"),
    ]
    assert [row[0] for row in rows if row[1] in (1, 3)] == ["1-4", "1-4", "old", "old"]
