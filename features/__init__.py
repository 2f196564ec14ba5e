"""The feature store: events -> histories -> sequences, examples and candidates -> rankings -> the published file.

DuckDB and Polars live here and nowhere else. Knows nothing of the model: arrays go out, scores come back.
"""

from features import statements
from features.baselines import Order
from features.candidates import CandidateCounts, build_candidates
from features.catalogue import Catalogued, fail_goods, ingest_goods, never_touched
from features.categories import categories_for, categories_of, give_category_keys
from features.config import (
    CandidateConfig,
    ExampleConfig,
    HousekeepingConfig,
    IngestConfig,
    PublishConfig,
    RankingConfig,
    SequenceConfig,
    StoreConfig,
)
from features.copies import need_no_remains, need_warehouse
from features.database import MAKE_ROOM, in_sentences, is_full, may_pass
from features.dates import FIRST_DAY, LAST_DAY
from features.doctor import Finding, examine
from features.drift import Drift, measure_drift
from features.erasure import Forgotten, forget
from features.errors import BusyError, FeatureError, StoppedByCheck
from features.event_types import listed_types, unmatched_types
from features.examined import Broken, Look
from features.examined_release import published_is_broken
from features.examples import LabelledExamples, build_examples, days_back, load_examples, needs_candidates
from features.held_back import HeldBack, accepting, held_back_warning, in_ranges
from features.histories import Histories, build_histories, load_histories, view_histories
from features.housekeeping import Going, tidy, what_goes
from features.impressions import ingest_impressions
from features.ingestion import Ingested, event_days, ingest_events
from features.kept_releases import clear_releases
from features.lake import flush
from features.material import Material, load_material
from features.models import (
    ModelRecord,
    NextChampion,
    champion_id,
    last_training,
    learned_from_forgotten,
    need_champion,
    next_champion,
    ranked_by_others,
    record_of,
    register_models,
    start_id,
    table_sizes,
)
from features.modes import closed_to_others, new_file_aside
from features.night_goods import build_night_goods, build_night_pairs
from features.orphans import need_lake, orphans_error
from features.outcomes import Outcomes, RankBucket, build_outcomes
from features.plan import PlannedAsset, Shaping, labels_until, plan
from features.publication import (
    Check,
    build_again,
    build_release,
    close_night,
    close_release,
    flip,
    is_published,
    need_in_release,
    nights_missing,
    record_night,
    refuse_night,
    rolled_back_nights,
    run_checks,
    stop_where_broken,
)
from features.published import Answer, Reader, reading
from features.rankings import (
    NightBucket,
    RankingWriter,
    load_bucket,
    ranking_fingerprint,
    writing_rankings,
)
from features.recall import Recalled, recall, why_not_recall
from features.registry import known_path, known_source, last_day_read, registered_sources
from features.rollback import Release, RolledBack, recognise_flip, releases, roll_back
from features.sequences import build_sequences, load_sequences
from features.slices import PARTS, Part
from features.sources import Source, find_source
from features.status import Status, look
from features.store import Store, epoch_microseconds, in_utc
from features.summary import Summary, keep_summary, reading_went_well, sum_up_failure, summary_of
from features.trial import trial
from features.unchanged import forget_digests
from features.unranked import first_trainable, outcomes_never_measured, unranked_nights
from features.warehouse import Warehouse, look_into, open_warehouse

__all__ = [
    "FIRST_DAY",
    "LAST_DAY",
    "MAKE_ROOM",
    "PARTS",
    "Answer",
    "Broken",
    "BusyError",
    "CandidateConfig",
    "CandidateCounts",
    "Catalogued",
    "Check",
    "Drift",
    "ExampleConfig",
    "FeatureError",
    "Finding",
    "Forgotten",
    "Going",
    "HeldBack",
    "Histories",
    "HousekeepingConfig",
    "IngestConfig",
    "Ingested",
    "LabelledExamples",
    "Look",
    "Material",
    "ModelRecord",
    "NextChampion",
    "NightBucket",
    "Order",
    "Outcomes",
    "Part",
    "PlannedAsset",
    "PublishConfig",
    "RankBucket",
    "RankingConfig",
    "RankingWriter",
    "Reader",
    "Recalled",
    "Release",
    "RolledBack",
    "SequenceConfig",
    "Shaping",
    "Source",
    "Status",
    "StoppedByCheck",
    "Store",
    "StoreConfig",
    "Summary",
    "Warehouse",
    "accepting",
    "build_again",
    "build_candidates",
    "build_examples",
    "build_histories",
    "build_night_goods",
    "build_night_pairs",
    "build_outcomes",
    "build_release",
    "build_sequences",
    "categories_for",
    "categories_of",
    "champion_id",
    "clear_releases",
    "close_night",
    "close_release",
    "closed_to_others",
    "days_back",
    "epoch_microseconds",
    "event_days",
    "examine",
    "fail_goods",
    "find_source",
    "first_trainable",
    "flip",
    "flush",
    "forget",
    "forget_digests",
    "give_category_keys",
    "held_back_warning",
    "in_ranges",
    "in_sentences",
    "in_utc",
    "ingest_events",
    "ingest_goods",
    "ingest_impressions",
    "is_full",
    "is_published",
    "keep_summary",
    "known_path",
    "known_source",
    "labels_until",
    "last_day_read",
    "last_training",
    "learned_from_forgotten",
    "listed_types",
    "load_bucket",
    "load_examples",
    "load_histories",
    "load_material",
    "load_sequences",
    "look",
    "look_into",
    "may_pass",
    "measure_drift",
    "need_champion",
    "need_in_release",
    "need_lake",
    "need_no_remains",
    "need_warehouse",
    "needs_candidates",
    "never_touched",
    "new_file_aside",
    "next_champion",
    "nights_missing",
    "open_warehouse",
    "orphans_error",
    "outcomes_never_measured",
    "plan",
    "published_is_broken",
    "ranked_by_others",
    "ranking_fingerprint",
    "reading",
    "reading_went_well",
    "recall",
    "recognise_flip",
    "record_night",
    "record_of",
    "refuse_night",
    "register_models",
    "registered_sources",
    "releases",
    "roll_back",
    "rolled_back_nights",
    "run_checks",
    "start_id",
    "statements",
    "stop_where_broken",
    "sum_up_failure",
    "summary_of",
    "table_sizes",
    "tidy",
    "trial",
    "unmatched_types",
    "unranked_nights",
    "view_histories",
    "what_goes",
    "why_not_recall",
    "writing_rankings",
]
