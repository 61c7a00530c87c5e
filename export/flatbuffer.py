"""Reads the tables of a flatbuffer: as much of the format as a .tflite file needs.

Offsets are followed as they stand; whatever leads out of the file raises ExportError.
"""

from __future__ import annotations

import struct

import numpy as np

from .errors import ExportError

_BROKEN = "The file is damaged: it points outside of itself."


class Table:
    """One table of `data`, at byte `at`. Fields are numbered as in its schema."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._fields = at - self._unpack("<i", at)
        self._count = (self._unpack("<H", self._fields) - 4) // 2

    @classmethod
    def root(cls, data: bytes, identifier: bytes) -> Table:
        """The table that a file begins with. Raises ExportError for another kind of file."""
        if data[4:8] != identifier:
            raise ExportError(f"The file is no {identifier.decode()} file.", usage=True)
        return cls(data, struct.unpack_from("<I", data)[0])

    def number(self, field: int, form: str = "<i", default: int = 0) -> int:
        """form: of `struct`."""
        at = self._place(field)
        return self._unpack(form, at) if at else default

    def table(self, field: int) -> Table | None:
        at = self._place(field)
        return Table(self._data, at + self._unpack("<I", at)) if at else None

    def tables(self, field: int) -> list[Table]:
        start, count = self._vector(field)
        self._within(start, 4 * count)
        places = [start + 4 * index for index in range(count)]
        return [Table(self._data, at + self._unpack("<I", at)) for at in places]

    def array(self, field: int, dtype: type[np.generic]) -> np.ndarray:
        """A vector of numbers; a view into the file."""
        start, count = self._vector(field)
        self._within(start, count * np.dtype(dtype).itemsize)
        return np.frombuffer(self._data, dtype, count, start)

    def text(self, field: int) -> str:
        return self.array(field, np.uint8).tobytes().decode("ascii", "replace")

    def _place(self, field: int) -> int:
        """Where the field's value lies; 0 where the table does not have it."""
        if field >= self._count:
            return 0
        offset = self._unpack("<H", self._fields + 4 + 2 * field)
        return self._at + offset if offset else 0

    def _vector(self, field: int) -> tuple[int, int]:
        at = self._place(field)
        if not at:
            return 0, 0
        start = at + self._unpack("<I", at)
        return start + 4, self._unpack("<I", start)

    def _within(self, start: int, size: int) -> None:
        if start < 0 or start + size > len(self._data):
            raise ExportError(_BROKEN)

    def _unpack(self, form: str, at: int) -> int:
        self._within(at, struct.calcsize(form))
        return struct.unpack_from(form, self._data, at)[0]
