"""A month of nights, backfilled in one go and again with five kills on the way: the same to the last row."""

import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from tests.torture.held import differing, held

DATA = Path(__file__).parents[3] / "shared" / "data" / "completejourney"
SEED = 17
KILLS = 5
DAYS = ("2017-11-02", "2017-12-01")
PUBLISHED = re.compile(r" published ds=")
# Small, so that a night takes seconds: what is held here is that nothing is lost, not how well it ranks.
SETTINGS = """
[window]
train_days = 7
valid_days = 0
eval_days = 3

[examples]
negatives_per_positive = 1

[din]
embedding_dim = 8
attention_hidden_units = [8]
mlp_hidden_units = [8]

[train]
epochs = 1

[candidates]
max_per_source = 5
max_per_user = 20

[ranking]
top_k = 10

[publish]
ranking_nights = 31
max_psi = 0

[store]
threads = 2
"""
NIGHT_BY_NIGHT = """
select
    ds::varchar as ds,
    count(*) as rows,
    sum(hash(user_id, rank, goods_id, shop_id, score, sources, model_id)::hugeint)::varchar as digest
from rankings
group by ds
order by ds
"""


def command(store: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "flows.cli", *words, "--store", str(store)]


def nightrank(store: Path, *words: str) -> str:
    done = subprocess.run(command(store, *words), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def begun(store: Path) -> Path:
    """A store that has read three months, with a small model and the night before the month."""
    store.mkdir()
    (store / "nightrank.toml").write_text(SETTINGS)
    read = ("--path", str(DATA / "events.parquet"), "--first", "2017-09-15", "--last", "2017-12-03")
    nightrank(store, "ingest", "completejourney", *read)
    nightrank(store, "train", "--plain", "--ds", "2017-11-01")
    nightrank(store, "nightly", "--plain", "--ds", "2017-11-01")
    return store


def killed_backfill(store: Path, nights: int, seconds: float) -> None:
    """Backfills the month and kills it so many seconds after it has published so many nights."""
    call = command(store, "backfill", *DAYS)
    with subprocess.Popen(call, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as child:
        assert child.stderr
        for line in child.stderr:
            nights -= bool(PUBLISHED.search(line))
            if not nights:
                break
        time.sleep(seconds)
        child.kill()
    assert child.returncode == -9


def night_by_night(store: Path) -> list[tuple]:
    with duckdb.connect(str(store / "published.duckdb"), read_only=True) as con:
        return con.execute(NIGHT_BY_NIGHT).fetchall()


@pytest.mark.torture
@pytest.mark.data
@pytest.mark.skipif(not DATA.exists(), reason=f"{DATA} is not there")
def test_a_month_that_is_killed_five_times_equals_the_month_built_in_one_go(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = begun(tmp_path / "in-one-go")
    other = Path(shutil.copytree(one, tmp_path / "killed", symlinks=True))
    started = time.monotonic()
    nightrank(one, "backfill", *DAYS)
    seconds = time.monotonic() - started

    draw = random.Random(SEED)
    for _ in range(KILLS):
        killed_backfill(other, draw.randint(2, 5), draw.uniform(0, seconds / 30))
    nightrank(other, "backfill", *DAYS)

    assert differing(held(other), held(one)) == []
    assert night_by_night(other) == night_by_night(one)
    assert [ds for ds, _, _ in night_by_night(one)][1:][0::29] == list(DAYS)
    assert nightrank(other, "backfill", *DAYS) == nightrank(one, "backfill", *DAYS)
    assert "0 broken" in nightrank(other, "doctor", "--deep")
    with capsys.disabled():
        print(f"\n30 nights in {seconds:.0f} s; in one go, and killed {KILLS} times:")
        for mine, same in zip(night_by_night(one), night_by_night(other), strict=True):
            print(*mine, *same[2:])
