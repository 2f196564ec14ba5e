"""The store's block list, a file that a person writes -> the goods that are candidates for nobody, or not for a user."""

from pathlib import Path

import duckdb
import polars as pl

from features import lake, statements
from features.database import first_line
from features.errors import FeatureError
from features.store import Store
from features.warehouse import Warehouse

FILES = ("block.csv", "block.parquet")
NOTHING = {"user_key": pl.Int32, "goods_key": pl.Int32}


def block_list(store: Store) -> Path | None:
    """The file with the block list, if there is one. Raises FeatureError where there are two."""
    found = [store.root / name for name in FILES if (store.root / name).exists()]
    if len(found) > 1:
        raise FeatureError(f"{store.root}: there are both {' and '.join(FILES)}; keep the one that counts")
    return found[0] if found else None


def block_list_hash(store: Store) -> str | None:
    """What is in the block list, as a part of a fingerprint."""
    path = block_list(store)
    return lake.hash_of(path) if path else None


def read_block_list(warehouse: Warehouse) -> tuple[pl.DataFrame, int]:
    """The keys of the block list, user_key NULL where it holds for everybody, and how many of its rows name an id that
    nobody knows. Raises FeatureError where the file cannot be read, or has no column goods_id."""
    path, con = block_list(warehouse.store), warehouse.con
    if path is None:
        return pl.DataFrame(schema=NOTHING), 0
    try:
        is_csv = path.suffix == ".csv"
        given = con.read_csv(str(path), header=True, sep=",", all_varchar=True) if is_csv else con.read_parquet([str(path)])
        columns = [name.lower() for name in given.columns]
        if "goods_id" not in columns or set(columns) - {"goods_id", "user_id"}:
            raise FeatureError(
                f"{path}, line 1: the columns are {', '.join(given.columns)}; "
                "a block list has goods_id, and user_id where it is for one user"
            )
        user_id = "user_id::varchar" if "user_id" in columns else "null::varchar"
        given.project(f"goods_id::varchar as goods_id, {user_id} as user_id").to_table("block_list")
    except duckdb.Error as error:
        raise FeatureError(f"{path}: cannot be read: {first_line(error)}") from error
    frame = pl.DataFrame(statements.run(con, "transforms/blocked").to_arrow_table())
    [(unknown,)] = statements.run(con, "transforms/blocked_unknown").fetchall()
    con.execute("drop table block_list")
    return frame, unknown
