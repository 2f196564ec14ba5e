"""Settings that older versions had -> what to write instead.

A fixed setting keeps its field in the dataclass of its section, for benchmarks and tests, and its default is the value.
"""

from collections.abc import Mapping
from typing import Any

FIXED: Mapping[str, frozenset[str]] = {
    "examples": frozenset({"history_cutoff", "label_source", "popularity_exponent", "popular_days", "seed"}),
    "sequences": frozenset({"goods_max_age_days", "shop_max_age_days"}),
    "din": frozenset(
        {"goods_length", "shop_length", "activation", "position_buckets", "half_life_days", "learn_half_life"}
    ),
    "train": frozenset({"weight_decay", "oov_mask_rate", "checkpoint_every_steps", "precision"}),
    "candidates": frozenset({"popular_days", "half_life_days", "pair_days", "pair_goods", "pair_min_users"}),
    "ranking": frozenset({"explain_history_k"}),
    "publish": frozenset({"write_report"}),
    "retention": frozenset({"keep_checkpoints", "keep_reports"}),
}
RENAMED: Mapping[str, Mapping[str, str]] = {
    "ingest": {"knowledge": "use_known_at", "repeats": "exact_duplicates"},
    "sequences": {
        "goods_types": "goods_event_types",
        "shop_types": "shop_event_types",
        "goods_collapse_seconds": "goods_dedup_seconds",
        "shop_collapse_seconds": "shop_dedup_seconds",
    },
    "examples": {
        "history": "history_cutoff",
        "labels": "label_source",
        "positive_types": "positive_event_types",
        "draw": "negative_sampling",
        "negatives": "negatives_per_positive",
        "popularity_power": "popularity_exponent",
    },
    "din": {
        "dimension": "embedding_dim",
        "attention_widths": "attention_hidden_units",
        "top_widths": "mlp_hidden_units",
        "normalize": "attention_normalization",
        "matches": "repeat_features",
        "categories": "category_embedding",
        "users": "user_embedding",
    },
    "train": {
        "regularisation": "embedding_l2",
        "unknown_share": "oov_mask_rate",
        "keep_every": "checkpoint_every_steps",
    },
    "candidates": {
        "per_source": "max_per_source",
        "per_user": "max_per_user",
        "pair_support": "pair_min_users",
        "bought_types": "purchase_event_types",
        "exclude_bought_days": "exclude_purchased_days",
    },
    "ranking": {
        "k": "top_k",
        "per_shop": "max_per_shop",
        "why_goods": "explain_top_k",
        "why_history": "explain_history_k",
    },
    "publish": {"report": "write_report"},
}
SECTIONS = {"housekeeping": "retention"}


def is_fixed(section: str, name: str) -> bool:
    return name in FIXED.get(section, ())


def renamed(section: str, name: str) -> tuple[str, str]:
    """Return the section and the name that a setting has now: its own, if it was never renamed."""
    now = SECTIONS.get(section, section)
    return now, RENAMED.get(now, {}).get(name, name)


def retired_error(section: str, name: str, defaults: Mapping[str, Any]) -> str | None:
    """Return what to write instead of a setting of an older version, None if there never was one."""
    now, new = renamed(section, name)
    if now not in defaults or not hasattr(defaults[now], new):
        return None
    if is_fixed(now, new):
        return f"[{section}] {name} is no longer a setting: its value is now fixed at {fixed_value(now, new, defaults)}"
    if (now, new) != (section, name):
        return f"[{section}] {name} is now [{now}] {new}; write that"
    return None


def fixed_value(section: str, name: str, defaults: Mapping[str, Any]) -> str:
    if section == "din" and name.endswith("_length"):
        return f"that of [sequences] {name}"
    value = getattr(defaults[section], name)
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else repr(value)
