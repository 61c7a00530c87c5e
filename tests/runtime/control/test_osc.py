"""OSC: what messages mean, and the surface over real sockets."""

from __future__ import annotations

import random
import socket
import time

import pytest

from livedream.runtime.control import addresses
from livedream.runtime.control.addresses import Ask, Move, Nudge, answers, listed, understood
from livedream.runtime.control.desk import Desk
from livedream.runtime.errors import LivedreamError, UsageError

from ...patience import PATIENCE, until

builder = pytest.importorskip("pythonosc.osc_message_builder", reason="needs the extra `osc`")
from pythonosc.osc_bundle_builder import OscBundleBuilder  # noqa: E402
from pythonosc.osc_packet import OscPacket  # noqa: E402

from livedream.runtime.control import osc as surface  # noqa: E402
from livedream.runtime.control.osc import BUDGET, QUIET, STRANGE, TICK, Osc  # noqa: E402

LAYERS = {"a": 4, "b": 6}


def message(address: str, *arguments: object):
    made = builder.OscMessageBuilder(address)
    for argument in arguments:
        made.add_arg(argument)
    return made.build()


class Client:
    """A controller with a socket of its own."""

    def __init__(self, osc: Osc) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect(osc.address)
        self.socket.settimeout(PATIENCE)

    def say(self, address: str, *arguments: object) -> None:
        self.socket.send(message(address, *arguments).dgram)

    def insist(self, desk: Desk, name: str, value: object) -> None:
        """Says it until it holds: a full socket loses packets."""
        until(lambda: self.say(f"/livedream/{name}", value) or desk.base[name] == value)

    def hear(self) -> tuple[str, object]:
        (heard,) = OscPacket(self.socket.recv(65535)).messages
        return heard.message.address, heard.message.params[0]

    def hears(self, address: str) -> object:
        while True:
            heard, value = self.hear()
            if heard == address:
                return value


@pytest.fixture
def desk() -> Desk:
    return Desk(LAYERS, {"recipe": "live", "layers": "a"})


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def osc(desk, said):
    surface = Osc(desk, port=0, say=said.append)
    yield surface
    surface.close()


class TestMeaning:
    @pytest.fixture
    def meant(self, desk):
        return lambda address, *arguments: understood(address, arguments, desk.parameters)

    @pytest.mark.parametrize(
        ("arguments", "move"),
        [
            ((2.5,), Move("step_size", 2.5)),
            ((2,), Move("step_size", 2.0)),
            (("2.5",), Move("step_size", 2.5)),
            ((True,), Move("step_size", 1.0)),
            ((99.0,), Move("step_size", 32.0)),
            ((2.5, 4.0), Move("step_size", 2.5, 4.0)),
            ((2.5, -1), Move("step_size", 2.5, 0.0)),
        ],
    )
    def test_values_in_the_parameters_own_unit(self, meant, arguments, move):
        assert meant("/livedream/step_size", *arguments) == move

    def test_faders_run_along_the_curve(self, meant, desk):
        for share in (0.0, 0.3, 1.0):
            move = meant("/livedream/step_size/norm", share)
            assert desk.parameters["step_size"].share(move.value) == pytest.approx(share)

    def test_questions(self, meant):
        assert meant("/livedream/blur") == meant("/livedream/blur", "?") == Ask(("blur",))
        every = meant("/livedream/refresh").names
        assert {"blur", "layers", "mirror"} <= set(every)
        assert "quit" not in every

    def test_relative_moves(self, meant):
        assert meant("/livedream/octaves", "+") == Nudge("octaves", 1)
        assert meant("/livedream/step_size", "-", 0.5) == Nudge("step_size", -2)

    def test_toggles_and_the_release_of_a_button(self, meant):
        assert meant("/livedream/mirror", 0.4) == Move("mirror", False)
        assert meant("/livedream/mirror", 1) == Move("mirror", True)
        assert meant("/livedream/reset") == meant("/livedream/reset", 1.0) == Move("reset", True)
        assert meant("/livedream/reset", 0.0) == Move("reset", False)

    @pytest.mark.parametrize(
        ("address", "arguments", "says"),
        [
            ("/livedream/blurr", (1,), "blur"),
            ("/other/blur", (1,), "no OSC address"),
            ("/livedream/blur", (float("nan"),), "finite"),
            ("/livedream/blur", ("wide",), "finite"),
            ("/livedream/blur", (b"1",), "finite"),
            ("/livedream/layers", ("zzz",), "zzz"),
            ("/livedream/layers", (b"a",), "text"),
        ],
    )
    def test_nonsense_is_answered_in_a_sentence(self, meant, address, arguments, says):
        with pytest.raises(UsageError, match=says):
            meant(address, *arguments)

    def test_answers_say_the_unit_and_the_fader(self, desk):
        octaves = desk.parameters["octaves"]
        (own, plain), (fader, share) = answers(octaves, 12)
        assert (own, plain) == ("/livedream/octaves", 12)
        assert (fader, share) == ("/livedream/octaves/norm", 1.0)
        assert answers(desk.parameters["mirror"], True) == [("/livedream/mirror", 1)]

    def test_every_parameter_is_listed(self, desk):
        addresses = [line.address for line in listed(desk.parameters.values())]
        assert {f"/livedream/{name}" for name in desk.parameters} <= set(addresses)
        assert len(addresses) == len(set(addresses))


