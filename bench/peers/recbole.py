"""RecBole 1.2.1: its sequential recommender DIN, trained by the steps of its `Trainer`.

Goods and shop of an event stand end to end as one item, and one activation unit weighs both. The attention's activation
is always a sigmoid and the top's always its Dice after batch norm, which here is SiLU, as alpha is zero and does not
learn; both nets have the same widths, and the weights are divided by the square root of the item's width. A softmax
cannot be asked for. It wants a user id, looks it up and does not use it: every user here is user 0.

`regularisation` is `weight_decay`, Adam's on all weights. Its loader is not used, and a stand-in takes the place of its
data set: a model asks it for names, sizes and the shop of each goods.
"""

import numpy as np
import torch
from recbole.data.interaction import Interaction
from recbole.model.sequential_recommender.din import DIN
from recbole.utils import FeatureType

from bench.peers.exchange import Padded, Sizes
from bench.peers.settings import Settings


class Config(dict):
    """RecBole's settings: what is not set is None."""

    def __missing__(self, name: str) -> None:
        return None


class Dataset:
    """What the model asks its data set for."""

    field2type = dict.fromkeys(("user_id", "item_id", "shop_id"), FeatureType.TOKEN)

    def __init__(self, config: Config, sizes: Sizes) -> None:
        self.config = config
        self.rows = {"user_id": 1, "item_id": sizes.goods_rows, "shop_id": sizes.shop_rows}
        self.shop_of_G = torch.from_numpy(sizes.shop_of_G.astype(np.int64))

    def num(self, field: str) -> int:
        return self.rows[field]

    def get_user_feature(self) -> Interaction:
        return Interaction({"user_id": torch.arange(1)})

    def get_item_feature(self) -> Interaction:
        return Interaction({"item_id": torch.arange(self.rows["item_id"]), "shop_id": self.shop_of_G})


class RecBole:
    pads_first = False

    def __init__(self, settings: Settings, sizes: Sizes) -> None:
        config = Config(
            USER_ID_FIELD="user_id",
            ITEM_ID_FIELD="item_id",
            LIST_SUFFIX="_list",
            ITEM_LIST_LENGTH_FIELD="item_length",
            NEG_PREFIX="neg_",
            LABEL_FIELD="label",
            MAX_ITEM_LIST_LENGTH=sizes.length,
            device=torch.device("cpu"),
            embedding_size=settings.dimension,
            mlp_hidden_size=list(settings.attention_widths),
            dropout_prob=settings.dropout,
            pooling_mode="mean",
            numerical_features=[],
        )
        self.model = DIN(config, Dataset(config, sizes)).train()
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), lr=settings.learning_rate, weight_decay=settings.regularisation
        )

    def inputs(self, batch: Padded) -> Interaction:
        return Interaction(
            {
                "user_id": torch.zeros_like(batch.goods_B),
                "item_id": batch.goods_B,
                "item_id_list": batch.goods_BT,
                "item_length": batch.length_B,
                "label": batch.label_B,
            }
        )

    def step(self, inputs: Interaction) -> float:
        self.optimizer.zero_grad()
        loss = self.model.calculate_loss(inputs)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def scores(self, inputs: Interaction) -> torch.Tensor:
        return self.model.predict(inputs)

    def no_better(self) -> None: ...


def make(settings: Settings, sizes: Sizes, seed: int) -> RecBole:
    torch.manual_seed(seed)
    return RecBole(settings, sizes)
