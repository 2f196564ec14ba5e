"""What `features` exports; each name loads its module when it is first used (features/__init__.py)."""

from .candidates.candidates import CandidateCounts, build_candidates
from .candidates.item_stats import build_night_goods, build_night_pairs
from .config import (
    CandidateConfig,
    ExampleConfig,
    HousekeepingConfig,
    IngestConfig,
    PublishConfig,
    RankingConfig,
    SequenceConfig,
    StoreConfig,
)
from .errors import BusyError, FeatureError, StoppedByCheck
from .ingest.catalogue import Catalogued, fail_goods, ingest_goods, never_touched
from .ingest.columns.date_columns import FIRST_DAY, LAST_DAY
from .ingest.held_back_days import HeldBack, accepting, held_back_warning, in_ranges
from .ingest.impressions import ingest_impressions
from .ingest.ingest_events import Ingested, event_days, ingest_events
from .ingest.source_registry import known_path, known_source, last_day_read, registered_sources
from .ingest.sources import Source, find_source
from .ingest.unchanged_days import forget_digests
from .ops.doctor import Finding, examine
from .ops.erasure.erase import Forgotten, forget
from .ops.erasure.rewrite import newer_files, rewrite_newer
from .ops.orphan_files import need_lake, orphans_error
from .ops.plan import PlannedAsset, Shaping, labels_until, plan
from .ops.release_checks import published_is_broken
from .ops.retention import Going, tidy, what_goes
from .ops.status import Status, look
from .ops.store_checks import Broken, Look
from .ops.unranked_nights import first_trainable, outcomes_never_measured, unranked_nights
from .publish.explain_inputs import Recalled, recall, why_not_recall
from .publish.night_summary import Summary, keep_summary, reading_went_well, sum_up_failure, summary_of
from .publish.reader import Answer, Reader, reading
from .publish.release import (
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
from .publish.release_files import clear_releases
from .publish.rollback import Release, RolledBack, recognise_flip, releases, roll_back
from .rankings.baselines import Order
from .rankings.drift import Drift, measure_drift
from .rankings.outcomes import Outcomes, RankBucket, build_outcomes
from .rankings.rankings import NightBucket, RankingWriter, load_bucket, ranking_fingerprint, writing_rankings
from .sequences.event_types import listed_types, unmatched_types
from .sequences.histories import Histories, build_histories, load_histories, view_histories
from .sequences.history_slices import PARTS, Part
from .sequences.sequences import build_sequences, load_sequences
from .store import sql_files
from .store.duckdb_connection import MAKE_ROOM, in_sentences, is_full, may_pass
from .store.lake import flush
from .store.permissions import closed_to_others, new_file_aside
from .store.scratch import trial
from .store.store import Store, epoch_microseconds, in_utc
from .store.warehouse import Warehouse, look_into, open_warehouse
from .store.warehouse_copies import need_no_remains, need_warehouse
from .training.category_keys import categories_for, categories_of, give_category_keys
from .training.examples import LabelledExamples, build_examples, days_back, load_examples, needs_candidates
from .training.model_registry import (
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
from .training.training_data import Material, load_material

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
    "newer_files",
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
    "rewrite_newer",
    "roll_back",
    "rolled_back_nights",
    "run_checks",
    "sql_files",
    "start_id",
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
