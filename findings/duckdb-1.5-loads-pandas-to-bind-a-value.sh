#!/usr/bin/env bash
# DuckDB 1.5.6, Python: to bind a value, such as the number 1, it imports pandas and NumPy. 2.0.1 does not.
#
# Input:    duckdb.connect().execute("select ?", [1]).fetchall(), in an environment that has pandas.
# Expected: no other package is imported: no frame goes in and none comes out. A query without a value imports none.
# Seen:     pandas is imported with the first bound value, None excepted. That took 0.3 s of CPU time and 80 MB in a
#           command that needed 0.7 s.
# Who:      command lines and cloud functions that start often, next to a package that brought pandas (Streamlit, for one).
# Guard:    nightrank status binds no value (features/ops/status.py, features/store/duckdb_connection.py); a test says what it loads.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cat > "$T/ask.py" <<'P'
import sys

import duckdb

con = duckdb.connect()
loaded = []
for query, values in (("select 1", None), ("select ?", [None]), ("select ?", [1])):
    con.execute(query, values).fetchall()
    loaded.append("pandas" in sys.modules)
print(*loaded)
P
seen=
for version in 1.5.6 2.0.1; do
  python3 -m venv "$T/$version"
  "$T/$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version" pandas==3.1.1 2>/dev/null
  seen+="$version: $("$T/$version/bin/python" "$T/ask.py")"$'\n'
done
printf '%s' "$seen"
[ "$seen" = "1.5.6: False False True
2.0.1: False False False
" ]
