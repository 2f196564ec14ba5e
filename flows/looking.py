"""The commands that only look: nothing of a store changes by them."""

from pathlib import Path
from typing import Annotated

import typer

import features
from features import FeatureError, Store, StoreConfig
from flows import filling, night, show
from flows.options import DEFAULT_STORE, STOPPED, AsJson, FirstDay, LastDay, StorePath, both, hours, query_text

app = typer.Typer()


@app.command()
def why(
    user: Annotated[str, typer.Argument(help="The user, as the source names them.")],
    goods: Annotated[str | None, typer.Argument(help="A goods of their ranking; the first one if left out.")] = None,
    store: StorePath = DEFAULT_STORE,
    json: AsJson = False,
) -> None:
    """What is ranked for a user, and which past goods and shops carried the weight."""
    with features.reading(looked_at(store)) as reader:
        who = reader.user(user)
        if goods is None and not json:
            show.ranking(reader, who)
        what = reader.goods(goods) if goods else reader.first_goods(who)
        show.as_json(show.weights(reader, who, what)) if json else show.why(reader, who, what)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help='A query, such as "from latest_rankings limit 5", or a .sql file.')],
    store: StorePath = DEFAULT_STORE,
    json: AsJson = False,
) -> None:
    """Asks the published store, read-only."""
    with features.reading(looked_at(store)) as reader:
        answer = reader.ask(query_text(query))
    show.as_json(answer.records()) if json else show.table(answer)


@app.command()
def status(
    store: StorePath = DEFAULT_STORE,
    max_age: Annotated[
        str | None, typer.Option(help="Exit with 1 where the newest ranking is older, such as 30h or 2d.")
    ] = None,
    json: AsJson = False,
) -> None:
    """One screen: what is published, how old, from what, and what went wrong."""
    limit = hours(max_age) if max_age else None
    found = features.look(looked_at(store), night.utc_now())
    show.as_json(found.__dict__) if json else show.status(found)
    if limit is not None and (found.age_hours is None or found.age_hours > limit):
        raise FeatureError(f"the newest ranking is older than {max_age}; run: nightrank nightly --store {store}")
    if found.parts["stopped"]:
        raise typer.Exit(STOPPED)


@app.command()
def plan(
    start: FirstDay,
    end: LastDay,
    store: StorePath = DEFAULT_STORE,
    all_of_it: Annotated[bool, typer.Option("--all", help="List what is ok too.")] = False,
    json: AsJson = False,
) -> None:
    """What would be built between two days, and why; writes nothing."""
    first, last = both(start, end)
    show.plan(filling.plan_of(store, first, last), all_of_it, json)


def looked_at(root: Path) -> Store:
    """A store to read from: its settings do not matter."""
    return Store(root.absolute(), StoreConfig())
