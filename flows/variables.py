"""Environment variables named NIGHTRANK_... -> those that no setting has, each with the nearest name and what to type.

No message holds a value: a mistyped variable may hold a secret, such as a webhook.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any

from flows.retired_settings import fixed_value, is_fixed, renamed

PREFIX = "NIGHTRANK_"
STORE_PATH = "NIGHTRANK_STORE_PATH"
# Kubernetes sets these in every container where a service has a name such as nightrank-server.
OF_KUBERNETES = re.compile(r".*_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)")
ADDRESS_OF_KUBERNETES = re.compile(r"(tcp|udp|sctp)://.*")


Sections = Mapping[str, Any]  # the default of each section by its name


def variables_errors(environment: Mapping[str, str], sections: Sections) -> list[str]:
    """One sentence for each variable that is neither a setting nor the path of the store."""
    names = sorted(name for name in environment if name.upper().startswith(PREFIX))
    unknown = [name for name in names if not is_known(name.upper(), sections)]
    return [sentence(name, sections) for name in unknown if not is_of_kubernetes(name, environment[name])]


def is_known(name: str, sections: Sections) -> bool:
    """Whether a variable is read: a setting, a key of a setting that is a map, or a whole section as JSON."""
    section, *path = name.removeprefix(PREFIX).lower().split("__")
    if len(path) == 2 and path[1]:
        return is_map(sections, section, path[0])
    as_json = not path and section in sections and section != "store"  # NIGHTRANK_STORE is meant as the path
    return as_json or name in known_variables(sections)


def known_variables(sections: Sections) -> list[str]:
    settings = [(section, item.name) for section, part in sections.items() for item in fields(part)]
    settings = [(section, name) for section, name in settings if not is_fixed(section, name)]
    return [STORE_PATH, *(f"{PREFIX}{section}__{name}".upper() for section, name in settings)]


def is_map(sections: Sections, section: str, name: str) -> bool:
    return isinstance(getattr(sections.get(section), name, None), dict)


def is_of_kubernetes(name: str, value: str) -> bool:
    if OF_KUBERNETES.fullmatch(name):
        return True
    return name.endswith("_PORT") and bool(ADDRESS_OF_KUBERNETES.fullmatch(value))


def sentence(name: str, sections: Sections) -> str:
    section, _, setting = name.removeprefix(PREFIX).lower().partition("__")
    now, new = renamed(section, setting)
    if is_fixed(now, new) and now in sections:
        fixed = fixed_value(now, new, sections)
        return (
            f"{name} in the environment is no longer a setting: its value is now fixed at {fixed}; type: unset {name}"
        )
    if (now, new) != (section, setting):
        near = f"{PREFIX}{now}__{new}".upper()
        return f'{name} in the environment is now {near}; type: export {near}="${name}"; unset {name}'
    near = nearest_variable(name, sections)
    if near is None:
        return f"{name} in the environment is not a setting (docs/settings.md); type: unset {name}"
    return (
        f'{name} in the environment is not a setting; if you mean {near}, type: export {near}="${name}"; unset {name}'
    )


def nearest_variable(name: str, sections: Sections) -> str | None:
    """The setting whose name is most like this one, with the key after it where the setting is a map."""
    section, setting, *key = [*name.upper().removeprefix(PREFIX).split("__"), ""][:3]
    written = f"{section}__{setting}" if setting else section
    known = [variable.removeprefix(PREFIX) for variable in known_variables(sections)]
    without_section = [variable for variable in known if variable.endswith(f"__{written}")]
    near = next(iter(without_section), None) or nearest_name(written, known)
    if near is None:
        return None
    has_key = any(key) and is_map(sections, *near.lower().split("__"))
    return PREFIX + "__".join([near, *key] if has_key else [near])


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, None where none is."""
    found = get_close_matches(name, list(known), n=1, cutoff=0.5)
    return found[0] if found else None
