import _thread
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from livedream.runtime.errors import Cancelled, LivedreamError, UsageError
from livedream.runtime.gradient import exporting
from livedream.runtime.gradient.export_process import EXPORTER, NotExported
from livedream.runtime.gradient.exporting import (
    check_extra,
    ensure_graph,
    export_to,
    key_of,
)
from livedream.runtime.store.cache import cache_folder
from livedream.runtime.store.graph_cache import GraphRequest, graph_path

from ...patience import PATIENCE

FAKE = (sys.executable, str(Path(__file__).with_name("fake_exporter.py")))


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("LIVEDREAM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("FAKE_NOTE", str(tmp_path / "notes"))
    return tmp_path


WANTED = GraphRequest("googlenet", ("inception4c",))


def notes(place):
    path = place / "notes"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def ensure(**options):
    return ensure_graph(WANTED, exporter=FAKE, **options)


def graphs():
    """What lies there, without the notes beside the files."""
    return [path.name for path in cache_folder("graphs").iterdir() if path.suffix != ".json"]


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_exports_once_and_then_uses_the_cache(place):
    stages = []
    path = ensure(progress=lambda *stage: stages.append(stage))
    assert path.read_bytes() == b"a graph"
    assert stages == [("tracing", 0.25), ("checking", 0.75)]
    assert ensure() == path
    assert len(notes(place)) == 1
    assert graphs() == [path.name]


def test_the_exporter_is_told_everything(place):
    request = GraphRequest("googlenet", ("inception4c", "conv1"), "random", "fp16", "gpu", 7)
    path = ensure_graph(request, exporter=FAKE)
    note = notes(place)[0]
    output = Path(note.pop("--output"))
    assert output.parent == path.parent
    assert output.name != path.name
    told = {key: value for key, value in note.items() if key.startswith("--") or key == "model"}
    assert told == {
        "model": "googlenet",
        "--layers": "conv1,inception4c",
        "--weights": "random",
        "--precision": "fp16",
        "--form": "gpu",
        "--seed": "7",
        "--cache": str(place / "cache" / "weights"),
    }


def test_a_file_that_was_damaged_is_made_again_once(place):
    path = ensure()
    path.write_bytes(b"a gr")
    assert ensure() == path
    assert path.read_bytes() == b"a graph"
    assert ensure() == path
    assert len(notes(place)) == 2


ENSURE = f"""
from livedream.runtime.gradient.exporting import ensure_graph
from livedream.runtime.store.graph_cache import GraphRequest
wanted = GraphRequest('googlenet', ('inception4c',))
said = set()
def progress(stage, fraction):
    if stage not in said:
        print(stage, flush=True)
    said.add(stage)
print(ensure_graph(wanted, exporter={FAKE!r}, progress=progress))
"""


def test_two_programs_export_once_and_both_have_it(place, monkeypatch):
    monkeypatch.setenv("FAKE_GATE", str(place / "gate"))
    command = [sys.executable, "-c", ENSURE]
    programs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert {program.stdout.readline() for program in programs} == {
        "tracing\n",
        "waiting for another program that exports this\n",
    }
    (place / "gate").touch()
    for program in programs:
        said, _ = program.communicate(timeout=PATIENCE)
        assert said.splitlines()[-1] == str(graph_path(key_of(WANTED)))
    assert len(notes(place)) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_program_that_was_killed_leaves_nothing_for_good(place, monkeypatch):
    monkeypatch.setenv("FAKE", "hangs")
    program = subprocess.Popen([sys.executable, "-c", ENSURE], stdout=subprocess.PIPE, text=True)
    assert program.stdout.readline() == "tracing\n"
    program.kill()
    program.wait()
    os.kill(notes(place)[0]["pid"], signal.SIGKILL)
    (half,) = graphs()
    assert half.startswith(".")
    monkeypatch.setenv("FAKE", "fine")
    name = ensure().name
    assert graphs() == [name]


@pytest.mark.skipif(os.name == "nt", reason="niceness is Unix's")
def test_in_the_background_it_takes_one_thread_and_a_low_priority(place):
    ensure()
    (place / "cache" / "graphs" / graphs()[0]).unlink()
    ensure(background=True)
    front, back = notes(place)
    assert back["nice"] >= min(19, front["nice"] + 10)
    assert back["threads"] == "1"
    assert front["threads"] == os.environ.get("OMP_NUM_THREADS")


@pytest.mark.parametrize(
    ("story", "kind", "match"),
    [
        ("usage", UsageError, "There is no layer 'x'"),
        ("error", NotExported, "No network"),
        ("crash", LivedreamError, r"exit code 1\): MemoryError: 12 GB$"),
        ("silent", LivedreamError, r"exit code 9\): it said nothing"),
        ("lies", LivedreamError, "without writing"),
        ("late crash", LivedreamError, "corrupted at exit"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_leaves_nothing(monkeypatch, story, kind, match):
    monkeypatch.setenv("FAKE", story)
    with pytest.raises(kind, match=match) as caught:
        ensure()
    assert type(caught.value) is kind
    assert graphs() == []


def test_cancelling_ends_the_child_at_once(place, monkeypatch):
    monkeypatch.setenv("FAKE", "hangs")
    cancel = threading.Event()
    with pytest.raises(Cancelled):
        ensure(cancel=cancel, progress=lambda stage, fraction: cancel.set())
    assert gone(notes(place)[0]["pid"])
    assert graphs() == []


def test_ctrl_c_ends_the_child(place, monkeypatch):
    monkeypatch.setenv("FAKE", "hangs")
    with pytest.raises(KeyboardInterrupt):
        ensure(progress=lambda stage, fraction: _thread.interrupt_main())
    assert gone(notes(place)[0]["pid"])
    assert graphs() == []


def test_the_end_of_the_program_calls_off_what_is_exported_in_the_background(place, monkeypatch):
    """As when a person quits while the next layer is being prepared."""
    monkeypatch.setenv("FAKE", "hangs")
    code = (
        "import threading\n"
        "from livedream.runtime.gradient.exporting import ensure_graph\n"
        "from livedream.runtime.store.graph_cache import GraphRequest\n"
        "began, wanted = threading.Event(), GraphRequest('googlenet', ('inception4c',))\n"
        "threading.Thread(target=ensure_graph, daemon=True, args=(wanted,),\n"
        f"    kwargs=dict(exporter={FAKE!r}, progress=lambda *_: began.set())).start()\n"
        "assert began.wait(30)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE)
    assert gone(notes(place)[0]["pid"])
    assert graphs() == []


def test_export_to_a_file(place, monkeypatch):
    (place / "mine.onnx").write_bytes(b"older")
    assert export_to(place / "mine.onnx", GraphRequest("googlenet", ("conv1",)), exporter=FAKE) == {
        "bytes": 7
    }
    assert (place / "mine.onnx").read_bytes() == b"a graph"
    monkeypatch.setenv("FAKE", "crash")
    with pytest.raises(LivedreamError):
        export_to(place / "mine.onnx", GraphRequest("googlenet", ("conv1",)), exporter=FAKE)
    assert (place / "mine.onnx").read_bytes() == b"a graph"


def test_wrong_names_are_answered_before_a_process_starts(place):
    for model, layers, match in (
        ("gogglenet", ["conv1"], "googlenet"),
        ("googlenet", ["inception4z"], "inception4"),
        ("googlenet", [], "No layer"),
    ):
        with pytest.raises(UsageError, match=match):
            ensure_graph(GraphRequest(model, tuple(layers)), exporter=FAKE)
    with pytest.raises(UsageError, match=r"\.onnx"):
        export_to(place / "a.pb", GraphRequest("googlenet", ("conv1",)), exporter=FAKE)
    with pytest.raises(LivedreamError, match="cannot be started"):
        ensure_graph(GraphRequest("googlenet", ("conv1",)), exporter=("/nowhere/python",))
    assert notes(place) == []


def test_a_missing_extra_is_answered_with_the_command(monkeypatch):
    find = exporting.importlib.util.find_spec
    monkeypatch.setattr(
        exporting.importlib.util, "find_spec", lambda name: None if name == "torch" else find(name)
    )
    with pytest.raises(NotExported, match=r'torch.*pip install "livedream\[export\]"'):
        check_extra()
    with pytest.raises(LivedreamError, match=r"livedream\[export\]"):
        ensure_graph(GraphRequest("googlenet", ("conv1",)))


def test_torch_never_enters_this_process():
    code = (
        "import sys; from livedream.runtime.gradient import exporting, preferred;"
        "from livedream.runtime.cli import doctor, layers;"
        "from livedream.runtime.offline import dreamt_clip;"
        "from livedream.runtime.store import pictures;"
        "preferred.default_model(); exporting.missing_extra();"
        "sys.exit(any(name.split('.')[0] in ('torch', 'onnx') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_an_exporter_ends_with_a_program_that_is_killed(tmp_path):
    """The real one, which else works on for nobody until it is done."""
    code = (
        "import subprocess, sys\n"
        "from livedream.runtime.gradient import export_process, exporting\n"
        "real = subprocess.Popen\n"
        "def deaf(command, stdout, **options):\n"  # Nobody hears it, so no pipe breaks.
        "    return real(command, stdout=subprocess.DEVNULL, **options)\n"
        "export_process.subprocess.Popen = deaf\n"
        "export_process._listen = lambda *_: print('begun', flush=True) or sys.stdin.read()\n"
        "wanted = exporting.GraphRequest('googlenet', ('inception4c',), 'random')\n"
        f"exporting.export_to({str(tmp_path / 'x.onnx')!r}, wanted)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        assert program.stdout.readline() == b"begun\n"
        (exporter,) = psutil.Process(program.pid).children()
        program.kill()
    assert not psutil.wait_procs([exporter], 60)[1]
    written = [path.stat().st_size for path in tmp_path.iterdir() if path.is_file()]
    assert not any(written), "it went on to the end"


def test_the_exporter_ends_in_order_while_somebody_waits_for_it():
    """Not in an abort, by the thread that watches for that somebody's end."""
    command = [*EXPORTER, "none", "--layers", "a", "--output", "x.onnx"]
    environment = {**os.environ, "LIVEDREAM_ATTENDED": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as exporter:
        assert b'"error"' in exporter.stdout.read()
        assert exporter.wait(PATIENCE) == 2
