"""What is gathered of a night -> HTML, whole in one file: its style and its one small script are inside it."""

import base64
import hashlib
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from flows.report.page.gather import Page
from flows.report.page.timeline import Timeline
from flows.report.page.view import view


def render(page: Page) -> str:
    """The page as text. The same release, record and models give the same text: no clock is asked."""
    style, script = asset("charts.css") + asset("style.css"), asset("age.js")
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            view=view(page),
            page=page,
            night=page.night,
            rows=page.rows,
            style=Markup(style),  # noqa: S704 - our own files, with nothing of anybody's data in them
            script=Markup(script),  # noqa: S704
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )


@cache
def asset(name: str) -> str:
    return files("flows.report.page").joinpath(name).read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """Everything that is put into a template is escaped: names come from people's data."""
    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        loader=FunctionLoader(asset),
    )
    made.filters |= {
        "whole": whole,
        "decimal": decimal,
        "percent": percent,
        "moment": moment,
        "day": day,
        "span": span,
        "signed": signed,
    }
    return made


def whole(value: Any) -> str:
    return "—" if value is None else f"{value:,.0f}"


def decimal(value: float | None, places: int = 4) -> str:
    return "—" if value is None else f"{value:.{places}f}"


def percent(value: float | None, places: int = 1) -> str:
    return "—" if value is None else f"{value:.{places}%}"


def signed(value: float | None, places: int = 3) -> str:
    return "—" if value is None else f"{value:+.{places}f}".replace("-", "−")


def moment(value: datetime | None) -> str:
    return "—" if value is None else f"{value.day} {value:%b %Y, %H:%M} UTC"


def day(value: Any, form: str = "%b %Y") -> str:
    return "—" if value is None else f"{value.day} {value:{form}}"


def span(seconds: float | None) -> str:
    """Seconds as people say them: 5.5 s, 12 min, 3.2 h, 9 d."""
    if seconds is None:
        return "—"
    for unit, size in (("d", 172_800), ("h", 7_200), ("min", 120)):
        if seconds >= size:
            return f"{seconds / (size / 2):.{0 if unit == 'min' else 1}f} {unit}".replace(".0 ", " ")
    return f"{seconds:.1f} s"


def drawing(one: Timeline, title: str, scheme: str | None) -> str:
    """A timeline by itself, as a picture with a text for those who do not see it; `scheme` is light or dark."""
    template = environment().get_template("drawing.svg.j2")
    svg = template.render(one=one, title=title, scheme=scheme or "light", style=Markup(asset("charts.css")))  # noqa: S704
    source = base64.b64encode(svg.strip().encode()).decode()
    return Markup('<img alt="{}" style="width: 100%; max-width: 32rem" src="data:image/svg+xml;base64,{}">').format(
        one.said, source
    )
