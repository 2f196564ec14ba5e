"""What nights rank like, by what taught their model: the first ten of each user held against what they took next.

    python -m bench.model.night_quality --data ../shared/data/completejourney [--set examples.draw=popularity
    din.attention_normalization=none ...]

Everything goes the way of a user: `ingest`, one `train`, and nights from that day on, in a store of their own; what is
printed is the mean over the nights of the published `outcomes` and `baselines`: the model, and simpler orders of the
same candidates. The days of the window are few, so that a run takes minutes.
"""

import argparse
import json
import shutil
from datetime import date, timedelta
from pathlib import Path

from bench.store.night import nightrank

WINDOW = {"train_days": 17, "valid_days": 2, "eval_days": 1}
QUERY = """
select
    ranker,
    count(*) as nights,
    sum(users) as users,
    avg(hit_rate) as hit_rate,
    avg(ndcg) as ndcg,
    avg(recall) as recall,
    avg(mrr) as mrr
from (select 'model' as ranker, * exclude (coverage) from outcomes union all by name from baselines)
where k = 10
group by ranker
order by ndcg desc
"""


def environment(given: list[str]) -> dict[str, str]:
    """`section.name=value` settings as the environment has them; the window is small unless it is among them."""
    pairs = [f"window.{name}={value}" for name, value in WINDOW.items()] + ["publish.report=false", *given]
    named = (pair.split("=", 1) for pair in pairs)
    return {f"NIGHTRANK_{name.replace('.', '__').upper()}": value for name, value in named}


def read(data: Path, store: Path) -> None:
    """A store with the events of a set, and its catalogue where it has one."""
    nightrank("ingest", data.name, "--store", store, "--path", data / "events.parquet")
    if (data / "goods.parquet").exists():
        nightrank("ingest", f"{data.name}_goods", "--as", "goods", "--store", store, "--path", data / "goods.parquet")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--ds", type=date.fromisoformat, default=date(2017, 11, 1), help="trained for, and ranked first"
    )
    parser.add_argument("--nights", type=int, default=4, help="that are held against the day after")
    parser.add_argument("--set", nargs="*", default=[], help="settings, as in examples.negatives=12")
    parser.add_argument("--work", type=Path, default=Path("bench/work/taught"))
    given = parser.parse_args()
    store = given.work / given.data.name
    shutil.rmtree(store, ignore_errors=True)
    settings = environment(given.set)
    read(given.data, store)
    nightrank("train", "--store", store, "--ds", given.ds, **settings)
    for ds in (given.ds, given.ds + timedelta(days=given.nights)):
        nightrank("nightly", "--plain", "--store", store, "--ds", ds, **settings)
    rows = json.loads(nightrank("sql", QUERY, "--json", "--store", store))
    print(f"{given.data.name}, {' '.join(given.set) or 'as it comes'}: {rows[0]['nights']} nights")
    print(f"{'':<14}{'users':>8}{'hit rate':>10}{'ndcg':>8}{'recall':>8}{'mrr':>8}")
    for row in rows:
        figures = "".join(f"{row[name]:>8.3f}" for name in ("ndcg", "recall", "mrr"))
        print(f"{row['ranker']:<14}{row['users']:>8}{row['hit_rate']:>10.3f}{figures}")


if __name__ == "__main__":
    main()
