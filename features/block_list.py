"""The store's block list, a file that a person writes -> goods that are candidates for nobody, or not for a user."""

import csv
from pathlib import Path

import polars as pl

from features import lake, statements
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
        given = read_csv(path) if path.suffix == ".csv" else lake.scan(path).collect()
    except (OSError, UnicodeDecodeError, csv.Error, pl.exceptions.PolarsError) as error:
        raise FeatureError(f"{path}: cannot be read ({error})") from error
    if "goods_id" not in given.columns or set(given.columns) - {"goods_id", "user_id"}:
        raise FeatureError(
            f"{path}, line 1: the columns are {', '.join(given.columns)}; "
            "a block list has goods_id, and user_id where a row is for one user"
        )
    rows = given if "user_id" in given.columns else given.with_columns(pl.lit(None, pl.String).alias("user_id"))
    texts = rows.cast(pl.String).with_columns(pl.all().str.strip_chars().replace("", None))
    con.register("block_list", texts.to_arrow())
    frame = pl.DataFrame(statements.run(con, "transforms/blocked").to_arrow_table())
    [(unknown,)] = statements.run(con, "transforms/blocked_unknown").fetchall()
    con.unregister("block_list")
    return frame, unknown


def read_csv(path: Path) -> pl.DataFrame:
    """The rows of a CSV file as text. Raises FeatureError, with the line, where one has more
    or fewer fields than the first."""
    with path.open(newline="", encoding="utf-8-sig") as handle:
        lines = csv.reader(handle)
        columns = [name.strip().lower() for name in next(lines, [])]
        rows = []
        for row in lines:
            if row and len(row) != len(columns):
                raise FeatureError(f"{path}, line {lines.line_num}: {len(row)} fields, and line 1 names {len(columns)}")
            if row:
                rows.append(row)
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")
