"""What a night has of its users -> what a model ranks: the one place where arrays of features become those of din."""

from datetime import date
from typing import TYPE_CHECKING

import features
from features import FeatureError, Warehouse

if TYPE_CHECKING:
    import din


def model_for(night: Warehouse, model_id: str, ds: date) -> "din.DIN":
    """A model that knows the categories of the night, where it tells them apart."""
    import din

    model = din.load_model(night.store.models, model_id)
    if model.config.categories:
        model.hear(features.categories_for(night, model_id, ds))
    return model


def handed_over(given: features.NightBucket) -> "tuple[din.Candidates, din.Sequence, din.Sequence]":
    """What the night brings to the model: candidates, goods, shops."""
    import din

    candidates = din.Candidates(
        given.user_keys,
        given.offsets,
        given.goods_keys,
        given.shop_keys,
        din.Spans(given.goods.start, given.goods.end),
        din.Spans(given.shops.start, given.shops.end),
        given.as_of,
    )
    return candidates, din.Sequence(given.goods.keys, given.goods.ts), din.Sequence(given.shops.keys, given.shops.ts)


def ranking_again(night: Warehouse, per_shop: int, ds: date) -> features.RankBucket:
    """How a model, loaded once, ranks buckets of the night `ds`, at most `per_shop` goods of one shop. Where it cannot
    be read it raises FeatureError."""
    import din

    models: dict[str, din.DIN] = {}

    def rank(model_id: str, given: features.NightBucket, k: int) -> features.Order:
        try:
            model = models.get(model_id) or model_for(night, model_id, ds)
            ranked, _ = din.rank(model, *handed_over(given), k, per_shop=per_shop, threads=night.store.config.threads)
        except din.DinError as error:
            raise FeatureError(str(error)) from error
        models[model_id] = model
        return features.Order(ranked.user_keys, ranked.rank, ranked.candidate)

    return rank
