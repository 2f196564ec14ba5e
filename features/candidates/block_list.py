"""The store's block list, a file that a person writes -> goods that are candidates for nobody, or not for a user."""

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
    """The file with the block list, if there is one. Raises FeatureError where there are two."""
    found = [store.root / name for name in FILES if (store.root / name).exists()]
    if len(found) > 1:
        raise FeatureError(f"{store.root}: there are both {' and '.join(FILES)}; keep the one that counts")
    return found[0] if found else None


def block_list_hash(store: Store) -> str | None:
    """What is in the block list, as a part of a fingerprint."""
    path = block_list(store)
    return lake.cached_sha256(path) if path else None


def read_block_list(warehouse: Warehouse) -> tuple[pl.DataFrame, int]:
    """The keys of the block list, user_key NULL where it holds for everybody, and how many of its rows name an id that
    nobody knows. Raises FeatureError where the file cannot be read, has no column goods_id, or has an id that cannot be
    one of this store."""
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
            texts = texts.with_columns(named_by_text(texts[name], known))
        else:
            texts = texts.with_columns(named_by_number(path, texts[name]))
    con.register("block_list", texts.to_arrow())
    frame = pl.DataFrame(sql_files.arrow(con, "transforms/blocked"))
    [(unknown,)] = sql_files.run(con, "transforms/blocked_unknown").fetchall()
    con.unregister("block_list")
    return frame, unknown


def check_columns(path: Path, given: pl.DataFrame) -> None:
    if "goods_id" not in given.columns or set(given.columns) - {"goods_id", "user_id"}:
        raise FeatureError(
            f"{path}, line 1: the columns are {', '.join(given.columns)}; "
            "a block list has goods_id, and user_id where a row is for one user"
        )


def cast_ids_to_text(rows: pl.DataFrame) -> pl.DataFrame:
    """Return ids as text, NULL where a value is missing: an empty text, or NaN, as pandas writes it."""
    floats = [name for name, kind in rows.schema.items() if kind.is_float()]
    bytes_of = [name for name, kind in rows.schema.items() if kind == pl.Binary and not is_text(rows[name])]
    rows = rows.with_columns(pl.col(bytes_of).bin.encode("hex"))  # UUIDs, as Parquet holds them
    texts = rows.with_columns(pl.col(floats).fill_nan(None)).cast(pl.String)
    return texts.with_columns(pl.all().str.strip_chars().replace("", None))


def is_text(values: pl.Series) -> bool:
    """Whether bytes are texts in UTF-8."""
    try:
        values.cast(pl.String)
    except pl.exceptions.ComputeError:
        return False
    return True


def named_by_number(path: Path, ids: pl.Series) -> pl.Series:
    """Return ids as the integers of this store, as text. Raises FeatureError where one is no whole BIGINT."""
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


def named_by_text(ids: pl.Series, known: pl.Series) -> pl.Series:
    """Return ids as the store has them: where it knows no `1.0` but a `1`, that is meant, and a UUID in any letters."""
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
    """Return the hexadecimal digits of a UUID, NULL where a text is none."""
    is_uuid = pl.col(name).str.contains(f"(?i)^{UUID.pattern}$")
    return pl.when(is_uuid).then(pl.col(name).str.to_lowercase().str.replace_all("[{}-]", "")).alias("uuid")


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
