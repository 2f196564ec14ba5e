"""nightrank why: what a night kept of its reasons, and any goods worked out again from what is published."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

import features
from features import Reader, Store, StoreConfig
from flows.output import explanation as explain_output
from flows.pipelines.explain import Explanation, HistoryWeight, explain
from flows.pipelines.ingest import ingest
from flows.pipelines.nightly import run_nights, utc_now
from flows.pipelines.training import run_training
from flows.settings import load_settings, open_store
from tests.conftest import QUICK_SETTINGS, Said, month_of_events, write_events

NightRank = Callable[..., Said]
GOODS = """
select unnest(range(100, 108)) as goods_id, 'favourites' as cat_id, null::bigint as shop_id
union all values (200, 'bread', 4)
"""
NEW_GOODS = f"{GOODS}, (300, 'bread', 4), (400, 'bread', 4)"
LAST_DAY = [
    *((user, 300, 4, "buy", datetime(2025, 3, 21, 20)) for user in (5, 6)),  # a goods that no model has met
    (1, 100, 9, "buy", datetime(2025, 3, 21, 20)),  # a goods in another shop than before
]
FORMS = {
    "decay": 'pooling = "decay"\nrepeat_features = false',
    "everything": (
        "category_embedding = true\nuser_embedding = true\nrepeat_features = true\n"
        'attention_normalization = "softmax"\ntime_buckets = 4'
    ),
}


@contextmanager
def reading(root: Path) -> Iterator[tuple[Store, Reader]]:
    store = Store(root, StoreConfig())
    with features.open_published(store) as reader:
        yield store, reader


@pytest.fixture(scope="module", params=FORMS)
def store_of_form(request: pytest.FixtureRequest, walked_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The walked store, and one night more, which a model of another form ranks, that sees four goods; goods 400 are in
    the catalogue alone, and both last nights have their sequences."""
    folder = tmp_path_factory.mktemp("form")
    root = Path(shutil.copytree(walked_store, folder / "store", symlinks=True))
    with duckdb.connect(str(root / "warehouse.duckdb")) as con:
        con.execute("update ops.models set champion = false")
    before, _, after = QUICK_SETTINGS.partition(
        'attention_normalization = "none"\ntime_buckets = 0\nrepeat_features = false\n'
    )
    given = f"{before}{FORMS[request.param]}\n{after}\n[publish]\nsequence_nights = 2\n"
    (root / "nightrank.toml").write_text(f"{given}\n[sequences]\ngoods_length = 4\n")
    more = write_events(folder / "more.parquet", LAST_DAY)
    read(root, folder / "goods.sql", "goods", GOODS)
    run_training(root, date(2025, 3, 19))
    (root / "nightrank.toml").write_text(given)
    read(root, folder / "goods.sql", "goods", NEW_GOODS)
    read(root, folder / "more.sql", "events", f"select * from '{more}' where event_ts >= $day_start")
    run_nights(root, date(2025, 3, 21))
    return root


def read(root: Path, file: Path, kind: str, query: str) -> None:
    """Reads what a query gives, of events the last day."""
    file.write_text(query)
    settings, day = load_settings(root), date(2025, 3, 21)
    with features.open_warehouse(open_store(root, settings), "a test", utc_now) as warehouse:
        ingest(warehouse, settings, features.find_source(str(file), kind, None), day, day)


def held_against_the_night(root: Path, night: date) -> int:
    """Works out every goods that a night ranked, and sees that all is as published. Returns how many."""
    with reading(root) as (store, reader):
        kept: dict[tuple, dict[tuple, tuple]] = {}
        for user, goods, part, history, *row in reader.ask(
            f"select user_id, goods_id, part, history_id, event_ts, weight, share from why where ds = '{night}'"
        ).rows:
            kept.setdefault((user, goods), {})[part, history] = tuple(row)
        ranked = reader.ask(
            f"select user_id, goods_id, rank, score, shop_id, sources from rankings where ds = '{night}'"
        )
        for user, goods, rank, score, *of_row in ranked.rows:
            found = explain(store, reader, user, goods, night)
            assert (found.rank, found.place, [found.shop_id, found.sources]) == (rank, rank, of_row)
            assert found.score == pytest.approx(score, abs=1e-6)
            carried = {(part, one.history_id): one for part, rows in found.parts.items() for one in rows}
            assert carried.keys() >= kept[user, goods].keys()
            for key, (event_ts, weight, share) in kept[user, goods].items():
                assert carried[key].event_ts == event_ts
                assert carried[key].weight == pytest.approx(weight, rel=1e-5, abs=1e-6)
                assert carried[key].share == pytest.approx(share, abs=1e-6)
            for rows in found.parts.values():
                assert sum(one.share or 0 for one in rows) == pytest.approx(1)
        assert len(kept) == len(ranked.rows)
        return len(ranked.rows)


