#!/usr/bin/env bash
# DuckDB 1.5.6 and 2.0.1: read_csv with encoding = 'utf-16' gives no row for a big-endian file, and no error.
#
# Input:    a CSV of a header and two rows in UTF-16, once little-endian and once big-endian, each with its byte order
#           mark, as the Unicode standard asks of files that are called UTF-16.
# Expected: the same two rows of both, or an error that says that big-endian is not supported.
# Seen:     two rows of the little-endian file. Of the other none, without an error: the mark is not looked at, the bytes
#           are read in the wrong order, and the whole file becomes the header of one column with a name in Chinese.
# Who:      everybody who reads exports of Java programs or mainframes, whose UTF-16 is big-endian.
# Guard:    nightrank looks at the first bytes, refuses such a file and prints the command that converts it.
set -euo pipefail
T=$(mktemp -d); trap 'rm -rf "$T"' EXIT
cat > "$T/ask.py" <<'P'
import codecs
import duckdb
import sys

text = "user_id,goods_id\n1,10\n2,11\n"
for name, mark in (("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE)):
    path = f"{sys.argv[1]}/{name}.csv"
    with open(path, "wb") as file:
        file.write(mark + text.encode(name))
    print(name, *duckdb.sql(f"from read_csv('{path}', encoding = 'utf-16')").fetchall())
P
seen=
for version in 1.5.6 2.0.1; do
  python3 -m venv "$T/$version"
  "$T/$version/bin/pip" install --quiet --disable-pip-version-check "duckdb==$version"
  seen+="$version: $("$T/$version/bin/python" "$T/ask.py" "$T" | paste -sd' ')"$'\n'
done
expected="1.5.6: utf-16-le (1, 10) (2, 11) utf-16-be
2.0.1: utf-16-le (1, 10) (2, 11) utf-16-be
"
printf '%s' "$seen"
[ "$seen" = "$expected" ]
