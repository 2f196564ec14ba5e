"""published.duckdb, the record and metrics.json -> what the page of a night says. SQL counts, nothing does here."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

import features
from features import Answer, Reader, Status, Store

Rows = list[dict[str, Any]]
RANKS_SHOWN = 10
# What came to published files later: a section is there where its columns are.
BASELINES = ("ds", "k", "ranker", "hit_rate", "ndcg", "recall", "mrr")
SUMMARIES = ("ds", "events", "events_median", "late_rows", "late_days", "stages")


@dataclass(frozen=True)
class Person:
    """A user of the night: why they were chosen, their first ranks, their history, and what was attended to in it."""

    user_id: Any
    chosen_for: str
    ranking: Rows
    history: Rows
    why: Rows


@dataclass(frozen=True)
class Page:
    """All that is known of a night, as rows by the name of their statement in sql/report. `record` is what the
    warehouse says beside it, None where somebody was writing; `curves` by model_id, those that have some."""

    store: Store
    night: dict[str, Any]
    rows: dict[str, Rows]
    promises: dict[str, str]
    curves: dict[str, dict[str, Any]]
    people: list[Person]
    release: str
    record: Status | None = None
    newest: date | None = None


def gather(store: Store, ds: date | None, users: list[str] | None, record: Status | None) -> Page:
    """Reads the page of a night, the newest one where none is given. Raises FeatureError where the published file has
    no such night, or no such user in it."""
    with features.open_published(store) as reader:
        release = store.published.resolve().name
        newest, ds = reader.night(), reader.night(ds)
        [night] = reader.page("night", ds=ds).records()
        before = night["before_ds"]
        later = ["baselines"] if is_there(reader, "baselines", BASELINES) else []
        later += ["summary"] if is_there(reader, "summaries", SUMMARIES) else []
        rows = {
            name: reader.page(name, ds=ds).records()
            for name in (
                "nights",
                "checks",
                "sources",
                "failures",
                "quality",
                "models",
                "coverage",
                "shops",
                "candidate_sources",
                *later,
            )
        }
        for name in ("scores", "score_ranges", "moved", "movers"):
            rows[name] = reader.page(name, ds=ds, before_ds=before).records()
        limit = goods_length(store, night["model_id"])
        people = [
            person(reader, ds, who, chosen_for)
            for who, chosen_for in (chosen(reader, ds, users) if users else some_people(reader, ds, limit))
        ]
    promises = {row["name"]: features.store.sql_files.description(row["name"]) for row in rows["checks"]}
    curves = {model["model_id"]: curves_of(store, model["model_id"]) for model in rows["models"]}
    return Page(store, night, rows, promises, curves, people, release, record, newest)


def is_there(reader: Reader, relation: str, columns: tuple[str, ...]) -> bool:
    found: Answer = reader.page("relations")
    return any(name == relation and set(columns) <= set(having) for name, having in found.rows)


def some_people(reader: Reader, ds: date, limit: int | None = None) -> list[tuple[Any, str]]:
    """Three users of a night, and why each was chosen. The release holds the newest events of a user alone: of those
    who have reached `limit` events, nobody knows here who has the most."""
    return [
        (
            user_id,
            f"one of {alike} with {events} goods events or more; a sequence keeps the newest {events}"
            if limit and is_longest and events >= limit
            else f"{why}: {events} goods events",
        )
        for user_id, events, why, is_longest, alike in reader.page("some_people", ds=ds).rows
    ]


def chosen(reader: Reader, ds: date, users: list[str]) -> list[tuple[Any, str]]:
    """The users asked for, in that order. Raises FeatureError where one has no ranking of the night."""
    return [(reader.user(text, ds), "asked for") for text in dict.fromkeys(users)]


def person(reader: Reader, ds: date, who: Any, chosen_for: str, ranks: int = RANKS_SHOWN) -> Person:
    ranking = reader.show("first_ranks", night=ds, who=who, ranks=ranks).records()
    history, why = (reader.page(name, who=who, ds=ds).records() for name in ("history", "why"))
    return Person(who, chosen_for, ranking, history, why)


def goods_length(store: Store, model_id: str) -> int | None:
    """How many goods events a model reads of a history, the setting `sequences.goods_length` of its training; None
    where its model.json is gone."""
    try:
        about = json.loads((store.models / model_id / "model.json").read_text(encoding="utf-8"))
        return int(about["config"]["goods_length"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def curves_of(store: Store, model_id: str) -> dict[str, Any]:
    """`losses` and `epochs` of a training, from the model's metrics.json; nothing where it was trained before they were
    kept, or is gone."""
    try:
        metrics = json.loads((store.models / model_id / "metrics.json").read_text(encoding="utf-8"))
        return {name: metrics[name] for name in ("losses", "epochs")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
