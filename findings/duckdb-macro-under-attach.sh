#!/usr/bin/env bash
# DuckDB 1.5.6 and 2.0.1: a table macro of an attached database reads the tables of the database in use, not its own.
#
# Input:    two files with the same table `t` and the same macro `m() as table (select who from t)`. One is open, the
#           other is attached as `b`.
# Expected: `from b.m()` reads b.t, as the view `b.v` over the same select does.
# Seen:     `from b.m()` reads the other file's table, without a word. With no such table in the database in use, the
#           macro stops with "Table with name t does not exist", although b.t is there.
# Who:      everybody who ships macros in a DuckDB file and whose readers attach two of them, such as staging next to
#           production.
# Guard:    the macros of published.duckdb compare a release id, and stop with an error that says `use`.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cat > "$T/ask.py" <<'P'
import duckdb
import sys

folder = sys.argv[1]
for who in "ab":
    con = duckdb.connect(f"{folder}/{who}.duckdb")
    con.execute(f"create table t as select '{who}' as who")
    con.execute("create macro m() as table (select who from t)")
    con.execute("create view v as select who from t")
    con.close()
con = duckdb.connect(f"{folder}/a.duckdb", read_only=True)
con.execute(f"attach '{folder}/b.duckdb' as b (read_only)")
print("view", *con.sql("from b.v").fetchall()[0], "macro", *con.sql("from b.m()").fetchall()[0])
con.close()
con = duckdb.connect()
con.execute(f"attach '{folder}/b.duckdb' as b (read_only)")
try:
    print("alone", *con.sql("from b.m()").fetchall()[0])
except duckdb.CatalogException as error:
    print("alone", str(error).splitlines()[0])
P
seen=
for version in 1.5.6 2.0.1; do
  python3 -m venv "$T/$version"
  "$T/$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version"
  mkdir "$T/files-$version"
  seen+="$version: $("$T/$version/bin/python" "$T/ask.py" "$T/files-$version" | paste -sd' ')"$'\n'
done
expected="1.5.6: view b macro a alone Catalog Error: Table with name t does not exist!
2.0.1: view b macro a alone Catalog Error: Table with name t does not exist!
"
printf '%s' "$seen"
[ "$seen" = "$expected" ]
