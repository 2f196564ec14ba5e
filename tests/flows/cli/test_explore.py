"""nightrank explore: the app answers on this machine alone, by HTTP and in a browser, from the night that is out."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.cli import explore
from flows.pipelines.nightly import run_nights
from tests.conftest import Said
from tests.flows.cli.test_cli import mistake
from tests.flows.report.browser import CHROMIUM

NightRank = Callable[..., Said]
PATIENCE = 90  # seconds; on a machine at work Streamlit takes some to start, and its page some to load
APP = Path(explore.__file__).with_name("explore_app.py")


def test_without_streamlit_it_says_what_to_install(
    walked_store: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explore, "find_spec", lambda _: None)

    assert mistake(nightrank("explore", "--store", walked_store)) == (
        "nightrank: explore needs Streamlit, which is not installed beside this Python; "
        "install it with: python -m pip install 'nightrank[explore]'"
    )


def test_a_store_without_a_night_and_a_port_that_is_taken_are_said(
    walked_store: Path, tmp_path: Path, nightrank: NightRank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explore, "find_spec", lambda name: name)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        assert f"port {port} of 127.0.0.1 cannot be had" in mistake(
            nightrank("explore", "--store", walked_store, "--port", port)
        )
    assert "nothing is published yet" in mistake(nightrank("explore", "--store", tmp_path / "nowhere"))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], Any]:
    """The app, asked without a server or a browser."""
    testing = pytest.importorskip("streamlit.testing.v1", reason="streamlit is not installed: pip install '.[explore]'")
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # put back: the app takes its place

    def ask(root: Path) -> Any:
        monkeypatch.setenv("NIGHTRANK_STORE_PATH", str(root))
        return testing.AppTest.from_file(str(APP), default_timeout=PATIENCE).run()

    return ask


def heads(app: Any) -> list[str]:
    return [head.value for head in app.subheader]


def test_a_user_is_typed_a_goods_chosen_and_why_is_seen(walked_store: Path, asked: Callable[[Path], Any]) -> None:
    with duckdb.connect(str(walked_store / "published.duckdb"), read_only=True) as con:
        ranked = [str(goods) for (goods,) in con.execute("select goods_id from ranking_for(7)").fetchall()]
        weights = con.execute(
            f"select part, history_id::varchar, weight from why_for(7, {ranked[2]})"
            " order by part, abs(weight) desc, history_id::varchar"
        ).fetchall()

    app = asked(walked_store)
    app.text_input[0].set_value(" 7 ").run()
    assert heads(app) == ["Ranking of user 7", f"Why goods {ranked[0]}", "History"]
    app.radio[0].set_value(2).run()

    assert not app.exception
    assert heads(app) == ["Ranking of user 7", f"Why goods {ranked[2]}", "History"]
    assert [option.split("\\")[0] for option in app.radio[0].options] == ["1", "2", "3", "4", "5"]
    shown = app.dataframe[0].value
    told = zip(shown["part"], shown["history_id"], shown["weight"], strict=True)
    assert {(part, of): weight for part, of, weight in weights} == pytest.approx(
        {(part, of): weight for part, of, weight in told if (part, of) in {one[:2] for one in weights}}, abs=1e-6
    )
    assert shown["share"].sum() == pytest.approx(2)  # of all goods, and of all shops
    assert app.dataframe[1].value["event_ts"].max().isoformat() == "2025-03-19T11:00:00"


def test_any_goods_can_be_asked_why_ranked_or_not(walked_store: Path, asked: Callable[[Path], Any]) -> None:
    with duckdb.connect(str(walked_store / "published.duckdb"), read_only=True) as con:
        unranked = "select min(goods_id) from goods where goods_id not in (select goods_id from ranking_for(7))"
        [(other,)] = con.execute(unranked).fetchall()

    app = asked(walked_store)
    app.text_input[0].set_value("7").run()
    app.text_input[1].set_value(str(other)).run()
    found = heads(app)
    app.text_input[1].set_value("4711").run()

    assert found == ["Ranking of user 7", f"Why goods {other}", "History"]
    assert app.warning[0].value.replace("\\", "").startswith("goods_id 4711 is not a goods of this store; there are")
    assert not app.exception


def test_a_user_who_is_nobody_is_said_and_others_are_named(walked_store: Path, asked: Callable[[Path], Any]) -> None:
    app = asked(walked_store)

    app.text_input[0].set_value("nobody").run()

    assert not app.exception
    assert app.warning[0].value.replace("\\", "").startswith("user_id nobody is not in the ranking of 2025-03-20; ")
    assert heads(app) == []


def test_a_night_published_meanwhile_is_seen_by_the_next_question(
    own_store: Path, asked: Callable[[Path], Any]
) -> None:
    app = asked(own_store)
    assert app.selectbox[0].options == ["2025-03-20", "2025-03-19", "2025-03-18"]

    run_nights(own_store, date(2025, 3, 21))
    app.text_input[0].set_value("7").run()

    assert app.selectbox[0].options[0] == "2025-03-21"
    assert not app.exception


def test_names_are_neither_markdown_nor_html(own_store: Path, asked: Callable[[Path], Any]) -> None:
    release = (own_store / "published.duckdb").resolve()
    release.chmod(0o644)
    with duckdb.connect(str(release)) as con:
        con.execute("update goods set name = '**<b>milk</b>** ![](x) :red[y] $z$'")

    app = asked(own_store)

    assert heads(app)[1] == r"Why \*\*\<b\>milk\</b\>\*\* \!\[\]\(x\) \:red\[y\] \$z\$"
    assert not app.exception


@contextmanager
def served(root: Path) -> Iterator[str]:
    """The app as a person starts it, stopped as they stop it."""
    pytest.importorskip("streamlit", reason="streamlit is not installed: pip install '.[explore]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "flows.cli", "explore", "--store", str(root), "--port", str(port)]
    app = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=dict(os.environ))
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(PATIENCE * 2):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=PATIENCE).close()  # noqa: S310 - our own
                break
            except OSError:
                assert app.poll() is None, app.stdout and app.stdout.read()
                time.sleep(0.5)
        yield address
    finally:
        app.send_signal(signal.SIGINT)
        try:
            app.wait(30)
        except subprocess.TimeoutExpired:
            app.kill()
            app.wait()
        assert app.stdout is not None
        app.stdout.close()


def test_it_answers_on_this_machine_alone_and_stops_when_told(walked_store: Path) -> None:
    with served(walked_store) as address:
        port = int(address.rpartition(":")[2])
        with urllib.request.urlopen(address, timeout=PATIENCE) as page:  # noqa: S310 - our own
            assert page.status == 200
            assert "<html" in page.read().decode()
        others = {one[4][0] for one in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)} - {"127.0.0.1"}
        for other in {*others, "127.0.0.2"}:
            with pytest.raises(OSError, match=r"refused|timed out"):
                socket.create_connection((other, port), timeout=2)

    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=2)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH: apt-get install chromium")
def test_in_a_browser_a_user_is_typed_and_a_goods_clicked_and_nothing_else_is_asked(walked_store: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install '.[dev]'")
    asked: set[str] = set()
    with duckdb.connect(str(walked_store / "published.duckdb"), read_only=True) as con:
        [(second, score)] = con.execute("select goods_id, score from ranking_for(7) where rank = 2").fetchall()
    with served(walked_store) as address, playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.set_default_timeout(PATIENCE * 1000)
        page.on("request", lambda request: asked.add(request.url))
        page.goto(f"{address}/?user=3", wait_until="commit")
        page.get_by_role("heading", name="Ranking of user 3").wait_for()
        user = page.get_by_role("textbox", name="User")
        user.fill("7")
        user.press("Enter")
        page.get_by_role("heading", name="Ranking of user 7").wait_for()
        page.get_by_text(re.compile(rf"^2\. goods {second}: {score:.3f}")).click()
        page.get_by_role("heading", name=f"Why goods {second}", exact=True).wait_for()
        picture = page.locator("img[alt^='Goods ']").first

        assert picture.get_attribute("alt").startswith(f"Goods {second}, rank 2 of 5: most weight on ")
        assert picture.evaluate("one => one.complete && one.naturalWidth > 0")
        assert page.url == f"{address}/?user=7"
        browser.close()
    assert {url for url in asked if not url.startswith((address, "data:", "blob:"))} == set()
