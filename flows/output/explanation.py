"""A ranking, and why -> what a person reads on stdout: a table, and bars; or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from flows.output import results
from flows.output.tables import Column, draw

if TYPE_CHECKING:
    from datetime import date

    from features import Answer, Reader, SequenceGroup
    from flows.pipelines.explain import Explanation, HistoryWeight

BAR_WIDTH = 12
RANKS_SHOWN = 10
ROWS_SHOWN = 8


def ranking(reader: Reader, who: Any, ds: date, ranks: int = RANKS_SHOWN) -> Answer:
    """The first goods of a user in a night, by name."""
    return reader.show("first_ranks", night=ds, who=who, ranks=ranks)


def show_ranking(found: Answer, who: Any, ds: date) -> None:
    results.table(found, f"User {who}: the first {len(found.rows)} goods of {ds}")


def show_why(found: Explanation, top: int = ROWS_SHOWN) -> None:
    """What carried the score of a goods, a table for each part."""
    name = f" ({found.name})" if found.name else ""
    results.stdout.print(
        f"Why goods {found.goods_id}{name}", style="bold", highlight=False, markup=False, soft_wrap=True
    )
    for said in facts(found):
        results.line(said)
    for part, rows in found.parts.items():
        if rows:
            bars(part, rows[:top])
            remainder_line(found, part, rows[top:])
        else:
            results.line(f"No {part} in the history: nothing to attend to.")


def facts(found: Explanation) -> list[str]:
    """The score and where it stands, then what else is to be known."""
    shop = f"shop {found.shop_id}" if found.shop_id is not None else "no shop"
    said = [f"{shop}, for user {found.user_id} on {found.ds}: score {found.score:.4f}, {rank_text(found)}"]
    said.append(f"by {found.model_id}" + (f", proposed by {', '.join(found.sources)}" if found.sources else ""))
    said += ["nobody had touched it by then; the shop is the catalogue's"] if not found.is_known else []
    if found.has_moved:
        said.append(
            f"that night it scored {found.published_score:.4f}: what it was made from was built anew since"
            f" (nightrank plan {found.ds} {found.ds})"
        )
    said += [f"the model is also told that the goods itself {repeat_text(found.own)}"] if found.told else []
    said += [f"the strongest few, as the night kept them: {found.why_few}"] if found.why_few else []
    return said


def repeat_text(goods: HistoryWeight | None) -> str:
    if goods is None:
        return "is not in the history"
    times = "once" if goods.times == 1 else f"{goods.times} times, last"
    return f"is in the history {times} on {goods.event_ts.date()}"


def rank_text(found: Explanation) -> str:
    if found.rank is not None:
        return f"rank {found.rank} of {found.ranked}"
    if found.place > found.ranked:
        return f"not ranked; it would stand behind all {found.ranked}"
    return f"not ranked; it would have stood at about {found.place} of {found.ranked}"


def bars(part: SequenceGroup, rows: list[HistoryWeight]) -> None:
    """Print the strongest of a part: red where the weight is negative."""
    columns = [Column(f"past {part}", is_whole=True), Column("name"), Column("last touched")]
    columns += [Column(name, is_number=True) for name in ("times", "weight", "share")]
    columns.append(Column("", is_whole=True))
    largest = max(abs(row.weight) for row in rows) or 1
    cells = [[*cells_of(row), bar(row.weight / largest)] for row in rows]
    shown = [place for place in range(len(columns)) if any(row[place].plain for row in cells)]
    draw([columns[place] for place in shown], [[row[place] for place in shown] for row in cells])


def cells_of(row: HistoryWeight) -> list[Text]:
    share = "—" if row.share is None else f"{row.share:.1%}"
    times = "" if row.times is None else str(row.times)
    values = (str(row.history_id), row.name or "", str(row.event_ts.date()), times, f"{row.weight:+.3f}", share)
    return [Text(value) for value in values]


def bar(share: float) -> Text:
    """Return the size of a weight as a bar."""
    return Text("█" * round(BAR_WIDTH * abs(share)), style="green" if share >= 0 else "red")


def remainder_line(found: Explanation, part: SequenceGroup, more: list[HistoryWeight]) -> None:
    """How much of the weight what is not shown carried, where that is known."""
    shares = [row.share for row in found.parts[part] if row.share is not None]
    rest = sum(row.share or 0 for row in more)
    if found.why_few is None and more:
        results.line(f"and {len(more)} more {part if part == 'goods' else 'shops'} with {rest:.1%} of the weight")
    elif found.why_few and shares:
        results.line(f"and others with {1 - sum(shares) + rest:.1%} of the weight")
