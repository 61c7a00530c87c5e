"""The page in a real Chromium, as a phone and as a laptop."""

from __future__ import annotations

import itertools
import json
from contextlib import closing
from dataclasses import asdict

import numpy as np
import pytest

from ....patience import until

pytest.importorskip("websockets", reason="needs the extra `page`")

from livedream.runtime.control.desk import Desk
from livedream.runtime.control.page import Page
from livedream.runtime.control.presets import Preset
from livedream.runtime.live.window.hud import Status

from .chromium import Browser, installed

IN = "!document.body.classList.contains('lost')"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if not installed():
        pytest.skip("Chromium is not installed")
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


TOLD = asdict(
    Status(21.3, 0.06, "block9", "cpu", (320, 240), sinks=("take.mp4  40 ms", "ndi  lost"))
)


@pytest.fixture
def desk():
    return Desk({f"block{number}": 4 for number in range(12)}, {})


@pytest.fixture
def page(desk):
    """Shows another picture whenever one is asked for."""
    colours = itertools.cycle(np.full((180, 320, 3), level, np.uint8) for level in (60, 160))
    presets = {number: Preset(f"look {number}", {}) for number in range(1, 9)}
    page = Page(
        desk, port=0, newest=lambda: next(colours), status=lambda: {**TOLD, "message": ""},
        presets=lambda: presets,
    )  # fmt: skip
    yield page
    page.close()


def show(browser: Browser, page: Page, *size: int, touch: bool = True):
    tab = browser.open(page.address(), *(size or (390, 844)), touch=touch)
    tab.until("document.readyState === 'complete' && typeof controls !== 'undefined'")
    tab.until(IN)
    return tab


def test_a_finger_pushes_a_fader_from_where_it_is(browser, page, desk):
    tab = show(browser, page)
    desk.set("colour", 0.5, "key")
    tab.until("values.get('colour')[0] === 0.5")
    box = tab.box("[data-name=colour]")
    x, y = box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2
    tab.swipe((x, y), (x + 0.2 * box["width"], y))
    until(lambda: abs(desk.base["colour"] - 0.75) < 0.03)  # 0.4 + 0.2 of 0..1.25
    tab.until("Math.abs(values.get('colour')[0] - 0.75) < 0.03")
    desk.set("colour", 0.25, "key")  # Others' moves show on it again.
    tab.until("document.querySelector('[data-name=colour] input').value === '200'")


def test_a_touch_alone_and_a_scroll_move_nothing(browser, page, desk):
    tab = show(browser, page)
    before = dict(desk.base)
    box = tab.box("[data-name=colour]")
    x, y = box["x"] + 0.9 * box["width"], box["y"] + box["height"] / 2
    tab.swipe((x, y), (x, y))
    tab.swipe((x, y), (x, y - 200))
    desk.set("blur", 2, "key")
    tab.until("values.get('blur')[0] === 2")  # Whatever was said has arrived by now.
    assert dict(desk.base) == {**before, "blur": 2}


def test_a_mouse_points_and_keys_step(browser, page, desk):
    tab = show(browser, page, 1280, 800, touch=False)
    box = tab.box("[data-name=amount]")
    tab.click(box["x"] + 0.25 * box["width"], box["y"] + box["height"] / 2)
    until(lambda: abs(desk.base["amount"] - 0.25) < 0.02)
    desk.set("amount", 0.5, "key")
    tab.value("document.querySelector('[data-name=amount] input').focus()")
    tab.press("ArrowRight")
    until(lambda: desk.base["amount"] == 0.55)
    tab.press("ArrowLeft")
    tab.press("ArrowLeft")
    until(lambda: desk.base["amount"] == 0.45)
    tab.press("Delete")
    until(lambda: desk.base["amount"] == 1)


def test_buttons_and_the_list_of_layers(browser, page, desk):
    tab = show(browser, page)
    tab.value("document.querySelector('[data-name=freeze]').click()")
    until(lambda: desk.base["freeze"])
    tab.until("document.querySelector('[data-name=freeze]').ariaPressed === 'true'")
    tab.value("document.querySelector('[data-name=snapshot]').click()")
    until(lambda: desk.take("snapshot"))
    desk.set("light", 0.8, "key")
    tab.until("values.get('light')[0] === 0.8")
    for light, pressed in ((0, "true"), (0.8, "false")):
        tab.value("$('black').click()")
        until(lambda light=light: desk.base["light"] == light)
        tab.until(f"$('black').ariaPressed === '{pressed}'")
    tab.value("document.querySelector('[data-name=layer]').click()")
    tab.value("$('search').focus(), $('search').value = '11', $('search').oninput()")
    assert tab.value("$('list').textContent") == "block11"
    tab.press("Enter")
    until(lambda: desk.base["layer"] == "block11")
    tab.until("!$('chooser').open")


def test_a_preset_is_recalled_and_one_is_stored(browser, page, desk):
    tab = show(browser, page)
    tab.until("$('cards').children.length === 8")
    tab.value("document.querySelector('[data-number=\"3\"]').click()")
    until(lambda: desk.base["preset"] == 3)
    tab.until("document.querySelector('[data-number=\"3\"]').ariaCurrent === 'true'")
    assert tab.value("document.querySelectorAll('.card[aria-current=true]').length") == 1
    tab.value("$('head').querySelector('button:last-child').click()")
    tab.value("document.querySelector('[data-number=\"9\"]').click()")
    until(lambda: desk.base["store"] == 9)
    assert desk.base["preset"] == 3
    assert tab.value("$('cards').children.length") == 8


