"""The store's block list, written by a person -> items that are never candidates, for all users or for one."""

import csv
from pathlib import Path

import polars as pl

from features.errors import FeatureError
from features.ingest.entity_keys import id_type_of
from features.store import lake, sql_files
from features.store.store import Store
from features.store.typed_ids import UUID
from features.store.warehouse import Warehouse

FILES = ("block.csv", "block.parquet")
NOTHING = {"user_key": pl.Int32, "goods_key": pl.Int32}
INTEGER = r"^[+-]?\d+$"
EXACT = 2**53  # floats from here on have lost digits
WHOLE = r"^([+-]?\d+)\.0*$"  # an integer as a float is written


def block_list(store: Store) -> Path | None:
    """Return the file of the block list, or None. Raises FeatureError if there are two."""
    found = [store.root / name for name in FILES if (store.root / name).exists()]
    if len(found) > 1:
        raise FeatureError(f"{store.root}: there are both {' and '.join(FILES)}; keep one of them")
    return found[0] if found else None


def block_list_hash(store: Store) -> str | None:
    """Return the hash of the block list, a part of a fingerprint; None without one."""
    path = block_list(store)
    return lake.cached_sha256(path) if path else None


def read_block_list(warehouse: Warehouse) -> tuple[pl.DataFrame, int]:
    """Read the keys of the block list, and count its rows with an unknown id.

    user_key is NULL if a row holds for all users. Raises FeatureError if the file cannot be read, has no column
    goods_id, or has an id that cannot be one of this store.
    """
    path, con = block_list(warehouse.store), warehouse.con
    if path is None:
        return pl.DataFrame(schema=NOTHING), 0
    try:
        given = read_csv(path) if path.suffix == ".csv" else lake.scan(path).collect()
        check_columns(path, given)
        rows = given if "user_id" in given.columns else given.with_columns(pl.lit(None, pl.String).alias("user_id"))
        texts = cast_ids_to_text(rows.select("goods_id", "user_id"))
    except (OSError, UnicodeDecodeError, csv.Error, pl.exceptions.PolarsError) as error:
        raise FeatureError(f"{path}: cannot be read ({error})") from error
    for name, table in (("goods_id", "goods"), ("user_id", "users")):
        if id_type_of(con, table, name) == "VARCHAR":
            known = pl.DataFrame(con.table(f"entities.{table}").select(name).to_arrow_table())[name]
            texts = texts.with_columns(ids_as_spelled(texts[name], known))
        else:
            texts = texts.with_columns(ids_as_integers(path, texts[name]))
    con.register("block_list", texts.to_arrow())
    frame = pl.DataFrame(sql_files.arrow(con, "transforms/blocked"))
    [(unknown,)] = sql_files.run(con, "transforms/blocked_unknown").fetchall()
    con.unregister("block_list")
    return frame, unknown


def check_columns(path: Path, given: pl.DataFrame) -> None:
    """Raise FeatureError unless the columns are goods_id and, if any, user_id."""
    if "goods_id" not in given.columns or set(given.columns) - {"goods_id", "user_id"}:
        raise FeatureError(
            f"{path}, line 1: the columns are {', '.join(given.columns)}; "
            "a block list has goods_id, and user_id if a row is for one user"
        )


def cast_ids_to_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Return ids as text, with NULL for a missing value.

    An empty text is missing, and NaN too, as pandas writes it.
    """
    floats = [name for name, kind in rows.schema.items() if kind.is_float()]
    binary = [name for name, kind in rows.schema.items() if kind == pl.Binary and not is_text(rows[name])]
    rows = rows.with_columns(pl.col(binary).bin.encode("hex"))  # UUIDs, as Parquet holds them
    texts = rows.with_columns(pl.col(floats).fill_nan(None)).cast(pl.String)
    return texts.with_columns(pl.all().str.strip_chars().replace("", None))


def is_text(values: pl.Series) -> bool:
    """Return whether bytes are texts in UTF-8."""
    try:
        values.cast(pl.String)
    except pl.exceptions.ComputeError:
        return False
    return True


def ids_as_integers(path: Path, ids: pl.Series) -> pl.Series:
    """Return ids as the integers of this store, as text.

    Raises FeatureError if one is no whole BIGINT.
    """
    frame = pl.DataFrame({"id": ids})
    number = pl.col("id").cast(pl.Float64, strict=False)
    is_whole = (number == number.floor()) & (number.abs() < EXACT)
    frame = frame.with_columns(
        pl.when(pl.col("id").str.contains(INTEGER))
        .then(pl.col("id").cast(pl.Int64, strict=False))
        .when(is_whole)
        .then(number.cast(pl.Int64, strict=False))
        .alias("number")
    )
    wrong = frame.with_row_index("row", 1).filter(pl.col("id").is_not_null() & pl.col("number").is_null())
    for row, text, _ in wrong.head(1).rows():
        raise FeatureError(
            f"{path}, row {row}: {ids.name} is {text}, and ids are integers in this store ({len(wrong)} such row(s)); "
            "write whole numbers, and none of 2^53 or more as a float"
        )
    return frame["number"].cast(pl.String).alias(ids.name)


def ids_as_spelled(ids: pl.Series, known: pl.Series) -> pl.Series:
    """Return ids as the store spells them.

    `1.0` means `1` if only that is known, and a UUID may be in any letters.
    """
    frame = pl.DataFrame({"id": ids})
    whole = pl.when(pl.col("id").str.contains(WHOLE)).then(pl.col("id").str.replace(WHOLE, "$1"))
    is_known = pl.col("id").is_in(known.implode())
    uuids = pl.DataFrame({"known": known}).select(matching_ids("known"), "known").drop_nulls()
    other = frame.with_columns(matching_ids("id")).join(
        uuids.sort("known").unique("uuid", keep="first"), on="uuid", how="left", maintain_order="left"
    )
    named = pl.when(is_known).then("id").otherwise(pl.coalesce(other["known"], whole, "id"))
    return frame.select(named).to_series().alias(ids.name)


def matching_ids(name: str) -> pl.Expr:
    """Return the hexadecimal digits of a UUID, NULL for other texts."""
    is_uuid = pl.col(name).str.contains(f"(?i)^{UUID.pattern}$")
    return pl.when(is_uuid).then(pl.col(name).str.to_lowercase().str.replace_all("[{}-]", "")).alias("uuid")


def read_csv(path: Path) -> pl.DataFrame:
    """Read the rows of a CSV file as text.

    Raises FeatureError, with the line, if a row has more or fewer fields than the first.
    """
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
