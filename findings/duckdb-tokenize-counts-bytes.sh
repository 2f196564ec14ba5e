#!/usr/bin/env bash
# DuckDB 1.5.6 and 2.0.1, Python: duckdb.tokenize gives places in UTF-8 bytes for a str.
#
# Input:    duckdb.tokenize("select 'üüü', $day").
# Expected: places of characters, as a str is indexed: "$" is at 14.
# Seen:     "$" is at 17, since each ü counts twice. No document says that the places are of bytes.
# Who:      everybody who edits SQL by its tokens, such as to rename a parameter or to cut a final semicolon. With ASCII
#           text alone nothing shows.
# Guard:    a source query is cut as bytes (features/ingest/sources.py, features/store/sql_builder.py).
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cat > "$T/ask.py" <<'P'
import duckdb

query = "select 'üüü', $day"
[place] = [at for at, _ in duckdb.tokenize(query) if query.encode()[at : at + 1] == b"$"]
print(query.index("$"), place)
P
seen=
for version in 1.5.6 2.0.1; do
  python3 -m venv "$T/$version"
  "$T/$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version" 2>/dev/null
  seen+="$version: $("$T/$version/bin/python" "$T/ask.py")"$'\n'
done
printf '%s' "$seen"
[ "$seen" = "1.5.6: 14 17
2.0.1: 14 17
" ]
