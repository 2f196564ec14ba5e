"""What a store holds, whichever run made it, as digests: two stores that agree here gave people the same nights."""

from datetime import date
from pathlib import Path

import duckdb

import features
from features import StoreConfig

# What differs by nature: which run it was, when, and how long it took. Outcomes are made of a ranking by the name of
# its run: so one of their parts differs too, and the fingerprint, which is the hash of all parts. What is advised names
# the store.
BY_NATURE = (
    *("run_id", "started_at", "finished_at", "published_at", "created_at", "registered_at", "told_at"),
    *("seconds", "stages"),
    *("fingerprint", "parts", "advice"),
)
IN_ITS_PLACE = {
    "intervals": ", list_filter(map_entries(parts), lambda part: part.key <> 'rankings')",
    "summaries": ", list_transform(advice, lambda said: replace(said, '{store}', 'the store'))",
}
# A run that was killed is a run more; each release has an id of its own.
NOT_ALIKE = (("ops", "runs"), ("main", "use_this_database_first"))
Digests = dict[str, tuple[int, int]]
TABLES = "select schema_name, table_name from duckdb_tables() where database_name = current_database()"


def held(root: Path) -> Digests:
    """Rows and a digest of every table that people see, and of every table of the record: files with their SHA-256,
    intervals with what they are made of."""
    return digests(root / "published.duckdb") | digests(root / "warehouse.duckdb")


def digests(path: Path) -> Digests:
    """Rows and a digest, which no order changes, of each table of a DuckDB file."""
    found = {}
    with duckdb.connect(str(path), read_only=True) as con:
        for schema, table in sorted(con.execute(TABLES).fetchall()):
            if (schema, table) not in NOT_ALIKE:
                also = IN_ITS_PLACE.get(table, "").format(store=path.parent)
                rows = f'select columns(name -> name not in {BY_NATURE}){also} from "{schema}"."{table}"'
                asked = f"select count(*), coalesce(sum(hash(one)::hugeint), 0)::varchar from ({rows}) as one"
                [(count, digest)] = con.execute(asked).fetchall()
                found[f"{path.stem}: {schema}.{table}"] = (count, digest)
    return found


def differing(found: Digests, wanted: Digests) -> list[str]:
    """The tables that are not alike."""
    return sorted(name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name))


def kept_nights(root: Path) -> set[date]:
    """The nights that one may go back to."""
    return {release.ds for release in features.releases(features.Store(root, StoreConfig()))}
