"""Small random histories and examples to try a model on."""

import numpy as np
import torch

from din import DIN, DinConfig, EventSequence, Examples, Spans

DAY = 86_400_000_000  # microseconds
AS_OF = 20_000 * DAY
SMALL = DinConfig(
    embedding_dim=8,
    attention_hidden_units=(8, 4),
    mlp_hidden_units=(8,),
    attention_input="difference",
    attention_normalization="none",
    time_buckets=0,
    repeat_features=False,
)  # the form of the paper
ROWS = (30, 8)  # of the goods and of the shop table
ALL_ROWS = (*ROWS, 5, 10)  # and of those of categories and users; three users of a world come later
CATEGORY_OF = np.r_[0, 0, np.arange(28) % 4 + 1]  # of goods 2 to 29; goods 1 has none


def world(users: int = 12, each: int = 6, seed: int = 0) -> tuple[Examples, EventSequence, EventSequence]:
    """Random histories of 0 to 9 events and `each` examples a user."""
    random = np.random.default_rng(seed)
    lengths = random.integers(0, 10, users)
    end = np.cumsum(lengths)
    total = int(end[-1])
    ts = np.sort(AS_OF - random.integers(1, 90 * DAY, total))
    goods = EventSequence(random.integers(1, 30, total).astype(np.int32), ts)
    shops = EventSequence(random.integers(1, 8, total).astype(np.int32), ts)
    user = np.repeat(np.arange(users), each)
    span = Spans((end - lengths)[user], end[user])
    examples = Examples(
        user + 1,
        random.integers(1, 30, len(user)),
        random.integers(1, 8, len(user)),
        random.integers(0, 2, len(user)),
        np.full(len(user), AS_OF),
        span,
        span,
    )
    return examples, goods, shops


def model_of(config: DinConfig, seed: int = 1) -> DIN:
    """A model with random weights, those too that begin at zero."""
    torch.manual_seed(seed)
    model = DIN(config, *ALL_ROWS).eval()
    if model.goods.categories is not None:
        model.goods.categories.take(torch.from_numpy(CATEGORY_OF))
        torch.nn.init.normal_(model.goods.embedding.weight)
    if model.users is not None:
        torch.nn.init.normal_(model.users.weight)
    if model.matches is not None:
        torch.nn.init.normal_(model.matches.of_step)
    if config.pooling == "din":
        for table in (*model.goods.placed.parameters(), *model.shops.placed.parameters()):
            torch.nn.init.normal_(table)
    return model
