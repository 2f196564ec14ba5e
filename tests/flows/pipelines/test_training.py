"""What a training learns from, and what it starts from: never what it is measured on."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

import din
import features
from din import DinConfig
from flows.pipelines.nightly import run_nights, utc_now
from flows.pipelines.training import run_training
from flows.pipelines.training_data import TrainingSplits, load_splits
from flows.settings import Settings, load_settings, open_store
from tests.conftest import QUERY, QUICK_SETTINGS, Said, month_of_events, write_events

NightRank = Callable[..., Said]
SINCE_BEFORE = (  # columns of the register that stores of before lack
    "gauc_positives",
    "gauc_equal",
    "users",
    "share_covered",
    "calibration_error",
    "calibration",
    "valid_examples",
    "valid_gauc",
    "epoch",
    "warm_from",
)


@pytest.fixture
def store_of(tmp_path: Path, nightrank: NightRank) -> Callable[..., Path]:
    """A store of some events, read and nothing more."""

    def make(rows: list[tuple], settings: str = QUICK_SETTINGS) -> Path:
        root = tmp_path / "some"
        root.mkdir()
        (root / "nightrank.toml").write_text(settings)
        (tmp_path / "buys.sql").write_text(QUERY)
        events = write_events(tmp_path / "buys.parquet", rows)
        assert nightrank("ingest", tmp_path / "buys.sql", "--path", events, "--store", root).code == 0
        return root

    return make


@pytest.fixture
def warm_store(own_store: Path) -> Path:
    """The walked store, whose champion is of 2025-03-17, where trainings start from the one before."""
    (own_store / "nightrank.toml").write_text(QUICK_SETTINGS.replace("[train]", "[train]\nwarm_start = true"))
    return own_store


def about(root: Path, model_id: str, file: str = "model.json") -> dict[str, Any]:
    return json.loads((root / "models" / model_id / file).read_text())


def registered(root: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(root / "warehouse.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


def model_of(root: Path, pooling: str, ds: str) -> str:
    [(model_id,)] = registered(root, f"select model_id from ops.models where pooling = '{pooling}' and ds = '{ds}'")
    return model_id


def starts(said: Said) -> list[str]:
    """The lines of the log that say what each pooling started from, without the time."""
    return [line.split(" ", 1)[1] for line in said.err.splitlines() if " starts_" in line]


def days_of(part: "din.Examples | None") -> list[str]:
    """The days of some examples, in order."""
    moments = [] if part is None else sorted(set(part.as_of.tolist()))
    return [str((datetime(1970, 1, 1) + timedelta(microseconds=moment)).date()) for moment in moments]


def gathered(root: Path, ds: date) -> TrainingSplits:
    settings = load_settings(root)
    with features.open_warehouse(open_store(root, settings), "a test", utc_now) as warehouse:
        return load_splits(warehouse, settings, ds)


def test_validation_is_after_the_days_that_teach_and_before_those_that_measure(own_store: Path) -> None:
    material = gathered(own_store, date(2025, 3, 17))

    assert days_of(material.teach) == [f"2025-03-{day:02}" for day in range(5, 13)]
    assert days_of(material.valid) == ["2025-03-13", "2025-03-14"]
    assert days_of(material.measure) == ["2025-03-15", "2025-03-16", "2025-03-17"]


def test_the_model_says_which_epoch_was_kept_and_by_which_validation(own_store: Path) -> None:
    model_id = model_of(own_store, "din", "2025-03-17")

    metrics, record = about(own_store, model_id, "metrics.json"), about(own_store, model_id)
    material = gathered(own_store, date(2025, 3, 17))
    assert material.valid is not None
    scores = din.predict(din.load_model(own_store / "models", model_id), material.valid, material.goods, material.shops)

    assert 1 <= metrics["epoch"] <= 16
    assert metrics["valid_gauc"] == din.evaluate(material.valid.user_keys, material.valid.labels, scores).gauc
    assert (record["taught_until"], record["warm_from"]) == ("2025-03-12", None)
    assert registered(
        own_store, f"select epoch, valid_gauc, valid_examples from ops.models where model_id = '{model_id}'"
    ) == [(metrics["epoch"], metrics["valid_gauc"], len(material.valid))]


def test_a_store_of_few_days_trains_on_all_of_them_without_validation_and_says_so(
    store_of: Callable[..., Path], nightrank: NightRank
) -> None:
    root = store_of([row for row in month_of_events() if row[4].day <= 6])

    said = nightrank("train", "--plain", "--ds", "2025-03-06", "--store", root)

    assert said.code == 0, said.err
    reason = "0 examples are before the days that validate, and 35 on them"
    setting, without = "window.valid_days = 2", "export NIGHTRANK_WINDOW__VALID_DAYS=0"
    assert (
        f"validation_left_out ds=2025-03-06 reason={reason} setting={setting} "
        f"days=2025-03-02 to 2025-03-03 to_train_without={without}\n"
    ) in said.err
    assert (
        f"it was not validated, and its last epoch is kept: {reason} ({setting}: 2025-03-02 to 2025-03-03). "
        f"With more days of events it is; to train without validation on purpose, type: {without}\n"
    ) in said.out
    model_id = model_of(root, "din", "2025-03-06")
    assert about(root, model_id)["taught_until"] == "2025-03-03"
    assert registered(
        root, f"select train_examples, valid_examples, valid_gauc, epoch from ops.models where model_id = '{model_id}'"
    ) == [(35, 0, None, 16)]


def test_by_default_what_teaches_is_what_the_night_before_offered_and_what_was_taken_of_it(
    store_of: Callable[..., Path], nightrank: NightRank
) -> None:
    root = store_of(month_of_events(), QUICK_SETTINGS.replace('negative_sampling = "popularity"', ""))

    assert nightrank("train", "--plain", "--ds", "2025-03-17", "--store", root).code == 0

    def rows(asset: str, moved: int) -> str:
        files = f"read_parquet('{root}/lake/{asset}/**/*.parquet', hive_partitioning = true)"
        return f"(select *, ds::date + {moved} as day from {files})"

    counts = duckdb.sql(f"""
        select
            count(distinct examples.ds),
            count(*) = count(candidates.goods_key),
            min(label),
            max(label)
        from {rows("examples", 0)} as examples
        left join {rows("candidates", 1)} as candidates using (day, user_key, goods_key)
    """).fetchall()
    assert counts == [(13, True, 0, 1)]


def test_days_without_examples_validate_nothing_and_the_training_goes_on(
    store_of: Callable[..., Path], nightrank: NightRank
) -> None:
    root = store_of([row for row in month_of_events() if row[4].day not in (13, 14)])

    said = nightrank("train", "--plain", "--ds", "2025-03-17", "--store", root)

    assert said.code == 0, said.err
    assert "validation_left_out ds=2025-03-17 reason=there are no examples on the days that validate" in said.err


def test_whoever_wants_no_validation_hears_nothing_of_it(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_WINDOW__VALID_DAYS", "0")

    said = nightrank("train", "--plain", "--ds", "2025-03-17", "--store", own_store)

    assert (said.code, "validation_left_out" in said.err) == (0, False)
    assert registered(own_store, "select distinct epoch from ops.models where valid_examples = 0") == [(16,)]


def test_a_warm_start_is_the_champion_of_a_day_before_and_the_baseline_starts_from_the_one_beside_it(
    warm_store: Path, nightrank: NightRank
) -> None:
    before = {pooling: model_of(warm_store, pooling, "2025-03-17") for pooling in ("mean", "din")}

    said = nightrank("train", "--plain", "--ds", "2025-03-18", "--store", warm_store)

    assert starts(said) == [
        f"starts_warm pooling=mean ds=2025-03-18 warm_from={before['mean']}",
        f"starts_warm pooling=din ds=2025-03-18 warm_from={before['din']}",
    ]
    for pooling, model_id in before.items():
        assert about(warm_store, model_of(warm_store, pooling, "2025-03-18"))["warm_from"] == model_id
    run_nights(warm_store, date(2025, 3, 21))
    with duckdb.connect(str(warm_store / "published.duckdb"), read_only=True) as con:
        assert con.execute("select pooling, warm_from from models where ds = '2025-03-18' order by all").fetchall() == [
            ("din", before["din"]),
            ("mean", before["mean"]),
        ]


def test_a_warm_training_of_the_same_day_again_gives_the_same_model(warm_store: Path) -> None:
    first = run_training(warm_store, date(2025, 3, 18))
    again = run_training(warm_store, date(2025, 3, 18))

    assert first[1].champion
    assert [record.model_id for record in again] == [record.model_id for record in first]
    assert [record.warm_from for record in again] == [record.warm_from for record in first]


def test_new_goods_and_shops_add_rows_and_the_others_stay(
    warm_store: Path, nightrank: NightRank, tmp_path: Path
) -> None:
    rows = [*month_of_events(), *((user, 300, 9, "buy", datetime(2025, 3, 16, 20)) for user in range(1, 13))]
    events = write_events(tmp_path / "more.parquet", rows)
    nightrank("ingest", "purchases", "--path", events, "--store", warm_store)

    [_, record] = run_training(warm_store, date(2025, 3, 18))

    had = about(warm_store, model_of(warm_store, "din", "2025-03-17"))
    assert (record.goods_rows, record.shop_rows) == (had["goods_rows"] + 1, had["shop_rows"] + 1)
    assert record.warm_from == had["model_id"]


def test_a_champion_of_a_later_day_is_no_start(warm_store: Path, nightrank: NightRank) -> None:
    said = nightrank("train", "--plain", "--ds", "2025-03-16", "--store", warm_store)

    assert starts(said) == [
        f"starts_cold pooling={pooling} ds=2025-03-16 instead_of=None reason=no champion is of a day before"
        for pooling in ("mean", "din")
    ]


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("DIN__EMBEDDING_DIM", "8", "it has another shape: embedding_dim was 4 and is 8"),
        ("SEQUENCES__GOODS_LENGTH", "50", "it has another shape: goods_length was 100 and is 50"),
        (
            "WINDOW__EVAL_DAYS",
            "6",
            "it learned from days up to 2025-03-12 and was chosen by days up to 2025-03-14; "
            "here days teach up to 2025-03-10 and measure from 2025-03-13 on",
        ),
        (
            "WINDOW__VALID_DAYS",
            "5",
            "it learned from days up to 2025-03-12 and was chosen by days up to 2025-03-14; "
            "here days teach up to 2025-03-10 and measure from 2025-03-16 on",
        ),
    ],
)
def test_what_does_not_fit_starts_cold_and_says_why(
    warm_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, reason: str
) -> None:
    start = model_of(warm_store, "din", "2025-03-17")
    monkeypatch.setenv(f"NIGHTRANK_{setting}", value)

    said = nightrank("train", "--plain", "--ds", "2025-03-18", "--store", warm_store)

    assert starts(said)[1] == f"starts_cold pooling=din ds=2025-03-18 instead_of={start} reason={reason}"
    assert about(warm_store, model_of(warm_store, "din", "2025-03-18"))["warm_from"] is None


def test_another_pooling_starts_cold(warm_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NIGHTRANK_DIN__POOLING", "decay")

    said = nightrank("train", "--plain", "--ds", "2025-03-18", "--store", warm_store)

    assert starts(said)[1].endswith("reason=it has another shape: pooling was din and is decay")


def test_a_damaged_start_is_said_and_the_training_goes_on_cold(warm_store: Path, nightrank: NightRank) -> None:
    start = model_of(warm_store, "din", "2025-03-17")
    (warm_store / "models" / start / "weights.safetensors").write_bytes(b"damaged")

    said = nightrank("train", "--plain", "--ds", "2025-03-18", "--store", warm_store)

    assert said.code == 0
    assert "is not what was saved (sha256 differs)" in starts(said)[1]


def test_what_learned_from_a_forgotten_person_is_no_start_and_neither_is_what_started_from_it(
    warm_store: Path, nightrank: NightRank
) -> None:
    nightrank("train", "--plain", "--ds", "2025-03-18", "--store", warm_store)
    began = [model_of(warm_store, "din", f"2025-03-{day}") for day in (17, 18)]

    forgotten = json.loads(nightrank("forget", 7, "--json", "--store", warm_store).out)
    said = nightrank("train", "--plain", "--ds", "2025-03-19", "--store", warm_store)

    assert set(began) < set(forgotten["model_ids"])
    assert starts(said)[1] == (
        f"starts_cold pooling=din ds=2025-03-19 instead_of={began[1]} "
        "reason=it learned from somebody who was forgotten since"
    )


def test_a_champion_that_learned_from_what_measures_now_is_not_held_against_the_new_one(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    champion = model_of(own_store, "din", "2025-03-17")
    monkeypatch.setenv("NIGHTRANK_WINDOW__EVAL_DAYS", "6")

    said = nightrank("train", "--plain", "--ds", "2025-03-18", "--store", own_store)

    assert f"champion_not_compared model_id={champion} learned_until=2025-03-14 measured_from=2025-03-13" in said.err
    assert registered(own_store, "select pooling from ops.models where champion and ds = '2025-03-18'") == [("din",)]


def test_compare_starts_every_pooling_from_nothing(warm_store: Path, nightrank: NightRank) -> None:
    said = nightrank("compare", "--ds", "2025-03-18", "--json", "--store", warm_store)

    assert (said.code, starts(said)) == (0, [])
    assert min(row["epoch"] for row in json.loads(said.out)) >= 1


def test_status_and_train_tell_what_is_known_of_the_champion(warm_store: Path, nightrank: NightRank) -> None:
    start = model_of(warm_store, "din", "2025-03-17")

    trained = nightrank("train", "--plain", "--ds", "2025-03-18", "--store", warm_store)
    status = nightrank("status", "--store", warm_store)

    model = json.loads(nightrank("status", "--json", "--store", warm_store).out)["parts"]["champion"][0]
    line = (
        f"100% of users covered, calibration error {model['calibration_error']:.4f}; "
        f"epoch {model['epoch']} kept, validation GAUC {model['valid_gauc']:.4f}, started from {start}"
    )
    assert f"           {line}\n" in status.out
    assert trained.out.endswith(f"{line}\n")
    assert set(SINCE_BEFORE) - set(model) == {"valid_examples"}


def test_a_store_of_before_these_measures_is_shown_ranked_and_trained_on(own_store: Path, nightrank: NightRank) -> None:
    with duckdb.connect(str(own_store / "warehouse.duckdb")) as con:
        for column in SINCE_BEFORE:
            con.execute(f"alter table ops.models drop column {column}")
    start = model_of(own_store, "din", "2025-03-17")
    record = own_store / "models" / start / "model.json"
    told = {
        name: value
        for name, value in json.loads(record.read_text()).items()
        if name not in ("taught_until", "warm_from")
    }
    record.write_text(json.dumps(told | {"window": {"train_days": 8, "eval_days": 3}}))
    (own_store / "nightrank.toml").write_text(QUICK_SETTINGS.replace("[train]", "[train]\nwarm_start = true"))

    status = nightrank("status", "--store", own_store)
    night = nightrank("nightly", "--plain", "--ds", "2025-03-21", "--store", own_store)
    said = nightrank("train", "--plain", "--ds", "2025-03-21", "--store", own_store)

    assert "           — of users covered, calibration error —; epoch — kept, validation GAUC —\n" in status.out
    assert (status.code, night.code, said.code) == (0, 0, 0)
    with duckdb.connect(str(own_store / "published.duckdb"), read_only=True) as con:
        assert con.execute("select share_covered, epoch, warm_from from models where champion").fetchall() == [
            (None, None, None)
        ]
    assert f"starts_warm pooling=din ds=2025-03-21 warm_from={start}" in said.err


@pytest.mark.parametrize(
    "config",
    [
        DinConfig(repeat_features=True),
        DinConfig(repeat_features=False),
        DinConfig(user_embedding=True, category_embedding=True),
    ],
)
def test_the_baselines_get_the_same_inputs_as_din(config: DinConfig) -> None:
    settings = Settings(din=config)

    shapes = [settings.shape_of(pooling) for pooling in ("mean", "decay", "din")]

    assert [replace(shape, pooling="din") for shape in shapes] == [settings.model_shape] * 3
    assert [shape.pooling for shape in shapes] == ["mean", "decay", "din"]


def test_the_models_of_one_training_record_that_they_got_the_same_inputs(
    own_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NIGHTRANK_DIN__REPEAT_FEATURES", "true")

    assert nightrank("train", "--plain", "--ds", "2025-03-18", "--store", own_store).code == 0

    of_pooling = {
        pooling: about(own_store, model_of(own_store, pooling, "2025-03-18"))["config"] for pooling in ("mean", "din")
    }
    assert of_pooling["mean"] == of_pooling["din"] | {"pooling": "mean"}
    assert of_pooling["mean"]["repeat_features"] is True
