#!/usr/bin/env bash
# DuckDB 1.5.6 and 2.0.1: `columns` of read_csv matches by position and skips the header; of read_json by name.
#
# Input:    a CSV with the header `goods_id,user_id`, and a JSON file with the same keys in the same order. Both are read
#           with columns = {'user_id': 'BIGINT', 'goods_id': 'BIGINT'}.
# Expected: user 1 and item 10 of both: the option names columns, the header has these names, and read_csv itself matches
#           a second file whose header has another order by name.
# Seen:     user 10 and item 1 of the CSV, without a word. `types`, with the same value, gives user 1 and item 10.
# Who:      everybody who fixes types with `columns`, as the manual's first example does, and whose export one day comes
#           with its columns in another order.
# Guard:    nightrank compares the header with `columns` and `names`, and refuses a read that would swap two columns.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cat > "$T/ask.py" <<'P'
import duckdb
import sys

csv, other, json = (f"{sys.argv[1]}/{name}" for name in ("a.csv", "b.csv", "a.json"))
with open(csv, "w") as file:
    file.write("goods_id,user_id\n10,1\n")
with open(other, "w") as file:
    file.write("user_id,goods_id\n2,11\n")
with open(json, "w") as file:
    file.write('{"goods_id": 10, "user_id": 1}\n')
wanted = "{'user_id': 'BIGINT', 'goods_id': 'BIGINT'}"
for name, reader in {
    "csv columns": f"read_csv('{csv}', columns = {wanted})",
    "csv types": f"read_csv('{csv}', types = {wanted})",
    "two csv": f"read_csv(['{csv}', '{other}'])",
    "json columns": f"read_json('{json}', columns = {wanted})",
}.items():
    print(name, *duckdb.sql(f"select user_id, goods_id from {reader} order by user_id").fetchall())
P
seen=
for version in 1.5.6 2.0.1; do
  python3 -m venv "$T/$version"
  "$T/$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version"
  seen+="$version: $("$T/$version/bin/python" "$T/ask.py" "$T" | paste -sd' ')"$'\n'
done
rows="csv columns (10, 1) csv types (1, 10) two csv (1, 10) (2, 11) json columns (1, 10)"
expected="1.5.6: $rows
2.0.1: $rows
"
printf '%s' "$seen"
[ "$seen" = "$expected" ]
