"""Counted bytes of the pixel stages: what each must at least read and write."""

from __future__ import annotations

from typing import Any, cast

from ..dream.device import Array, Device
from ..dream.stages import STAGES

IMAGE = 12
"""Bytes of a pixel on the device, three float32 planes."""
CAMERA = 3
"""Bytes of a pixel of the camera."""


class _Counting:
    """A device that adds up, stage by stage, the bytes its operations touch."""

    def __init__(self, device: object, counted: dict[str, int]) -> None:
        self._device: Any = device
        self._counted = counted

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._device, name)
        if name not in STAGES:
            return operation

        def run(*arguments: Any) -> Any:
            result = operation(*arguments)
            self._counted[STAGES[name]] = self._counted.get(STAGES[name], 0) + self._bytes(
                name, arguments, result
            )
            return result

        return run

    def _bytes(self, name: str, arguments: tuple[Any, ...], result: Any) -> int:
        if name == "blur" and arguments[1] <= 0:
            return 0
        size = self._device.size
        given = arguments[0].shape[:2] if name == "upload" else size(arguments[0])
        made = result.shape[:2] if name == "download" else size(result)
        return operation_bytes(name, given[0] * given[1], made[0] * made[1])


def operation_bytes(name: str, given: int, made: int) -> int:
    """Bytes that the device's operation `name` reads and writes at least, once each.

    given, made: pixels of its first picture and of its result.
    """
    if name == "upload":
        return CAMERA * given + IMAGE * made
    if name == "download":
        return IMAGE * given + CAMERA * made
    pictures_read = 2 if name in ("ascend", "add", "subtract") else 1
    return IMAGE * (pictures_read * given + made)


def counting(device: Device[Array], counted: dict[str, int]) -> Device[Array]:
    """`device`, adding to `counted` (stage -> bytes) whatever it is asked to do."""
    return cast("Device[Array]", _Counting(device, counted))
