"""Values of Python -> values that JSON has."""

import math
from typing import Any


def json_value(value: Any) -> Any:
    """Return a value that JSON has: null for NaN and infinity, text for the keys of a map."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): json_value(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(one) for one in value]
    return value
