"""What shapes the features. Each part is owned by the module that reads it; flows/settings.py nests them."""

import os
from dataclasses import dataclass, field


@dataclass(frozen=True)
class StoreConfig:
    """`timezone` is where a data day begins and ends; users are cut into `buckets`; limits are DuckDB's."""

    timezone: str = "UTC"
    buckets: int = 4
    memory_limit: str = "2GB"
    temp_limit: str = "20GB"
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)


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


@dataclass(frozen=True)
class CandidateConfig:
    """At most `per_source` from each file in sql/candidates, at most `per_user` of their union."""

    per_source: int = 100
    per_user: int = 200
    popular_days: int = 30


@dataclass(frozen=True)
class PublishConfig:
    """How many nights of rankings, and how many of sequences, the published file holds."""

    ranking_nights: int = 14
    sequence_nights: int = 1
    keep_releases: int = 3
