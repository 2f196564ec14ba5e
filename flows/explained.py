"""A ranking, and why -> what a person reads on stdout: a table, and bars; or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from flows import show

if TYPE_CHECKING:
    from datetime import date

    from features import Answer, Part, Reader
    from flows.why import Carried, Explanation

BAR_WIDTH = 12
DATE_WIDTH = 10
RANKS_SHOWN = 10
ROWS_SHOWN = 8


def ranking(reader: Reader, who: Any, ds: date, ranks: int = RANKS_SHOWN) -> Answer:
    """The first goods of a user in a night, by name."""
    return reader.show("first_ranks", night=ds, who=who, ranks=ranks)


def show_ranking(found: Answer, who: Any, ds: date) -> None:
    show.table(found, f"User {who}: the first {len(found.rows)} goods of {ds}")


def show_why(found: Explanation, top: int = ROWS_SHOWN) -> None:
    """What carried the score of a goods, a table for each part."""
    name = f" ({found.name})" if found.name else ""
    show.stdout.print(f"Why goods {found.goods_id}{name}", style="bold", highlight=False, markup=False, soft_wrap=True)
    for said in facts(found):
        show.line(said)
    for part, rows in found.parts.items():
        if rows:
            show.stdout.print(bars(part, rows[:top]))
            beyond(found, part, rows[top:])
        else:
            show.line(f"No {part} in the history: nothing to attend to.")


def facts(found: Explanation) -> list[str]:
    """The score and where it stands, then what else is to be known."""
    shop = f"shop {found.shop_id}" if found.shop_id is not None else "no shop"
    said = [f"{shop}, for user {found.user_id} on {found.ds}: score {found.score:.4f}, {stands(found)}"]
    said.append(f"by {found.model_id}" + (f", proposed by {', '.join(found.sources)}" if found.sources else ""))
    said += ["nobody had touched it by then; the shop is the catalogue's"] if not found.is_known else []
    if found.has_moved:
        said.append(
            f"that night it scored {found.published_score:.4f}: what it was made from was built anew since"
            f" (nightrank plan {found.ds} {found.ds})"
        )
    said += [f"the model is also told that the goods itself {in_history(found.own)}"] if found.told else []
    said += [f"the strongest few, as the night kept them: {found.why_few}"] if found.why_few else []
    return said


def in_history(goods: Carried | None) -> str:
    if goods is None:
        return "is not in the history"
    times = "once" if goods.times == 1 else f"{goods.times} times, last"
    return f"is in the history {times} on {goods.event_ts.date()}"


def stands(found: Explanation) -> str:
    if found.rank is not None:
        return f"rank {found.rank} of {found.ranked}"
    if found.place > found.ranked:
        return f"not ranked; it would stand behind all {found.ranked}"
    return f"not ranked; it would have stood at about {found.place} of {found.ranked}"


def bars(part: Part, rows: list[Carried]) -> Table:
    """The strongest of a part: red where the weight is negative."""
    shown = Table(header_style="bold")
    shown.add_column(f"past {part}", overflow="fold")
    shown.add_column("last touched", min_width=DATE_WIDTH)
    counted = rows[0].times is not None
    for column in ("times", "weight", "share") if counted else ("weight", "share"):
        shown.add_column(column, justify="right", no_wrap=True)
    shown.add_column("", no_wrap=True)
    largest = max(abs(row.weight) for row in rows) or 1
    for row in rows:
        label = f"{row.history_id} {row.name or ''}".strip()
        share = "—" if row.share is None else f"{row.share:.1%}"
        bar = Text("█" * round(BAR_WIDTH * abs(row.weight) / largest), style="green" if row.weight >= 0 else "red")
        times = [str(row.times)] if counted else []
        shown.add_row(label, str(row.event_ts.date()), *times, f"{row.weight:+.3f}", share, bar)
    return shown


def beyond(found: Explanation, part: Part, more: list[Carried]) -> None:
    """How much of the weight what is not shown carried, where that is known."""
    shares = [row.share for row in found.parts[part] if row.share is not None]
    rest = sum(row.share or 0 for row in more)
    if found.why_few is None and more:
        show.line(f"and {len(more)} more {part if part == 'goods' else 'shops'} with {rest:.1%} of the weight")
    elif found.why_few and shares:
        show.line(f"and others with {1 - sum(shares) + rest:.1%} of the weight")
