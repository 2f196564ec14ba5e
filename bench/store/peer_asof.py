"""The peer without a product: last goods and shop strictly before each example's time, by DuckDB's ASOF join.

    python -m bench.store.peer_asof --events 'FOLDER/events-*.parquet' --examples EXAMPLES.parquet

An ASOF join alone takes any one of several events at the same time, so the events of a user at one time are first cut
down to the last of them by the total order (event_ts, event_id). The measure takes in reading both files, the join,
and the result as one Arrow table; it leaves out imports and opening the connection.
"""

import argparse

import duckdb
import pyarrow as pa

from bench.measure import measured, report
from features.store import sql_files

LAST_BEFORE = """
with last_of_time as (
    select user_id, event_ts, goods_id, shop_id
    from read_parquet($events)
    qualify row_number() over (partition by user_id, event_ts order by event_id desc) = 1
)

select examples.user_id, examples.event_timestamp, last_of_time.goods_id, last_of_time.shop_id
from read_parquet($examples) as examples
asof left join last_of_time
    on examples.user_id = last_of_time.user_id
    and examples.event_timestamp > last_of_time.event_ts
"""


def last_before(con: duckdb.DuckDBPyConnection, events: str, examples: str) -> pa.Table:
    """Every example, in no order, with the goods and the shop of the user's last event before it, or NULL."""
    return sql_files.arrow_of(con, LAST_BEFORE, {"events": events, "examples": examples})


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a deterministic ASOF join.")
    parser.add_argument("--events", required=True, help="Parquet files of events, as a glob")
    parser.add_argument("--examples", required=True, help="a Parquet file of user_id, event_timestamp")
    asked = parser.parse_args()
    con = duckdb.connect(config={"preserve_insertion_order": False})
    with measured() as figures:
        rows = last_before(con, asked.events, asked.examples).num_rows
    print(report(figures, rows))


if __name__ == "__main__":
    main()
