"""Settings, read once: the environment, then `nightrank.toml` in the store, then the defaults of each part."""

import json
import os
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from din import DinConfig, Pooling, TrainConfig
from features import (
    CandidateConfig,
    ExampleConfig,
    FeatureError,
    IngestConfig,
    PublishConfig,
    RankingConfig,
    RetentionConfig,
    SequenceConfig,
    Store,
    StoreConfig,
)
from features.config import MAX_DAYS, require_between
from flows.retired_settings import SECTIONS, is_fixed, retired_error
from flows.runtime.alerts import AlertConfig
from flows.runtime.timeouts import TimeoutConfig
from flows.variables import nearest_name, variables_errors

SETTINGS_FILE = "nightrank.toml"


@dataclass(frozen=True)
class WindowConfig:
    """Which days a model learns from: the last `eval_days` measure it, the `valid_days` before them say which epoch to
    keep and when to stop, the `train_days` before those teach it."""

    train_days: int = 56
    valid_days: int = 7
    eval_days: int = 7

    def __post_init__(self) -> None:
        require_between(self, 1, MAX_DAYS, "train_days", "eval_days")
        require_between(self, 0, MAX_DAYS, "valid_days")

    @property
    def days(self) -> int:
        return self.train_days + self.valid_days + self.eval_days


class SettingsFile(TomlConfigSettingsSource):
    """`nightrank.toml`, which is in every backup of a store, and so no place for a secret."""

    def __call__(self) -> dict[str, Any]:
        given = super().__call__()
        if "webhook_url" in given.get("alerts", {}):
            raise ValueError(
                "alerts.webhook_url is a secret; take it out of this file, and set "
                "NIGHTRANK_ALERTS__WEBHOOK_URL in the environment"
            )
        return given


class Settings(BaseSettings):
    """Every setting by section. In the environment: NIGHTRANK_<SECTION>__<NAME>, as in NIGHTRANK_RANKING__TOP_K=20."""

    model_config = SettingsConfigDict(env_prefix="NIGHTRANK_", env_nested_delimiter="__", extra="forbid", frozen=True)

    store: StoreConfig = StoreConfig()
    ingest: IngestConfig = IngestConfig()
    sequences: SequenceConfig = SequenceConfig()
    examples: ExampleConfig = ExampleConfig()
    window: WindowConfig = WindowConfig()
    din: DinConfig = DinConfig()
    train: TrainConfig = TrainConfig()
    candidates: CandidateConfig = CandidateConfig()
    ranking: RankingConfig = RankingConfig()
    publish: PublishConfig = PublishConfig()
    retention: RetentionConfig = RetentionConfig()
    timeouts: TimeoutConfig = TimeoutConfig()
    alerts: AlertConfig = AlertConfig()

    @model_validator(mode="before")
    @classmethod
    def name_unknown(cls, given: dict[str, Any]) -> dict[str, Any]:
        for section, values in given.items():
            reject_unknown_keys(section, values, {name: field.default for name, field in cls.model_fields.items()})
        return {section: parse_json_lists(section, values) for section, values in given.items()}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, SettingsFile(settings_cls)

    @property
    def model_shape(self) -> DinConfig:
        """The model's shape, its histories as long as the night's sequences: training and serving see the same."""
        return replace(self.din, goods_length=self.sequences.goods_length, shop_length=self.sequences.shop_length)

    def shape_of(self, pooling: Pooling) -> DinConfig:
        """The same with another pooling and the same inputs, so that RelaImpr compares poolings and nothing else."""
        return replace(self.model_shape, pooling=pooling)


def reject_unknown_keys(section: str, values: Any, sections: dict[str, Any]) -> None:
    """Raises ValueError where there is no such section, or where it has no such setting, with the nearest name."""
    if section in SECTIONS and isinstance(values, dict):
        retired = [retired_error(section, name, sections) for name in sorted(values)]
        raise ValueError(next(filter(None, retired), f"[{section}] is now [{SECTIONS[section]}]; write that"))
    if section not in sections:
        near = nearest_name(section, sections)
        meant = f"; if you mean [{near}], write that" if near else ""
        raise ValueError(f"[{section}] is not a section; there are {', '.join(sections)}{meant}")
    known = sorted(item.name for item in fields(sections[section]) if not is_fixed(section, item.name))
    if isinstance(values, dict):
        for name in sorted(values.keys() - set(known)):
            if retired := retired_error(section, name, sections):
                raise ValueError(retired)
            near = nearest_name(name, known)
            meant = f"; if you mean {near}, write that" if near else ""
            raise ValueError(f"[{section}] has no setting {name}; there are {', '.join(known)}{meant}")
        reject_booleans(section, sections[section], values)
    elif not is_dataclass(values):
        raise ValueError(f"{section} is a section, not a setting; write [{section}], and its settings below it")


def reject_booleans(section: str, default: Any, values: dict[str, Any]) -> None:
    """Raises ValueError where `true` or `false` is given for a number: Python takes them for 1 and 0."""
    for name, value in values.items():
        given = {name: value} if not isinstance(value, dict) else {f"{name}.{key}": one for key, one in value.items()}
        for called, one in given.items():
            numbers = one if isinstance(one, list) else [one]
            if any(isinstance(number, bool) for number in numbers) and not isinstance(getattr(default, name), bool):
                raise ValueError(f"[{section}] {called} is {json.dumps(one)}; it must be a number")


def parse_json_lists(section: str, values: Any) -> Any:
    """The values of a section; a list that the environment brought as text, `[64, 32]`, is read as one."""
    if not isinstance(values, dict):
        return values
    return {name: parse_json_list(section, name, value) for name, value in values.items()}


def parse_json_list(section: str, name: str, value: Any) -> Any:
    if not isinstance(value, str) or not value.startswith("["):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise ValueError(
            f"""[{section}] {name} is {value}; write a list as JSON, such as '[64, 32]' or '["buy", "order"]'"""
        ) from None


def settings_error(root: Path) -> str | None:
    """What is wrong with the settings of a store, None where nothing is."""
    try:
        load_settings(root)
    except FeatureError as error:
        return str(error)
    return None


def load_settings(root: Path, **sections: Any) -> Settings:
    """The settings of a store; `sections` go before all else. Raises FeatureError where one is not understood."""
    file = root / SETTINGS_FILE
    unknown = variables_errors(os.environ, {name: field.default for name, field in Settings.model_fields.items()})
    if unknown:
        raise FeatureError("\n  ".join(["settings are not understood", *unknown]))

    class StoreSettings(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    try:
        settings = StoreSettings(**sections)
        _ = settings.model_shape  # the lengths of [sequences] meet the bounds of the model
        ZoneInfo(settings.store.timezone)
    except ValidationError as error:
        said = "\n".join(
            f"  {'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}".replace("  : ", "  ")
            for one in error.errors()
        )
        raise FeatureError(f"settings ({file}, or NIGHTRANK_ in the environment) are not understood\n{said}") from error
    except ValueError as error:
        raise FeatureError(f"settings ({file}): {error}") from error
    except KeyError as error:
        raise FeatureError(
            f"settings ({file}): store.timezone {error.args[0]} is not a time zone, such as Europe/Berlin"
        ) from error
    return settings


def open_store(root: Path, settings: Settings) -> Store:
    return Store(root.absolute(), settings.store)
