"""A text that a person typed -> the id that it means: itself, or the same UUID in other letters."""

import re

# As DuckDB reads a UUID from text.
UUID = re.compile(r"\{?([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})\}?", re.IGNORECASE)


def texts_of_id(text: str) -> list[str]:
    """Return the texts that mean the same id, the given one first.

    Of a UUID these are its small letters and its capitals, each plain, in braces and without hyphens.
    """
    parts = UUID.fullmatch(text)
    if not parts:
        return [text]
    plain = "-".join(parts.groups()).lower()
    forms = [plain, f"{{{plain}}}", plain.replace("-", "")]
    return list(dict.fromkeys([text, *forms, *(form.upper() for form in forms)]))
