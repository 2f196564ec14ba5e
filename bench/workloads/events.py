"""A seed -> synthetic events, impressions and examples as Parquet, at any size, one day in memory at a time.

    python -m bench.workloads.events --events 20000000 --users 500000 --days 100 --out FOLDER

Users' activity and goods' popularity follow Zipf's law, each user has 2 to 4 interests that most of their events come
from, and every event is a step of a visit: a click, perhaps a cart, perhaps a buy. Each day has random numbers of its
own, so a day depends on the seed, its number and its size alone. Same arguments, same bytes.
"""

import argparse
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.workloads.synthetic_world import EventConfig, World, draw_goods, make_world, shops_on

SECOND = 1_000_000  # times are microseconds
HOUR = 3600 * SECOND
DAY = 24 * HOUR

TYPES = pa.array(["click", "cart", "buy"])
STEPS = np.array([0.80, 0.12, 0.08])  # of views that end at the click, the cart, the buy
VIEWS = 4  # a visit looks at 1 to 7 goods, at this many on average
RHYTHM = np.array([3, 2, 1, 1, 1, 2, 3, 5, 6, 7, 8, 8, 9, 8, 7, 7, 7, 8, 9, 11, 13, 13, 10, 6], float)  # by hour
EVENTS, REQUESTS, EXAMPLES = 1, 2, 3  # streams of random numbers


def draw_times(rng: np.random.Generator, count: int) -> np.ndarray:
    """Microseconds since midnight, dense where the day is busy."""
    passed = np.append(0.0, RHYTHM.cumsum() / RHYTHM.sum())
    return (np.interp(rng.random(count), passed, np.arange(25.0)) * HOUR).astype(np.int64)


def portion(total: int, days: int, day: int) -> tuple[int, int]:
    """Where a day's rows begin and end if every day gets the same number."""
    return total * day // days, total * (day + 1) // days


def cut(sizes: np.ndarray, total: int) -> np.ndarray:
    """The first of the sizes, so many that they sum to the total, the last one shortened."""
    ends = sizes.cumsum()
    sizes = sizes[: np.searchsorted(ends, total) + 1].copy()
    sizes[-1] -= sizes.sum() - total
    return sizes


def spread(sizes: np.ndarray) -> np.ndarray:
    """For each member of groups of these sizes, how many of its group come before it."""
    return np.arange(sizes.sum()) - np.repeat(sizes.cumsum() - sizes, sizes)


def happened(config: EventConfig, world: World, day: int) -> dict[str, np.ndarray]:
    """The events of one day, in no order: visits of users, views of goods within them, steps within those."""
    rng = np.random.default_rng([config.seed, EVENTS, day])
    first, last = portion(config.events, config.days, day)
    if first == last:
        return {}
    steps = cut(rng.choice(3, last - first, p=STEPS) + 1, last - first)
    views = cut(rng.integers(1, 2 * VIEWS, len(steps)), len(steps))
    visits = np.repeat(np.arange(len(views)), views)  # of each view
    users = np.searchsorted(world.activity, rng.random(len(views)))[visits]
    goods = draw_goods(rng, world, users)
    event_ts = step_times(rng, config, np.repeat(visits, steps), draw_times(rng, len(views)))
    return {
        "user_id": np.repeat(users + 1, steps),
        "goods_id": np.repeat(world.goods_ids[goods], steps),
        "shop_id": np.repeat(shops_on(world, goods, day), steps),
        "event_type": spread(steps).astype(np.int8),
        "event_ts": midnight(config, day) + event_ts,
        "event_id": scrambled(np.arange(first, last) + 1),
    }


