"""A seed -> who wants what: the users, goods and shops of the synthetic events, and what a user looks at next."""

from dataclasses import dataclass
from datetime import date

import numpy as np

INTERESTS = 4
IN_INTEREST = 0.85  # of the views; the rest are of anything popular


@dataclass(frozen=True)
class EventConfig:
    """What the events look like. Shares are of 1; `events` counts distinct ones, and redeliveries come on top."""

    events: int
    users: int
    days: int
    seed: int = 0
    start: date = date(2025, 1, 1)
    goods: int = 100_000
    shops: int = 5_000
    categories: int = 200
    user_skew: float = 0.7  # with 300,000 users of 10M events the busiest has 3,000 and the median one 18
    goods_skew: float = 0.9
    moving: float = 0.02  # of goods that change shop on some day
    ties: float = 0.05  # of steps at exactly the time of the step before, of the same user
    whole_seconds: bool = False
    duplicates: float = 0.0  # of events that are delivered again, hours later
    late: float = 0.0  # of events that are known an hour to five days after they happened
    known_at: bool = False  # write the column
    bot: float = 0.0  # of the events that are of one user, who never sleeps
    days_per_file: int = 10


@dataclass(frozen=True)
class World:
    """Who wants what: U users, G goods sorted by category, C categories. Ids begin at 1 and tell nothing of rank."""

    activity: np.ndarray  # [U] cumulative, to 1
    interests: np.ndarray  # [U, 4] categories
    leanings: np.ndarray  # [U, 4] cumulative weights of the interests, to 1
    popularity: np.ndarray  # [G] cumulative
    borders: np.ndarray  # [C + 1] cumulative popularity where a category begins
    goods_ids: np.ndarray  # [G]
    shops: np.ndarray  # [G, 2] before and after the move
    moves_on: np.ndarray  # [G] day


def zipf(count: int, skew: float, shift: int) -> np.ndarray:
    """Weights of ranks by the law of Zipf and Mandelbrot; the shift keeps the first few from taking it all."""
    return (np.arange(count) + 1.0 + shift) ** -skew


def make_world(config: EventConfig) -> World:
    rng = np.random.default_rng(config.seed)
    activity = rng.permutation(zipf(config.users, config.user_skew, shift=100))
    if config.bot:
        activity[0] = activity[1:].sum() * config.bot / (1 - config.bot)
    activity = activity.cumsum()
    interests, leanings = draw_interests(rng, config)
    category = np.sort(rng.integers(0, config.categories, config.goods))
    popularity = rng.permutation(zipf(config.goods, config.goods_skew, shift=10)).cumsum()
    moving = rng.random(config.goods) < config.moving
    shops = np.column_stack([draw_shops(rng, category, config) for _ in range(2)])
    return World(
        activity=activity / activity[-1],
        interests=interests,
        leanings=leanings,
        popularity=popularity,
        borders=np.append(0.0, popularity)[np.searchsorted(category, np.arange(config.categories + 1))],
        goods_ids=rng.permutation(config.goods) + 1,
        shops=shops,
        moves_on=np.where(moving, rng.integers(1, max(config.days, 2), config.goods), config.days),
    )


def draw_interests(rng: np.random.Generator, config: EventConfig) -> tuple[np.ndarray, np.ndarray]:
    """Two to four interests a user, and how often each is followed; an interest may come up twice."""
    share = rng.permutation(zipf(config.categories, 0.5, shift=1)).cumsum()
    interests = np.searchsorted(share / share[-1], rng.random((config.users, INTERESTS)), "right").astype(np.int16)
    weights = rng.exponential(size=(config.users, INTERESTS)).astype(np.float32) + np.float32(0.1)
    weights[np.arange(INTERESTS) >= rng.integers(2, INTERESTS + 1, (config.users, 1))] = 0
    leanings = weights.cumsum(axis=1)
    return interests, leanings / leanings[:, -1:]


def draw_shops(rng: np.random.Generator, category: np.ndarray, config: EventConfig) -> np.ndarray:
    """A shop for each goods, among the shops that keep to its category; low numbers keep more goods."""
    kept = max(config.shops // config.categories, 1)
    return (kept * rng.random(len(category)) ** 2).astype(np.int64) * config.categories + category + 1


def draw_goods(rng: np.random.Generator, world: World, users: np.ndarray) -> np.ndarray:
    """A goods for each user: by popularity within one of their interests, or now and then among all."""
    which = (world.leanings[users] < rng.random((len(users), 1), np.float32)).sum(axis=1)
    interest = world.interests[users, np.minimum(which, INTERESTS - 1)]
    low, high = world.borders[interest], world.borders[interest + 1]
    anywhere = (rng.random(len(users)) >= IN_INTEREST) | (low == high)  # a category may have no goods
    low, high = np.where(anywhere, 0.0, low), np.where(anywhere, world.popularity[-1], high)
    drawn = np.searchsorted(world.popularity, low + (high - low) * rng.random(len(users)), "right")
    return np.minimum(drawn, len(world.goods_ids) - 1)


def shops_on(world: World, goods: np.ndarray, day: int) -> np.ndarray:
    return world.shops[goods, (world.moves_on[goods] <= day).astype(np.intp)]
