"""`nightrank plan` and `nightrank backfill`: what they print, what they build, and what they leave alone."""

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import features
from tests.conftest import Said

NightRank = Callable[..., Said]
DAYS = ("2025-03-18", "2025-03-20")


def asked(root: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def change(root: Path, statement: str) -> None:
    with duckdb.connect(str(root / "warehouse.duckdb")) as con:
        con.execute(statement)


def short(said: Said) -> list[tuple[str, str, str]]:
    return [(one["ds"], one["asset"], one["state"]) for one in json.loads(said.out)]


def test_a_store_where_all_is_built_has_nothing_to_do(walked_store: Path, nightrank: NightRank) -> None:
    said = nightrank("plan", *DAYS, "--store", walked_store)

    assert said == Said(0, "nothing to do: 26 ok\n", "")
    assert json.loads(nightrank("plan", *DAYS, "--json", "--store", walked_store).out) == []
    assert len(json.loads(nightrank("plan", *DAYS, "--json", "--all", "--store", walked_store).out)) == 26


def test_a_night_to_come_is_missing_asset_by_asset(walked_store: Path, nightrank: NightRank) -> None:
    said = nightrank("plan", "2025-03-20", "2025-03-21", "--store", walked_store)

    assert said.out.splitlines() == [
        "2025-03-21  goods_sequences  missing      never built",
        "2025-03-21  shop_sequences   missing      never built",
        "2025-03-21  night_goods      missing      never built",
        "2025-03-21  night_pairs      missing      never built",
        "2025-03-21  candidates       missing      never built",
        "2025-03-21  rankings         missing      never built",
        "6 missing, 12 ok",
    ]


def test_a_changed_length_makes_stale_the_sequences_it_cuts_and_the_rankings(
    walked_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_SEQUENCES__GOODS_LENGTH", "7")

    said = nightrank("plan", "2025-03-20", "2025-03-20", "--store", walked_store)

    assert said.out.splitlines() == [
        "2025-03-16  goods_sequences  stale        settings changed: sequences",
        "2025-03-20  goods_sequences  stale        settings changed: sequences",
        "2025-03-20  rankings         stale        sequences changed; published: rebuilt only with --reason",
        "3 stale, 8 ok",
    ]


def test_a_backfill_leaves_nothing_to_do(own_store: Path, nightrank: NightRank) -> None:
    days = ("2025-03-19", "2025-03-21")
    change(own_store, "delete from ops.intervals where asset = 'candidates' and ds = '2025-03-19'")

    dry = nightrank("backfill", *days, "--dry-run", "--store", own_store)
    first = nightrank("backfill", *days, "--json", "--store", own_store)
    second = nightrank("backfill", *days, "--store", own_store)

    assert dry.out.splitlines()[0] == "2025-03-19  candidates       missing      never built"
    assert [(one["ds"], one["asset"], one["error"]) for one in json.loads(first.out)] == [
        ("2025-03-19", "candidates", None),
        ("2025-03-21", "goods_sequences", None),
        ("2025-03-21", "shop_sequences", None),
        ("2025-03-21", "night_goods", None),
        ("2025-03-21", "night_pairs", None),
        ("2025-03-21", "candidates", None),
        ("2025-03-21", "rankings", None),
    ]
    assert second == Said(0, "nothing to do\n", "")
    assert nightrank("plan", *days, "--store", own_store).out.startswith("nothing to do: ")


def test_a_published_ranking_is_made_anew_only_for_a_reason_which_is_kept(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_RANKING__TOP_K", "4")
    words = ("backfill", *DAYS, "--mode", "stale", "--store", own_store)

    without = nightrank(*words)
    kept = asked(own_store, "select max(rank) from serving.rankings")
    said = nightrank(*words, "--reason", "four goods fit the letter")

    assert (without, kept) == (Said(0, "nothing to do\n", ""), [(5,)])
    assert said.out.splitlines() == [f"2025-03-{day}  rankings         built" for day in (18, 19, 20)]
    assert asked(own_store, "select distinct command, reason from ops.runs where reason is not null order by all") == [
        ("backfill", "four goods fit the letter"),
        ("nightly", "four goods fit the letter"),
    ]
    with features.open_published(features.Store(own_store, features.StoreConfig())) as reader:
        assert reader.ask("select ds::varchar, max(rank) from rankings group by ds order by ds").rows == [
            ("2025-03-18", 4),
            ("2025-03-19", 4),
            ("2025-03-20", 4),
        ]
    assert nightrank("plan", *DAYS, "--store", own_store).out.startswith("nothing to do: ")


def test_a_day_that_fails_is_named_and_the_others_are_finished(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(own_store, "delete from ops.intervals where asset = 'night_goods'")
    real = features.build_night_goods

    def broken(warehouse: features.Warehouse, ds: object, config: object) -> int:
        if str(ds) == "2025-03-19":
            raise features.FeatureError("the disk is full")
        return real(warehouse, ds, config)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(features, "build_night_goods", broken)
        said = nightrank("backfill", *DAYS, "--store", own_store)
    again = nightrank("backfill", *DAYS, "--store", own_store)

    assert said.code == 1
    assert said.out.splitlines() == [
        "2025-03-18  night_goods      built",
        "2025-03-19  night_goods      failed: the disk is full",
        "2025-03-20  night_goods      built",
    ]
    assert said.err.splitlines()[-1] == (
        "nightrank: 1 of 3 not built, such as night_goods of 2025-03-19: the disk is full"
    )
    assert again == Said(0, "2025-03-19  night_goods      built\n", again.err)


@pytest.mark.parametrize("mode", ["missing", "failed"])
def test_what_was_killed_is_told_and_built_by_the_same_command_again(
    mode: str, own_store: Path, nightrank: NightRank
) -> None:
    change(
        own_store,
        "update ops.intervals set status = 'running' where asset = 'shop_sequences' and ds = '2025-03-20'",
    )
    run_id = "nightly-2025-03-20-1"

    assert nightrank("plan", *DAYS, "--store", own_store).out.splitlines() == [
        f"2025-03-20  shop_sequences   interrupted  run {run_id} was killed",
        "1 interrupted, 25 ok",
    ]
    assert nightrank("backfill", *DAYS, "--mode", mode, "--store", own_store).out == (
        "2025-03-20  shop_sequences   built\n"
    )
    assert nightrank("plan", *DAYS, "--store", own_store).out == "nothing to do: 26 ok\n"


def test_a_backfill_killed_before_it_could_say_that_it_was_done_is_ended_by_the_next(
    own_store: Path, nightrank: NightRank
) -> None:
    assert nightrank("backfill", "2025-03-21", "2025-03-21", "--store", own_store).code == 0
    change(own_store, "update ops.runs set status = 'running', finished_at = null where command = 'backfill'")
    assert "backfill-2025-03-21-1 began at " in nightrank("doctor", "--store", own_store).out

    again = nightrank("backfill", "2025-03-21", "2025-03-21", "--store", own_store)

    assert again.out == "nothing to do\n"
    assert asked(own_store, "select status from ops.runs where command = 'backfill'") == [("done",)]


def test_a_night_that_was_ranked_and_never_published_needs_no_reason(own_store: Path, nightrank: NightRank) -> None:
    change(own_store, "update ops.nights set status = 'RANKED', published_at = null where ds = '2025-03-20'")

    assert nightrank("plan", *DAYS, "--store", own_store).out.splitlines() == [
        "2025-03-20  rankings         interrupted  ranked, and nightly-2025-03-20-1 was killed before it was published",
        "1 interrupted, 25 ok",
    ]
    assert nightrank("backfill", *DAYS, "--mode", "failed", "--store", own_store).out == (
        "2025-03-20  rankings         built\n"
    )
    assert nightrank("plan", *DAYS, "--store", own_store).out == "nothing to do: 26 ok\n"


@pytest.mark.parametrize("command", ["plan", "backfill"])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("2025-03-02", "2025-03-01"), "2025-03-02 is after END 2025-03-01"),
        (("2025-03-02", "soon"), "'soon' does not match the format"),
        (("2025-03-02",), "Missing argument 'END'"),
    ],
)
def test_days_that_are_none_are_usage(
    command: str, words: tuple[str, ...], message: str, tmp_path: Path, nightrank: NightRank
) -> None:
    said = nightrank(command, *words, "--store", tmp_path / "s")

    assert said.code == 2
    assert message in " ".join(said.err.replace("│", " ").split())
    assert not (tmp_path / "s").exists()


def test_a_plan_of_no_store_says_where_to_begin(tmp_path: Path, nightrank: NightRank) -> None:
    said = nightrank("plan", *DAYS, "--store", tmp_path / "s")

    assert said.code == 1
    assert "there is no store here; begin with: nightrank demo" in said.err
    assert not (tmp_path / "s").exists()
