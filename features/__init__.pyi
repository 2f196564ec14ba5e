"""What `features` exports; each name loads its module when it is first used (features/__init__.py)."""

from .candidates.candidates import CandidateCounts, build_candidates
from .candidates.item_stats import build_night_goods, build_night_pairs
from .config import (
    CandidateConfig,
    ExampleConfig,
    IngestConfig,
    PublishConfig,
    RankingConfig,
    RetentionConfig,
    SequenceConfig,
    StoreConfig,
)
from .errors import BusyError, CheckFailedError, FeatureError
from .ingest.catalogue import CatalogueResult, ingest_goods, never_touched, record_catalogue_failure
from .ingest.columns.date_columns import FIRST_DAY, LAST_DAY
from .ingest.held_back_days import HeldBack, accept_command, format_day_ranges, held_back_warning
from .ingest.impressions import ingest_impressions
from .ingest.ingest_events import IngestResult, event_days, ingest_events
from .ingest.source_registry import last_day_read, registered_path, registered_source, registered_sources
from .ingest.sources import Source, find_source
from .ingest.unchanged_days import forget_digests
from .ops.doctor import Finding, run_doctor_checks
from .ops.erasure.erase import ErasureResult, erase_user
from .ops.erasure.rewrite import newer_files, rewrite_newer
from .ops.orphan_files import orphans_error, require_lake
from .ops.plan import PlannedAsset, PlanSettings, label_cutoff, plan
from .ops.release_checks import published_release_error
from .ops.retention import RemovalItem, find_expired, remove_expired
from .ops.status import Status, read_status
from .ops.store_checks import DoctorContext, Violation
from .ops.unranked_nights import first_trainable, outcomes_never_measured, unranked_nights
from .publish.explain_inputs import ExplainInputs, explain_error, load_explain_inputs
from .publish.night_summary import Summary, clear_ingest_failures, load_summary, save_summary, summarize_failure
from .publish.reader import Answer, Reader, open_published
from .publish.release import (
    Check,
    build_release,
    finalize_night,
    finalize_release,
    is_published,
    mark_night_failed,
    missing_nights,
    publish_release,
    raise_on_failed_checks,
    rebuild_release,
    record_night,
    require_in_release_window,
    rolled_back_nights,
    run_checks,
)
from .publish.release_files import prune_releases
from .publish.rollback import Release, RollbackResult, reconcile_publication, releases, roll_back
from .rankings.baselines import BaselineRanking
from .rankings.drift import Drift, measure_drift
from .rankings.outcomes import BucketRanker, Outcomes, build_outcomes
from .rankings.rankings import RankingBucket, RankingWriter, load_bucket, ranking_fingerprint, ranking_writer
from .sequences.event_types import listed_types, unmatched_types
from .sequences.histories import Histories, build_histories, create_histories_view, load_histories
from .sequences.history_slices import GROUPS, SequenceGroup
from .sequences.sequences import build_sequences, load_sequences
from .store import sql_files
from .store.duckdb_connection import MAKE_ROOM, is_disk_full, is_transient, translate_errors
from .store.lake import flush
from .store.permissions import new_file_aside, private_umask
from .store.scratch import scratch_warehouse
from .store.store import Store, epoch_microseconds, in_utc
from .store.warehouse import Warehouse, open_warehouse, open_warehouse_read_only
from .store.warehouse_copies import require_no_remains, require_warehouse
from .training.category_keys import assign_category_keys, categories_since_training, item_categories
from .training.examples import LabelledExamples, build_examples, last_days, load_examples, needs_candidates
from .training.model_registry import (
    ModelRecord,
    NextChampion,
    champion_id,
    checkpoint_metadata,
    last_training_day,
    next_champion,
    ranked_by_others,
    register_models,
    require_champion,
    table_sizes,
    trained_on_erased_user,
    warm_start_model_id,
)
from .training.training_data import TrainingData, load_training_data

__all__ = [
    "FIRST_DAY",
    "GROUPS",
    "LAST_DAY",
    "MAKE_ROOM",
    "Answer",
    "BaselineRanking",
    "BucketRanker",
    "BusyError",
    "CandidateConfig",
    "CandidateCounts",
    "CatalogueResult",
    "Check",
    "CheckFailedError",
    "DoctorContext",
    "Drift",
    "ErasureResult",
    "ExampleConfig",
    "ExplainInputs",
    "FeatureError",
    "Finding",
    "HeldBack",
    "Histories",
    "IngestConfig",
    "IngestResult",
    "LabelledExamples",
    "ModelRecord",
    "NextChampion",
    "Outcomes",
    "PlanSettings",
    "PlannedAsset",
    "PublishConfig",
    "RankingBucket",
    "RankingConfig",
    "RankingWriter",
    "Reader",
    "Release",
    "RemovalItem",
    "RetentionConfig",
    "RollbackResult",
    "SequenceConfig",
    "SequenceGroup",
    "Source",
    "Status",
    "Store",
    "StoreConfig",
    "Summary",
    "TrainingData",
    "Violation",
    "Warehouse",
    "accept_command",
    "assign_category_keys",
    "build_candidates",
    "build_examples",
    "build_histories",
    "build_night_goods",
    "build_night_pairs",
    "build_outcomes",
    "build_release",
    "build_sequences",
    "categories_since_training",
    "champion_id",
    "checkpoint_metadata",
    "clear_ingest_failures",
    "create_histories_view",
    "epoch_microseconds",
    "erase_user",
    "event_days",
    "explain_error",
    "finalize_night",
    "finalize_release",
    "find_expired",
    "find_source",
    "first_trainable",
    "flush",
    "forget_digests",
    "format_day_ranges",
    "held_back_warning",
    "in_utc",
    "ingest_events",
    "ingest_goods",
    "ingest_impressions",
    "is_disk_full",
    "is_published",
    "is_transient",
    "item_categories",
    "label_cutoff",
    "last_day_read",
    "last_days",
    "last_training_day",
    "listed_types",
    "load_bucket",
    "load_examples",
    "load_explain_inputs",
    "load_histories",
    "load_sequences",
    "load_summary",
    "load_training_data",
    "mark_night_failed",
    "measure_drift",
    "missing_nights",
    "needs_candidates",
    "never_touched",
    "new_file_aside",
    "newer_files",
    "next_champion",
    "open_published",
    "open_warehouse",
    "open_warehouse_read_only",
    "orphans_error",
    "outcomes_never_measured",
    "plan",
    "private_umask",
    "prune_releases",
    "publish_release",
    "published_release_error",
    "raise_on_failed_checks",
    "ranked_by_others",
    "ranking_fingerprint",
    "ranking_writer",
    "read_status",
    "rebuild_release",
    "reconcile_publication",
    "record_catalogue_failure",
    "record_night",
    "register_models",
    "registered_path",
    "registered_source",
    "registered_sources",
    "releases",
    "remove_expired",
    "require_champion",
    "require_in_release_window",
    "require_lake",
    "require_no_remains",
    "require_warehouse",
    "rewrite_newer",
    "roll_back",
    "rolled_back_nights",
    "run_checks",
    "run_doctor_checks",
    "save_summary",
    "scratch_warehouse",
    "sql_files",
    "summarize_failure",
    "table_sizes",
    "trained_on_erased_user",
    "translate_errors",
    "unmatched_types",
    "unranked_nights",
    "warm_start_model_id",
]
