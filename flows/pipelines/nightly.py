"""One night, in the order of the diagram: events -> histories -> sequences -> candidates -> rankings -> published.

Plain functions: `nightrank nightly --plain` calls them as they are, flows/deployments wraps each in a Prefect task.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import features
from features import CheckFailedError, Warehouse
from flows.clock import utc_now
from flows.pipelines.din_adapter import bucket_ranker, load_night_model, to_din
from flows.pipelines.ingest import read_sources, resolve_ds
from flows.runtime import progress
from flows.runtime.alerts import with_webhook
from flows.runtime.night_summary import Notifier, log_summary, notify_on_failure, notify_published
from flows.runtime.progress import log
from flows.runtime.steps import StageTimer, Step, in_groups, with_retries
from flows.runtime.timeouts import defer_signals, within_night
from flows.settings import Settings, load_settings, open_store

CATCH_UP_STEPS = 20  # a Prefect server on SQLite wants under 50 tasks a run; reading and the last night take seven


@dataclass(frozen=True)
class NightResult:
    """What a night gave, as counts."""

    ds: date
    status: str
    users: int
    rows: int
    model_id: str
    seconds: float


def run_nights(
    root: Path, ds: date | None, step: Step = with_retries, tell: Notifier = log_summary
) -> list[NightResult]:
    """Ranks and publishes every night missing up to `ds`, or up to the newest day with events that is over.

    The last night runs stage by stage; those before it in a step each, or several in one where they are many. `tell` is
    given what each tells whoever is on call.
    """
    settings = load_settings(root)
    store = open_store(root, settings)
    tell = with_webhook(settings.alerts, store, tell)
    with features.open_warehouse(store, "nightrank nightly", utc_now) as warehouse:
        recognised = features.reconcile_publication(warehouse)
        if recognised:
            log.info("night_recognised", ds=recognised, published=True)
        features.require_lake(warehouse)
        read_sources(warehouse, settings, ds, step, tell)
        last = resolve_ds(warehouse, store, ds)
        missing = features.missing_nights(warehouse, last, settings.publish.ranking_nights)
        if not missing:
            log.info("nothing_to_do", ds=last, published=last not in features.rolled_back_nights(warehouse))
        groups = in_groups(missing[:-1], CATCH_UP_STEPS)
        caught_up = [step(catch_up)(warehouse, settings, days, tell) for days in groups]
        tonight = [rank_night(warehouse, settings, day, step, tell) for day in missing[-1:]]
        again = [] if missing else published_again(warehouse, settings, last)
        return (
            [result for results in caught_up for result in results]
            + tonight
            + again
            + rolled_back_result(warehouse, last)
        )


def published_again(warehouse: Warehouse, settings: Settings, last: date) -> list[NightResult]:
    """The newest night, its release built again from the record, where what is published is damaged or cannot be
    opened. Nothing is missing then, so that runs of nights that were killed have nothing left to do."""
    warehouse.run("ledger/close_killed_nights", now=warehouse.clock())
    [(_, _, ds)] = warehouse.run("ledger/newest_nights", ds=last)
    reason = features.published_release_error(warehouse) if ds else None
    if not reason:
        return []
    started, broken = time.monotonic(), warehouse.store.published.resolve()
    log.warning("published_is_broken", ds=ds, reason=reason)
    with warehouse.recorded_run("nightly", ds, reason) as night:
        release, ending = features.rebuild_release(night, ds, settings.publish)
        with defer_signals():
            features.publish_release(night, release)
            features.finalize_night(night, ending)
        if broken.parent == warehouse.store.releases.resolve():
            broken.unlink(missing_ok=True)
    [(_, users, rows, model_id)] = warehouse.run("ledger/night", ds=ds)
    return [NightResult(ds, ending.status, users, rows, model_id, time.monotonic() - started)]


def rolled_back_result(warehouse: Warehouse, ds: date) -> list[NightResult]:
    """The night itself where it was rolled back: it is not built by itself, or every retry would bring it back."""
    if ds not in features.rolled_back_nights(warehouse):
        return []
    to_build_it = warehouse.store.command(f"backfill {ds} {ds} --mode failed --reason WHY")
    log.warning("night_was_rolled_back", ds=ds, to_build_it=to_build_it)
    [(status, users, rows, model_id)] = warehouse.run("ledger/night", ds=ds)
    return [NightResult(ds, status, users, rows, model_id, 0.0)]


def catch_up(warehouse: Warehouse, settings: Settings, days: list[date], tell: Notifier) -> list[NightResult]:
    """Missed nights, each whole."""
    return [rank_night(warehouse, settings, day, with_retries, tell) for day in days]


def rank_night(
    warehouse: Warehouse,
    settings: Settings,
    ds: date,
    step: Step = with_retries,
    tell: Notifier = log_summary,
    reason: str | None = None,
) -> NightResult:
    """The diagram, top to bottom, for one data day; `reason` says why one that is published is ranked again."""
    started, stages = time.monotonic(), StageTimer(at="champion")
    step = stages.timed(step)
    with (
        warehouse.recorded_run("nightly", ds, reason) as night,
        notify_on_failure(night, ds, stages, tell),
        within_night(night, settings.timeouts, stages),
    ):
        model_id = features.require_champion(night, ds)
        step(histories)(night, ds)
        step(sequences)(night, settings, ds)
        step(candidates)(night, settings, ds)
        step(rankings)(night, settings, ds, model_id)
        step(outcomes)(night, settings, ds)
        result = step(publish)(night, settings, ds, model_id, started, stages.so_far)
    notify_published(night, ds, tell)
    return result


def histories(night: Warehouse, ds: date) -> int:
    events = features.build_histories(night, ds)
    log.info("histories_built", ds=ds, events=events)
    return events


def sequences(night: Warehouse, settings: Settings, ds: date) -> int:
    users = features.build_sequences(night, ds, settings.sequences)
    log.info("sequences_built", ds=ds, users=users)
    return users


def candidates(night: Warehouse, settings: Settings, ds: date) -> int:
    goods = features.build_night_goods(night, ds, settings.candidates)
    pairs = features.build_night_pairs(night, ds, settings.candidates)
    found = features.build_candidates(night, ds, settings.candidates)
    log.info("candidates_built", ds=ds, rows=found.rows, goods=goods, pairs=pairs, **found.by_source)
    if found.excluded:
        log.info("candidates_excluded", ds=ds, **found.excluded)
    if found.unknown_blocked:
        log.warning("block_list_names_unknown_ids", ds=ds, rows=found.unknown_blocked)
    return found.rows


def rankings(night: Warehouse, settings: Settings, ds: date, model_id: str) -> int:
    """Scores every candidate, bucket by bucket, and keeps the best of each user, with why."""
    import din

    started = time.monotonic()
    ranking = settings.ranking
    model = load_night_model(night, model_id, ds)
    fingerprint = features.ranking_fingerprint(night, ds, model_id, settings.sequences, settings.candidates, ranking)
    buckets = night.store.config.buckets
    try:
        with (
            features.ranking_writer(night, ds, model_id, fingerprint, din.unknown_rows(model)) as writer,
            progress.bar(f"rank {ds}") as tell,
        ):
            writer.save_categories(model.category_of)
            for bucket in range(buckets):
                given = features.load_bucket(night, ds, bucket)
                users = len(given.user_keys)
                ranked, weights = din.rank(
                    model,
                    *to_din(given),
                    ranking.top_k,
                    ranking.explain_top_k,
                    ranking.explain_history_k,
                    lambda done, users=users, bucket=bucket: tell(done, users, f"bucket {bucket + 1} of {buckets}"),
                    min_score=ranking.min_score,
                    per_shop=ranking.max_per_shop,
                    threads=night.store.config.threads,
                )
                writer.add(given, ranked._asdict(), weights._asdict())
    except din.ScoreError as error:
        features.mark_night_failed(night, ds, model_id, time.monotonic() - started, "score_is_a_probability")
        raise CheckFailedError(f"the ranking of {ds} is not published; yesterday stays: {error}") from error
    said = {"model_id": model_id, **writer.scored.counts, "seconds": time.monotonic() - started}
    log.info("rankings_written", ds=ds, rows=writer.made.rows, **said)
    return writer.made.rows


def outcomes(night: Warehouse, settings: Settings, ds: date) -> int:
    """Holds the ranking of the night before against what people did on `ds`, beside the baselines."""
    before, started = ds - timedelta(days=1), time.monotonic()
    by_model = bucket_ranker(night, settings.ranking.max_per_shop, before)
    found = features.build_outcomes(night, ds, settings.examples, settings.ranking, by_model)
    for left_out, reason in found.left_out.items():
        log.warning("outcomes_left_out", ds=ds, left_out=left_out, reason=reason)
    if found.measured:
        log.info("outcomes_measured", ds=ds, of_ranking=before, users=found.users, seconds=time.monotonic() - started)
    elif not found.left_out:
        log.info("outcomes_not_measured", ds=ds, reason=f"no ranking of {before} is published")
    return found.users


def unmatched_types(night: Warehouse, settings: Settings, ds: date) -> list[str]:
    """The settings that list event types none of which the night sees, each with a warning in the log."""
    listed = features.listed_types(settings.sequences, settings.examples, settings.candidates)
    unmatched, seen = features.unmatched_types(night, ds, listed)
    for name in unmatched:
        log.warning("event_types_not_seen", ds=ds, setting=name, types=list(listed[name]), seen=seen)
    return unmatched


def publish(
    night: Warehouse,
    settings: Settings,
    ds: date,
    model_id: str,
    started: float,
    seconds_so_far: Callable[[], dict[str, float]],
) -> NightResult:
    """Builds the release aside, checks it, and flips to it; where a check stops it, yesterday stays.

    The warehouse says published only after the flip: a run that dies in between is made good by the next.
    """
    features.record_night(night, ds, model_id, time.monotonic() - started, unmatched_types(night, settings, ds))
    drift = features.measure_drift(night, ds, settings.publish.max_psi)
    if drift:
        log.info("drift_measured", ds=ds, **vars(drift))
    release = features.build_release(night, ds, settings.publish)
    checks = features.run_checks(release)
    for check in checks:
        if check.broken:
            log.warning("check_broken", check=check.name, severity=check.severity, rows=check.broken, first=check.first)
    ending = features.finalize_release(night, release, ds, checks, seconds_so_far())
    try:
        features.raise_on_failed_checks(ds, checks)
    except CheckFailedError:
        features.finalize_night(night, ending)
        release.unlink()
        raise
    with defer_signals():
        features.publish_release(night, release)
        features.save_summary(night)
        features.finalize_night(night, ending)
    features.prune_releases(night, settings.publish.keep_releases)
    [(_, users, rows, _)] = night.run("ledger/night", ds=ds)
    seconds = time.monotonic() - started
    log.info("published", ds=ds, status=ending.status, users=users, rows=rows, seconds=seconds)
    if settings.publish.write_report:
        from flows.report.report import after_publishing  # jinja2 is needed here alone

        after_publishing(night.store, ds)
    return NightResult(ds, ending.status, users, rows, model_id, seconds)
