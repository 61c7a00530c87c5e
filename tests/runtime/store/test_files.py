import contextlib
import errno
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from livedream.runtime.ending import ending
from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.store.files import (
    check_outputs,
    check_writable,
    give_back,
    numbered,
    replacing,
    take_free,
    unwritable,
    write_bytes,
)

from ...patience import PATIENCE


def leftovers(folder, *known):
    return sorted(path.name for path in folder.iterdir() if path.name not in known)


def test_replaces_only_at_the_end(tmp_path):
    target = tmp_path / "dream.png"
    target.write_bytes(b"old")
    with replacing(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".png"
        temporary.write_bytes(b"new")
        assert target.read_bytes() == b"old"
    assert target.read_bytes() == b"new"
    assert leftovers(tmp_path, "dream.png") == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit])
def test_any_failure_leaves_the_old_file_and_nothing_else(tmp_path, error):
    target = tmp_path / "dream.png"
    target.write_bytes(b"old")

    def fail():
        with replacing(target) as temporary:
            temporary.write_bytes(b"half")
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_bytes() == b"old"
    assert leftovers(tmp_path, "dream.png") == []


def test_no_space_is_one_sentence_with_the_path(tmp_path):
    target = tmp_path / "dream.png"

    def fill():
        with replacing(target):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(LivedreamError, match=r"No space left to write .*dream\.png"):
        fill()
    assert leftovers(tmp_path) == []


def test_an_os_error_about_something_else_passes(tmp_path):
    def miss():
        with replacing(tmp_path / "a.png"):
            (tmp_path / "other").read_bytes()

    with pytest.raises(FileNotFoundError):
        miss()


def test_a_new_file_has_the_users_usual_permissions(tmp_path):
    (tmp_path / "plain").touch()
    write_bytes(tmp_path / "made", b"x")
    plain, made = (stat.S_IMODE((tmp_path / n).stat().st_mode) for n in ("plain", "made"))
    assert made == plain


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_keeps_pointing_at_its_file(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "link.png").symlink_to(tmp_path / "disk" / "real.png")
    write_bytes(tmp_path / "link.png", b"x")
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "disk" / "real.png").read_bytes() == b"x"


def test_check_writable(tmp_path):
    (tmp_path / "empty").touch()
    (tmp_path / "there").write_bytes(b"mine")
    check_writable(tmp_path / "there")
    check_writable(tmp_path / "empty", overwrite=False)  # It holds a name and nothing else.
    check_writable(tmp_path / "new", overwrite=False)
    with pytest.raises(UsageError, match="exists already"):
        check_writable(tmp_path / "there", overwrite=False)
    with pytest.raises(UsageError, match="is a folder"):
        check_writable(tmp_path)
    with pytest.raises(LivedreamError, match="does not exist"):
        check_writable(tmp_path / "nowhere" / "a.png")


@pytest.mark.skipif(not os.path.exists("/dev/null"), reason="no devices here")
def test_a_device_is_never_replaced():
    with pytest.raises(UsageError, match="not a regular file"):
        check_writable("/dev/null")


@contextlib.contextmanager
def without_rights():
    """A user who may not write anywhere special, also where the tests run as root."""
    if os.name == "nt":
        pytest.skip("users change otherwise on Windows")
    if os.geteuid():
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.fixture
def closed():
    """A folder that may be looked at and not written to."""
    folder = Path(tempfile.mkdtemp())  # pytest's own are inside a folder that is closed to others
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_closed_folder(closed):
    with without_rights(), pytest.raises(LivedreamError, match="may not be written to"):
        check_writable(closed / "a.png")
    closed.chmod(0o666)  # Without the right to enter, names in it cannot even be asked for.
    with without_rights(), pytest.raises(LivedreamError, match="may not be written to"):
        check_writable(closed / "a.png", overwrite=False)
    with without_rights(), pytest.raises(LivedreamError, match="does not exist"):
        check_writable(closed / "inside" / "a.png")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no such folder here")
def test_a_place_that_only_looks_writable_is_one_sentence():
    """Root may write anywhere, it seems, and the kernel says otherwise."""
    with pytest.raises(LivedreamError, match=r"^/proc/self/a\.png .*(cannot|may not)|^The folder"):
        write_bytes("/proc/self/a.png", b"x")
    with pytest.raises(LivedreamError, match="cannot be written"):
        take_free([Path("/proc/self/a.png")])


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (errno.ENOSPC, "No space left to write"),
        (errno.EDQUOT, "No space left to write"),
        (errno.EFBIG, "grew over the largest file"),
        (errno.EROFS, "is on a read-only disk"),
    ],
)
def test_what_a_disk_says_in_the_middle_is_told_with_the_path(tmp_path, code, says):
    def write():
        with replacing(tmp_path / "a.mkv"):
            raise OSError(code, os.strerror(code))

    with pytest.raises(LivedreamError, match=rf"{says}") as caught:
        write()
    assert str(tmp_path / "a.mkv") in str(caught.value)
    assert leftovers(tmp_path) == []


def test_another_refusal_is_told_in_the_systems_words(tmp_path):
    sentence = str(unwritable(tmp_path / "a", OSError(errno.ENAMETOOLONG, "")))
    assert sentence == f"{tmp_path / 'a'} cannot be written: {os.strerror(errno.ENAMETOOLONG)}."
    assert os.strerror(errno.EIO) in str(unwritable("a", OSError("no number")))


def test_a_name_that_the_disk_does_not_take_is_one_sentence(tmp_path):
    with pytest.raises(LivedreamError, match=os.strerror(errno.ENAMETOOLONG)):
        write_bytes(tmp_path / f"a.{'x' * 300}", b"x")


