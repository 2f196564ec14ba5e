#!/usr/bin/env bash
# DuckDB 2.0.1: date_trunc of a time in nanoseconds can be later than the time itself.
#
# Input:    timestamp_ns '2024-12-31 23:59:59.999999999', the kind of time that pandas and Polars write to Parquet.
# Expected: date_trunc('day', it) is 2024-12-31, and year(it) is 2024, as in DuckDB 1.5.6: truncation is never later.
# Seen:     2.0.1 gives 2025-01-01 and 2025, while strftime gives 2024 and date_part('day', it) gives 31. These functions
#           first cast to microseconds, and since 2.0 that cast rounds where 1.5 cuts.
# Who:      everybody who groups or filters such times by day: the last half microsecond of each day is counted in the
#           next one, with no error. A filter of a day on the raw column and a group by date_trunc disagree.
# Guard:    times in nanoseconds are cut by epoch_us before anything else (features/store/sql_builder.py).
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cat > "$T/ask.py" <<'P'
import duckdb

it = "timestamp_ns '2024-12-31 23:59:59.999999999'"
day, year, text, number = duckdb.sql(
    f"select date_trunc('day', {it})::date, year({it}), strftime({it}, '%Y'), date_part('day', {it})"
).fetchall()[0]
print(day, year, text, number)
P
seen=
for version in 1.5.6 2.0.1; do
  python3 -m venv "$T/$version"
  "$T/$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version" 2>/dev/null
  seen+="$version: $("$T/$version/bin/python" "$T/ask.py")"$'\n'
done
printf '%s' "$seen"
[ "$seen" = "1.5.6: 2024-12-31 2024 2024 31
2.0.1: 2025-01-01 2025 2024 31
" ]
