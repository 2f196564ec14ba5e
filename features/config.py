"""The settings of features: one class per module that reads them; flows/settings.py nests them."""

import os
import re
from dataclasses import dataclass, field
from typing import Literal

SIZE = re.compile(r"(?=.*[1-9])(\d+(?:\.\d+)?) *([MGT])i?B", re.IGNORECASE)
TERABYTES = {"M": 1e-6, "G": 1e-3, "T": 1.0}
MAX_TERABYTES = 1_000
STORAGE_VERSION = re.compile(r"v[1-9]\d*\.\d+\.\d+")


# The highest values of settings. Dates, keys and memory end beyond them.
MAX_DAYS = 36_500  # a century
MAX_SECONDS = 31_536_000  # a year
MAX_ROWS = 1_000_000  # of one user, or files of one kind
MAX_BUCKETS = 100_000
MAX_THREADS = 1_024
MAX_SEED = 2**63 - 1


def require_between(config: object, lowest: float, highest: float, *names: str) -> None:
    """Raise ValueError, with name, value and limit, if a setting is out of range."""
    for name in names:
        value = getattr(config, name)
        if not lowest <= value:
            raise ValueError(f"{name} is {value}; it must be at least {lowest}")
        if value > highest:
            raise ValueError(f"{name} is {value}; it must be at most {highest}")


def require_size(config: object, *names: str) -> None:
    """Raise ValueError, with name and value, if a setting is no DuckDB size."""
    for name in names:
        value = getattr(config, name)
        size = SIZE.fullmatch(value)
        if not size:
            raise ValueError(f"{name} is '{value}'; it must be a number with MB, GB or TB, such as 2GB")
        if float(size[1]) * TERABYTES[size[2].upper()] > MAX_TERABYTES:
            raise ValueError(f"{name} is '{value}'; it must be at most {MAX_TERABYTES}TB")


@dataclass(frozen=True)
class StoreConfig:
    """Hold the settings of a store: its days, buckets, limits and copies.

    A data day begins and ends at midnight in `timezone`. Users are cut into `buckets`. The limits are DuckDB's, except
    `threads`, which the ranking uses too. A command waits at most `wait_seconds` for another one that is writing. The
    newest `keep_copies` copies of the warehouse are kept (0: no copies). DuckDB files are written in `storage_version`;
    every DuckDB from that version on reads them.
    """

    timezone: str = "UTC"
    buckets: int = 4
    memory_limit: str = "2GB"
    temp_limit: str = "20GB"
    threads: int = field(default_factory=lambda: os.cpu_count() or 1)
    wait_seconds: float = 2
    keep_copies: int = 3
    storage_version: str = "v1.0.0"

    def __post_init__(self) -> None:
        require_between(self, 1, MAX_BUCKETS, "buckets")
        require_between(self, 1, MAX_THREADS, "threads")
        require_between(self, 0, MAX_SECONDS, "wait_seconds")
        require_between(self, 0, MAX_BUCKETS, "keep_copies")
        require_size(self, "memory_limit", "temp_limit")
        if not STORAGE_VERSION.fullmatch(self.storage_version):
            raise ValueError(
                f"storage_version is '{self.storage_version}'; it must be a version of DuckDB from v1.0.0 on, "
                "such as v1.0.0 or v1.5.0"
            )


@dataclass(frozen=True)
class IngestConfig:
    """Hold the settings of reading events.

    `use_known_at`: if a source has known_at, a night sees only what was known by its end. `exact_duplicates`: exact
    duplicates without an event_id are kept (a person clicks twice) or collapsed. A night reads the last `reread_days`
    days of each source again, for sources whose events come late.
    """

    use_known_at: bool = True
    exact_duplicates: Literal["keep", "collapse"] = "keep"
    reread_days: int = 0

    def __post_init__(self) -> None:
        require_between(self, 0, MAX_DAYS, "reread_days")


@dataclass(frozen=True)
class GroupConfig:
    """Hold which events of a history a sequence of one group keeps.

    It keeps the newest `length` events: none older than `max_age_days` (0: of any age), only of these event
    `event_types` (empty: of all), and without repeats. A repeat has the same goods or shop as the event before it,
    within `dedup_seconds` (0: repeats are kept).
    """

    length: int = 100
    max_age_days: int = 0
    event_types: tuple[str, ...] = ()
    dedup_seconds: int = 0


@dataclass(frozen=True)
class SequenceConfig:
    """Hold the settings of both sequence groups, goods and shops (see GroupConfig)."""

    goods_length: int = 100
    shop_length: int = 100
    goods_max_age_days: int = 0
    shop_max_age_days: int = 0
    goods_event_types: tuple[str, ...] = ()
    shop_event_types: tuple[str, ...] = ()
    goods_dedup_seconds: int = 0
    shop_dedup_seconds: int = 0

    def __post_init__(self) -> None:
        require_between(self, 1, MAX_ROWS, "goods_length", "shop_length")
        require_between(self, 0, MAX_DAYS, "goods_max_age_days", "shop_max_age_days")
        require_between(self, 0, MAX_SECONDS, "goods_dedup_seconds", "shop_dedup_seconds")

    @property
    def goods(self) -> GroupConfig:
        """Return the settings of the goods sequences."""
        return GroupConfig(self.goods_length, self.goods_max_age_days, self.goods_event_types, self.goods_dedup_seconds)

    @property
    def shop(self) -> GroupConfig:
        """Return the settings of the shop sequences."""
        return GroupConfig(self.shop_length, self.shop_max_age_days, self.shop_event_types, self.shop_dedup_seconds)


