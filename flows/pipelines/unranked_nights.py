"""The nights of a plan that no backfill can rank -> sentences that say why, and what to type."""

from datetime import date
from pathlib import Path

from features import PlannedAsset, Store
from flows.settings import load_settings, open_store


def notes(root: Path, planned: list[PlannedAsset]) -> dict[str, str]:
    """What to say of the nights without a ranking that no backfill builds as things are, by their state."""
    store, found = open_store(root, load_settings(root)), {}
    for state in ("no_model", "not_kept", "too_early"):
        nights = [one for one in planned if one.state == state]
        days = [one.ds for one in nights]
        if state == "no_model" and days:
            found[state] = no_model(store, days)
        elif days:
            found[state] = f"{have_no_ranking(days)}: {nights[0].reason}"
    return found


def no_model(store: Store, days: list[date]) -> str:
    first, last = days[0], days[-1]
    return (
        f"{have_no_ranking(days)}: no model was trained on the days up to {last}, and a model of later days "
        "would know their future; to rank them, type:\n"
        f"  {store.command(f'train --ds {first}')}\n"
        f"  {store.command(f'backfill {first} {last}')}"
    )


def have_no_ranking(days: list[date]) -> str:
    first, last = days[0], days[-1]
    return f"{len(days)} nights from {first} to {last} have no ranking" if len(days) > 1 else f"{first} has no ranking"