def test_every_ranked_goods_worked_out_again_has_its_score_its_weights_and_its_shares(walked_store: Path) -> None:
    assert held_against_the_night(walked_store, date(2025, 3, 20)) == 12 * 5


def test_so_it_has_whatever_the_form_of_the_model_and_whichever_ranked_the_night(store_of_form: Path) -> None:
    for day in (20, 21):
        assert held_against_the_night(store_of_form, date(2025, 3, day)) == 12 * 5


def test_of_a_longer_sequence_only_what_the_model_sees_is_counted(store_of_form: Path) -> None:
    with reading(store_of_form) as (store, reader):
        [(events,)] = reader.ask(
            "select len(goods_ids) from goods_sequences where user_id = 1 and ds = '2025-03-21'"
        ).rows
        counted = [sum(one.times or 0 for one in rows) for rows in explain(store, reader, 1, 100).parts.values()]

    assert counted == [4, events]


def test_a_goods_stands_in_the_shop_of_its_night_and_one_that_nobody_had_touched_in_the_catalogues(
    store_of_form: Path,
) -> None:
    with reading(store_of_form) as (store, reader):
        shops = [explain(store, reader, 1, 100, date(2025, 3, day)).shop_id for day in (20, 21)]
        untouched = explain(store, reader, 1, 400)
        new = [explain(store, reader, 1, 300, date(2025, 3, day)) for day in (20, 21)]

    assert shops == [2, 9]
    assert (untouched.shop_id, untouched.is_known, untouched.rank) == (4, False, None)
    assert [one.is_known for one in new] == [False, True]


def test_what_a_model_is_told_of_the_goods_itself_is_said(store_of_form: Path, nightrank: NightRank) -> None:
    told = "repeat_features = true" in (store_of_form / "nightrank.toml").read_text()
    with reading(store_of_form) as (store, reader):
        found = explain(store, reader, 5, 300)
    said = [" ".join(nightrank("why", 5, goods, "--store", store_of_form).out.split()) for goods in (300, 400)]

    assert found.told == told
    assert found.own is not None
    assert (found.own.history_id, found.own.times, found.own.event_ts) == (300, 1, datetime(2025, 3, 21, 20))
    assert ("the model is also told that the goods itself is in the history once on 2025-03-21" in said[0]) == told
    assert ("the model is also told that the goods itself is not in the history" in said[1]) == told


def test_goods_that_the_model_has_not_met_are_alike_but_for_the_category_the_night_told_it(
    store_of_form: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(store_of_form, tmp_path / "own", symlinks=True))
    with reading(root) as (store, reader):
        new, untouched = (explain(store, reader, 1, goods).score for goods in (300, 400))
    change(root, "update inside.night_goods set category_key = null")
    with reading(root) as (store, reader):
        untold = explain(store, reader, 1, 400).score

    assert new == untouched
    assert (untold != untouched) == ("category_embedding = true" in (root / "nightrank.toml").read_text())


def test_a_night_stays_explained_by_the_categories_it_told_whatever_the_catalogue_says_later(
    store_of_form: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(store_of_form, tmp_path / "own", symlinks=True))
    read(root, tmp_path / "goods.sql", "goods", NEW_GOODS.replace("(300, 'bread', 4)", "(300, 'favourites', 4)"))

    run_nights(root, date(2025, 3, 22))

    assert held_against_the_night(root, date(2025, 3, 21)) == 12 * 5


def test_no_release_has_the_key_of_somebody_who_is_forgotten(
    store_of_form: Path, tmp_path: Path, nightrank: NightRank
) -> None:
    root = Path(shutil.copytree(store_of_form, tmp_path / "own", symlinks=True))
    users = "select user_id from inside.users order by user_id"
    with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
        before = [user for (user,) in con.execute(users).fetchall()]

    said = nightrank("forget", 7, "--store", root)

    assert said.code == 0, said.err
    with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
        assert [user for (user,) in con.execute(users).fetchall()] == [user for user in before if user != 7]
        assert con.execute("select count(*) from inside.goods").fetchall() == [(11,)]
    assert before in ([], list(range(1, 13)))  # a model without vectors of users needs no keys of theirs
    assert held_against_the_night(root, date(2025, 3, 20)) == 11 * 5


def mistake(said: Said) -> str:
    assert (said.code, said.out) == (1, ""), said
    assert "Traceback" not in said.err
    return said.err.removeprefix("nightrank: ").strip()


