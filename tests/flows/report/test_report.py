"""The page of a night: whole in one file, the same each time, its numbers those of SQL, and nothing of anybody's data
read as HTML. How it looks and feels is in test_report_browser.py."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

import features
from flows.pipelines.nightly import run_nights
from flows.report import report
from tests.conftest import QUICK_SETTINGS, Said
from tests.flows.cli.test_cli import mistake

NightRank = Callable[..., Said]
VOID = {"meta", "link", "line", "path", "rect", "circle", "polyline", "br"}
NEWEST = "2025-03-20"


class Parsed(HTMLParser):
    """A page as its tags, and its tables by caption as rows of text. Raises AssertionError where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.said: list[str] = []
        self.caption = ""
        self.rows: list[list[str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.caption, self.rows = "", []
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open.pop() == tag
        if tag == "table":
            self.tables[self.caption.strip()] = [[cell.strip() for cell in row] for row in self.rows]

    def handle_data(self, data: str) -> None:
        if "script" in self.open or "style" in self.open:
            return
        self.said.append(data)
        if "caption" in self.open:
            self.caption += data
        elif {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.said).split())


def page_of(nightrank: NightRank, root: Path, *words: object) -> Parsed:
    said = nightrank("report", "--store", root, *words)
    assert said.code == 0, said.err
    return Parsed(Path(said.out.strip()).read_text())


@contextmanager
def changed(root: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The published file of a copied store, to change."""
    release = (root / "published.duckdb").resolve()
    release.chmod(0o644)
    with duckdb.connect(str(release)) as con:
        yield con


def ask(root: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(root / "published.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def test_the_night_writes_its_page_and_the_command_the_same_bytes(
    walked_store: Path, tmp_path: Path, nightrank: NightRank
) -> None:
    said = nightrank("report", "--store", walked_store, "--out", tmp_path / "again.html")

    assert (said.code, said.out) == (0, f"{tmp_path / 'again.html'}\n")
    assert (tmp_path / "again.html").read_bytes() == (walked_store / "reports" / f"{NEWEST}.html").read_bytes()
    assert sorted(path.name for path in (walked_store / "reports").iterdir()) == [
        "2025-03-18.html",
        "2025-03-19.html",
        "2025-03-20.html",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["again.html"]


def test_a_page_needs_nothing_beside_it(walked_store: Path) -> None:
    text = (walked_store / "reports" / f"{NEWEST}.html").read_text()
    page = Parsed(text)

    assert re.findall(r"https?:|//[a-z]|\bsrc=|url\(|@import|\bon[a-z]+=", text) == []
    assert {attributes.get("href", "#")[:1] for _, attributes in page.tags} == {"#", "d"}
    assert [attributes["href"] for tag, attributes in page.tags if tag == "link"] == ["data:,"]
    named = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {attributes["href"] for tag, attributes in page.tags if tag == "a"} <= {f"#{name}" for name in named}


def test_a_page_is_in_order_for_those_who_hear_it(walked_store: Path) -> None:
    page = Parsed((walked_store / "reports" / f"{NEWEST}.html").read_text())
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    pictures = [attributes for tag, attributes in page.tags if tag == "svg" and "aria-hidden" not in attributes]
    headers = [attributes for tag, attributes in page.tags if tag == "th"]

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert len(ids) == len(set(ids))
    assert all(picture["role"] == "img" and set(picture["aria-labelledby"].split()) <= set(ids) for picture in pictures)
    assert all(header.get("scope") in ("col", "row") for header in headers)
    assert "" not in page.tables


def test_the_quality_on_the_page_is_that_of_outcomes(walked_store: Path, nightrank: NightRank) -> None:
    page = page_of(nightrank, walked_store)

    rows = ask(
        walked_store,
        "select ds::varchar, k::varchar, users::varchar, printf('%.4f', hit_rate), printf('%.4f', ndcg),"
        " printf('%.4f', recall), printf('%.4f', mrr), printf('%.4f', coverage) from outcomes order by ds desc, k desc",
    )
    assert page.tables["Quality by day and k"][1:] == [list(row) for row in rows]
    assert len(rows) == 2


def test_shops_sources_scores_and_models_are_those_of_sql(walked_store: Path, nightrank: NightRank) -> None:
    page = page_of(nightrank, walked_store)

    tonight = f"from rankings where ds = '{NEWEST}' and rank <= 10"
    shops = ask(
        walked_store,
        "select shop_id::varchar, printf('%.1f%%', 100 * count(*) / sum(count(*)) over ()), count(*)::varchar"
        f" {tonight} group by shop_id order by count(*) desc, shop_id",
    )
    sources = ask(
        walked_store,
        f"select source, printf('%.1f%%', 100 * count(*) / (select count(*) {tonight}))"
        f" from (select unnest(sources) as source {tonight}) group by source order by count(*) desc, source",
    )
    scores = ask(walked_store, f"select printf('%.4f', max(score)), printf('%.4f', min(score)) {tonight}")
    models = ask(walked_store, "select printf('%.4f', gauc) from models order by pooling = 'mean'")
    shown = page.tables["Shops with the most of the first ten ranks"][1:]
    assert [(shop, share, rows) for shop, _, share, rows in shown] == shops
    shown = page.tables["Candidate sources of the first ten ranks; a goods may have several"][1:]
    assert [(source, share) for source, _, share, *_ in shown] == sources
    lie = {row[0]: row[1] for row in page.tables["Where the scores lie"]}
    assert (lie["highest"], lie["lowest"]) == scores[0]
    measured = {row[0]: row[1:] for row in page.tables["Measured on later days than they learned from"]}
    assert measured["GAUC"] == [gauc for (gauc,) in models]


def test_a_ranking_and_its_weights_are_those_of_why(walked_store: Path, nightrank: NightRank) -> None:
    page = page_of(nightrank, walked_store, "--users", "7")

    ranked = ask(walked_store, "select rank::varchar, goods_id::varchar, printf('%.3f', score) from ranking_for(7)")
    shown = page.tables["First ranks"][1:]
    assert [(rank, goods.split()[0], score) for rank, goods, score in shown] == ranked
    for _, goods, _ in ranked:
        kept = ask(
            walked_store,
            f"select part, history_id::varchar, printf('%+.3f', weight) from why_for(7, {goods})"
            " order by part, abs(weight) desc, history_id::varchar",
        )
        rows = page.tables[f"Weights of goods {goods}"][1:]
        assert [(row[0].split()[0], row[1], row[3].replace("−", "-")) for row in rows] == kept


def test_a_timeline_has_a_disc_for_each_weight_and_a_tick_for_each_moment(
    walked_store: Path, nightrank: NightRank
) -> None:
    page = page_of(nightrank, walked_store, "--users", "7")

    drawn = [attributes for tag, attributes in page.tags if tag == "g" and "disc" in attributes.get("class", "")]
    ticks = [attributes["d"].count("M") for tag, attributes in page.tags if attributes.get("class") == "event"]
    [(weights, explained)] = ask(
        walked_store, f"select count(*), count(distinct goods_id) from why where user_id = 7 and ds = '{NEWEST}'"
    )
    [(moments,)] = ask(walked_store, "select len(list_distinct(event_ts)) from goods_sequences where user_id = 7")
    assert len(drawn) == weights
    assert ticks == [moments] * 2 * explained  # whoever buys goods here visits their shop at that moment


def test_the_people_shown_are_of_few_of_middle_and_of_many_events_or_those_asked_for(
    walked_store: Path, nightrank: NightRank
) -> None:
    counts = ask(walked_store, "select len(goods_ids), user_id from goods_sequences order by all")
    chosen = [counts[0], counts[5], counts[11]]

    text = page_of(nightrank, walked_store).text
    asked = page_of(nightrank, walked_store, "--users", " 9,3,9 ").text

    kinds = ("fewest events", "median", "most events")
    for (events, user), kind in zip(chosen, kinds, strict=True):
        assert f"User {user} {kind}: {events} goods events" in text
    assert re.findall(r"User (\d+) asked for", asked) == ["9", "3"]


def test_a_history_at_the_limit_of_a_sequence_is_said_to_be_longer(own_store: Path, nightrank: NightRank) -> None:
    with changed(own_store) as con:
        con.execute("update goods_sequences set goods_ids = goods_ids[-10:] where user_id <> 7")
        con.execute("update goods_sequences set goods_ids = goods_ids[-9:] where user_id = 7")
    below = page_of(nightrank, own_store).text
    for path in own_store.glob("models/*/model.json"):
        about = json.loads(path.read_text())
        path.write_text(json.dumps(about | {"config": about["config"] | {"goods_length": 10}}))

    found = page_of(nightrank, own_store).text

    assert "User 7 fewest events: 9 goods events " in below
    assert "User 12 most events: 10 goods events " in below
    assert "or more; a sequence" not in below
    assert "User 7 fewest events: 9 goods events " in found
    assert "User 12 one of 11 with 10 goods events or more; a sequence keeps the newest 10" in found


def test_names_are_text_whatever_stands_in_them(own_store: Path, nightrank: NightRank) -> None:
    evil = "<script>alert('1')</script>\"><img src=x onerror=alert(2)>"
    with changed(own_store) as con:
        con.execute("update goods set name = $name", {"name": evil})
        con.execute("update intervals set error = $name, status = 'failed' where asset = 'outcomes'", {"name": evil})
        con.execute("update rankings set sources = [$name]", {"name": evil})

    page = page_of(nightrank, own_store)

    assert [tag for tag, _ in page.tags].count("script") == 1
    assert "img" not in {tag for tag, _ in page.tags}
    assert f"1 {evil}" in page.text


def test_the_first_night_has_no_outcome_and_no_night_before(walked_store: Path, nightrank: NightRank) -> None:
    page = page_of(nightrank, walked_store, "--ds", "2025-03-18", "--out", walked_store.parent / "first.html")

    assert "Nothing is measured yet" in page.text
    assert "There is no night before this one" in page.text
    assert "This is an earlier night; the newest published is 2025-03-20." in page.text
    assert "Sequences of this night are no longer published" in page.text
    assert [row[0] for row in page.tables["Where the scores lie"]][1] == "highest"


def test_a_model_without_curves_says_so(own_store: Path, nightrank: NightRank) -> None:
    for path in own_store.glob("models/*/metrics.json"):
        path.write_text(json.dumps({"auc": 0.7}))

    assert "No training curves: " in page_of(nightrank, own_store).text


def test_the_epochs_of_the_page_are_those_of_the_training(walked_store: Path, nightrank: NightRank) -> None:
    page = page_of(nightrank, walked_store)

    [(model_id, epoch)] = ask(walked_store, "select model_id, epoch from models where champion")
    metrics = json.loads((walked_store / "models" / model_id / "metrics.json").read_text())
    shown = [row for row in page.tables["Loss and validation by epoch"] if row[0] == "din"]
    assert shown == [
        [
            "din",
            f"{one['epoch']}, kept" if one["epoch"] == epoch else str(one["epoch"]),
            f"{one['loss']:.4f}",
            f"{one['valid_gauc']:.4f}",
        ]
        for one in metrics["epochs"]
    ]


def test_a_release_of_before_some_columns_has_a_page(own_store: Path, nightrank: NightRank) -> None:
    with changed(own_store) as con:
        for column in ("valid_gauc", "epoch", "calibration", "warm_from"):
            con.execute(f"alter table models drop column {column}")
        con.execute("delete from why")
        con.execute("delete from outcomes")

    page = page_of(nightrank, own_store)

    assert ["epoch kept", "—", "—"] in page.tables["Measured on later days than they learned from"]
    assert "No why is kept for this person" in page.text


def test_a_day_on_which_nobody_ranked_took_anything_has_a_page(own_store: Path, nightrank: NightRank) -> None:
    with changed(own_store) as con:
        con.execute("update outcomes set users = 0, hit_rate = null, ndcg = null, recall = null, mrr = null")

    page = page_of(nightrank, own_store)

    assert [row[2:4] for row in page.tables["Quality by day and k"][1:]] == [["0", "—"]] * 2


def test_a_release_without_a_ranking_is_said(own_store: Path, nightrank: NightRank) -> None:
    with changed(own_store) as con:
        con.execute("delete from rankings")

    assert "no night is not in it; it holds none" in mistake(nightrank("report", "--store", own_store))


def test_baselines_stand_beside_quality_where_a_release_has_them(own_store: Path, nightrank: NightRank) -> None:
    found = page_of(nightrank, own_store)
    with changed(own_store) as con:
        con.execute("drop table baselines")

    without = page_of(nightrank, own_store)

    assert "Dashed: simpler orders" not in without.text
    assert "Dashed: simpler orders of the same candidates, at 5." in found.text
    for baseline in ("popular", "bought again", "mean"):
        assert found.text.count(f" {baseline} ") > without.text.count(f" {baseline} ")


def test_the_share_of_each_weight_is_told_where_a_release_has_it(own_store: Path, nightrank: NightRank) -> None:
    with changed(own_store) as con:
        con.execute("alter table why drop column if exists share")
    without = page_of(nightrank, own_store, "--users", "7")
    with changed(own_store) as con:
        con.execute("alter table why add column share double")
        con.execute("update why set share = 0.25")

    found = page_of(nightrank, own_store, "--users", "7")

    [name, *_] = [caption for caption in found.tables if caption.startswith("Weights of goods ")]
    assert [row[4:] for row in without.tables[name]] == [[]] * len(without.tables[name])
    assert [row[4:] for row in found.tables[name]] == [["share"], *[["25%"]] * (len(found.tables[name]) - 1)]


def test_a_broken_check_stands_first_with_what_to_type(own_store: Path, nightrank: NightRank) -> None:
    with changed(own_store) as con:
        con.execute(
            "update nights set status = 'OK_WITH_WARNINGS',"
            " checks = list_transform(checks, lambda one: struct_update("
            "one, broken := if(one.name = 'source_is_fresh', 2, 0)))"
        )

    page = page_of(nightrank, own_store)

    assert "OK, with warnings" in page.text
    assert page.tables["Checks before publishing"][1] == ["source is fresh", "2 rows, warns"]
    assert "The check source_is_fresh found 2 rows." in page.text
    assert f"nightrank sql sql/checks/source_is_fresh.sql --store {own_store}" in page.text


def test_a_night_that_was_stopped_is_told_on_the_page_of_the_one_that_stayed(
    own_store: Path, nightrank: NightRank
) -> None:
    assert "Nothing: every check holds" in page_of(nightrank, own_store).text
    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:
        con.execute(
            "insert into ops.nights by name select * replace ("
            "'2025-03-21'::date as ds, 'FAILED_KEPT_YESTERDAY' as status, null as published_at,"
            " [{'name': 'scores_differ', 'severity': 'stop', 'broken': 3}] as checks)"
            f" from ops.nights where ds = '{NEWEST}'"
        )

    text = page_of(nightrank, own_store).text

    assert "A later night was stopped" in text
    assert "The night of 2025-03-21 was stopped by a check; what people see is 2025-03-20. scores_differ" in text
    assert f"nightrank nightly --ds 2025-03-21 --store {own_store}" in text


def test_a_page_that_cannot_be_written_fails_no_night(
    own_store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, nightrank: NightRank
) -> None:
    def fail(*_: object) -> str:
        raise ValueError("no ink")

    monkeypatch.setattr(report, "render", fail)

    said = nightrank("nightly", "--ds", "2025-03-21", "--plain", "--store", own_store)

    assert said.code == 0
    assert "2025-03-21  OK  12 users, 60 rows" in said.out
    assert "report_not_written ds=2025-03-21 error=no ink" in said.err
    assert ask(own_store, "select max(ds)::varchar from latest_rankings") == [("2025-03-21",)]
    assert not (own_store / "reports" / "2025-03-21.html").exists()


def test_a_night_writes_no_page_where_none_is_asked_for(own_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flows.retired_settings.FIXED", {})
    (own_store / "nightrank.toml").write_text(QUICK_SETTINGS + "\n[publish]\nwrite_report = false\n")

    run_nights(own_store, date(2025, 3, 21))

    assert ask(own_store, "select max(ds)::varchar from latest_rankings") == [("2025-03-21",)]
    assert not (own_store / "reports" / "2025-03-21.html").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--users", "7,nobody"), "user_id nobody is not in the ranking of 2025-03-20; there are, for example: "),
        (
            ("--ds", "2025-03-01"),
            "{root}/published.duckdb: 2025-03-01 is not in it; it holds 3 nights, 2025-03-18 to 2025-03-20",
        ),
        (("--out", "/nowhere/page.html"), "/nowhere/page.html: cannot be written (No such file or directory); name "),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(
    walked_store: Path, nightrank: NightRank, words: tuple[str, ...], message: str
) -> None:
    assert mistake(nightrank("report", "--store", walked_store, *words)).startswith(
        "nightrank: " + message.replace("{root}", str(walked_store))
    )


def test_nobody_named_is_usage_and_no_store_is_said(walked_store: Path, tmp_path: Path, nightrank: NightRank) -> None:
    assert nightrank("report", "--store", walked_store, "--users", " , ").code == 2
    assert "there is no store here" in mistake(nightrank("report", "--store", tmp_path / "nowhere"))
    assert not (tmp_path / "nowhere").exists()


def test_a_forgotten_person_is_on_no_page(own_store: Path, nightrank: NightRank) -> None:
    nightrank("report", "--store", own_store, "--users", "7")
    assert "User 7" in Parsed((own_store / "reports" / f"{NEWEST}.html").read_text()).text

    assert nightrank("forget", 7, "--store", own_store).code == 0

    assert list((own_store / "reports").iterdir()) == []
    assert "User 7" not in page_of(nightrank, own_store).text


def test_every_statement_of_the_page_is_asked() -> None:
    source = (Path(report.__file__).parent / "page" / "gather.py").read_text()

    assert [name for name in features.store.sql_files.names("report") if f'"{name}"' not in source] == []
