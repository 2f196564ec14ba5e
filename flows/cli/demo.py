"""The whole job on the bundled sample: events in, a trained DIN, three nights ranked, and what they look like."""

import shlex
import shutil
import sys
from datetime import date
from importlib.resources import as_file, files
from pathlib import Path

import features
from features import FIRST_DAY, FeatureError
from flows.clock import utc_now
from flows.output import explanation, results
from flows.pipelines.explain import explain_first
from flows.pipelines.ingest import ingest
from flows.pipelines.nightly import run_nights
from flows.pipelines.training import run_training
from flows.settings import SETTINGS_FILE, Settings, load_settings, open_store

LAST_EVENTS = date(2017, 12, 31)
TRAINED_ON = date(2017, 12, 28)
FIRST_NIGHT = date(2017, 12, 29)
SETTINGS = """\
# Settings of the demonstration store; every name has a default (docs/settings.md).

[examples]
negative_sampling = "popularity"   # candidates of a year of nights would take longer than all else here

[window]
train_days = 330   # 64 households are few: the model needs most of their year
valid_days = 14
eval_days = 14

[din]             # the paper's activation unit ranks these few households, who have long histories, better
attention_input = "difference"
attention_normalization = "none"
time_buckets = 0

[ranking]
top_k = 50
"""


def run_demo(root: Path) -> None:
    """Builds what is not built yet, so that a second run only shows it."""
    create_store(root)
    settings = load_settings(root)
    store = open_store(root, settings)
    with features.open_warehouse(store, "nightrank demo", utc_now) as warehouse:
        have_events, have_model = features.event_days(warehouse), features.champion_id(warehouse)
        if not have_events:
            read_sample(warehouse, settings)
    if not have_model:
        run_training(root, TRAINED_ON)
    for night in (FIRST_NIGHT, LAST_EVENTS):
        run_nights(root, night)
    show_result(root, store)


def create_store(root: Path) -> None:
    """Makes the folder of the store, with its settings. Raises FeatureError where it cannot be made."""
    try:
        with features.private_umask:
            root.mkdir(parents=True, exist_ok=True)
            if not (root / SETTINGS_FILE).exists():
                (root / SETTINGS_FILE).write_text(SETTINGS)
    except OSError as error:
        raise FeatureError(f"{root}: cannot be written ({error.strerror}); name another store with --store") from error


def read_sample(warehouse: features.Warehouse, settings: Settings) -> None:
    """Reads the sample through source queries, as anybody's data would come."""
    sample = files("flows").joinpath("sample")
    for source, kind, name in (
        ("completejourney", "events", "events.parquet"),
        ("completejourney_goods", "goods", "goods.parquet"),
    ):
        with as_file(sample.joinpath(name)) as path:
            found = features.find_source(source, kind, str(path))
            ingest(warehouse, settings, found, FIRST_DAY, LAST_EVENTS)


def show_result(root: Path, store: features.Store) -> None:
    with features.open_published(store) as reader:
        who = reader.show("first_user").rows[0][0]
        night = reader.night()
        explanation.show_ranking(explanation.ranking(reader, who, night), who, night)
        explanation.show_why(explain_first(store, reader, who, night))
        results.models(reader)
    commands, where = beside_this_python(), shlex.quote(str(root))
    results.stdout.print(
        "\nSimulated grocery shopping (the Complete Journey); a manufacturer stands for the shop. Try next:\n"
        f"  {commands}nightrank why {who} --store {where}\n"
        f"  {commands}nightrank sql \"from movers(date '2017-12-30', date '2017-12-31') limit 10\" --store {where}\n"
        f"  {commands}duckdb -readonly {where}/published.duckdb\n"
        f"and open {root}/reports/2017-12-31.html in a browser\n",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def beside_this_python() -> str:
    """What a person types before a command of this installation: nothing where the PATH finds it."""
    here = Path(sys.executable).parent
    if shutil.which("nightrank") == str(here / "nightrank"):
        return ""
    return f"{here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here}/"
