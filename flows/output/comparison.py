"""A comparison -> what a person reads of it: a table on stdout, or JSON, and a picture as PNG."""

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

import features
from features import FeatureError
from flows.output.results import format_metric as format_value
from flows.output.tables import print_json
from flows.pipelines.compare import Compared, Comparison
from flows.runtime.console import stdout
from flows.runtime.json_values import json_value
from flows.runtime.progress import log

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEASURES = {  # the label of each, and how its numbers are written
    "auc": ("AUC", ".4f"),
    "gauc": ("GAUC", ".4f"),
    "gauc_positives": ("GAUC by positives", ".4f"),
    "gauc_equal": ("GAUC, users alike", ".4f"),
    "users": ("users covered", "d"),
    "share_covered": ("share covered", ".4f"),
    "logloss": ("log loss", ".4f"),
    "calibration_error": ("calibration error", ".4f"),
    "calibration": ("calibration", ".4f"),
    "rela_impr": ("RelaImpr over mean, %", "+.2f"),
    "valid_gauc": ("GAUC, validation", ".4f"),
    "epoch": ("epoch kept", ".1f"),
    "seconds": ("seconds", ".1f"),
}
PANELS = ("auc", "gauc", "gauc_positives", "gauc_equal", "logloss", "calibration_error", "rela_impr", "seconds")
LOWER_IS_BETTER = ("logloss", "calibration_error", "seconds")
COLORS = ("#777777", "#b8860b", "#1f6f8b")  # mean, decay, din
INCHES, DOTS = (13, 6), 120


def show(found: Comparison, json: bool) -> None:
    """A column for each pooling and a row for each measure, with its standard deviation where there were seeds."""
    if json:
        print_json(found.records())
        return
    stdout.print(title(found), style="bold", highlight=False, soft_wrap=True)
    shown = Table(header_style="bold")
    shown.add_column("pooling")
    for one in found.poolings:
        shown.add_column(one.pooling, justify="right", no_wrap=True)
    for name, (label, _) in MEASURES.items():
        shown.add_row(label, *(format_metric(one, name) for one in found.poolings))
    stdout.print(shown)


def title(found: Comparison) -> str:
    seeds = f"; mean ± std of {len(found.seeds)} seeds" if len(found.seeds) > 1 else ""
    validate = f"{found.valid_examples} validate, " if found.valid_examples else ""
    return f"Up to {found.ds}: {found.train_examples} examples teach, {validate}{found.eval_examples} measure{seeds}"


def format_metric(one: Compared, name: str) -> str:
    """A measure of a pooling, with its deviation where there is one: 0.7400 ± 0.0031."""
    form = MEASURES[name][1]
    value, deviation = json_value(one.measures[name]), json_value((one.std or {}).get(name))
    is_spread = value is not None and deviation is not None and form != "d"
    return format_value(value, form) + (f" ± {deviation:{form.lstrip('+')}}" if is_spread else "")


def require_writable(path: Path) -> None:
    """Raises FeatureError where no picture can be written there: said before the work, not after it."""
    if path.is_dir():
        raise FeatureError(f"{path}: is a folder; name a file in it, such as --plot {path / 'compare.png'}")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise FeatureError(f"{path}: no file can be written in {path.parent}; name another place with --plot")


def draw(found: Comparison, path: Path) -> None:
    """One panel for each measure, a point for each pooling, with bars of one standard deviation where there were
    several seeds. Points, since what tells poolings apart is small beside its distance from zero."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, dpi=DOTS, layout="constrained")
    for axes, name in zip(figure.subplots(2, len(PANELS) // 2).flat, PANELS, strict=True):
        panel(axes, found, name)
    figure.suptitle(title(found))
    with features.new_file_aside(path) as making:
        FigureCanvasAgg(figure).print_figure(making, format="png", metadata={"Software": None})
        making.replace(path)
    log.info("picture_drawn", path=path)


def panel(axes: "Axes", found: Comparison, name: str) -> None:
    better = " (less is better)" if name in LOWER_IS_BETTER else ""
    axes.set_title(f"{MEASURES[name][0]}{better}", fontsize=10)
    axes.set_xticks(range(len(found.poolings)), [one.pooling for one in found.poolings])
    axes.set_xlim(-0.5, len(found.poolings))  # room for the number beside the last point
    axes.margins(y=0.3)
    axes.grid(axis="y", alpha=0.3)
    for place, (one, color) in enumerate(zip(found.poolings, COLORS, strict=True)):
        point(axes, place, one, name, color)


def point(axes: "Axes", place: int, one: Compared, name: str, color: str) -> None:
    value, deviation = one.measures[name], one.std[name] if one.std else None
    if math.isnan(value):
        return
    axes.errorbar(place, value, yerr=deviation, fmt="o", color=color, capsize=4)
    said = f"{value:{MEASURES[name][1]}}"
    axes.annotate(said, (place, value), xytext=(8, 0), textcoords="offset points", va="center", fontsize=8)
