"""The rows of a page -> its charts and sentences, section by section, as page.html.j2 names them."""

from dataclasses import dataclass
from typing import Any

from flows.report.page import charts
from flows.report.page.advice import Advice, advice, command, what_it_finds
from flows.report.page.charts import Chart, Series
from flows.report.page.gather import Page, Person
from flows.report.page.timeline import Timeline, timeline

CUTOFF = 10  # the k that is told first, where it was measured
METRICS = {"hit_rate": "Hit rate", "ndcg": "NDCG", "recall": "Recall", "mrr": "MRR"}
SCORE_BINS = 20


@dataclass(frozen=True)
class Explained:
    """One ranked goods of a person, with the history it attended to, drawn and as rows."""

    goods: dict[str, Any]
    drawing: Timeline
    weights: list[dict[str, Any]]


@dataclass(frozen=True)
class PersonView:
    person: Person
    explained: list[Explained]


@dataclass(frozen=True)
class View:
    """All that the template shows, beside the rows themselves."""

    page: Page
    advice: list[Advice]
    cutoff: int | None
    newest_outcome: dict[str, Any] | None
    trends: list[Chart]
    quality: list[Chart]
    training: list[Chart]
    epochs: list[dict[str, Any]]
    scores: Chart
    coverage: list[Chart]
    people: list[PersonView]
    model: dict[str, Any] | None
    summary: dict[str, Any] | None

    def finds(self, check: str) -> str:
        return what_it_finds(self.page.promises[check])

    def command(self, words: str) -> str:
        return command(self.page, words)


def view(page: Page) -> View:
    rows = page.rows
    cutoff = cutoff_of(rows["quality"])
    newest = [row for row in rows["quality"] if row["k"] == cutoff]
    held = quality(rows["quality"], rows.get("baselines", []), cutoff)
    return View(
        page,
        advice(page),
        cutoff,
        newest[-1] if newest else None,
        [*held[:1], hit_share(rows["nights"])],
        held,
        training(page),
        epochs(page),
        scores(page),
        coverage(rows["coverage"]),
        [person_view(page, person) for person in page.people],
        next((model for model in rows["models"] if model["ranks"]), None),
        next(iter(rows.get("summary", [])), None),
    )


def cutoff_of(outcomes: list[dict[str, Any]]) -> int | None:
    measured = sorted({row["k"] for row in outcomes})
    return CUTOFF if CUTOFF in measured else max(measured, default=None)


def hit_share(nights: list[dict[str, Any]]) -> Chart:
    """How long each night took."""
    found = [(night["ds"].toordinal(), night["seconds"]) for night in nights]
    said = f"Seconds of each night from {nights[0]['ds']} to {nights[-1]['ds']}; {found[-1][1]:.1f} at the end."
    series = [Series(f"{found[-1][1]:.1f}", found, "main")]
    labels = charts.night_labels([night["ds"] for night in nights])
    return charts.lines("Seconds a night", said, series, labels, lambda y: f"{y:g}")


def quality(outcomes: list[dict[str, Any]], baselines: list[dict[str, Any]], cutoff: int | None) -> list[Chart]:
    """A chart for each measure: beside what baselines reached at the k that is told first, the model's at that k alone;
    without any, a line for each k."""
    if not outcomes:
        return []
    days = sorted({row["ds"] for row in outcomes})
    return [measure(name, title, outcomes, baselines, cutoff, days) for name, title in METRICS.items()]


def measure(name: str, title: str, outcomes: list, baselines: list, cutoff: int | None, days: list) -> Chart:
    series = [
        Series("model" if baselines else f"at {k}", points(outcomes, name, k=k), "main" if k == cutoff else "muted")
        for k in ([cutoff] if baselines else sorted({row["k"] for row in outcomes}))
    ]
    series += [
        Series(one.replace("_", " "), points(baselines, name, k=cutoff, ranker=one), "base")
        for one in sorted({row["ranker"] for row in baselines})
    ]
    newest = [row for row in outcomes if row["k"] == cutoff][-1]
    said = (
        f"{title} of the first {cutoff} ranks by day, from {days[0]} to {days[-1]}; {number(newest[name])} at the end."
    )
    return charts.lines(title, said, series, charts.night_labels(days), lambda y: f"{y:g}")


def points(rows: list[dict[str, Any]], name: str, **where: Any) -> list[charts.Point]:
    chosen = [row for row in rows if all(row[key] == value for key, value in where.items())]
    return [(row["ds"].toordinal(), row[name]) for row in chosen if row[name] is not None]


