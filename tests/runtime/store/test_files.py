import errno
import os
import stat

import pytest

from livedream.runtime.errors import LivedreamError, UsageError
from livedream.runtime.store.files import check_writable, replacing, write_bytes


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
    (tmp_path / "there").touch()
    check_writable(tmp_path / "there")
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


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_closed_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(LivedreamError, match="may not be written"):
        check_writable(tmp_path / "a.png")
    tmp_path.chmod(0o700)
