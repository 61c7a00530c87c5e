"""The page: whole, quiet and alone, in a real browser where there is one."""

from __future__ import annotations

import html.parser
import json
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from livedream.runtime.bench import plots
from livedream.runtime.bench.compare import compare
from livedream.runtime.bench.page import comparison_page, report_page

from ...patience import PATIENCE
from .conftest import make_case, make_picture, make_report

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--enable-logging=stderr", "--virtual-time-budget=2000",
]  # fmt: skip


def pages() -> dict[str, str]:
    report = make_report(
        make_case(picture=make_picture()),
        make_case(size=[640, 480], ms=70),
        failures=["<cuda>: none."],
    )
    partial = make_report(make_case(step=None, frame=None, live=[], baselines=[]), partial=True)
    both = [report, make_report(make_case(ms=10, layers="inception4d"), make_case(ms=9))]
    compared = comparison_page(compare(both, ["a & <b>", "c"]), both, ["a & <b>", "c"])
    return {"report": report_page(report), "partial": report_page(partial), "compared": compared}


class Tags(html.parser.HTMLParser):
    """Checks that tags are closed in order; remembers what could load something."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.loads += [str(v) for k, v in attrs if k in ("src", "href", "action", "data", "srcset")]
        if tag not in ("meta", "link", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.loads += [str(v) for k, v in attrs if k in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", ["report", "partial", "compared"])
def test_it_is_well_formed_and_loads_nothing(name):
    text = pages()[name]
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.loads == ["data:,"]
    assert "<script" not in text
    assert "url(" not in text
    assert "nan" not in text.replace("nant", "")


def test_a_shown_picture_is_on_the_page():
    page = pages()["report"]
    assert "Stages of a shown picture" in page
    assert "shown 960x720" in page


def test_words_from_outside_are_not_markup():
    text = pages()["report"]
    assert "A &lt;fast&gt; CPU &amp; more" in text
    assert "&lt;cuda&gt;" in text
    assert "a &amp; &lt;b&gt;" in pages()["compared"]


def test_what_is_partial_says_so_and_the_whole_does_not():
    found = pages()
    assert "Partial: it ended" in found["partial"]
    assert "Partial" not in found["report"]


def test_ticks_are_round_and_inside():
    assert plots.ticks(0, 10) == [0, 2, 4, 6, 8, 10]
    assert plots.ticks(19.7, 22.2) == [20, 20.5, 21, 21.5, 22]
    assert plots.ticks(3, 3) == [3]
    assert plots.log_ticks(0.9, 60) == [1, 2, 5, 10, 20, 50]


def test_bars_are_as_long_as_their_values():
    text = plots.stacked([("frame", [("a", 1.0), ("b", 3.0)])], "ms")
    widths = [float(part.split('"')[0]) for part in text.split(' width="')[1:3]]
    assert widths[1] == pytest.approx(3 * widths[0], rel=0.01)


def visit(page: Path, folder: Path) -> tuple[list[str], list[str]]:
    """(messages on the console, requests beyond the file itself) of a visit to `page`."""
    log = folder / "net.json"
    done = subprocess.run(
        [str(BROWSER), *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--log-net-log={log}",
         "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=PATIENCE, check=True,
    )  # fmt: skip
    assert "<h1>" in done.stdout
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    events = json.loads(log.read_text())["events"]
    asked = [event["params"] for event in events if "initiator" in event.get("params", {})]
    # The browser's own requests (the time, its updates) come from no page.
    urls = {each["url"] for each in asked if each["initiator"] != "not an origin"}
    return console, sorted(url for url in urls if url.startswith(("http", "ws")))


@pytest.mark.skipif(BROWSER is None, reason="no chromium is installed")
def test_a_browser_finds_nothing_to_complain_or_to_load(tmp_path):
    for name, text in pages().items():
        page = tmp_path / f"{name}.html"
        page.write_text(text)
        assert visit(page, tmp_path / name) == ([], [])


@pytest.mark.skipif(BROWSER is None, reason="no chromium is installed")
def test_the_browser_would_have_told(tmp_path):
    """The check above can fail: a page with an error and a request of its own."""

    class Quiet(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(404)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = HTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    bad = tmp_path / "bad.html"
    address = f"http://127.0.0.1:{server.server_port}/x.png"
    bad.write_text(f"<h1>x</h1><img src='{address}'><script>nothing()</script>")
    try:
        console, requests = visit(bad, tmp_path / "bad")
    finally:
        server.shutdown()
        server.server_close()
    assert any("nothing is not defined" in line for line in console)
    assert requests == [address]
