"""A published night, a user and a goods -> why: the score, and what of the history carried how much of the weight.

Worked out again by the model that ranked the night, for any goods of the store; or read, where the night kept it.
"""

import shlex
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import features
from features import GROUPS, ExplainInputs, FeatureError, Reader, SequenceGroup, Store
from flows.pipelines.din_adapter import to_din

SCORE_TOLERANCE = 1e-4  # scores on a processor and on a GPU differ by less


@dataclass(frozen=True)
class HistoryWeight:
    """A goods or shop of the history: when it was last touched, how often it stands in the sequence (None where that is
    not published), the weight it carried in all, and the share of it; None in nights of before there was one."""

    history_id: Any
    name: str | None
    event_ts: datetime
    times: int | None
    weight: float
    share: float | None


@dataclass(frozen=True)
class Explanation:
    """Why a goods has its score for a user in a night.

    `rank`, `sources` and `published_score` are None where it is not ranked; `place` is where it stands among the
    `ranked` ones by its score, or would stand. `is_known`: whether anybody had touched the goods by then. `parts` has
    all of the history, worked out again, the strongest first; or the few that the night kept: `why_few` says why so.
    `told`: whether the model is told of the goods itself in the history (din.matches); false where nothing was worked
    out."""

    ds: date
    user_id: Any
    goods_id: Any
    name: str | None
    shop_id: Any
    model_id: str
    score: float
    rank: int | None
    place: int
    ranked: int
    published_score: float | None
    sources: list[str] | None
    is_known: bool
    why_few: str | None
    parts: dict[SequenceGroup, list[HistoryWeight]]
    told: bool = False

    @property
    def own(self) -> HistoryWeight | None:
        """The goods itself among its past goods."""
        return next((one for one in self.parts["goods"] if one.history_id == self.goods_id), None)

    @property
    def has_moved(self) -> bool:
        """Whether the night gave it another score than its model gives it now."""
        return self.published_score is not None and abs(self.published_score - self.score) > SCORE_TOLERANCE


def explain(store: Store, reader: Reader, who: Any, what: Any, night: date | None = None) -> Explanation:
    """Why any goods of the store has its score for a user whom the night ranked; the newest night if left out.

    Where the release does not have the night's sequences, what the night kept. Raises FeatureError where that is
    nothing, or the model cannot be used."""
    ds = reader.night(night)
    why_not = features.explain_error(reader, ds)
    if why_not:
        return explain_from_stored(reader, who, what, ds, stored_weights(store, reader, who, what, ds), why_not)
    return explain_with_model(store, reader, who, what, ds)


def explain_with_model(store: Store, reader: Reader, who: Any, what: Any, ds: date) -> Explanation:
    """Asks the model of the night again, of this one goods: no score depends on what else is ranked."""
    import din

    recalled = features.load_explain_inputs(reader, ds, who, what)
    try:
        model = din.load_model(store.models, recalled.model_id)
    except din.DinError as error:
        raise FeatureError(
            f"{ds} was ranked by {recalled.model_id}, and nothing of it can be worked out without it: {error}"
        ) from error
    model.hear(recalled.categories)
    every = max(len(touched) for touched in recalled.touched.values())
    ranked, weights = din.rank(model, *to_din(recalled.night), k=1, why_top=1, why_history=every)
    score, lengths = ranked.score.item(), {"goods": model.config.goods_length, "shop": model.config.shop_length}
    standing = reader.show("standing", night=ds, who=who, what=what, score=score).records()[0]
    return Explanation(
        ds,
        who,
        what,
        reader.name_of(what),
        recalled.shop_id,
        recalled.model_id,
        score,
        standing["rank"],
        standing["place"],
        standing["ranked"],
        standing["score"],
        standing["sources"],
        recalled.known,
        None,
        {part: with_names(recalled, part, lengths[part], weights) for part in GROUPS},
        model.matches is not None,
    )


def with_names(recalled: ExplainInputs, part: SequenceGroup, length: int, weights: Any) -> list[HistoryWeight]:
    """The weights of a part, by the names of what carried them; the model sees the newest `length` of the sequence."""
    seen = recalled.touched[part][-length:]
    times, touched = Counter(one.key for one in seen), {one.key: one for one in seen}
    own = weights.part == part
    columns = (weights.history_keys[own].tolist(), weights.weight[own].tolist(), weights.share[own].tolist())
    return [
        HistoryWeight(touched[key].history_id, touched[key].name, touched[key].event_ts, times[key], weight, share)
        for key, weight, share in zip(*columns, strict=True)
    ]


def stored_weights(store: Store, reader: Reader, who: Any, what: Any, ds: date) -> list[dict[str, Any]]:
    """The weights that the night kept of a goods, the strongest of each part first; none where it kept none."""
    model_id = reader.show("standing", night=ds, who=who, what=what, score=None).records()[0]["model_id"]
    config = features.checkpoint_metadata(store.models, model_id or "").get("config", {})
    lengths = {f"{part}_length": config.get(f"{part}_length") for part in GROUPS}
    return reader.show("weights", night=ds, who=who, what=what, **lengths).records()


def explain_from_stored(
    reader: Reader, who: Any, what: Any, ds: date, rows: list[dict[str, Any]], why_few: str
) -> Explanation:
    """What the night kept of why it ranked a goods. Raises FeatureError where that is nothing, naming what it kept."""
    if not rows:
        others = ", ".join(str(row[0]) for row in reader.show("explained_goods", night=ds, who=who).rows)
        raise FeatureError(
            f"no why is kept for user {who} and goods {what} on {ds}, and none can be worked out: {why_few}; "
            f"it is kept (ranking.explain_top_k) for goods: {others or 'none'}"
        )
    standing = reader.show("standing", night=ds, who=who, what=what, score=None).records()[0]
    return Explanation(
        ds,
        who,
        what,
        reader.name_of(what),
        standing["shop_id"],
        standing["model_id"],
        standing["score"],
        standing["rank"],
        standing["place"],
        standing["ranked"],
        standing["score"],
        standing["sources"],
        True,
        why_few,
        {part: [from_row(row) for row in rows if row["part"] == part] for part in GROUPS},
    )


def from_row(row: dict[str, Any]) -> HistoryWeight:
    return HistoryWeight(row["history_id"], row["name"], row["event_ts"], row["times"], row["weight"], row.get("share"))


def explain_first(store: Store, reader: Reader, who: Any, ds: date) -> Explanation:
    """Why the first goods of a user is the first: as the night kept it, which costs no model; worked out where it kept
    nothing."""
    what = reader.first_goods(who, ds)
    rows = stored_weights(store, reader, who, what, ds)
    if not rows:
        return explain(store, reader, who, what, ds)
    words = ["nightrank", "why", str(who), str(what), *(["--ds", str(ds)] if ds != reader.night() else [])]
    few = features.explain_error(reader, ds) or f"{shlex.join(words)} works out the rest"
    return explain_from_stored(reader, who, what, ds, rows, few)
