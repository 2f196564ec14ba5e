#!/usr/bin/env bash
# DuckDB 2.0.1 writes `if(a, b, c)` of a macro into a file as a function, which DuckDB 1.5.6 does not have.
#
# Input:    2.0.1 makes a file in storage version v1.0.0, which 1.5.6 opens, and in it a macro with `if(a, b, c)`, which
#           both versions run. A second macro says the same with `case`.
# Expected: 1.5.6 opens the file and runs both macros: the file was written for it.
# Seen:     1.5.6 opens the file, and the macro with `if` stops: "Scalar Function with name if does not exist!".
# Who:      teams whose writer is on 2.0 and whose readers are on 1.5, with views or macros in a shared file.
# Guard:    the macros of a release have `case` and no `if` (sql/published/views.sql); tests/test_plans.py says so.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
for version in 1.5.6 2.0.1; do
  python3 -m venv "$T/$version"
  "$T/$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version" 2>/dev/null
done
cat > "$T/write.py" <<'P'
import sys

import duckdb

con = duckdb.connect(sys.argv[1], config={"storage_compatibility_version": "v1.0.0"})
con.execute("create macro with_if(a) as if(a > 0, 'more', 'none')")
con.execute("create macro with_case(a) as case when a > 0 then 'more' else 'none' end")
print("written:", con.execute("select with_if(1), with_case(1)").fetchall())
P
cat > "$T/read.py" <<'P'
import sys

import duckdb

con = duckdb.connect(sys.argv[1], read_only=True)
for name in ("with_case", "with_if"):
    try:
        print(name, con.execute(f"select {name}(1)").fetchall())
    except duckdb.Error as error:
        print(name, str(error).splitlines()[0])
P
seen=$("$T/2.0.1/bin/python" "$T/write.py" "$T/shared.duckdb"; "$T/1.5.6/bin/python" "$T/read.py" "$T/shared.duckdb")
printf '%s\n' "$seen"
[ "$seen" = "written: [('more', 'more')]
with_case [('more',)]
with_if Catalog Error: Scalar Function with name if does not exist!" ]
