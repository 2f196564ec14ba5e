"""A comparison -> a picture of it, as PNG."""

import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features import FeatureError
from flows.compare import Comparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = {
    "auc": "AUC",
    "gauc": "GAUC",
    "gauc_positives": "GAUC by positives",
    "gauc_equal": "GAUC, users alike",
    "logloss": "log loss (less is better)",
    "calibration_error": "calibration error (less is better)",
    "rela_impr": "RelaImpr over mean, %",
    "seconds": "seconds of training",
}
COLORS = ("#777777", "#b8860b", "#1f6f8b")  # mean, decay, din
INCHES, DOTS = (13, 6), 120


def need_place(path: Path) -> None:
    """Raises FeatureError where no picture can be written there: said before the work, not after it."""
    if path.is_dir():
        raise FeatureError(f"{path}: is a folder; name a file, such as --plot {path / 'compare.png'}")
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise FeatureError(f"{path}: no file can be written in {path.parent}; name another place with --plot")


def draw(found: Comparison, path: Path) -> None:
    """One panel for each measure, a point for each pooling, with bars of one standard deviation where there were
    several seeds. Points, since what tells poolings apart is small beside the distance from zero."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, dpi=DOTS, layout="constrained")
    for axes, name in zip(figure.subplots(2, len(PANELS) // 2).flat, PANELS, strict=True):
        panel(axes, found, name)
    figure.suptitle(title(found))
    making = path.with_name(f".{path.name}.making")
    FigureCanvasAgg(figure).print_figure(making, format="png", metadata={"Software": None})
    making.replace(path)


def title(found: Comparison) -> str:
    seeds = f", {len(found.seeds)} seeds" if len(found.seeds) > 1 else ""
    return f"Up to {found.ds}: {found.train_examples} examples teach, {found.eval_examples} measure{seeds}"


def panel(axes: "Axes", found: Comparison, name: str) -> None:
    axes.set_title(PANELS[name], fontsize=10)
    axes.set_xticks(range(len(found.poolings)), [one.pooling for one in found.poolings])
    axes.margins(x=0.3, y=0.3)
    axes.grid(axis="y", alpha=0.3)
    for place, (one, color) in enumerate(zip(found.poolings, COLORS, strict=True)):
        point(axes, place, one.measures[name], (one.std or {}).get(name), color)


def point(axes: "Axes", place: int, value: float, deviation: Any, color: str) -> None:
    axes.errorbar(place, value, yerr=deviation, fmt="o", color=color, capsize=4)
    said = "—" if math.isnan(value) else f"{value:.4g}"
    axes.annotate(said, (place, value), xytext=(8, 0), textcoords="offset points", va="center", fontsize=8)
