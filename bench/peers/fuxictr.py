"""FuxiCTR 2.3.10: model_zoo.LongCTR.DIN, as its own `fit` trains it.

Goods and shop of an event stand end to end as one item, and one activation unit weighs both: over [u, v, u - v, u * v]
of twice the dimension. Padding goes first, up to the longest history of a batch, and Dice counts it in its mean and
variance. With a softmax the masked positions weigh nothing; without, they are set to zero. The candidate's pooled
vector does not enter the top net as a product. An epoch that is no better divides the learning rate by ten, as its
`fit` does.

`regularisation` is `embedding_regularizer`: its half times the square of every row of the tables, in each step. Where a
user has no history the softmax is over padding alone.
"""

from typing import Any

import torch
from fuxictr.features import FeatureMap
from model_zoo.LongCTR.DIN.DIN import DIN

from bench.peers.exchange import Padded, Sizes
from bench.peers.settings import Settings

NAMES = {"dice": "Dice", "relu": "ReLU"}
LARGEST_GRADIENT = 10.0  # the default of its fit


class FuxiCTR:
    pads_first = True

    def __init__(self, settings: Settings, sizes: Sizes) -> None:
        features = FeatureMap("exchange", ".")
        for name, rows in (("goods", sizes.goods_rows), ("shop", sizes.shop_rows)):
            features.features[name] = {"source": "item", "type": "categorical", "vocab_size": rows, "padding_idx": 0}
        features.labels, features.default_emb_dim = ["label"], settings.dimension
        self.model = DIN(
            features,
            embedding_dim=settings.dimension,
            attention_hidden_units=list(settings.attention_widths),
            attention_hidden_activations=NAMES[settings.attention_activation],
            attention_dropout=settings.dropout,
            din_use_softmax=settings.softmax,
            dnn_hidden_units=list(settings.top_widths),
            dnn_activations=NAMES[settings.top_activation],
            net_dropout=settings.dropout,
            batch_norm=settings.batch_norm,
            embedding_regularizer=settings.regularisation,
            optimizer=settings.optimizer,
            learning_rate=settings.learning_rate,
            loss="binary_crossentropy",
            task="binary_classification",
            metrics=["AUC"],
            model_root=".",
            verbose=0,
        )
        self.model._max_gradient_norm, self.model._batch_index = LARGEST_GRADIENT, 0  # as fit sets them
        self.model.train()

    def inputs(self, batch: Padded) -> Any:
        longest = max(int(batch.length_B.max()), 1)
        goods_BT, shops_BT = batch.goods_BT[:, -longest:], batch.shops_BT[:, -longest:]
        items = {
            "goods": torch.cat([goods_BT, batch.goods_B[:, None]], 1).flatten(),
            "shop": torch.cat([shops_BT, batch.shop_B[:, None]], 1).flatten(),
        }
        return {"label": batch.label_B}, items, (goods_BT > 0).float()

    def step(self, inputs: Any) -> float:
        return self.model.train_step(inputs).item()

    def scores(self, inputs: Any) -> torch.Tensor:
        return self.model(inputs)["y_pred"].squeeze(-1)

    def no_better(self) -> None:
        self.model.lr_decay()


def make(settings: Settings, sizes: Sizes, seed: int) -> FuxiCTR:
    torch.manual_seed(seed)
    return FuxiCTR(settings, sizes)
