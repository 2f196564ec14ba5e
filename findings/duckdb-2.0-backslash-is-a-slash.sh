#!/usr/bin/env bash
# DuckDB 2.0.1, Linux: a backslash in the path of a database is taken for a slash.
#
# Input:    duckdb.connect("a\\b/x.duckdb"), where the folder `a\b` exists: a backslash is an ordinary character there.
# Expected: the file is made in that folder, as DuckDB 1.5.6 does.
# Seen:     2.0.1 opens a/b/x.duckdb: an error where there is no such folder, and where there is one, a database in the
#           wrong place, with no word. ATTACH does the same. COPY writes a Parquet file into `a\b`, as it is asked to.
# Who:      everybody on Linux or macOS whose folders have a backslash in their names. A database that 1.5.6 made there
#           cannot be opened by its name, and another one may be opened in its place.
# Guard:    a store whose path has a backslash is refused with DuckDB 2 (features/store/store.py).
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cat > "$T/ask.py" <<'P'
import os
import sys
from pathlib import Path

import duckdb

os.chdir(sys.argv[1])
for folder in ("a\\b", "a/b"):
    Path(folder).mkdir(parents=True)
duckdb.connect("a\\b/x.duckdb").close()
duckdb.sql("copy (select 1 as one) to 'a\\b/y.parquet'")
print(*sorted(str(path) for path in Path().rglob("*") if path.is_file()))
P
seen=
for version in 1.5.6 2.0.1; do
  python3 -m venv "$T/$version"
  "$T/$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version" 2>/dev/null
  mkdir "$T/in-$version"
  seen+="$version: $("$T/$version/bin/python" "$T/ask.py" "$T/in-$version")"$'\n'
done
printf '%s' "$seen"
[ "$seen" = '1.5.6: a\b/x.duckdb a\b/y.parquet
2.0.1: a/b/x.duckdb a\b/y.parquet
' ]
