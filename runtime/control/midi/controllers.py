"""The MIDI surface: a thread that listens to the devices, plays the desk and lights the lamps."""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from ...declared import Value
from ...errors import LivedreamError, UsageError
from ...store.files import write_bytes
from ...wording import counted
from ..conductor import Conductor
from ..desk import Desk
from ..presets import read_text
from .bindings import Binding, Hand, Set, Step, light, parse_bindings, played, written
from .decoder import Beat, Control, Decoder, Moved, Place
from .learning import LISTENS, learned
from .ports import Port, Ports, Rtmidi
from .ticks import ClockFit

EVERY = 1.0
"""Seconds between two looks at what is plugged in; unplugging raises nothing."""

REST = 0.05
"""Seconds between two rounds where nothing comes, for lights."""

AUTO = "auto"


class _Device:
    """A controller, plugged in or not."""

    def __init__(self, name: str, bindings: list[Binding]) -> None:
        self.name = name
        self.source = f"midi {name}"
        self.port: Port | None = None
        self.decoder, self.clock = Decoder(), ClockFit()
        self.hands: dict[Control, Hand] = {}
        self.bindings: dict[Control, Binding] = {each.control: each for each in bindings}

    def bound_to(self, name: str) -> list[Binding]:
        return [each for each in self.bindings.values() if each.name == name]


