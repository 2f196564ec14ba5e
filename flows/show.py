"""Answers -> what a person reads on stdout: tables and bars, or JSON."""

from json import dumps
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from features import Answer, FeatureError, Reader, Status

stdout = Console()
BAR_WIDTH = 24
RANKS_SHOWN = 10


def as_json(records: Any) -> None:
    print(dumps(records, indent=2, default=str, ensure_ascii=False))


def table(answer: Answer, title: str | None = None) -> None:
    """Rows as a table; numbers to the right."""
    shown = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    for place, column in enumerate(answer.columns):
        number = all(isinstance(row[place], int | float) or row[place] is None for row in answer.rows)
        shown.add_column(column, justify="right" if number and answer.rows else "left", overflow="fold")
    for row in answer.rows:
        shown.add_row(*(text(value) for value in row))
    stdout.print(shown)


def text(value: Any) -> Text:
    if value is None:
        return Text("—", style="dim")
    if isinstance(value, float):
        return Text(f"{value:.4f}")
    if isinstance(value, list):
        return Text(", ".join(str(item) for item in value))
    return Text(str(value))


def ranking(reader: Reader, who: Any, ranks: int = RANKS_SHOWN) -> None:
    """The first goods of a user tonight, by name."""
    found = reader.ask("from ranking_for($who) where rank <= $ranks order by rank", {"who": who, "ranks": ranks})
    rows = [(row["rank"], row["name"], row["goods_id"], row["shop_id"], row["score"], row["sources"]) for row in found.records()]
    ds = found.rows[0][0] if found.rows else "no night"
    title = f"User {who}: the first {len(rows)} goods of {ds}"
    table(Answer(["rank", "name", "goods_id", "shop_id", "score", "sources"], rows), title)


def why(reader: Reader, who: Any, what: Any, json: bool = False) -> None:
    """Which past goods and shops carried the weight of one ranked goods, as bars."""
    rows = reader.ask("from why_for($who, $what) order by part, weight desc, history_id", {"who": who, "what": what}).records()
    if not rows:
        kept = reader.ask("select distinct goods_id from why where user_id = $who order by goods_id", {"who": who})
        some = ", ".join(str(row[0]) for row in kept.rows)
        raise FeatureError(f"no why is kept for user {who} and goods {what}; for this user it is for: {some or 'nothing'}")
    if json:
        return as_json(rows)
    named = reader.ask("select name from goods where goods_id = $what", {"what": what}).rows
    name = f" ({named[0][0]})" if named and named[0][0] else ""
    shown = Table(title=f"Why goods {what}{name}", title_justify="left", title_style="bold", header_style="bold")
    for column, justify in (("part", "left"), ("history", "left"), ("last touched", "left"), ("weight", "right"), ("", "left")):
        shown.add_column(column, justify=justify)
    largest = max(abs(row["weight"]) for row in rows) or 1
    for row in rows:
        label = f"{row['history_id']} {row['history_name'] or ''}".strip()
        length = round(BAR_WIDTH * abs(row["weight"]) / largest)
        bar = Text("█" * length, style="green" if row["weight"] >= 0 else "red")
        shown.add_row(row["part"], label, str(row["event_ts"]), f"{row['weight']:+.3f}", bar)
    stdout.print(shown)


def models(reader: Reader) -> None:
    """Each pooling's newest model: AUC and GAUC of DIN beside mean pooling."""
    table(
        reader.ask(
            "select model_id, pooling, auc, gauc, logloss, rela_impr as 'rela_impr %', eval_examples, champion from models"
            " qualify row_number() over (partition by pooling order by created_at desc) = 1 order by gauc"
        ),
        "Models, measured on days they were not trained on",
    )


def trained(found: Status, json: bool) -> None:
    """The model that ranks after a training."""
    if json:
        return as_json(found.parts["champion"])
    for model in found.parts["champion"]:
        table(Answer(list(model), [tuple(model.values())]), "The model that ranks")


def nights(results: list[Any], json: bool) -> None:
    """One line for each night that was ranked and published."""
    if json:
        return as_json([vars(result) for result in results])
    for night in results:
        stdout.print(f"{night.ds}  {night.status}  {night.users} users, {night.rows} rows, {night.seconds:.1f} s, {night.model_id}")
    if not results:
        stdout.print("nothing to do: published already")


def status(found: Status) -> None:
    """One screen for whoever is on call."""
    for night in found.parts["nights"]:
        stdout.print(
            f"[bold]published[/]  {night['ds']}  {night['status']}  {night['users']} users, {night['rows']} rows, "
            f"{found.age_hours:.1f} hours ago, by {night['model_id']}"
        )
    if not found.parts["nights"]:
        stdout.print("[bold]published[/]  nothing yet; rank a night with: nightrank nightly")
    for model in found.parts["champion"]:
        stdout.print(
            f"[bold]champion[/]   {model['model_id']}  GAUC {model['gauc']:.4f}, mean pooling {model['base_gauc']:.4f}, "
            f"RelaImpr {model['rela_impr']:+.1f} %"
        )
    if not found.parts["champion"] and not found.writer:
        stdout.print("[bold]champion[/]   none yet; train one with: nightrank train")
    for night in found.parts["stopped"]:
        stdout.print(f"[bold red]stopped[/]    {night['ds']}  {night['status']}: {', '.join(night['broken'])}")
    if found.writer:
        stdout.print(f"[bold]writing[/]    {found.writer}")
    if found.parts["sources"]:
        columns = list(found.parts["sources"][0])
        table(Answer(columns, [tuple(row.values()) for row in found.parts["sources"]]), "Sources: rows_in = kept + duplicates + quarantined")
    if found.parts["problems"]:
        columns = list(found.parts["problems"][0])
        table(Answer(columns, [tuple(row.values()) for row in found.parts["problems"]]), "Not built")
