"""A text file that is not UTF-8 -> the line where it is not, what it seems to be, and what to type."""

import re
import shlex
from pathlib import Path

NOT_UTF8 = re.compile(r"not utf-8 encoded|invalid UTF-8 encoding|is not \S+ encoded|does not support the encoding")
FILE = re.compile(r'^\s*file = (.+)$|Malformed JSON in file "([^"]+)"', re.MULTILINE)
SAMPLE = 1 << 24  # bytes that are looked at
HEAD = 1000
LETTERS_OF_WINDOWS = re.compile(rb"[\x80-\x9f]")  # no text in Latin-1
BYTE_ORDER = {b"\xff\xfe": "UTF-16LE", b"\xfe\xff": "UTF-16BE"}
COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")  # gzip, zstd
OPTION = {"ISO-8859-1": "latin-1", "UTF-16LE": "utf-16"}  # what DuckDB reads without an extension


def is_encoding_error(error: str) -> bool:
    """Whether DuckDB says that a file has another encoding than it was read with."""
    return bool(NOT_UTF8.search(error))


def encoding_remedy(error: str, files: list[str]) -> str:
    """What to do about a file of another encoding: the one that DuckDB names, else the first such among `files`."""
    named = [name for found in FILE.findall(error) for name in found if name]
    for file in map(Path, named or files):
        if file.is_file() and (found := encoding_of(file)):
            return remedy_for(file, *found, is_json="Malformed JSON" in error)
    return (
        "a file is not UTF-8, or not in the encoding that the query names: add `encoding = 'latin-1'` or "
        "`encoding = 'utf-16'` to read_csv where it is one of these, or else "
        f"{conversion('WINDOWS-1252', Path('FILE'))}, with its own encoding for WINDOWS-1252"
    )


def remedy_for(file: Path, line: int, encoding: str, *, is_json: bool = False) -> str:
    """The option of read_csv, or the command that converts the file."""
    where = f"{file} is not UTF-8 (line {line}) but seems to be {encoding}"
    if encoding in OPTION and not is_json:
        return f"{where}: add `encoding = '{OPTION[encoding]}'` to read_csv"
    return f"{where}, which DuckDB does not read by itself: {conversion(encoding, file)}"


def conversion(encoding: str, file: Path) -> str:
    converted = file.with_name(f"{file.stem}-utf8{file.suffix}")
    command = f"iconv -f {encoding} -t UTF-8 {shlex.quote(str(file))} > {shlex.quote(str(converted))}"
    return f"convert it, and read the new file without the option `encoding`: {command}"


def encoding_of(file: Path) -> tuple[int, str] | None:
    """The first line that is not UTF-8, and the encoding that the file seems to have; None where it seems to be UTF-8,
    or is compressed."""
    with file.open("rb") as opened:
        sample = opened.read(SAMPLE)
    if sample.startswith(COMPRESSED):
        return None
    if wide := utf16_encoding(sample[:HEAD]):
        return 1, wide
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and len(sample) == SAMPLE:
            return None
        encoding = "WINDOWS-1252" if LETTERS_OF_WINDOWS.search(sample) else "ISO-8859-1"
        return sample.count(b"\n", 0, error.start) + 1, encoding
    return None


def utf16_encoding(head: bytes) -> str | None:
    """The encoding of two bytes for a character that a file begins with, if any."""
    by_zeros = "UTF-16BE" if head[:1] == b"\0" else "UTF-16LE"
    return BYTE_ORDER.get(head[:2], by_zeros if b"\0" in head else None)


def utf16_error(file: Path) -> str | None:
    """Why DuckDB would read nothing of a file with `encoding = 'utf-16'`, without an error; None where it reads it."""
    with file.open("rb") as opened:
        head = opened.read(HEAD)
    found = utf16_encoding(head)
    if not head or head.startswith(COMPRESSED) or found == "UTF-16LE":
        return None
    if found is None:
        return f"{file} is not UTF-16: leave `encoding` out, or name its own"
    return f"{file} is {found}, of which DuckDB reads nothing: {conversion(found, file)}"