class TestSurface:
    def test_a_controller_moves_the_desk_and_asks(self, osc, desk):
        client = Client(osc)
        client.say("/livedream/step_size", 5.0)
        until(lambda: desk.base["step_size"] == 5)
        client.say("/livedream/blur", "?")
        assert client.hears("/livedream/blur") == pytest.approx(float(desk.base["blur"]))

    def test_others_hear_what_changes_and_the_mover_not_at_once(self, osc, desk):
        mover, other = Client(osc), Client(osc)
        for client in (mover, other):
            client.say("/livedream/blur", "?")
            client.hears("/livedream/blur/norm")
        start = time.monotonic()
        mover.say("/livedream/blur", 3.0)
        assert other.hears("/livedream/blur") == 3
        assert mover.hears("/livedream/blur") == 3
        assert time.monotonic() - start >= QUIET * 0.9

    def test_keys_reach_a_fixed_target(self, desk):
        target = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        target.bind(("127.0.0.1", 0))
        target.settimeout(PATIENCE)
        surface = Osc(desk, port=0, targets=[target.getsockname()])
        desk.nudge("octaves", 1, "keys")
        (heard,) = OscPacket(target.recv(65535)).messages
        assert (heard.message.address, heard.message.params) == ("/livedream/octaves", [3])
        surface.close()

    def test_who_listens_at_a_fixed_port_is_answered_there_and_left_in_peace_too(self, desk):
        target = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        target.bind(("127.0.0.1", 0))
        target.settimeout(PATIENCE)
        surface = Osc(desk, port=0, targets=[("localhost", target.getsockname()[1])])
        client, start = Client(surface), time.monotonic()
        both = OscBundleBuilder(time.time())
        both.add_content(message("/livedream/blur", 3.0))
        both.add_content(message("/livedream/octaves", "?"))
        client.socket.send(both.build().dgram)

        def heard() -> str:
            (packet,) = OscPacket(target.recv(65535)).messages
            return packet.message.address

        assert heard() == "/livedream/octaves"
        assert heard() == "/livedream/octaves/norm"
        assert heard() == "/livedream/blur"
        assert time.monotonic() - start >= QUIET * 0.9
        surface.close()
        with pytest.raises(LivedreamError, match="There is no host"):
            Osc(desk, port=0, targets=[("no host", 9000)])

    def test_time_tags_are_ignored(self, osc, desk):
        bundle = OscBundleBuilder(time.time() + 3600)
        bundle.add_content(message("/livedream/blur", 4.0))
        client = Client(osc)
        client.socket.send(bundle.build().dgram)
        until(lambda: desk.base["blur"] == 4)

    def test_mangled_packets_change_nothing_and_stop_nothing(self, osc, desk, said):
        client, chance = Client(osc), random.Random(7)
        good = message("/livedream/nothing", 5.0, "text", 3).dgram
        before = dict(desk.base)
        for _ in range(3000):
            data = bytearray(good[: chance.randrange(1, len(good) + 1)])
            for _ in range(chance.randrange(5)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            client.socket.send(bytes(data))
        client.socket.send(b"#bundle\0" * 400)
        client.insist(desk, "octaves", 7)
        assert {name: desk.base[name] for name in before} == {**before, "octaves": 7}
        assert 0 < len(said) <= 100

    def test_of_addresses_that_there_are_not_only_the_first_are_looked_up(
        self, osc, desk, said, monkeypatch
    ):
        client, looked = Client(osc), []
        nearest = addresses.nearest
        monkeypatch.setattr(
            addresses, "nearest", lambda name, names: (looked.append(name), nearest(name, names))[1]
        )
        for number in range(3 * STRANGE):
            client.say(f"/livedream/blur{number}", 1.0)
            client.say("/livedream/blurr", 1.0)
            client.say("/livedream/octaves", 3 + number % 2)
        client.insist(desk, "octaves", 7)
        assert len(looked) == len(said) == STRANGE
        client.socket.send(b"\0" * 12)
        client.say("/livedream/refresh")
        client.hears("/livedream/step_size")  # The known ones are answered as ever.

    def test_the_last_value_of_a_flood_holds(self, osc, desk):
        client = Client(osc)
        packets = [message("/livedream/step_size", value / 250).dgram for value in range(5000)]
        for packet in packets:
            client.socket.send(packet)
        client.insist(desk, "step_size", 7.5)
        time.sleep(0.1)
        assert desk.base["step_size"] == 7.5

    def test_however_much_comes_only_so_much_is_understood_and_the_last_holds(
        self, osc, desk, monkeypatch
    ):
        client, calls = Client(osc), []
        monkeypatch.setattr(
            surface, "understood", lambda *said: (calls.append(said), understood(*said))[1]
        )
        packets = [message("/livedream/layers", name).dgram for name in "ab"]
        nothing = [message(f"/livedream/blur{number}", 1.0).dgram for number in range(4000)]
        start = time.monotonic()
        for number in range(4000):
            client.socket.send(packets[number % 2])
            client.socket.send(nothing[number])
            if number % 500 == 499:
                time.sleep(0.01)  # The socket holds only so many, of whatever kind.
        until(
            lambda: (
                (
                    client.say("/livedream/layers", "b"),
                    client.say("/livedream/step_size", 7.5),
                )
                and (desk.base["step_size"], desk.base["layers"]) == (7.5, "b")
            )
        )
        assert len(calls) <= BUDGET * ((time.monotonic() - start) / TICK + 2)

    def test_a_taken_port_is_told(self, osc, desk):
        with pytest.raises(LivedreamError, match="another port"):
            Osc(desk, port=osc.address[1])

    def test_after_the_end_the_port_is_free(self, desk):
        surface = Osc(desk, port=0)
        port = surface.address[1]
        surface.close()
        surface.close()
        Osc(desk, port=port).close()
