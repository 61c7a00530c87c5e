"""NDI over the loopback to another process, found by a file as where multicast is closed."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.sinks.named import sink_named

from ...patience import PATIENCE

needs_ndi = pytest.mark.skipif(not importlib.util.find_spec("NDIlib"), reason="needs ndi-python")

SENDER = """
import sys, time, numpy as np
from livedream.runtime.sinks.ndi import Ndi
sink = Ndi("livedream test")
print(sink.open((64, 48), 30), flush=True)
image = np.zeros((48, 64, 3), np.uint8)
image[:] = 30, 60, 200
while not sys.stdin.closed:
    sink.send(image, 0.0)
    time.sleep(0.02)
"""


BOTH = """
import subprocess, sys
pipes = dict(stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
sender = subprocess.Popen([sys.executable, "-c", sys.argv[1]], **pipes)
try:
    assert sender.stdout.readline() == "NDI as livedream test\\n"
    subprocess.run(sys.argv[2:], check=True)
finally:
    sender.kill()
    sender.wait()
"""


def apart() -> list[str]:
    """What runs a command in a network of its own, a loopback; empty where nobody may."""
    inside = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    with suppress(OSError):
        if subprocess.run([*inside, "true"], capture_output=True).returncode == 0:
            return inside
    return []


@needs_ndi
def test_another_program_sees_the_picture(tmp_path, monkeypatch):
    config = {"ndi": {"networks": {"ips": "127.0.0.1"}}}
    (tmp_path / "ndi-config.v1.json").write_text(json.dumps(config))
    monkeypatch.setenv("NDI_CONFIG_DIR", str(tmp_path))
    reader = [sys.executable, str(Path(__file__).with_name("ndi_reader.py")), "livedream test"]
    out = subprocess.run(
        [*apart(), sys.executable, "-c", BOTH, SENDER, *reader],
        capture_output=True, text=True, timeout=PATIENCE, check=True,
    ).stdout  # fmt: skip
    seen = json.loads(out)
    assert seen["size"] == [64, 48]
    np.testing.assert_allclose(seen["left"][:3], (30, 60, 200), atol=12)


@pytest.mark.parametrize(
    ("spec", "module", "platform", "sentence"),
    [
        ("ndi", "NDIlib", sys.platform, r'pip install "livedream\[ndi\]"'),
        ("spout:Wall", "SpoutGL", "win32", r'pip install "livedream\[spout\]"'),
        ("syphon", "syphon", "darwin", r'pip install "livedream\[syphon\]"'),
        ("camera", "pyvirtualcam", "darwin", r'GPL; pip install "livedream\[virtualcam\]"'),
        ("spout", "SpoutGL", "linux", "Windows' own"),
        ("syphon", "syphon", "linux", "macOS' own"),
    ],
)
def test_what_is_not_installed_is_one_sentence_with_the_command(
    spec, module, platform, sentence, monkeypatch
):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(sys, "platform", platform)
    sink = sink_named(spec)
    assert not sink.is_available()
    with pytest.raises(LivedreamError, match=sentence):
        sink.check()
