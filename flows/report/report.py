"""A published night -> reports/<ds>.html: one file that needs nothing beside it."""

import time
from datetime import date, datetime
from pathlib import Path

import features
from features import FeatureError, Store
from flows.report.page.gather import gather
from flows.report.page.render import render
from flows.runtime.progress import log


def run_report(
    store: Store, now: datetime, ds: date | None = None, users: list[str] | None = None, out: Path | None = None
) -> Path:
    """Writes the page of a night, the newest one where none is given, and says where it is: `reports/<ds>.html` in the
    store, unless `out` names another place. Raises FeatureError where there is no such night, no such user in it, or
    where the page cannot be written."""
    return write_page(store, ds, features.read_status(store, now), users, out)


def after_publishing(store: Store, ds: date) -> None:
    """Writes the page of a night that is out, and never fails: the night counts, the page can be made again."""
    started = time.monotonic()
    try:
        path = write_page(store, ds, None)
    except Exception as error:  # whatever it is, it must not undo what is published
        again = store.command(f"report --ds {ds}")
        log.warning("report_not_written", ds=ds, error=str(error) or type(error).__name__, again=again)
    else:
        log.info("report_written", path=path, seconds=time.monotonic() - started)


def write_page(
    store: Store,
    ds: date | None,
    record: features.Status | None,
    users: list[str] | None = None,
    out: Path | None = None,
) -> Path:
    page = gather(store, ds, users, record)
    path = out or store.reports / f"{page.night['ds']}.html"
    if path.is_dir():
        raise FeatureError(f"{path} is a folder; name the file, such as --out {path / path.name}.html")
    text = render(page)
    try:
        with features.private_umask:  # it tells what people did
            if not out:
                path.parent.mkdir(exist_ok=True)
            write_whole(path, text)
    except OSError as error:
        raise FeatureError(
            f"{path}: cannot be written ({error.strerror}); name another place with --out FILE"
        ) from error
    return path


def write_whole(path: Path, text: str) -> None:
    """The file appears under its name only when all of it has reached the disk."""
    with features.new_file_aside(path) as making:
        making.write_text(text, encoding="utf-8", newline="\n")
        features.flush(making)
        making.replace(path)
    features.flush(path.parent)
