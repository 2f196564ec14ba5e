"""Answers -> what a person reads on stdout: tables and bars, or JSON."""

from __future__ import annotations

import shlex
from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.markup import escape

import features
from flows.output.tables import print_json, table
from flows.runtime.console import stderr, stdout
from flows.runtime.json_values import json_value

if TYPE_CHECKING:
    from features import (
        ErasureResult,
        IngestResult,
        ModelRecord,
        PlannedAsset,
        Reader,
        Source,
        Status,
        Store,
        Summary,
        Warehouse,
    )
    from flows.pipelines.overdue_nights import Lateness

NOTHING_TO_BUILD = ("ok", "removed", "too_early", "not_kept")
TABLES = {  # parts of the status that are shown as tables
    "sources": "Sources: rows_in = kept + duplicates + quarantined",
    "catalogues": "Goods catalogues: rows_in = kept + duplicates + quarantined",
    "held_back": "Days that the store keeps, since their source returned too few rows",
    "refused": "Rows that were refused when their day was last read, and why",
    "skipped": "Lines that readers skipped when the source was last read",
    "problems": "Not built",
}
MAX_ROWS = 20
MEASURED = "measured on later days than they were trained on"
TRAINED = ("model_id", "auc", "gauc", "base_gauc", "rela_impr")


def models(reader: Reader) -> None:
    """Each pooling's newest model: AUC and GAUC of DIN beside mean pooling."""
    table(reader.show("newest_models"), f"Models, {MEASURED}")


def ingested(warehouse: Warehouse, source: Source, read: list[IngestResult], json: bool) -> None:
    """What became of the rows of a source, in a line for each read; on stderr, which days were held back."""
    for counts in read:
        if not json:
            days = f", {counts.days} days" if counts.days else ""
            skipped = f", {counts.rows_skipped} skipped by the reader" if counts.rows_skipped else ""
            line(
                f"{counts.source}: {counts.rows_in} rows in, {counts.rows} kept, {counts.duplicates} duplicates, "
                f"{counts.quarantined} quarantined{skipped}{days}"
            )
        for said in counts.warnings:
            warning(f"source {counts.source}: {said}")
        if counts.held_back:
            warning(features.held_back_warning(warehouse, source.asset, counts.held_back))


def warning(said: str) -> None:
    stderr.print(f"nightrank: warning: {said}", style="yellow", soft_wrap=True, markup=False, highlight=False)


def print_erasure(store: Store, found: ErasureResult) -> None:
    """What was removed of a person, the proof, and which models to train anew."""
    lines = []
    if found.before:
        lines.append(f"user {found.user} was forgotten on {found.before:%Y-%m-%d %H:%M} UTC; looked for again")
    else:
        lines.append(f"user {found.user} is forgotten")
    removed = ", ".join(f"{asset} {rows}" for asset, rows in sorted(found.rows.items()) if rows)
    lines.append(f"rows removed   {removed or 'none'}")
    lines.append(f"files removed  {found.files}; releases rewritten: {', '.join(found.releases) or 'none'}")
    scan = found.scan
    how = "rows and bytes" if scan.bytes_searched else "rows alone, since so short an id, or one in other names, is in"
    how += "" if scan.bytes_searched else " any bytes"
    lines.append(f"scanned        {scan.files} files, {scan.bytes} bytes, by {how}: {len(scan.hits)} hits")
    if found.rewritten:
        lines.append(f"row taken out  {', '.join(found.rewritten)}")
    if found.model_ids:
        lines.append(f"learned from   {', '.join(found.model_ids)}")
        train = store.command("train")
        lines.append(f"               weights hold no id and no row of theirs; to unlearn: {train}")
    again = ((other, store.command(f"forget {shlex.quote(other)}")) for other in found.others)
    lines.extend(f"still there    user {other}, the same UUID in other letters: {command}" for other, command in again)
    for line in lines:
        stdout.print(line, highlight=False, soft_wrap=True, markup=False)


def trained(records: list[ModelRecord], json: bool) -> None:
    """The models of a training, first the one that may rank, and which nights it ranks and why."""
    rows = [json_value(vars(record)) for record in reversed(records)]
    if json:
        print_json(rows)
        return
    for model in rows[:1]:
        line(f"{model['model_id']} is trained on the days up to {model['ds']}")
        line(model["decision"])
        shown = [tuple(row[name] for name in TRAINED) for row in rows]
        table(features.Answer(list(TRAINED), shown), f"Trained for {model['ds']}; {MEASURED}")
        line(model_details(model))


def nights(results: list[Any], json: bool) -> None:
    """One line for each night that was ranked and published."""
    if json:
        print_json([vars(result) for result in results])
        return
    for night in results:
        size = f"{night.users} users, {night.rows} rows"
        stdout.print(f"{night.ds}  {night.status}  {size}, {night.seconds:.1f} s, {night.model_id}", soft_wrap=True)
    if not results:
        stdout.print("nothing to do: published already")


def plan(planned: list[PlannedAsset], all_of_it: bool, json: bool) -> None:
    """One line for each asset that is not as it should be, or for all, and a last one with counts."""
    shown = [one for one in planned if all_of_it or one.state not in NOTHING_TO_BUILD]
    if json:
        print_json([vars(one) for one in shown])
        return
    for one in shown:
        line(f"{one.ds}  {one.asset:<15}  {one.state:<11}  {one.reason}".rstrip())
    counts = Counter(one.state for one in planned)
    said = ", ".join(f"{counts[state]} {state}" for state in sorted(counts, key=lambda state: (state == "ok", state)))
    line(said if counts.keys() - set(NOTHING_TO_BUILD) else f"nothing to do{f': {said}' if said else ''}")


