"""Work that two threads share."""

import threading

import pytest

from livedream.runtime.safety.halves import LEAST, share


def test_many_items_are_shared_and_each_is_done_once():
    done, together = [], threading.Barrier(2, timeout=5)

    def work(items, thread):
        together.wait()
        done.append((thread, threading.current_thread(), list(items)))

    share(work, range(LEAST))
    (first, one, some), (second, other, rest) = sorted(done, key=lambda each: each[0])
    assert (first, second) == (0, 1)
    assert one is not other
    assert some + rest == list(range(LEAST))


def test_few_items_are_not():
    done = []
    share(lambda items, thread: done.append((list(items), thread)), range(LEAST - 1))
    assert done == [(list(range(LEAST - 1)), 0)]


@pytest.mark.parametrize("fails", [0, 1])
def test_what_fails_in_either_thread_is_raised(fails):
    def work(items, thread):
        if thread == fails:
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        share(work, range(LEAST))
