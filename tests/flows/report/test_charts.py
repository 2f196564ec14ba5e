"""Places on charts: scales, ticks and stacked discs, whatever the numbers."""

import math
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.report.page import charts
from flows.report.page.scales import Scale, dates, ticks
from flows.report.page.timeline import timeline

NIGHT = datetime(2025, 3, 21)
finite = st.floats(-1e6, 1e6).map(lambda value: round(value, 4))


@given(st.tuples(finite, finite).map(sorted))
def test_ticks_enclose_the_range_in_few_equal_steps(ends: list[float]) -> None:
    found = ticks(ends[0], ends[1])
    unseen = 1e-6 * max(map(abs, ends))  # far less than a pixel

    assert found[0] <= ends[0] + unseen
    assert found[-1] >= ends[1] - unseen
    assert 2 <= len(found) <= 7


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.25, 0.5, 0.75, 1]),
        (0, 0, [0, 0.25, 0.5, 0.75, 1]),
        (0.64, 0.713, [0.64, 0.66, 0.68, 0.7, 0.72]),
        (0, 64, [0, 20, 40, 60, 80]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == expected


def test_a_range_of_no_width_lies_in_the_middle() -> None:
    assert Scale(5, 5, 0, 100)(5) == 50


@given(st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)), st.integers(0, 4000))
def test_dates_are_midnights_within_the_range_and_few(first: datetime, days: int) -> None:
    found = dates(first, first + timedelta(days=days))

    assert len(found) <= 5
    assert found == sorted(set(found))
    assert all(first <= moment <= first + timedelta(days=days) for moment in found)
    assert all((moment.hour, moment.minute, moment.second, moment.microsecond) == (0, 0, 0, 0) for moment in found)


weight = st.fixed_dictionaries(
    {
        "part": st.sampled_from(["goods", "shop"]),
        "history_id": st.just("1"),
        "history_name": st.none(),
        "event_ts": st.datetimes(datetime(2024, 3, 1), NIGHT),
        "weight": st.floats(-10, 10),
    }
)


@given(st.lists(weight, max_size=12), st.booleans())
def test_discs_lie_on_no_other_and_within_the_picture(weights: list[dict], at_one_moment: bool) -> None:
    if at_one_moment:
        weights = [one | {"event_ts": datetime(2025, 3, 1)} for one in weights]

    drawn = timeline("Goods 1", [], weights, NIGHT)

    discs = [disc for row in drawn.rows for disc in row.discs]
    assert len(discs) == len(weights)
    for number, one in enumerate(discs):
        assert one.y - one.radius >= 0
        assert one.x + one.radius <= drawn.width
        for other in discs[number + 1 :]:
            assert math.hypot(one.x - other.x, one.y - other.y) >= one.radius + other.radius - 0.3


def test_the_heavier_the_larger_and_what_speaks_against_is_told_apart() -> None:
    moments = [NIGHT - timedelta(days=days) for days in (30, 20, 10)]
    given = [
        {"part": "goods", "history_id": str(n), "history_name": "egg", "event_ts": moment, "weight": weight}
        for n, moment, weight in zip((1, 2, 3), moments, (2.0, -1.5, 0.1), strict=True)
    ]

    goods, shops = timeline("Goods 9", given, given, NIGHT).rows

    assert [(disc.number, disc.kind) for disc in goods.discs] == [(1, "strong"), (2, "against"), (3, "weak")]
    assert goods.discs[0].radius > goods.discs[1].radius > goods.discs[2].radius
    assert goods.discs[0].said == "1 egg, last on 2025-02-19: +2.000"
    assert len(goods.events) == 3
    assert (shops.events, shops.discs) == ([], [])


def test_the_names_of_lines_that_end_together_are_moved_apart() -> None:
    series = [charts.Series(f"at {k}", [(0, 0.5), (1, 0.2)]) for k in (5, 10, 20, 50)]

    ends = sorted(line.label_at[1] for line in charts.lines("Hit rate", "", series, [(0, "a"), (1, "b")], str).lines)

    assert all(after - before >= charts.LINE_HEIGHT for before, after in pairwise(ends))
    assert ends[-1] <= charts.HEIGHT
