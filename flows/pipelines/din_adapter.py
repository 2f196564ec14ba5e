"""What a night has of its users -> what a model ranks: the one place where arrays of features become those of din."""

from datetime import date
from typing import TYPE_CHECKING

import features
from features import FeatureError, Warehouse

if TYPE_CHECKING:
    import din


def load_night_model(night: Warehouse, model_id: str, ds: date) -> "din.DIN":
    """A model that knows the categories of the night, where it tells them apart."""
    import din

    model = din.load_model(night.store.models, model_id)
    if model.config.category_embedding:
        model.hear(features.categories_since_training(night, model_id, ds))
    return model


def to_din(given: features.RankingBucket) -> "tuple[din.Candidates, din.EventSequence, din.EventSequence]":
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
    return (
        candidates,
        din.EventSequence(given.goods.keys, given.goods.ts),
        din.EventSequence(given.shops.keys, given.shops.ts),
    )


def bucket_ranker(night: Warehouse, per_shop: int, ds: date) -> features.BucketRanker:
    """How a model, loaded once, ranks buckets of the night `ds`, at most `per_shop` goods of one shop. Where it cannot
    be read it raises FeatureError."""
    import din

    models: dict[str, din.DIN] = {}

    def rank(model_id: str, given: features.RankingBucket, k: int) -> features.BaselineRanking:
        try:
            model = models.get(model_id) or load_night_model(night, model_id, ds)
            ranked, _ = din.rank(model, *to_din(given), k, per_shop=per_shop, threads=night.store.config.threads)
        except din.DinError as error:
            raise FeatureError(str(error)) from error
        models[model_id] = model
        return features.BaselineRanking(ranked.user_keys, ranked.rank, ranked.candidate)

    return rank
