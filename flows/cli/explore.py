"""nightrank explore: a small web app on this machine alone, which asks the published store as `nightrank sql` does."""

import os
import socket
from importlib.util import find_spec
from pathlib import Path

import features
from features import FeatureError, Store
from flows.runtime.progress import log

HERE = "127.0.0.1"  # nobody else's machine: the app asks for no password
OPTIONS = {  # each goes before Streamlit's own files and environment
    "server.address": HERE,
    "server.headless": "true",  # opens no browser by itself, and asks for no e-mail address
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "minimal",
    "client.showErrorDetails": "none",
    "theme.light.primaryColor": "#0a6570",
    "theme.dark.primaryColor": "#63c2cc",
}


def run_explore(store: Store, port: int) -> None:
    """Serves the app until it is stopped. Raises FeatureError without Streamlit, without a published night, or where
    the port is taken."""
    if find_spec("streamlit") is None:
        raise FeatureError(
            "explore needs Streamlit, which is not installed beside this Python; "
            "install it with: python -m pip install 'nightrank[explore]'"
        )
    with features.open_published(store):
        require_free_port(port)
    from streamlit.web.cli import main

    os.environ["NIGHTRANK_STORE_PATH"] = str(store.root)
    log.info("exploring", url=f"http://{HERE}:{port}", store=store.root, stop="Ctrl-C")
    app = str(Path(__file__).with_name("explore_app.py"))
    flags = [f"--{name}={value}" for name, value in (OPTIONS | {"server.port": str(port)}).items()]
    main(["run", app, *flags], prog_name="streamlit")


def require_free_port(port: int) -> None:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((HERE, port))
        except OSError as error:
            raise FeatureError(
                f"port {port} of {HERE} cannot be had ({error.strerror}); name another with --port"
            ) from error