def test_a_long_name_of_a_preset_has_two_lines(browser, desk):
    names = {1: "short", 2: "under the ocean", 3: "x" * 300}
    presets = {number: Preset(name, {}) for number, name in names.items()}
    with closing(Page(desk, port=0, presets=lambda: presets)) as page:
        tab = show(browser, page)
        tab.until("$('cards').children.length === 3")
        seen = (
            "[...document.querySelectorAll('.card i')].map(i => [i.clientHeight, i.scrollHeight])"
        )
        (line, _), (two, whole), (most, more) = json.loads(tab.value(f"JSON.stringify({seen})"))
        assert line < two == whole == most < more


def test_a_controller_is_taught_by_touching_what_it_shall_play(browser, desk):
    presets = {4: Preset("look", {})}
    page = Page(desk, port=0, presets=lambda: presets, learns=True)
    try:
        tab = show(browser, page)
        teach = "$('head').querySelector('button')"
        tab.until("$('cards').children.length === 1")
        tab.value(f"{teach}.click()")
        tab.value("document.querySelector('[data-name=mirror]').click()")
        until(lambda: desk.base["learn"] == "mirror")
        assert desk.base["mirror"] is False
        tab.until("document.querySelector('.armed')?.dataset.name === 'mirror'")
        assert tab.value(f"{teach}.ariaPressed") == "false"
        desk.set("learn", "", "midi")
        tab.until("!document.querySelector('.armed')")
        tab.value(f"{teach}.click(), document.querySelector('[data-number=\"4\"]').click()")
        until(lambda: desk.base["learn"] == "preset 4")
        assert desk.base["preset"] == 0
    finally:
        page.close()


def test_a_tap_counts_when_the_finger_comes(browser, page, desk):
    tab = show(browser, page)
    assert tab.value("$('head').querySelector('button').offsetParent") is None  # Nothing to teach.
    box = tab.box("[data-name=tap]")
    at = [{"x": box["x"] + 9, "y": box["y"] + 9}]
    tab.call("Input.dispatchTouchEvent", type="touchStart", touchPoints=at)
    until(lambda: desk.take("tap"))
    tab.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
    desk.set("blur", 2, "key")
    tab.until("values.get('blur')[0] === 2")
    assert not desk.take("tap")


def test_upright_nothing_is_cut_off_and_turned_the_controls_stand_beside(browser, page):
    tab = show(browser, page)
    narrow = "document.documentElement.scrollWidth <= innerWidth"
    beside = (
        "$('controls').getBoundingClientRect().left >= $('picture').getBoundingClientRect().right"
    )
    assert tab.value(narrow)
    assert not tab.value(beside)
    small = (
        "[...document.querySelectorAll('button, .plate')].filter(each => each.offsetParent && "
        "Math.min(each.offsetWidth, each.offsetHeight) < 44).map(each => each.outerHTML).join()"
    )
    assert tab.value(small) == ""
    tab.turn(844, 390)
    tab.until(beside)
    assert tab.value(narrow)
    assert tab.value(small) == ""
    tab.turn(320, 568)
    tab.until(f"!({beside})")
    assert tab.value(narrow)


def test_everything_has_a_name_for_a_screen_reader(browser, page):
    tab = show(browser, page)
    tab.call("Accessibility.enable")
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "slider", "radio", "textbox", "radiogroup", "image"}
    found = [each for each in nodes if each.get("role", {}).get("value") in roles]
    assert len(found) > 20
    assert not [each for each in found if not each.get("name", {}).get("value")]


def test_it_draws_pictures_one_after_the_other_and_tells_of_every_sink(browser, page):
    tab = show(browser, page)
    tab.until(f"$('sinks').textContent === {''.join(TOLD['sinks'])!r}")
    pixel = "$('picture').getContext('2d').getImageData(5, 5, 1, 1).data[0]"
    tab.until("$('picture').width === 320")
    tab.until(f"Math.abs({pixel} - 60) < 4")
    tab.until(f"Math.abs({pixel} - 160) < 4")


def test_a_lost_connection_is_told_and_comes_back_with_the_full_state(browser, desk):
    page = Page(desk, port=0, status=lambda: {"message": ""})
    port = int(page.address().split(":")[2].strip("/"))
    try:
        tab = show(browser, page)
        page.close()
        tab.until(f"!({IN})")
        assert "lost" in tab.value("$('word').textContent")
        assert tab.value("$('controls').inert")
        desk.set("colour", 0.125, "key")
        page = Page(desk, port=port, status=lambda: {"message": ""})
        tab.until(IN)
        tab.until("values.get('colour')[0] === 0.125")
        assert not tab.value("$('controls').inert")
        tab.until("$('word').textContent === ''")
    finally:
        page.close()


def test_no_word_from_the_show_counts_as_lost(browser, page):
    """A phone that sleeps keeps a socket that looks alive."""
    tab = show(browser, page)
    tab.value("socket.onmessage = null")
    tab.until(f"!({IN})")
    tab.until(IN)


def test_by_the_token_to_look_the_page_has_no_controls(browser, desk):
    page = Page(desk, "0.0.0.0", 0, status=lambda: {"message": ""})
    port = page.address().split(":")[2].split("/")[0]
    key = page.address("look").partition("?")[2]
    try:
        tab = browser.open(f"http://127.0.0.1:{port}/?{key}")
        tab.until("typeof controls !== 'undefined' && level === 'look'")
        assert tab.value("location.search") == ""
        assert tab.value("document.cookie") == ""
        assert not tab.value("$('controls').offsetParent")
        assert not tab.value("document.querySelector('.actions').offsetParent")
    finally:
        page.close()
