"""A vector of each user: what they like whatever they did, and nothing of whom the model does not know."""

from dataclasses import replace

import numpy as np
import torch

import din
from din import DIN, EventSequence, Examples, Spans, TrainConfig
from tests.din.worlds import ALL_ROWS, AS_OF, ROWS, SMALL, model_of, world

WITH = replace(SMALL, user_embedding=True)


def likes_of_their_own(users: int = 40, each: int = 20) -> tuple[Examples, EventSequence, EventSequence]:
    """Without any history: users of odd keys take goods 1 to 14 and no others, those of even keys goods 15 to 28."""
    random = np.random.default_rng(4)
    user = np.repeat(np.arange(1, users + 1), each)
    goods = random.integers(1, 29, len(user))
    nothing = Spans(np.zeros(len(user), np.int64), np.zeros(len(user), np.int64))
    labels = ((goods > 14) ^ (user % 2 == 1)).astype(np.int64)
    examples = Examples(user, goods, np.zeros_like(user), labels, np.full(len(user), AS_OF), nothing, nothing)
    empty = EventSequence(np.zeros(0, np.int32), np.zeros(0, np.int64))
    return examples, empty, empty


def test_a_preference_is_learned_of_users_who_have_no_history() -> None:
    data = likes_of_their_own()
    train = TrainConfig(epochs=30, batch_size=64, embedding_l2=0.0, checkpoint_every_steps=0)

    found = {
        users: din.evaluate(
            data[0].user_keys,
            data[0].labels,
            din.predict(din.fit(replace(SMALL, user_embedding=users), train, *data, (*ROWS, 1, 41)), *data),
        ).auc
        for users in (True, False)
    }

    assert found[True] > 0.95
    assert found[False] < 0.65


def test_before_anything_is_learned_all_users_are_alike() -> None:
    users = DIN(WITH, *ALL_ROWS).users
    assert users is not None
    assert not users.weight.any()


def test_users_whom_the_model_does_not_know_take_row_zero() -> None:
    examples, goods, shops = world()
    model, strangers = model_of(WITH), examples.user_keys >= ALL_ROWS[3]

    as_they_are = din.predict(model, examples, goods, shops)
    as_nobody = din.predict(model, replace(examples, user_keys=np.zeros_like(examples.user_keys)), goods, shops)

    assert strangers.any()
    assert np.array_equal(as_they_are[strangers], as_nobody[strangers])
    assert np.abs(as_they_are - as_nobody)[~strangers].min() > 0


def test_the_part_of_one_user_is_that_of_the_same_user_for_each_candidate() -> None:
    model = model_of(WITH).double()
    parts = [torch.randn(7, 8).double() for _ in range(4)]
    user_1D = torch.randn(1, 8).double()

    once, each = model.logits(*parts, user_BD=user_1D), model.logits(*parts, user_BD=user_1D.expand(7, 8))

    pooled = [parts[0], parts[1], parts[0] * parts[1], parts[2], parts[3], parts[2] * parts[3]]
    whole = model.top(torch.cat([*pooled, user_1D.expand(7, 8)], dim=1)).squeeze(-1)
    torch.testing.assert_close(once, whole)
    torch.testing.assert_close(each, whole)
