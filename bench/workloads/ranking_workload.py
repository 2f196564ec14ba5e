"""A seed -> users with long histories, one example of each to learn from, and candidates to rank, in one exchange file.

Goods and shops are drawn as bench/workloads/synthetic_world.py draws them: Zipf, by the interests of each user.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.peers.exchange import Rows, save_exchange
from bench.workloads.synthetic_world import EventConfig, World, draw_goods, make_world

MEDIAN_LENGTH, LENGTH_SIGMA, LONGEST = 22, 0.9, 100  # lognormal; the mean is about 30
CLICKED = 0.3


@dataclass(frozen=True)
class Crowd:
    """`ranked` users have candidates, all different."""

    users: int = 100_000
    goods: int = 200_000
    shops: int = 10_000
    ranked: int = 400
    candidates: int = 200
    seed: int = 0


def write_crowd(crowd: Crowd, path: Path) -> None:
    random = np.random.default_rng(crowd.seed)
    world = make_world(
        EventConfig(events=0, users=crowd.users, days=1, goods=crowd.goods, shops=crowd.shops, seed=crowd.seed)
    )
    shop_of = np.zeros(crowd.goods + 1, np.int64)
    shop_of[world.goods_ids] = world.shops[:, 0]
    drawn = np.exp(random.normal(np.log(MEDIAN_LENGTH), LENGTH_SIGMA, crowd.users))
    lengths = np.clip(drawn.round(), 1, LONGEST).astype(np.int64)
    ends = lengths.cumsum()
    events = world.goods_ids[draw_goods(random, world, np.repeat(np.arange(crowd.users), lengths))]

    def rows(users: np.ndarray, goods: np.ndarray) -> Rows:
        labels = (random.random(len(users)) < CLICKED).astype(np.int64)
        return Rows(events, users, goods, labels, (ends - lengths)[users], ends[users])

    learners = random.permutation(crowd.users)
    wanted = [distinct(random, world, user, crowd.candidates) for user in range(crowd.ranked)]
    save_exchange(
        path,
        events,
        shop_of,
        int(shop_of.max()) + 1,
        train=rows(learners, world.goods_ids[draw_goods(random, world, learners)]),
        rank=rows(np.repeat(np.arange(crowd.ranked), crowd.candidates), world.goods_ids[np.concatenate(wanted)]),
    )


def distinct(random: np.random.Generator, world: World, user: int, count: int) -> np.ndarray:
    """So many different goods that the user may want, likely ones first."""
    drawn = np.empty(0, np.int64)
    while len(np.unique(drawn)) < count:
        drawn = np.append(drawn, draw_goods(random, world, np.full(4 * count, user)))
    _, first = np.unique(drawn, return_index=True)
    return drawn[np.sort(first)[:count]]