def test_any_goods_is_shown_with_where_it_would_stand_and_what_else_carried_the_weight(
    walked_store: Path, nightrank: NightRank
) -> None:
    ranked = nightrank("why", 7, 106, "--top", 1, "--store", walked_store).out.splitlines()
    with reading(walked_store) as (_, reader):
        taken = {row[0] for row in reader.ask("select goods_id from latest_rankings where user_id = 7").rows}
    other = min({*range(100, 108), 200} - taken)
    unranked = nightrank("why", 7, other, "--store", walked_store).out.splitlines()

    assert ranked[0] == "Why goods 106"
    assert ranked[1].startswith("shop 2, for user 7 on 2025-03-20: score 0.")
    assert " of 5" in ranked[1]
    told = [re.sub(r"[\d.]+%", "so much", line) for line in ranked if line.startswith("and ")]
    assert told == ["and 2 more goods with so much of the weight", "and 2 more shops with so much of the weight"]
    assert unranked[1].endswith("not ranked; it would stand behind all 5")
    assert [line for line in unranked if line.startswith("and ")] == []


def test_a_goods_as_json_has_all_of_the_history(walked_store: Path, nightrank: NightRank) -> None:
    found = json.loads(nightrank("why", 7, 106, "--json", "--top", 1, "--store", walked_store).out)

    assert (found["ds"], found["user_id"], found["goods_id"], found["shop_id"]) == ("2025-03-20", 7, 106, 2)
    assert (found["ranked"], found["why_few"]) == (5, None)
    times = {part: {row["history_id"]: row["times"] for row in rows} for part, rows in found["parts"].items()}
    mine = [row for row in month_of_events() if row[0] == 7 and row[4] < datetime(2025, 3, 21)]
    assert times == {
        "goods": {goods: sum(row[1] == goods for row in mine) for goods in {row[1] for row in mine}},
        "shop": {shop: sum(row[2] == shop for row in mine) for shop in {row[2] for row in mine}},
    }


def test_an_older_night_has_what_it_kept_and_says_what_it_would_need_for_more(
    walked_store: Path, nightrank: NightRank
) -> None:
    where = ("--ds", "2025-03-19", "--store", walked_store)
    alone = nightrank("why", 7, *where).out
    with reading(walked_store) as (_, reader):
        first, others = reader.first_goods(7, date(2025, 3, 19)), reader.ask("select goods_id from goods").rows
        kept = reader.ask("select distinct goods_id from why where user_id = 7 and ds = '2025-03-19'").rows
    why_not = "the published file has the sequences of the last nights (publish.sequence_nights), not of 2025-03-19"
    other = min(set(others) - set(kept))[0]

    assert "User 7: the first 5 goods of 2025-03-19" in alone
    assert f"Why goods {first}\n" in alone
    assert f"the strongest few, as the night kept them: {why_not}" in nightrank("why", 7, first, *where).out
    assert mistake(nightrank("why", 7, other, *where)) == (
        f"no why is kept for user 7 and goods {other} on 2025-03-19, and none can be worked out: {why_not}; "
        f"it is kept (ranking.explain_top_k) for goods: {', '.join(str(row[0]) for row in sorted(kept))}"
    )
    assert mistake(nightrank("why", 7, "--ds", "2025-03-01", "--store", walked_store)) == (
        f"{walked_store / 'published.duckdb'}: 2025-03-01 is not in it; it holds 3 nights, 2025-03-18 to 2025-03-20"
    )
    assert mistake(nightrank("why", 99, *where)) == (
        "user_id 99 is not in the ranking of 2025-03-19; there are, for example: 1, 2, 3"
    )


def change(root: Path, *statements: str) -> None:
    """Changes the published file, as nobody should."""
    release = (root / "published.duckdb").resolve()
    release.chmod(0o644)
    with duckdb.connect(str(release)) as con:
        for statement in statements:
            con.execute(statement)


def test_a_file_of_before_the_keys_says_so(own_store: Path, nightrank: NightRank) -> None:
    change(
        own_store,
        "drop schema inside cascade",
        "alter table why drop column share",
        "delete from why where goods_id <> 106 and user_id = 7",
    )

    assert mistake(nightrank("why", 7, 200, "--store", own_store)) == (
        "no why is kept for user 7 and goods 200 on 2025-03-20, and none can be worked out: "
        "the published file is of an earlier version, which did not keep the keys; the next night's does; "
        "it is kept (ranking.explain_top_k) for goods: 106"
    )
    assert nightrank("why", 7, 106, "--store", own_store).code == 0