def step_times(rng: np.random.Generator, config: EventConfig, visits: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """When each step of each visit happened: some seconds after the one before, or in the same microsecond."""
    waits = (rng.exponential(30 * SECOND, len(visits))).astype(np.int64) + 1
    waits[rng.random(len(visits)) < config.ties] = 0
    opening = np.append(True, visits[1:] != visits[:-1])
    waits[opening] = 0
    passed = waits.cumsum()
    times = np.minimum(starts[visits] + passed - passed[opening][visits], DAY - 1)
    return times - times % SECOND if config.whole_seconds else times


def midnight(config: EventConfig, day: int) -> int:
    return int(np.datetime64(config.start + timedelta(days=day), "us").astype(np.int64))


def scrambled(numbers: np.ndarray) -> np.ndarray:
    """Unique ids up to 2^62 that are in no order, and most of which no float holds: an odd factor only permutes."""
    return ((numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) & np.uint64(2**62 - 1)).astype(np.int64)


def delivered(config: EventConfig, world: World, day: int) -> dict[str, np.ndarray]:
    """The events of one day with when each became known, the redelivered ones twice."""
    rows = happened(config, world, day)
    if not rows:
        return {}
    rng = np.random.default_rng([config.seed, EVENTS, day, 1])
    count = len(rows["event_ts"])
    delay = rng.exponential(2 * SECOND, count).astype(np.int64)
    late = np.flatnonzero(rng.random(count) < config.late)
    delay[late] = (HOUR * 120.0 ** rng.random(len(late))).astype(np.int64)
    rows["known_at"] = rows["event_ts"] + delay
    again = np.flatnonzero(rng.random(count) < config.duplicates)
    repeats = {name: values[again] for name, values in rows.items()}
    repeats["known_at"] = repeats["known_at"] + rng.integers(1, 12 * HOUR, len(again))
    return joined([rows, repeats])


def joined(parts: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    parts = [part for part in parts if part]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}


def arrivals(config: EventConfig, world: World) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Each day with what became known on it, in that order; the last also has what comes after it."""
    waiting: dict[str, np.ndarray] = {}
    for day in range(config.days):
        rows = joined([waiting, delivered(config, world, day)])
        if not rows:
            continue
        rows = taken(rows, np.lexsort((rows["event_id"], rows["known_at"])))
        end = midnight(config, day + 1) if day + 1 < config.days else np.iinfo(np.int64).max
        known = int(np.searchsorted(rows["known_at"], end))
        waiting = taken(rows, slice(known, None))
        yield day, taken(rows, slice(known))


def taken(rows: dict[str, np.ndarray], which: np.ndarray | slice) -> dict[str, np.ndarray]:
    return {name: values[which] for name, values in rows.items()}


def write_events(config: EventConfig, folder: Path) -> list[Path]:
    """Writes `events-DATE.parquet`, one for every `days_per_file` days of arrival. Returns the files."""
    columns = ["user_id", "goods_id", "shop_id", "event_type", "event_ts", "event_id"] + ["known_at"] * config.known_at
    days = ((day, as_table(taken_columns(rows, columns))) for day, rows in arrivals(config, make_world(config)))
    return write_days(config, folder, "events", days)


def write_impressions(config: EventConfig, folder: Path, requests: int, shown: int = 10) -> list[Path]:
    """Writes `impressions-DATE.parquet`: goods shown to a user at a time, of which one or none is labelled 1.

    A request shows about `shown` goods, each once, in an order that says nothing of the label. One request in three
    is answered, and then more likely with a goods of the user's interests.
    """
    world = make_world(config)
    days = ((day, as_table(shown_on(config, world, day, requests, shown))) for day in range(config.days))
    return write_days(config, folder, "impressions", days)


def shown_on(config: EventConfig, world: World, day: int, requests: int, shown: int) -> dict[str, np.ndarray]:
    """The impressions of one day, by time of the request."""
    rng = np.random.default_rng([config.seed, REQUESTS, day])
    first, last = portion(requests, config.days, day)
    users = np.searchsorted(world.activity, rng.random(last - first))
    times = np.sort(draw_times(rng, last - first))
    request = np.repeat(np.arange(last - first), rng.integers(shown - 1, shown + 2, last - first))
    wished, goods = rng.random(len(request)) < 0.5, np.empty(len(request), np.int64)
    goods[wished] = draw_goods(rng, world, users[request[wished]])
    anything = rng.random(int((~wished).sum())) * world.popularity[-1]
    goods[~wished] = np.minimum(np.searchsorted(world.popularity, anything, "right"), config.goods - 1)
    _, once = np.unique(request * config.goods + goods, return_index=True)
    request, goods, wished = request[once], goods[once], wished[once]
    return {
        "user_id": users[request] + 1,
        "goods_id": world.goods_ids[goods],
        "shop_id": shops_on(world, goods, day),
        "event_ts": midnight(config, day) + times[request],
        "label": labelled(rng, request, wished),
    }


def labelled(rng: np.random.Generator, request: np.ndarray, wished: np.ndarray) -> np.ndarray:
    """1 for at most one row of each request; a wished goods is five times as likely as another (Gumbel's maximum)."""
    label = np.zeros(len(request), np.int8)
    if len(request):
        opening = np.flatnonzero(np.append(True, request[1:] != request[:-1]))
        liking = rng.gumbel(size=len(request)) + np.log(5.0) * wished
        best = np.repeat(np.maximum.reduceat(liking, opening), np.diff(np.append(opening, len(request))))
        answered = np.repeat(rng.random(len(opening)) < 1 / 3, np.diff(np.append(opening, len(request))))
        label[(liking == best) & answered] = 1
    return label


def write_examples(config: EventConfig, folder: Path, examples: int) -> Path:
    """Writes `examples.parquet`: the user and the time of a sample of the events, columns user_id, event_timestamp.

    At most as many as there are events. Each is an event of the same seed, so an event happens at exactly the time of
    every example, as in training.
    """
    world = make_world(config)
    path = folder / "examples.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    writer = None
    for day in range(config.days):
        rng = np.random.default_rng([config.seed, EXAMPLES, day])
        first, last = (examples * event // config.events for event in portion(config.events, config.days, day))
        if first == last:
            continue
        rows = happened(config, world, day)
        which = np.sort(rng.choice(len(rows["event_ts"]), last - first, replace=False))
        table = as_table({"user_id": rows["user_id"][which], "event_timestamp": rows["event_ts"][which]})
        writer = writer or pq.ParquetWriter(path, table.schema, store_schema=False)
        writer.write_table(table)
    if writer:
        writer.close()
    return path


def taken_columns(rows: dict[str, np.ndarray], columns: list[str]) -> dict[str, np.ndarray]:
    return {name: rows[name] for name in columns}


def as_table(rows: dict[str, np.ndarray]) -> pa.Table:
    """The columns with the types of the files: times are microseconds without a zone, the event type its name."""
    arrays = {name: pa.array(values) for name, values in rows.items()}
    for name in arrays.keys() & {"event_ts", "event_timestamp", "known_at"}:
        arrays[name] = arrays[name].cast(pa.timestamp("us"))
    if "event_type" in arrays:
        arrays["event_type"] = pa.DictionaryArray.from_arrays(arrays["event_type"], TYPES)
    return pa.table(arrays)


def write_days(config: EventConfig, folder: Path, name: str, days: Iterator[tuple[int, pa.Table]]) -> list[Path]:
    """One file for every `days_per_file` days, named after the first; rows stay in the order given.

    Without the Arrow schema in the file, every reader sees a dictionary as text.
    """
    folder.mkdir(parents=True, exist_ok=True)
    writers: dict[Path, pq.ParquetWriter] = {}
    for day, table in days:
        opening = config.start + timedelta(days=day - day % config.days_per_file)
        path = folder / f"{name}-{opening}.parquet"
        if path not in writers:
            for writer in writers.values():
                writer.close()
            writers[path] = pq.ParquetWriter(path, table.schema, store_schema=False)
        writers[path].write_table(table, row_group_size=250_000)
    for writer in writers.values():
        writer.close()
    return list(writers)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Write synthetic events as Parquet.")
    for name in ("events", "users", "days"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the folder for the files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--user-skew", type=float, default=EventConfig.user_skew, help="skew of users' activity; 0 makes all alike"
    )
    parser.add_argument("--duplicates", type=float, default=0.0, help="the share of events delivered again")
    parser.add_argument("--bot", type=float, default=0.0, help="the share of events that are of one user")
    parser.add_argument("--late", type=float, default=0.0, help="the share of events known hours to days later")
    parser.add_argument("--known-at", action="store_true", help="write the column known_at")
    parser.add_argument("--whole-seconds", action="store_true", help="times without fractions, so more ties")
    parser.add_argument("--days-per-file", type=int, default=10)
    parser.add_argument("--requests", type=int, default=0, help="also write impressions of this many requests")
    parser.add_argument("--examples", type=int, default=0, help="also write this many examples of the events")
    return parser.parse_args()


def main() -> None:
    asked = vars(arguments())
    folder, requests, examples = (asked.pop(name) for name in ("out", "requests", "examples"))
    config = EventConfig(**asked)
    print(*write_events(config, folder), sep="\n")
    if requests:
        print(*write_impressions(config, folder, requests), sep="\n")
    if examples:
        print(write_examples(config, folder, examples))


if __name__ == "__main__":
    main()