def test_a_folder_that_took_the_name_meanwhile_stays(tmp_path):
    def write():
        with replacing(tmp_path / "a") as temporary:
            temporary.write_bytes(b"x")
            (tmp_path / "a").mkdir()

    with pytest.raises(LivedreamError, match="cannot be written: Is a directory"):
        write()
    assert leftovers(tmp_path, "a") == []


def test_a_target_that_cannot_be_is_refused_before_the_work(tmp_path):
    for target, says in ((tmp_path, "is a folder"), (tmp_path / "no" / "a", "does not exist")):
        with pytest.raises(LivedreamError, match=says), replacing(target):
            pytest.fail("the work began")


def test_the_temporary_is_there_hidden_and_known_to_an_end_at_once(tmp_path):
    target = tmp_path / ("a" * 200 + ".png")
    with replacing(target) as temporary:
        assert temporary.is_file()
        assert temporary.name.startswith(".aaa")
        assert len(temporary.name) < 120  # Names have a limit, and the token comes on top.
        assert f"{target} (what was written of it is in {temporary})" in ending.loss()
    assert ending.loss() == "Ended at once."
    assert target.read_bytes() == b""


def test_what_a_person_may_want_to_rescue_is_seen(tmp_path):
    with replacing(tmp_path / "take.mkv", hidden=False) as temporary:
        assert temporary.name.startswith("take-unfinished-")
        assert temporary.suffix == ".mkv"


def test_a_free_name_is_used_as_it_is_and_a_held_one_too(tmp_path):
    write_bytes(tmp_path / "new", b"x", overwrite=False)
    held = take_free(numbered(tmp_path / "held.png"))
    assert held.stat().st_mode == (tmp_path / "new").stat().st_mode
    write_bytes(held, b"x", overwrite=False)
    assert leftovers(tmp_path) == ["held.png", "new"]
    write_bytes(held, b"y")
    assert held.read_bytes() == b"y"
    with pytest.raises(LivedreamError, match="kept as"):
        write_bytes(held, b"z", overwrite=False)  # One byte is something.
    with pytest.raises(ValueError, match="taken"):
        take_free([held])


def test_a_name_that_nothing_came_into_is_given_back(tmp_path):
    held = take_free(numbered(tmp_path / "a.png"))
    give_back(held)
    give_back(held)
    give_back(tmp_path)
    assert leftovers(tmp_path) == []
    write_bytes(held, b"x")
    give_back(held)
    assert held.read_bytes() == b"x"


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="no way to count open files")
def test_files_are_closed_again(tmp_path):
    before = len(os.listdir("/proc/self/fd"))
    for number in range(5):
        write_bytes(take_free(numbered(tmp_path / "a")), bytes(number))
    assert len(os.listdir("/proc/self/fd")) == before


def names_of_one_file(folder):
    """A file by every name it can be given."""
    (folder / "own.mp4").write_bytes(b"the original")
    (folder / "link.mp4").symlink_to("own.mp4")
    os.link(folder / "own.mp4", folder / "hard.mp4")
    (folder / "here").symlink_to(".")
    return [
        folder / "own.mp4",
        folder / "link.mp4",
        folder / "hard.mp4",
        folder / "here" / ".." / folder.name / "own.mp4",
        folder / "here" / "own.mp4",
    ]


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_an_output_is_never_an_input(tmp_path):
    names = names_of_one_file(tmp_path)
    for output in names:
        for read in [*names, str(names[1]), f"file:{names[0]}"]:
            with pytest.raises(UsageError, match="the file to read itself"):
                check_outputs([tmp_path / "new", output], [None, "0", read], overwrite=True)


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_two_outputs_are_never_one_file(tmp_path):
    names = names_of_one_file(tmp_path)
    for second in names[1:]:
        with pytest.raises(UsageError, match="one file; write to two"):
            check_outputs([names[0], None, second], overwrite=True)
    with pytest.raises(UsageError, match="one file; write to two"):
        check_outputs([tmp_path / "new.json", tmp_path / "here" / "new.json"])


def test_nothing_a_person_made_is_replaced_unasked(tmp_path):
    (tmp_path / "a.png").write_bytes(b"mine")
    inputs = ["0", "demo", "rtsp://host/x", "nul\0byte", tmp_path / "gone.mp4", None]
    check_outputs([tmp_path / "new.png", tmp_path / "b.png"], inputs)
    check_outputs([tmp_path / "a.png", None], inputs, overwrite=True)
    with pytest.raises(UsageError, match=r"exists already.*--overwrite"):
        check_outputs([None, tmp_path / "a.png"], inputs)


def test_what_another_program_made_meanwhile_stays(tmp_path):
    target = tmp_path / "a.png"

    def write():
        with replacing(target, overwrite=False) as temporary:
            temporary.write_bytes(b"this one")
            target.write_bytes(b"the other")

    with pytest.raises(LivedreamError, match=r"kept as .*a-2\.png"):
        write()
    assert target.read_bytes() == b"the other"
    assert (tmp_path / "a-2.png").read_bytes() == b"this one"
    assert leftovers(tmp_path, "a.png", "a-2.png") == []


def test_programs_never_take_one_name_together(tmp_path):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from livedream.runtime.store.files import numbered, take_free\n"
        "sys.stdin.readline()\n"  # All begin together.
        "print([take_free(numbered(Path(sys.argv[1]))).name for _ in range(40)])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.mp4")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    programs = [subprocess.Popen(command, **pipes) for _ in range(3)]
    for program in programs:
        program.stdin.write("\n")
        program.stdin.flush()
    taken = [
        name for program in programs for name in eval(program.communicate(timeout=PATIENCE)[0])
    ]
    assert len(set(taken)) == len(taken) == 120
    expected = {name.name for name, _ in zip(numbered(tmp_path / "a.mp4"), range(120))}  # noqa: B905
    assert set(taken) == expected
