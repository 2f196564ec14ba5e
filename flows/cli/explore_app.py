"""What nightrank explore shows: a user's ranking, their history, and what a goods of it attended to.

Streamlit runs this file from top to bottom for each question, so each sees the night that is published by then.
"""

import os
from datetime import date
from pathlib import Path
from typing import Any

import streamlit as st

import features
from features import FeatureError, Reader, Store, StoreConfig
from flows.output import explanation as told_of
from flows.pipelines.explain import Explanation, explain
from flows.report.page.gather import Person, person, some_people
from flows.report.page.render import drawing
from flows.report.page.timeline import timeline

EVERY_RANK = 1_000_000
MAX_WEIGHTS = 20
DRAWN = 8  # of each part: more would lie on one another


def main() -> None:
    st.set_page_config(page_title="nightrank explore", layout="wide")
    store = Store(Path(os.environ["NIGHTRANK_STORE_PATH"]), StoreConfig())
    try:
        with features.open_published(store) as reader:
            explore(store, reader)
    except FeatureError as error:  # one sentence, and what to do
        st.error(str(error))


def explore(store: Store, reader: Reader) -> None:
    newest = reader.night()
    nights = [row[0] for row in reader.show("ranked_nights").rows]
    asked, night = st.columns([2, 1])
    ds = night.selectbox("Night", nights) or newest
    [about] = reader.page("night", ds=ds).records()
    some = [str(user_id) for user_id, _ in some_people(reader, ds)]
    text = asked.text_input(
        "User", value=st.query_params.get("user", some[0]), help=f"As the source names them, such as {', '.join(some)}"
    ).strip()
    st.caption(f"{ds}: {about['status']}, {about['users']:,} users, ranked by {about['model_id']}")
    try:
        who = reader.user(text, ds)
    except FeatureError as error:  # nobody is called so
        st.warning(plain(str(error)))
        return
    st.query_params["user"] = text
    found = person(reader, ds, who, "asked for", EVERY_RANK)
    ranked, shown = st.columns([2, 3], gap="large")
    with ranked:
        what = choose(found, ds)
        typed = st.text_input("Or type any goods, ranked or not", key=f"any goods {ds} {found.user_id}").strip()
    with shown:
        try:
            explained(explain(store, reader, who, reader.goods(typed) if typed else what, ds), found, about)
        except FeatureError as error:  # no such goods, or nothing to explain it by
            st.warning(plain(str(error)))
        history(found, about)


def choose(found: Person, ds: date) -> Any:
    """The ranking, in which one goods is chosen; its id."""
    st.subheader(f"Ranking of user {found.user_id}")
    with st.container(height=640, border=False):
        place = st.radio(
            "Choose a goods to see why",
            range(len(found.ranking)),
            format_func=lambda place: plain(
                f"{found.ranking[place]['rank']}. {called(found.ranking[place])}: {found.ranking[place]['score']:.3f}"
            ),
            captions=[plain(told(goods)) for goods in found.ranking],
            key=f"goods {ds} {found.user_id}",
        )
    return found.ranking[place]["goods_id"]


def explained(why: Explanation, found: Person, about: dict[str, Any]) -> None:
    """What a goods attended to, drawn and as a table."""
    st.subheader(plain(f"Why {why.name or f'goods {why.goods_id}'}"))
    for said in told_of.facts(why):
        st.caption(plain(said))
    weights = {
        part: [
            vars(one) | {"part": part, "history_id": str(one.history_id), "history_name": one.name} for one in carried
        ]
        for part, carried in why.parts.items()
    }
    if not any(weights.values()):
        st.info("The history is empty: there is nothing to attend to.")
        return
    drawn = [row for rows in weights.values() for row in rows[:DRAWN]]
    draw(f"Goods {why.goods_id}, {told_of.rank_text(why)}", found.history, drawn, about)
    as_table(
        [row for rows in weights.values() for row in rows],
        ("part", "history_id", "history_name", "event_ts", "times", "weight", "share"),
    )


def history(found: Person, about: dict[str, Any]) -> None:
    st.subheader("History")
    if not found.history:
        st.info("Sequences of this night are not published (publish.sequence_nights), or there is no history.")
        return
    draw(f"History of user {found.user_id}", found.history, [], about)
    as_table(found.history[::-1], ("event_ts", "part", "history_id", "history_name", "event_type"))


def draw(title: str, events: list[dict[str, Any]], weights: list[dict[str, Any]], about: dict[str, Any]) -> None:
    st.html(drawing(timeline(title, events, weights, about["as_of"]), title, st.context.theme.type))


def as_table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    """Rows as a table that can be sorted and searched; a name that is not known is left empty."""
    known = [{name: "" if row[name] is None else row[name] for name in columns if name in row} for row in rows]
    st.dataframe(known, hide_index=True, height="content" if len(known) <= MAX_WEIGHTS else 400)


def called(goods: dict[str, Any]) -> str:
    return goods["name"] or f"goods {goods['goods_id']}"


def told(goods: dict[str, Any]) -> str:
    shop = "" if goods["shop_id"] is None else f", shop {goods['shop_id']}"
    return f"goods {goods['goods_id']}{shop}; {', '.join(goods['sources'])}"


def plain(text: str) -> str:
    """Text that Streamlit takes for no Markdown, whatever stands in the names."""
    return "".join(f"\\{one}" if one in "\\`*_{}[]()<>#+-.!|$~:^" else one for one in text)


main()
