"""DeepCTR-Torch 0.3.0: its DIN, trained by the steps of its `fit`.

Goods and shop of an event stand end to end as one item, and one activation unit weighs both. A batch is one float32
matrix, ids included, so that ids above 2^24 would be taken for others. Padding goes last, up to the longest history of
all, and Dice counts it in its mean and variance; then its weight is set to zero. The top's activation cannot be Dice:
an assertion of its own stops it. Before attending it pools the histories for nothing.

`regularisation` is `l2_reg_embedding`: it times the square of every row of the tables, in each step, beside a loss that
is summed over the batch. Embeddings start at a deviation of 0.0001, its default. It imports `requests`, which it does
not declare, to ask whether there is a newer version.
"""

from typing import Any

import torch
from deepctr_torch.inputs import SparseFeat, VarLenSparseFeat
from deepctr_torch.models.din import DIN

from bench.peers.exchange import Padded, Sizes
from bench.peers.settings import Settings

NAMES = {"dice": "Dice", "relu": "relu"}
OPTIMIZERS = {"adam": torch.optim.Adam, "adagrad": torch.optim.Adagrad}


class DeepCTR:
    pads_first = False

    def __init__(self, settings: Settings, sizes: Sizes, seed: int) -> None:
        width = settings.dimension
        tables = {"goods": sizes.goods_rows, "shop": sizes.shop_rows}
        columns = [SparseFeat(name, rows, embedding_dim=width) for name, rows in tables.items()]
        columns += [
            VarLenSparseFeat(
                SparseFeat(f"hist_{name}", rows, embedding_dim=width, embedding_name=name),
                sizes.length,
                length_name="len",
            )
            for name, rows in tables.items()
        ]
        self.model = DIN(
            columns,
            list(tables),
            dnn_hidden_units=settings.top_widths,
            dnn_activation=NAMES[settings.top_activation],
            dnn_dropout=settings.dropout,
            att_hidden_size=settings.attention_widths,
            att_activation=NAMES[settings.attention_activation],
            att_weight_normalization=settings.softmax,
            l2_reg_embedding=settings.regularisation,
            seed=seed,
        )
        optimizer = OPTIMIZERS[settings.optimizer](self.model.parameters(), lr=settings.learning_rate)
        self.model.compile(optimizer, "binary_crossentropy")
        self.model.train()

    def inputs(self, batch: Padded) -> tuple[torch.Tensor, torch.Tensor]:
        parts = {
            "goods": batch.goods_B[:, None],
            "shop": batch.shop_B[:, None],
            "hist_goods": batch.goods_BT,
            "hist_shop": batch.shops_BT,
            "len": batch.length_B[:, None],
        }
        return torch.cat([parts[name] for name in self.model.feature_index], 1).float(), batch.label_B

    def step(self, inputs: Any) -> float:
        matrix_BF, label_B = inputs
        score_B = self.model(matrix_BF).squeeze(-1)
        self.model.optim.zero_grad()
        loss = self.model.loss_func(score_B, label_B, reduction="sum")
        (loss + self.model.get_regularization_loss() + self.model.aux_loss).backward()
        self.model.optim.step()
        return loss.item() / len(label_B)

    def scores(self, inputs: Any) -> torch.Tensor:
        return self.model(inputs[0]).squeeze(-1)

    def no_better(self) -> None: ...


def make(settings: Settings, sizes: Sizes, seed: int) -> DeepCTR:
    return DeepCTR(settings, sizes, seed)
