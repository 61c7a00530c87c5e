import json
import threading

import pytest

from livedream.runtime.errors import LivedreamError
from livedream.runtime.stats import Stats


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_percentiles_of_known_numbers():
    stats = Stats()
    for milliseconds in range(1, 102):  # 1..101: the percentiles fall on whole numbers.
        stats.record("flow", milliseconds / 1000)
    assert stats.report()["stages_ms"]["flow"] == {
        "count": 101, "mean": 51.0, "p50": 51.0, "p95": 96.0, "p99": 100.0, "max": 101.0,
    }  # fmt: skip


def test_a_stage_is_timed_by_its_block():
    clock = Clock()
    stats = Stats(clock=clock)
    with stats.stage("gradient"):
        clock.now += 0.25
        with stats.stage("inner"):
            clock.now += 0.5
    stages = stats.report()["stages_ms"]
    assert stages["gradient"]["p50"] == 750
    assert stages["inner"]["p50"] == 500


def test_the_blocks_of_a_stage_add_up_within_a_frame():
    clock = Clock()
    stats = Stats(clock=clock)
    for seconds in (0.1, 0.3):
        for _ in range(2):
            with stats.stage("ascent"):
                clock.now += seconds
        stats.frame()
    with stats.stage("present"):
        clock.now += 0.5
    stages = stats.report()["stages_ms"]
    assert (stages["ascent"]["count"], stages["ascent"]["mean"]) == (2, 400)
    assert (stages["present"]["count"], stages["present"]["mean"]) == (1, 500)


def test_a_block_that_raises_is_not_counted():
    stats = Stats()
    with pytest.raises(LivedreamError), stats.stage("upload"):
        raise LivedreamError("no")
    assert stats.report()["stages_ms"] == {}


def test_rates():
    clock = Clock()
    stats = Stats(clock=clock)
    assert stats.fps == stats.recent_fps == 0
    for _ in range(11):
        stats.frame()
        clock.now += 0.1
    assert stats.fps == pytest.approx(10)
    for _ in range(200):
        stats.frame()
        clock.now += 0.02
    assert stats.recent_fps == pytest.approx(50, rel=0.02)
    assert stats.fps == pytest.approx(210 / (1.1 + 199 * 0.02), rel=0.01)
    fast = stats.recent_fps
    clock.now += 1
    assert stats.recent_fps < 0.8 * fast  # What is overdue counts at once.
    clock.now += 2
    assert stats.recent_fps == 0
    assert stats.frames == 211


def test_the_recent_rate_to_the_digit():
    clock = Clock()
    stats = Stats(clock=clock)
    stats.frame()
    assert stats.recent_fps == 0
    for _ in range(2):
        clock.now += 0.5
        stats.frame()
    at = {101.0: 2, 101.5: 2, 101.75: 2 / 1.25, 102.0: 2 / 1.5, 102.25: 1 / 1.25, 102.75: 0, 104: 0}
    for clock.now, rate in at.items():
        assert stats.recent_fps == pytest.approx(rate), clock.now


def test_two_frames_at_once_have_no_rate():
    clock = Clock()
    stats = Stats(clock=clock)
    stats.frame()
    stats.frame()
    assert stats.fps == stats.recent_fps == stats.report()["fps"] == 0
    clock.now += 1
    stats.frame()
    assert stats.fps == 2


def test_two_frames_are_enough_for_a_rate():
    clock = Clock()
    stats = Stats(clock=clock)
    stats.frame()
    clock.now += 0.5
    stats.frame()
    assert stats.fps == stats.recent_fps == 2


def test_memory_is_bounded_and_the_newest_are_kept():
    stats = Stats(window=100)
    for number in range(10_000):
        stats.record("flow", number / 1000)
        stats.shown(number / 1000)
        stats.frame()
    flow = stats.report()["stages_ms"]["flow"]
    assert flow["count"] == 10_000
    assert flow["p50"] == pytest.approx(9949.5)
    assert stats.report()["age_ms"]["p50"] == pytest.approx(9949.5)
    assert stats.recent_age == pytest.approx(9.999)
    assert len(stats._stages["flow"]._kept) == 100
    assert len(stats._dreams._recent) <= 1000


def test_the_report_is_json_with_its_facts():
    stats = Stats()
    stats.frame()
    assert stats.skipped == 0
    stats.dropped, stats.skipped = 3, 2
    text = stats.text(provider="cpu", size=[320, 240])
    read = json.loads(text)
    assert read["provider"] == "cpu"
    assert read["size"] == [320, 240]
    assert (read["frames"], read["fps"], read["dropped"], read["skipped"]) == (1, 0, 3, 2)
    assert read["age_ms"] == {"count": 0}
    assert text.startswith('{\n  "provider": "cpu",\n  "size"')
    assert text.endswith("}\n")


def test_figures_have_the_digits_that_mean_something():
    clock = Clock()
    stats = Stats(clock=clock)
    assert (stats.dropped, stats.recent_age) == (0, 0)
    stats.frame()
    clock.now += 0.6123456
    stats.frame()
    stats.record("flow", 0.00123456)
    report = stats.report()
    assert (report["seconds"], report["fps"]) == (0.612, 1.63)
    assert report["stages_ms"]["flow"]["mean"] == 1.235


def test_pictures_and_dreams_have_a_rate_and_an_age_each():
    clock = Clock()
    stats = Stats(clock=clock)
    for number in range(31):
        stats.shown(0.01, 0.2 if number else None)
        if number % 3 == 0:
            stats.frame()
        clock.now += 0.05
    report = stats.report()
    assert (report["shown"], report["frames"]) == (31, 11)
    assert report["shown_fps"] == pytest.approx(20)
    assert report["fps"] == pytest.approx(20 / 3, abs=0.01)
    assert report["age_ms"]["p50"] == 10
    assert (report["dream_age_ms"]["count"], report["dream_age_ms"]["p50"]) == (30, 200)
    assert stats.recent_shown_fps == pytest.approx(20, rel=0.05)
    assert stats.recent_fps == pytest.approx(20 / 3, rel=0.2)
    assert stats.recent_dream_age == 0.2


def test_threads_may_record_while_another_reports():
    stats = Stats(window=500)
    stop = threading.Event()

    def work(name: str) -> None:
        while not stop.is_set():
            stats.record(name, 0.001)
            stats.frame()

    threads = [threading.Thread(target=work, args=(f"s{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        stats.report()
        _ = stats.recent_fps
    stop.set()
    for thread in threads:
        thread.join()
    counts = sum(each["count"] for each in stats.report()["stages_ms"].values())
    assert counts == stats.frames


def test_the_usual_age_follows_and_a_picture_that_stands_says_little_of_it():
    stats = Stats()
    assert (stats.usual_age, stats.usual_dream_age) == (0, 0)
    for age in (0.04, 0.08):
        stats.shown(age, 2 * age)
    assert (stats.usual_age, stats.usual_dream_age) == pytest.approx((0.06, 0.12))
    for _ in range(300):
        stats.shown(0.1, 0.2)
    assert stats.usual_age == pytest.approx(0.1, abs=0.001)
    stats.shown(500.0)
    assert stats.usual_age < 0.15
