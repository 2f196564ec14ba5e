"""torch-rechub 0.9.0: its ranking model DIN, trained by the steps of its `CTRTrainer`.

Goods attend to goods and shops to shops, as in ours. There is no mask: padding is weighed like everything else, and
adds nothing only because `padding_idx` keeps its vector at zero, which its example leaves out and this module does not.
Before each activation comes a batch norm, which counts padding; its Dice takes mean and variance over the width of one
example and not over the batch. The top's activation is always Dice, whatever the settings say. The model wants features
beside the candidate; its example gives the candidate's again, and so does this module, without the user id.

`regularisation` is `weight_decay`, Adam's on all weights. Embeddings start at a deviation of 0.0001, its default.
"""

from typing import Any

import torch
from torch_rechub.basic.features import SequenceFeature, SparseFeature
from torch_rechub.models.ranking.din import DIN
from torch_rechub.trainers import CTRTrainer

from bench.peers.exchange import Padded, Sizes
from bench.peers.settings import Settings


class TorchRechub:
    pads_first = False

    def __init__(self, settings: Settings, sizes: Sizes) -> None:
        width = settings.dimension
        tables = {"goods": sizes.goods_rows, "shop": sizes.shop_rows}
        candidate = [SparseFeature(name, rows, width, padding_idx=0) for name, rows in tables.items()]
        history = [
            SequenceFeature(f"{name}_history", rows, width, pooling="concat", shared_with=name, padding_idx=0)
            for name, rows in tables.items()
        ]
        self.model = DIN(
            features=candidate,
            history_features=history,
            target_features=candidate,
            mlp_params={"dims": list(settings.top_widths), "dropout": settings.dropout},
            attention_mlp_params={
                "dims": list(settings.attention_widths),
                "activation": settings.attention_activation,
                "use_softmax": settings.softmax,
            },
        ).train()
        self.trainer = CTRTrainer(
            self.model, optimizer_params={"lr": settings.learning_rate, "weight_decay": settings.regularisation}
        )

    def inputs(self, batch: Padded) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        columns = {
            "goods": batch.goods_B,
            "shop": batch.shop_B,
            "goods_history": batch.goods_BT,
            "shop_history": batch.shops_BT,
        }
        return columns, batch.label_B

    def step(self, inputs: Any) -> float:
        columns, label_B = inputs
        loss = self.trainer.criterion(self.model(columns), label_B) + self.trainer.reg_loss_fn(self.model)
        self.model.zero_grad()
        loss.backward()
        self.trainer.optimizer.step()
        return loss.item()

    def scores(self, inputs: Any) -> torch.Tensor:
        return self.model(inputs[0])

    def no_better(self) -> None: ...


def make(settings: Settings, sizes: Sizes, seed: int) -> TorchRechub:
    torch.manual_seed(seed)
    return TorchRechub(settings, sizes)
