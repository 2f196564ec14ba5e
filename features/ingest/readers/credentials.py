"""The path of a source -> the path as it is read: a credential in it is named, `${SHOP_TOKEN}`, and comes from the
environment when the source is read. The record, errors and logs have the name alone."""

import os
import re

from features.errors import FeatureError

NAMED = re.compile(r"\$\{(\w+)\}")
PASSWORD = re.compile(r"\w+://[^/\s:@'\"]*:(?P<value>[^/\s@'\"]+)@")
PARAMETER = re.compile(
    r"[?&](?:[\w-]*(?:signature|secret|password|passwd|token|api_?key|access_?key(?:_?id)?|credential)[\w-]*|sig|key|pwd)"
    r"=(?P<value>[^&\s'\"]+)",
    re.IGNORECASE,
)


def reject_credentials(source: str, text: str) -> None:
    """Raises FeatureError where a path or a query, which the store would keep, holds a password or a token."""
    for pattern in (PASSWORD, PARAMETER):
        for found in pattern.finditer(text):
            if not NAMED.fullmatch(found["value"]):
                where = text[found.start() : found.start("value")]
                raise FeatureError(
                    f"source {source}: what follows {where} is a credential, and the store would keep it; put it into "
                    "the environment, and its name into --path, as in ${SHOP_TOKEN} (docs/sources.md)"
                )


def expand_variables(source: str, path: str) -> str:
    """The path with the values of the variables that it names. Raises FeatureError where one is not set."""
    missing = [name for name in NAMED.findall(path) if name not in os.environ]
    if missing:
        raise FeatureError(f"source {source}: {missing[0]}, which its path names, is not set in the environment")
    return NAMED.sub(lambda found: os.environ[found[1]], path)


def redact_credentials(path: str | None, text: str) -> str:
    """A text, such as what DuckDB says of a path, with the names of the path's variables in place of their values."""
    for name in NAMED.findall(path or ""):
        if value := os.environ.get(name):
            text = text.replace(value, f"${{{name}}}")
    return text