def test_who_has_no_history_has_a_score_and_nothing_that_carried_it_and_a_change_since_is_told(
    own_store: Path, nightrank: NightRank
) -> None:
    change(own_store, *(f"delete from {part}_sequences where user_id = 7" for part in ("goods", "shop")))

    said = nightrank("why", 7, 106, "--store", own_store).out.splitlines()

    assert said[-3].startswith("that night it scored 0.")
    assert said[-3].endswith(": what it was made from was built anew since (nightrank plan 2025-03-20 2025-03-20)")
    assert said[-2:] == [
        "No goods in the history: nothing to attend to.",
        "No shop in the history: nothing to attend to.",
    ]


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"no weights")], ids=["gone", "damaged"])
def test_a_model_that_cannot_be_used_is_named(
    own_store: Path, nightrank: NightRank, spoil: Callable[[Path], object]
) -> None:
    [weights] = own_store.glob("models/din-2025-03-17-*/weights.safetensors")
    spoil(weights)

    said = mistake(nightrank("why", 7, 106, "--store", own_store))

    assert said.startswith(
        f"2025-03-20 was ranked by {weights.parent.name}, and nothing of it can be worked out without it: "
        f"{weights.parent}"
    )
    assert nightrank("why", 7, "--store", own_store).code == 0  # what the night kept needs no model


def test_without_a_goods_torch_is_not_even_imported(walked_store: Path) -> None:
    program = f"""
import sys
from flows import cli
sys.argv = ["nightrank", "why", "7", "--store", "{walked_store}"]
try:
    cli.main()
finally:
    print("torch" in sys.modules, file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "User 7: the first 5 goods of 2025-03-20" in done.stdout
    assert done.stderr.splitlines()[-1] == "False"


def test_a_night_that_kept_no_why_works_the_first_one_out(own_store: Path, nightrank: NightRank) -> None:
    change(own_store, "delete from why")

    found = json.loads(nightrank("why", 7, "--json", "--store", own_store).out)

    assert [row["rank"] for row in found["ranking"]] == [1, 2, 3, 4, 5]
    assert (found["why"]["goods_id"], found["why"]["why_few"]) == (found["ranking"][0]["goods_id"], None)


SOME = Explanation(
    date(2025, 3, 20), 7, 106, "tea", None, "din-1", 0.25, None, 3, 5, None, None, True, None, {"goods": [], "shop": []}
)


@pytest.mark.parametrize(
    ("explanation", "said"),
    [
        (SOME, ["no shop, for user 7 on 2025-03-20: score 0.2500, not ranked; it would have stood at about 3 of 5"]),
        (
            replace(SOME, place=6),
            ["no shop, for user 7 on 2025-03-20: score 0.2500, not ranked; it would stand behind all 5"],
        ),
        (
            replace(SOME, rank=3, published_score=0.25, sources=["popular", "same_shop"]),
            [
                "no shop, for user 7 on 2025-03-20: score 0.2500, rank 3 of 5",
                "by din-1, proposed by popular, same_shop",
            ],
        ),
    ],
)
def test_where_a_goods_stands_is_said_in_words(explanation: Explanation, said: list[str]) -> None:
    assert explain_output.facts(explanation)[: len(said)] == said


def test_bars_are_as_long_as_the_weights_are_large_either_way(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        HistoryWeight(1, "tea", datetime(2025, 3, 20, 9), 3, -2.0, 0.8),
        HistoryWeight(2, None, datetime(2025, 3, 19, 9), 1, 0.5, 0.2),
    ]
    explain_output.show_why(replace(SOME, parts={"goods": rows, "shop": [replace(rows[1], times=None, share=None)]}))

    lines = [line.replace(" ", "") for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
    assert lines == [
        "│1│tea│2025-03-20│3│-2.000│80.0%│████████████│",
        "│2││2025-03-19│1│+0.500│20.0%│███│",
        "│2│2025-03-19│+0.500│—│████████████│",
    ]


def test_nights_of_a_store_of_before_have_no_shares_and_those_after_have(own_store: Path, nightrank: NightRank) -> None:
    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:
        con.execute("alter table serving.why drop column share")

    run_nights(own_store, date(2025, 3, 21))

    with reading(own_store) as (_, reader):
        shares = reader.ask(
            "select ds, count(share) = count(*) from why group by ds having count(share) in (0, count(*))"
        )
    assert sorted(shares.rows) == [(date(2025, 3, 18 + n), n == 3) for n in range(4)]
    old = nightrank("why", 7, "--ds", "2025-03-20", "--store", own_store).out.splitlines()
    assert [line for line in old if line.startswith("│ 1") and "│     — │" in line]
    assert [line for line in old if line.startswith("and others")] == []