class Midi:
    """Listens to the devices whose names hold `wanted`, `auto` for all of them, until `close`.

    folder: of the files NAME.toml of what was learned. conductor: hears their clock. say: hears
    what a person should know. ports: in place of this machine's. Raises LivedreamError where there
    is no MIDI.
    """

    def __init__(
        self,
        desk: Desk,
        conductor: Conductor,
        wanted: str,
        folder: Path,
        say: Callable[[str], None] = lambda text: None,
        *,
        ports: Ports | None = None,
    ) -> None:
        self._desk, self._conductor, self._say = desk, conductor, say
        self._wanted, self._folder = wanted.lower(), folder
        self._ports = ports or Rtmidi()
        self._devices: dict[str, _Device] = {}
        self._changed: deque[tuple[str, str]] = deque(maxlen=1000)
        self._learning: tuple[str, Value | None] | None = None
        self._lesson: list[tuple[_Device, Moved]] = []
        self._wake, self._closing = threading.Event(), False
        self._forget = desk.observe(self._note)
        desk.on("learn", lambda value, source, seconds: self._arm(str(value)))
        self._plug()
        if not self._devices:
            missing = "no controller" if self._wanted == AUTO else f"no '{wanted}'"
            say(f"There is {missing} yet; one that is plugged in is taken")
        self._thread = threading.Thread(target=self._run, name="midi", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """May be called twice."""
        self._forget()
        self._closing = True
        self._wake.set()
        self._thread.join(1.0)
        for device in self._devices.values():
            if device.port:
                device.port.close()
                device.port = None

    # What comes in.

    def _run(self) -> None:
        due = time.monotonic() + EVERY
        while not self._closing:
            self._wake.wait(REST)
            self._wake.clear()
            for device in list(self._devices.values()):
                self._listen(device)
            self._learn(time.monotonic())
            self._light()
            if time.monotonic() >= due:
                self._plug()
                due = time.monotonic() + EVERY

    def _listen(self, device: _Device) -> None:
        for message, at in device.port.receive() if device.port else ():
            for heard in device.decoder.heard(message, at):
                if isinstance(heard, Moved):
                    self._moved(device, heard)
                else:
                    self._beat(device, heard)

    def _moved(self, device: _Device, moved: Moved) -> None:
        if self._learning:
            self._lesson.append((device, moved))
            return
        binding = device.bindings.get(moved.control)
        if binding is None:
            if moved.control.kind == "program":
                self._desk.set("preset", moved.control.number + 1, device.source)
            return
        parameter = self._desk.parameters[binding.name]
        value = self._desk.base.get(binding.name, False)
        hand = device.hands.get(moved.control, Hand())
        wish, device.hands[moved.control] = played(binding, moved, hand, parameter, value)
        try:
            match wish:
                case Set(name, value):
                    self._desk.set(name, value, device.source)
                case Step(name, steps):
                    self._desk.nudge(name, steps, device.source)
        except UsageError as error:  # Such as a press for a text, which has no steps.
            self._say(str(error))

    def _beat(self, device: _Device, heard: Beat | Place) -> None:
        tempo = device.clock.heard(heard)
        if tempo:
            self._conductor.lead(device.name, tempo)

    # What is learned.

    def _arm(self, wanted: str) -> None:
        """`NAME`, or `NAME VALUE` for what a press shall say; nothing calls it off."""
        name, _, value = wanted.partition(" ")
        self._lesson = []
        if not name:
            self._learning = None
            return
        parameter = self._desk.parameters[name]
        self._learning = name, parameter.clamp(value) if value else None
        self._say(f"Move the control for {parameter.label} {value}".rstrip())

    def _learn(self, now: float) -> None:
        learning, lesson = self._learning, self._lesson
        if not learning or not lesson or now - lesson[0][1].time < LISTENS:
            return
        name, value = learning
        self._learning, self._lesson = None, []
        device = lesson[0][0]
        heard = [moved for each, moved in lesson if each is device]
        binding = learned(heard, self._desk.parameters[name], value)
        if binding:
            device.bindings[binding.control] = binding
            device.hands.pop(binding.control, None)
            control = binding.control
            self._say(
                f"{device.name}: {control.kind} {control.number} plays {name} ({binding.how})"
            )
            self._keep(device)
        self._desk.set("learn", "", "midi")

    def _keep(self, device: _Device) -> None:
        path = self._file(device.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, written(device.bindings.values()).encode())
        except (LivedreamError, OSError) as error:
            self._say(f"What was learned ends with the program: {error}")

    def _file(self, name: str) -> Path:
        return self._folder / (re.sub(r"[^\w .#-]", " ", name).strip() + ".toml")

    # What is plugged in, and its lamps.

    def _plug(self) -> None:
        try:
            names = [
                name
                for name in self._ports.names()
                if self._wanted == AUTO or self._wanted in name.lower()
            ]
        except RuntimeError:
            return  # The sound system is not there at the moment.
        for name, device in self._devices.items():
            if device.port and name not in names:
                device.port.close()
                device.port = None
                self._say(f"{name} is unplugged")
        for name in names:
            device = self._devices.get(name)
            if device is None:
                device = self._devices[name] = _Device(name, self._read(name))
            if device.port is None:
                try:
                    device.port = self._ports.open(name, self._wake.set)
                except LivedreamError as error:
                    self._say(str(error))
                    continue
                device.hands = {}
                self._say(f"MIDI: {name}, {counted(len(device.bindings), 'control')} bound")
                for binding in device.bindings.values():
                    self._show(device, binding)

    def _read(self, name: str) -> list[Binding]:
        path = self._file(name)
        if not path.is_file():
            return []
        try:
            return parse_bindings(read_text(path), str(path), self._desk.parameters)
        except LivedreamError as error:
            self._say(str(error))
            return []

    def _note(self, name: str, value: Value, source: str) -> None:
        self._changed.append((name, source))
        self._wake.set()

    def _light(self) -> None:
        while self._changed:
            name, source = self._changed.popleft()
            for device in self._devices.values():
                for binding in device.bound_to(name):
                    if source != device.source:
                        # Another surface has the value now: the knob picks it up again.
                        hand = device.hands.get(binding.control, Hand())
                        if binding.how == "absolute":
                            device.hands[binding.control] = Hand(hand.share)
                    elif binding.how in ("absolute", "jump"):
                        continue  # A fader with a motor would fight the hand on it.
                    self._show(device, binding)

    def _show(self, device: _Device, binding: Binding) -> None:
        value = self._desk.base.get(binding.name, False)
        message = light(binding, self._desk.parameters[binding.name], value)
        if message and device.port:
            device.port.send(message)
