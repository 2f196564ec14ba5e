"""What shapes the features. Each part is owned by the module that reads it; flows/settings.py nests them."""

import os
import re
from dataclasses import dataclass, field

SIZE = re.compile(r"(?=.*[1-9])\d+(\.\d+)? *[MGT]i?B", re.IGNORECASE)


def need_at_least(config: object, least: float, *names: str) -> None:
    """Raises ValueError, with the name and the value, where one of these settings is below `least` or no number."""
    for name in names:
        value = getattr(config, name)
        if not least <= value < float("inf"):
            raise ValueError(f"{name} is {value}; it must be at least {least}")


def need_size(config: object, *names: str) -> None:
    """Raises ValueError, with the name and the value, where one of these settings is no size that DuckDB reads."""
    for name in names:
        value = getattr(config, name)
        if not SIZE.fullmatch(value):
            raise ValueError(f"{name} is '{value}'; it must be a number with MB, GB or TB, such as 2GB")


@dataclass(frozen=True)
class StoreConfig:
    """`timezone` is where a data day begins and ends; users are cut into `buckets`; limits are DuckDB's."""

    timezone: str = "UTC"
    buckets: int = 4
    memory_limit: str = "2GB"
    temp_limit: str = "20GB"
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)

    def __post_init__(self) -> None:
        need_at_least(self, 1, "buckets", "threads")
        need_size(self, "memory_limit", "temp_limit")


@dataclass(frozen=True)
class SequenceConfig:
    """How many of the newest events each sequence keeps: two groups, two lengths."""

    goods_length: int = 100
    shop_length: int = 100


@dataclass(frozen=True)
class ExampleConfig:
    """Labels of a day: what counts as positive (every event type where the list is empty), and how many negatives
    are drawn for each, by popularity to this power over the last `popular_days` days."""

    positive_types: tuple[str, ...] = ()
    negatives: int = 4
    popularity_power: float = 0.75
    popular_days: int = 60
    seed: int = 17

    def __post_init__(self) -> None:
        need_at_least(self, 0, "negatives", "popularity_power", "seed")
        need_at_least(self, 1, "popular_days")


@dataclass(frozen=True)
class CandidateConfig:
    """At most `per_source` from each file in sql/candidates, at most `per_user` of their union."""

    per_source: int = 100
    per_user: int = 200
    popular_days: int = 30

    def __post_init__(self) -> None:
        need_at_least(self, 1, "per_source", "per_user", "popular_days")


@dataclass(frozen=True)
class PublishConfig:
    """How many nights of rankings, and how many of sequences, the published file holds."""

    ranking_nights: int = 14
    sequence_nights: int = 1
    keep_releases: int = 3

    def __post_init__(self) -> None:
        need_at_least(self, 1, "ranking_nights", "keep_releases")
        need_at_least(self, 0, "sequence_nights")