def notes(said: dict[str, str], json: bool) -> None:
    """What a plan adds of nights without a ranking; where stdout is JSON, on stderr."""
    for text in said.values():
        warning(text) if json else line(text)


def print_built(done: list[Any], json: bool) -> None:
    """One line for each asset that was built, or was not."""
    if json:
        print_json([vars(one) for one in done])
        return
    for one in done:
        line(f"{one.ds}  {one.asset:<15}  {ending(one)}")
    if not done:
        line("nothing to do")


def ending(one: Any) -> str:
    if not one.error:
        return "built"
    return f"{'not built' if one.no_model else 'failed'}: {one.error}"


def line(said: str) -> None:
    stdout.print(said, highlight=False, markup=False, soft_wrap=True)


def status(store: Store, found: Status) -> None:
    """One screen for whoever is on call."""
    for night in found.parts["nights"]:
        stdout.print(
            f"[bold]published[/]  {night['ds']}  {night['status']}  {night['users']} users, {night['rows']} rows, "
            f"{found.age_hours:.1f} hours ago, by {night['model_id']}",
            soft_wrap=True,
        )
    if not found.parts["nights"]:
        line(f"published  nothing yet; rank a night with: {store.command('nightly')}")
    for model in found.parts["champion"]:
        gauc, base = format_metric(model["gauc"], ".4f"), format_metric(model["base_gauc"], ".4f")
        against = f"mean pooling {base}, RelaImpr {format_metric(model['rela_impr'], '+.1f', ' %')}"
        stdout.print(f"[bold]champion[/]   {model['model_id']}  GAUC {gauc}, {against}", soft_wrap=True)
        line(f"           {model_details(model)}")
    if not found.parts["champion"] and not found.writer:
        line(f"champion   none yet; train one with: {store.command('train')}")
    print_summary([features.Summary(**night) for night in found.parts["summary"]])
    for night in found.parts["stopped"]:
        broken = ", ".join(night["broken"])
        stdout.print(f"[bold red]stopped[/]    {night['ds']}  {night['status']}: {broken}", soft_wrap=True)
    for night in found.parts["rolled_back"]:
        why = f": {night['reason']}" if night["reason"] else ""
        line(f"rolled back {night['ds']}  by {night['rolled_back_by']}{why}")
    if found.writer:
        stdout.print(f"[bold]writing[/]    {found.writer}")
    tables(store, found.parts)


def schedules(late: list[Lateness]) -> None:
    """The schedules that are not on time: a line each, and what to type."""
    for one in late:
        style = "bold red" if one.state == "overdue" else "bold"
        stdout.print(f"[{style}]{one.state:<9}[/]  {escape(one.sentence)}", highlight=False, soft_wrap=True)
        if one.remedy:
            line(f"           do: {one.remedy}")


def tables(store: Store, parts: dict[str, list[dict[str, Any]]]) -> None:
    """What status shows of sources and of what was not built, as tables."""
    for part, title in TABLES.items():
        rows = parts[part]
        if rows:
            table(features.Answer(list(rows[0]), [tuple(row.values()) for row in rows[:MAX_ROWS]]), title)
        if len(rows) > MAX_ROWS:
            line(f"... and {len(rows) - MAX_ROWS} more: {store.command('status --json')}")
    for (kind, source), rows in groupby(parts["held_back"], key=lambda row: (row["kind"], row["source"])):
        command = features.accept_command(f"{kind}.{source}", (row["ds"] for row in rows)).removeprefix("nightrank ")
        line(f"to replace them all the same: {store.command(command)}")


def print_summary(nights: list[Summary]) -> None:
    """What the night that was tried last told, in a few lines."""
    for night in nights:
        colour = "bold red" if night.failed else "bold"
        stdout.print(f"[{colour}]last tried[/] {night.ds}  {night.state}", highlight=False, soft_wrap=True)
        if night.failed:
            line(f"           in {night.stage}: {night.headline}")
        median, late = format_metric(night.events_median, ".0f"), f"{night.late_rows} late of {night.late_days} days"
        line(f"           {night.events} events, median {median}, {late}")
        if night.stages:
            slowest = max(night.stages, key=lambda stage: night.stages[stage])
            line(f"           {sum(night.stages.values()):.1f} s, of which {slowest} {night.stages[slowest]:.1f} s")
        for advice in night.advice:
            line(f"           do: {advice}")


def model_details(model: dict[str, Any]) -> str:
    """What else is known of a model; one of before these were measured has dashes."""
    share, error = (
        format_metric(model.get("share_covered"), ".0%"),
        format_metric(model.get("calibration_error"), ".4f"),
    )
    epoch, valid = format_metric(model.get("epoch"), "d"), format_metric(model.get("valid_gauc"), ".4f")
    began = f", started from {model['warm_from']}" if model.get("warm_from") else ""
    return f"{share} of users covered, calibration error {error}; epoch {epoch} kept, validation GAUC {valid}{began}"


def format_metric(value: float | None, form: str, unit: str = "") -> str:
    """A metric, or a dash where nothing could be measured."""
    return "—" if value is None else f"{value:{form}}{unit}"
