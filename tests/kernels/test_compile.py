"""What is compiled, for which card, and what becomes of it in the folder."""

from __future__ import annotations

import logging
import re
import threading
from pathlib import Path

import pytest

from livedream import kernels
from livedream.kernels import compile as compiling
from livedream.kernels.compile import (
    SOURCES,
    KernelError,
    Nvcc,
    Nvrtc,
    entries,
    find_compiler,
    load_or_compile,
    read_source,
    target_for,
)


class FakeCompiler:
    def __init__(self, version: str = "fake 1", fails: bool = False) -> None:
        self.version = version
        self.calls: list[tuple[str, str]] = []
        self._fails = fails

    def architectures(self) -> list[int]:
        return [75, 86, 90]

    def compile(self, source: str, name: str, target: str) -> bytes:
        if self._fails:
            raise KernelError("no")
        self.calls.append((name, target))
        return f"{name} {target} {self.version}".encode()


def test_every_source_is_named_and_has_kernels():
    assert kernels.__file__
    files = Path(kernels.__file__).parent.glob("*.cu")
    assert sorted(file.stem for file in files) == sorted(SOURCES)
    names = [entry for name in SOURCES for entry in entries(read_source(name))]
    assert len(names) == len(set(names)) >= len(SOURCES)


def test_every_source_stands_beside_its_definition_and_says_what_it_moves():
    assert kernels.__file__
    for name in SOURCES:
        source = Path(kernels.__file__).with_name(f"{name}.cu")
        head = source.read_text().split("#include")[0].split("__")[0]
        defined = re.findall(rf"{name}\.(\w+)", head)
        assert source.with_suffix(".py").is_file()
        assert defined, name
        assert all(callable(getattr(kernels, function)) for function in defined)
        assert re.search(r"Bytes per pixel[\w `]*: .*\d", head.replace("\n//", "")), name


def test_sources_need_no_other_file():
    for name in SOURCES:
        source = read_source(name)
        assert "#include" not in source
        assert source.count("struct Between {") <= 1
    with pytest.raises(KernelError, match="there is no kernel source jiter"):
        read_source("jiter")


def test_targets():
    assert target_for(86, [75, 86, 90]) == "sm_86"
    assert target_for(121, [75, 86, 90]) == "compute_90"
    assert target_for(89, [75, 86, 90]) == "compute_86"
    with pytest.raises(KernelError, match=r"6\.1.*too old.*7\.5"):
        target_for(61, [75, 86])


def test_compiled_once_per_card_and_compiler(tmp_path):
    folder = tmp_path / "new" / "kernels"
    first = FakeCompiler()
    binary = load_or_compile("jitter", 86, first, folder)
    assert load_or_compile("jitter", 86, first, folder) == binary == b"jitter sm_86 fake 1"
    assert first.calls == [("jitter", "sm_86")]
    load_or_compile("jitter", 90, first, folder)
    load_or_compile("blur", 86, first, folder)
    assert first.calls[1:] == [("jitter", "sm_90"), ("blur", "sm_86")]
    second = FakeCompiler("fake 2")
    assert load_or_compile("jitter", 86, second, folder).endswith(b"fake 2")
    assert len(list(folder.iterdir())) == 4


def test_a_changed_source_is_compiled_again(tmp_path, monkeypatch):
    compiler = FakeCompiler()
    load_or_compile("add", 86, compiler, tmp_path)
    monkeypatch.setattr(compiling, "read_source", lambda name: "other")
    load_or_compile("add", 86, compiler, tmp_path)
    assert len(compiler.calls) == 2


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "older"])
def test_a_damaged_entry_is_made_again(tmp_path, damage, caplog):
    compiler = FakeCompiler()
    binary = load_or_compile("warp", 86, compiler, tmp_path)
    (entry,) = tmp_path.iterdir()
    content = entry.read_bytes()
    flipped = content[:-3] + bytes([content[-3] ^ 1]) + content[-2:]
    damaged = {"cut": content[:-1], "flipped": flipped, "empty": b"", "older": binary}
    entry.write_bytes(damaged[damage])
    with caplog.at_level(logging.WARNING):
        assert load_or_compile("warp", 86, compiler, tmp_path) == binary
    assert "damaged" in caplog.text
    assert len(compiler.calls) == 2
    assert entry.read_bytes() == content


def test_a_folder_that_cannot_be_used_costs_only_time(tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("")
    compiler = FakeCompiler()
    for folder in (blocked, blocked / "below", None):
        assert load_or_compile("add", 86, compiler, folder) == b"add sm_86 fake 1"
    assert len(compiler.calls) == 3
    assert "compiled again next time" in caplog.text


def test_an_entry_that_is_a_folder_costs_only_time(tmp_path):
    compiler = FakeCompiler()
    load_or_compile("add", 86, compiler, tmp_path)
    (entry,) = tmp_path.iterdir()
    entry.unlink()
    entry.mkdir()
    assert load_or_compile("add", 86, compiler, tmp_path) == b"add sm_86 fake 1"
    assert list(tmp_path.iterdir()) == [entry]


def test_a_failed_compilation_leaves_nothing(tmp_path):
    with pytest.raises(KernelError):
        load_or_compile("add", 86, FakeCompiler(fails=True), tmp_path)
    assert not list(tmp_path.iterdir())


def test_several_at_once_leave_one_whole_entry(tmp_path):
    results: list[bytes] = []
    compiler = FakeCompiler()

    def work() -> None:
        for _ in range(20):
            results.append(load_or_compile("add", 86, compiler, tmp_path))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == {b"add sm_86 fake 1"}
    assert len(results) == 160
    assert len(list(tmp_path.iterdir())) == 1


def test_nvcc_that_is_absent_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_PATH", raising=False)
    monkeypatch.setenv("CUDA_HOME", str(tmp_path))
    with pytest.raises(KernelError, match="not on the path"):
        Nvcc()


def test_the_first_compiler_that_is_installed_serves():
    def missing():
        raise KernelError("not here")

    def elsewhere():
        raise KernelError("nor there")

    assert find_compiler(missing, FakeCompiler).version == "fake 1"
    with pytest.raises(KernelError, match="not here; or nor there"):
        find_compiler(missing, elsewhere)


def test_nvrtc_compiles_without_a_card():
    pytest.importorskip("cuda.bindings.nvrtc", reason="cuda-bindings is not installed")
    try:
        compiler = Nvrtc()
    except KernelError as error:
        pytest.skip(str(error))
    for name in SOURCES:
        assert compiler.compile(read_source(name), name, "sm_86").startswith(b"\x7fELF")
    assert b".entry blur" in compiler.compile(read_source("blur"), "blur", "compute_86")
    with pytest.raises(KernelError, match=r"x\.cu does not compile for sm_86:\n.*error"):
        compiler.compile("garbage", "x", "sm_86")
