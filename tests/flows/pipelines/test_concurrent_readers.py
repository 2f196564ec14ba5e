"""People who look while a night is published: never refused, and each sees one whole night."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import features
from features import StoreConfig

ASKED = "select max(ds), count(*), count(distinct user_id), sum(rank) from latest_rankings"
NIGHT = "from datetime import date; from pathlib import Path; from flows.pipelines.nightly import run_nights"


def test_readers_see_one_whole_night_each_while_the_next_is_published(own_store: Path) -> None:
    store = features.Store(own_store, StoreConfig())
    seen: list[tuple] = []
    with features.open_published(store) as early:
        before = early.ask(ASKED).rows[0]
        program = f"{NIGHT}; run_nights(Path({str(own_store)!r}), date(2025, 3, 21))"
        night = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
        while night.poll() is None:
            with features.open_published(store) as reader:
                once, again = reader.ask(ASKED).rows[0], reader.ask(ASKED).rows[0]
            assert once == again
            seen.append(once)
        assert early.ask(ASKED).rows[0] == before
    with features.open_published(store) as reader:
        after = reader.ask(ASKED).rows[0]

    assert night.returncode == 0
    assert len(seen) >= 20
    assert (before[0], after[0]) == (date(2025, 3, 20), date(2025, 3, 21))
    assert set(seen) <= {before, after}


def test_two_readers_of_one_process_both_keep_to_utc_and_to_the_file(walked_store: Path) -> None:
    store = features.Store(walked_store, StoreConfig())
    settings = "select current_setting('TimeZone'), current_setting('enable_external_access')"
    with features.open_published(store) as one, features.open_published(store) as other:
        assert (one.ask(settings).rows, other.ask(settings).rows) == ([("UTC", False)], [("UTC", False)])