def training(page: Page) -> list[Chart]:
    """The loss by step and the validation by epoch of the model that ranks and of those trained beside it; nothing for
    models whose training kept no curves."""
    trained = [(model, page.curves[model["model_id"]]) for model in page.rows["models"]]
    trained = [(model, curves) for model, curves in trained if curves]
    losses = [Series(model["pooling"], curves["losses"], kind_of(model)) for model, curves in trained]
    validated = [
        Series(
            model["pooling"],
            [(one["epoch"], one["valid_gauc"]) for one in curves["epochs"] if one["valid_gauc"] is not None],
            kind_of(model),
        )
        for model, curves in trained
    ]
    drawn = []
    if any(one.points for one in losses):
        steps = [step for one in losses for step, _ in one.points]
        said = "; ".join(f"{one.name} from {one.points[0][1]:.3f} to {one.points[-1][1]:.3f}" for one in losses)
        labels = [(min(steps), f"step {min(steps)}"), (max(steps), f"{max(steps):,}")]
        drawn.append(
            charts.lines("Loss", f"Mean log loss while training: {said}.", losses, labels, short, from_zero=False)
        )
    if any(one.points for one in validated):
        epochs = sorted({int(epoch) for one in validated for epoch, _ in one.points})
        said = "; ".join(f"{one.name} ended at {one.points[-1][1]:.4f}" for one in validated if one.points)
        labels = [(epochs[0], f"epoch {epochs[0]}"), *[(epoch, str(epoch)) for epoch in epochs[1:]][-1:]]
        kept = [(model["epoch"], "kept") for model, _ in trained if model["ranks"] and model.get("epoch") is not None]
        drawn.append(
            charts.lines(
                "GAUC, validation",
                f"GAUC on the days that validate, by epoch: {said}.",
                validated,
                labels,
                short,
                from_zero=False,
                marks=kept,
            )
        )
    return drawn


def epochs(page: Page) -> list[dict[str, Any]]:
    """One row for each model and epoch whose training kept them."""
    return [
        {"pooling": model["pooling"], "kept": one["epoch"] == model.get("epoch"), **one}
        for model in page.rows["models"]
        for one in page.curves[model["model_id"]].get("epochs", [])
    ]


def kind_of(model: dict[str, Any]) -> str:
    return "main" if model["ranks"] else "base"


def scores(page: Page) -> Chart:
    """Where tonight's scores lie, beside those of the night before."""
    ds, before = page.night["ds"], page.night["before_ds"]
    now, earlier = (
        {row["bin"]: row["share"] for row in page.rows["scores"] if row["ds"] == day} for day in (ds, before)
    )
    ranges = [row for row in page.rows["score_ranges"] if row["ds"] == ds]
    said = f"Share of rows by score on {ds}" + (f", median {ranges[0]['median']:.3f}." if ranges else ".")
    return charts.histogram("Share of rows by score", said, now, earlier, SCORE_BINS)


def coverage(days: list[dict[str, Any]]) -> list[Chart]:
    labels = charts.night_labels([row["ds"] for row in days])
    drawn = []
    for name, title, form in (
        ("users", "Users ranked", count),
        ("goods_share", "Share of all goods ranked", share),
        ("shops", "Shops ranked", count),
    ):
        found = [(row["ds"].toordinal(), row[name]) for row in days if row[name] is not None]
        said = f"{title} by night, from {days[0]['ds']} to {days[-1]['ds']}; {form(found[-1][1])} at the end."
        drawn.append(charts.lines(title, said, [Series(form(found[-1][1]), found, "main")], labels, form))
    return drawn


def person_view(page: Page, person: Person) -> PersonView:
    """A person's ranking, and for each goods that is explained the timeline of what it attended to."""
    explained = []
    for goods in person.ranking:
        weights = [row for row in person.why if row["goods_id"] == goods["goods_id"]]
        if weights:
            title = f"Goods {goods['goods_id']}, rank {goods['rank']}"
            drawing = timeline(title, person.history, weights, page.night["as_of"])
            explained.append(Explained(goods, drawing, weights))
    return PersonView(person, explained)


def number(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"


def count(value: float) -> str:
    return f"{value:,.0f}"


def share(value: float) -> str:
    return f"{value:.1%}".replace(".0%", "%")


def short(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".")