@dataclass(frozen=True)
class ExampleConfig:
    """Hold the settings of a day's labels, and of the history that each may see.

    `history_cutoff`: 'night' ends it with the night before; 'event' ends it strictly before the label's moment, for
    benchmarks. `label_source`: 'impressions', or 'positives': events of `positive_event_types` (empty: of all) with
    sampled negatives; 'auto' uses impressions on days that have them. Each positive gets `negatives_per_positive`
    negatives, sampled as `negative_sampling` says. 'candidates' samples them from the candidates of the night before
    and keeps only positives among those, which is what a night asks of the model. 'uniform' samples all items equally,
    'popularity' by popularity over the last `popular_days` days to the power `popularity_exponent`.
    """

    history_cutoff: Literal["night", "event"] = "night"
    label_source: Literal["auto", "impressions", "positives"] = "auto"
    positive_event_types: tuple[str, ...] = ()
    negatives_per_positive: int = 4
    negative_sampling: Literal["uniform", "popularity", "candidates"] = "candidates"
    popularity_exponent: float = 0.75
    popular_days: int = 60
    seed: int = 17

    def __post_init__(self) -> None:
        require_between(self, 0, 10_000, "negatives_per_positive")
        require_between(self, 0, 10, "popularity_exponent")
        require_between(self, 1, MAX_DAYS, "popular_days")
        require_between(self, 0, MAX_SEED, "seed")


# Quotas of built-in sources relative to the others: chosen on early nights, confirmed on later ones
# (docs/experiments.md).
SHARES = {"bought_again": 4, "bought_before": 4, "new_in_shop": 0.25}


@dataclass(frozen=True)
class CandidateConfig:
    """Hold the settings of candidates: quotas, popularity, co-visited items and exclusions.

    Each source gives a user at most `max_per_source` candidates, multiplied by SHARES for some built-in sources.
    `quotas` replaces this number for a source by name (0 turns it off). At most `max_per_user` of their union remain; a
    source with twice the quota counts twice in it.

    Popularity is counted over `popular_days`; an event weighs half as much for every `half_life_days` of its age. Two
    items are co-visited if at least `pair_min_users` users touched both in `pair_days`, among the last `pair_goods` of
    each user. `purchase_event_types` are the event types that count as purchases (empty: all types). An item bought
    within `exclude_purchased_days` is no candidate (0: it may be one), except items of `repeatable_categories`, which
    always may.
    """

    max_per_source: int = 100
    max_per_user: int = 200
    quotas: dict[str, int] = field(default_factory=dict)
    popular_days: int = 30
    half_life_days: float = 7.0
    pair_days: int = 90
    pair_goods: int = 50
    pair_min_users: int = 3
    purchase_event_types: tuple[str, ...] = ("buy", "purchase", "order")
    exclude_purchased_days: int = 0
    repeatable_categories: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_between(self, 1, MAX_ROWS, "max_per_source", "max_per_user", "pair_goods", "pair_min_users")
        require_between(self, 1, MAX_DAYS, "popular_days", "pair_days")
        require_between(self, 0, MAX_DAYS, "exclude_purchased_days")
        require_between(self, 0.01, MAX_DAYS, "half_life_days")
        for name, quota in self.quotas.items():
            if quota < 0:
                raise ValueError(f"quotas.{name} is {quota}; it must be at least 0, which turns the source off")
            if quota > MAX_ROWS:
                raise ValueError(f"quotas.{name} is {quota}; it must be at most {MAX_ROWS}")

    def quota(self, source: str) -> int:
        """Return how many candidates the source may give a user."""
        return self.quotas.get(source, max(1, int(self.max_per_source * SHARES.get(source, 1))))


@dataclass(frozen=True)
class RankingConfig:
    """Hold the settings of a user's ranking and of its explanation.

    A user gets the `top_k` best candidates, without those below `min_score`, and at most `max_per_shop` of one shop (0:
    any number). For the first `explain_top_k` of them the night saves the `explain_history_k` strongest events of the
    history.
    """

    top_k: int = 50
    min_score: float = 0.0
    max_per_shop: int = 0
    explain_top_k: int = 5
    explain_history_k: int = 5

    def __post_init__(self) -> None:
        require_between(self, 1, MAX_ROWS, "top_k")
        require_between(self, 0, MAX_ROWS, "max_per_shop", "explain_top_k", "explain_history_k")
        require_between(self, 0, MAX_ROWS, "min_score")
        if self.min_score > 1:
            raise ValueError(f"min_score is {self.min_score}; scores are probabilities, from 0 to 1")


@dataclass(frozen=True)
class RetentionConfig:
    """Hold what `nightrank housekeeping` keeps.

    It keeps the lake's derived files of the last `keep_lake_days` days up to the newest (0: all), the models that
    something refers to and the newest `keep_checkpoints` others, and the newest `keep_reports` reports.
    """

    keep_lake_days: int = 90
    keep_checkpoints: int = 10
    keep_reports: int = 90

    def __post_init__(self) -> None:
        require_between(self, 0, MAX_DAYS, "keep_lake_days")
        require_between(self, 0, MAX_ROWS, "keep_checkpoints", "keep_reports")


@dataclass(frozen=True)
class PublishConfig:
    """Hold the settings of publishing.

    The published file has the last `ranking_nights` nights of rankings and `sequence_nights` nights of sequences. The
    newest `keep_releases` files are kept. `write_report`: whether a page is written for each published night. A night
    is not published if the same model ranked it and the night before, and their scores differ by a PSI above `max_psi`
    (0: no limit).
    """

    ranking_nights: int = 14
    sequence_nights: int = 1
    keep_releases: int = 3
    max_psi: float = 0.1
    write_report: bool = True

    def __post_init__(self) -> None:
        require_between(self, 1, MAX_DAYS, "ranking_nights", "keep_releases")
        require_between(self, 0, MAX_DAYS, "sequence_nights")
        require_between(self, 0, 1_000, "max_psi")
