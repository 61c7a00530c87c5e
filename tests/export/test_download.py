"""Downloads: from real servers that break off, refuse, lie, or send on elsewhere."""

from __future__ import annotations

import hashlib
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from livedream.export import download
from livedream.export.download import fetch
from livedream.export.errors import ExportError

from ..patience import PATIENCE

CONTENT = bytes(range(256)) * 8192  # 2 MiB
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def quiet(stage: str, fraction: float) -> None:
    """No progress."""


class Server(ThreadingHTTPServer):
    """Serves CONTENT; breaks the first `breaks` answers off half way."""

    breaks = 0
    ranges = True
    content = CONTENT
    leads_to = ""
    refuses: tuple[int, ...] = ()
    """Codes of the first answers."""
    tells_length = True
    begins: tuple[str, ...] = ()
    """What goes wrong with the first answers: `closes` without a word, `garbles`, `hangs` or
    `resets` in the middle of the file."""
    agents: list[str]
    gate: threading.Event | None = None
    requests: list[str | None]
    gone: threading.Event

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/model.pth"


class Handler(BaseHTTPRequestHandler):
    """One answer of `Server`."""

    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.requests.append(asked)
        start = 0
        self.server.agents.append(self.headers["User-Agent"])
        if self.server.begins:
            trouble, *later = self.server.begins
            self.server.begins = tuple(later)
            if trouble == "garbles":
                self.wfile.write(b"hello\r\n\r\n")
            if trouble in ("hangs", "resets"):
                self.send_response(200)
                self.send_header("Content-Length", str(len(CONTENT)))
                self.end_headers()
                self.wfile.write(CONTENT[:1000])
                self.wfile.flush()
            if trouble == "hangs":
                self.server.gone.wait(PATIENCE)
            if trouble == "resets":  # Closed at once, with what is under way thrown away.
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
            self.close_connection = True
            return
        if self.server.refuses:
            code, *more = self.server.refuses
            self.server.refuses = tuple(more)
            self.send_error(code)
            return
        if self.server.gate:
            self.server.gate.wait(PATIENCE)
        if self.server.leads_to and "elsewhere" not in self.path:
            self.send_response(302)
            self.send_header("Location", self.server.leads_to)
            self.end_headers()
            return
        if asked and self.server.ranges:
            start = int(asked.removeprefix("bytes=").rstrip("-"))
            if start >= len(self.server.content):
                self.send_error(416)
                return
            self.send_response(206)
        else:
            self.send_response(200)
        body = self.server.content[start:]
        if self.server.tells_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.breaks:
            self.server.breaks -= 1
            body = body[: len(body) // 2]
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


def names(folder: Path) -> list[str]:
    """What lies there, without locks."""
    return [path.name for path in folder.iterdir() if path.suffix != ".lock"]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        server.requests, server.agents, server.gone = [], [], threading.Event()
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.gone.set()
        server.shutdown()


def test_download_once_with_progress(server: Server, tmp_path: Path) -> None:
    fractions: list[float] = []
    file = fetch(
        server.url, DIGEST, tmp_path / "new", lambda stage, fraction: fractions.append(fraction)
    )
    assert file.read_bytes() == CONTENT
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert fetch(server.url, DIGEST, tmp_path / "new", quiet) == file
    assert len(server.requests) == 1
    assert names(file.parent) == [file.name]


@pytest.mark.parametrize("ranges", [True, False])
def test_broken_connection(server: Server, tmp_path: Path, ranges: bool) -> None:
    server.breaks, server.ranges = 2, ranges
    assert fetch(server.url, DIGEST, tmp_path, quiet).read_bytes() == CONTENT
    assert server.requests[0] is None
    assert server.requests[1] == f"bytes={len(CONTENT) // 2}-"


def test_broken_for_good_is_continued_next_time(server: Server, tmp_path: Path) -> None:
    server.breaks = 4
    with pytest.raises(ExportError, match="--weights FILE"):
        fetch(server.url, DIGEST, tmp_path, quiet)
    assert not (tmp_path / "model.pth").exists()
    assert fetch(server.url, DIGEST, tmp_path, quiet).read_bytes() == CONTENT
    assert server.requests[-1] is not None


def test_foreign_leftover_is_thrown_away(server: Server, tmp_path: Path) -> None:
    for size in (1000, len(CONTENT), len(CONTENT) + 5):
        (tmp_path / "model.pth").unlink(missing_ok=True)
        (tmp_path / "model.pth.part").write_bytes(b"x" * size)
        assert fetch(server.url, DIGEST, tmp_path, quiet).read_bytes() == CONTENT


def test_damaged_file_in_the_cache_is_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(b"damaged")
    assert fetch(server.url, DIGEST, tmp_path, quiet).read_bytes() == CONTENT


def test_wrong_hash(server: Server, tmp_path: Path) -> None:
    server.content = b"something else" * 1000
    with pytest.raises(ExportError, match="sha256"):
        fetch(server.url, DIGEST, tmp_path, quiet)
    assert len(server.requests) == 1
    assert names(tmp_path) == []


def test_unreachable_server(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="--weights FILE"):
        fetch("http://127.0.0.1:9/model.pth", DIGEST, tmp_path, quiet)


def test_two_programs_download_once_and_both_have_it(server: Server, tmp_path: Path) -> None:
    server.gate = threading.Event()
    code = (
        "import sys; from pathlib import Path\n"
        "from livedream.export.download import fetch\n"
        "say = lambda stage, fraction: print(stage, flush=True)\n"
        "print(fetch(sys.argv[1], sys.argv[2], Path(sys.argv[3]), say).read_bytes()[:4])"
    )
    command = [sys.executable, "-c", code, server.url, DIGEST, str(tmp_path)]
    programs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    # The one that came first waits for the server, the other one says that it waits.
    said = {}
    for program in programs:
        threading.Thread(
            target=lambda program=program: said.setdefault(program, program.stdout.readline())
        ).start()
    while not said:
        time.sleep(0.01)
    assert list(said.values()) == ["waiting for another program's download\n"]
    server.gate.set()
    for program in programs:
        rest, _ = program.communicate(timeout=PATIENCE)
        assert program.returncode == 0
        assert rest.splitlines()[-1] == str(CONTENT[:4])
    assert len(server.requests) == 1
    assert names(tmp_path) == ["model.pth"]


@pytest.fixture
def encrypted(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with a certificate that this machine trusts, which sends on to `server`."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    folder = tmp_path / "keys"
    folder.mkdir()
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-keyout", "key", "-out", "certificate", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "certificate"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate", folder / "key")
    with Server(("127.0.0.1", 0), Handler) as safe:
        safe.requests, safe.agents = [], []
        safe.socket = context.wrap_socket(safe.socket, server_side=True)
        threading.Thread(target=safe.serve_forever, daemon=True).start()
        yield safe
        safe.shutdown()


def test_a_redirect_never_leads_out_of_encryption(
    encrypted: Server, server: Server, tmp_path: Path
) -> None:
    url = f"https://localhost:{encrypted.server_address[1]}/model.pth"
    assert fetch(url, DIGEST, tmp_path / "a", quiet).read_bytes() == CONTENT
    encrypted.leads_to = url.replace("model", "elsewhere")
    assert fetch(url, DIGEST, tmp_path / "b", quiet).read_bytes() == CONTENT
    encrypted.leads_to = server.url
    with pytest.raises(ExportError, match="not encrypted"):
        fetch(url, DIGEST, tmp_path / "c", quiet)
    assert server.requests == []
    assert names(tmp_path / "c") == []


@pytest.mark.parametrize(("code", "asked"), [(404, 1), (403, 1), (500, 4), (503, 4)])
def test_only_what_may_pass_is_tried_again(
    server: Server, tmp_path: Path, code: int, asked: int
) -> None:
    server.refuses = (code,) * 5
    with pytest.raises(ExportError, match=f"the server answered {code} "):
        fetch(server.url, DIGEST, tmp_path, quiet)
    assert len(server.requests) == asked
    server.refuses = (503,)
    assert fetch(server.url, DIGEST, tmp_path, quiet).read_bytes() == CONTENT


@pytest.mark.parametrize("trouble", ["closes", "garbles", "hangs", "resets"])
def test_whatever_happens_to_a_connection_it_is_tried_again(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr(download, "TIMEOUT", 0.5)
    server.begins = (trouble,)
    assert fetch(server.url, DIGEST, tmp_path, quiet).read_bytes() == CONTENT
    assert len(server.requests) == 2
    assert set(server.agents) == {"livedream"}
    server.begins = (trouble,) * 4
    with pytest.raises(ExportError, match=r"could not be downloaded from .* \(.+\); check"):
        fetch(server.url.replace("model", "other"), DIGEST, tmp_path, quiet)


def test_a_server_that_does_not_say_how_much_it_sends(server: Server, tmp_path: Path) -> None:
    server.tells_length = False
    fractions: list[float] = []
    file = fetch(server.url, DIGEST, tmp_path, lambda stage, fraction: fractions.append(fraction))
    assert file.read_bytes() == CONTENT
    assert set(fractions) == {0.0}


def test_an_empty_answer_is_not_the_file(server: Server, tmp_path: Path) -> None:
    server.content = b""
    with pytest.raises(ExportError, match="does not hold the file it should"):
        fetch(server.url, DIGEST, tmp_path, quiet)
    assert names(tmp_path) == []


def test_a_continued_download_is_measured_as_a_whole(server: Server, tmp_path: Path) -> None:
    (tmp_path / "model.pth.part").write_bytes(CONTENT[: len(CONTENT) * 3 // 4])
    fractions: list[float] = []
    fetch(server.url, DIGEST, tmp_path, lambda stage, fraction: fractions.append(fraction))
    assert server.requests == [f"bytes={len(CONTENT) * 3 // 4}-"]
    assert fractions[0] > 0.75
    assert fractions[-1] == 1


def test_a_wrong_leftover_costs_one_more_request_and_a_wrong_file_no_third(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "model.pth.part").write_bytes(b"x" * 1000)
    server.content = CONTENT[::-1]
    with pytest.raises(ExportError, match="sha256"):
        fetch(server.url, DIGEST, tmp_path, quiet)
    assert server.requests == ["bytes=1000-", None]


def test_the_first_digits_of_the_hash_are_enough(server: Server, tmp_path: Path) -> None:
    assert fetch(server.url, DIGEST[:8], tmp_path, quiet).read_bytes() == CONTENT


def test_a_folder_that_cannot_be_made_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ExportError, match=r"could not be stored in .*file"):
        fetch(server.url, DIGEST, tmp_path / "file" / "weights", quiet)
