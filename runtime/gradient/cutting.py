"""The part of an exported file that some of its outputs need, cut out without onnx and without a
session: providers compute every output that a graph declares, whether somebody wants it or not.

An ONNX file is one protobuf message, the graph a message in it, nodes and weights in that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

_GRAPH = 7
_NODE, _WEIGHT, _INPUT, _OUTPUT, _SHAPE = 1, 5, 11, 12, 13
"""Fields of GraphProto."""
_INPUT_OF, _OUTPUT_OF, _KIND = 1, 2, 4
"""Fields of NodeProto."""
_NAME = {_WEIGHT: 8, _INPUT: 1, _OUTPUT: 1, _SHAPE: 1}
"""The field with the name of a TensorProto, a ValueInfoProto."""


def part(model: bytes, outputs: Collection[str], instead: Mapping[str, str]) -> bytes:
    """The ONNX file that writes `outputs` and nothing else: without the nodes and weights that they
    do not need. Its inputs stay, those that nothing reads last.

    instead: values that are not computed but taken from another value, which is written before.
    Raises ValueError for what is no ONNX file, or for outputs that it does not have.
    """
    whole = memoryview(model)
    fields = [
        (number, raw if number != _GRAPH else _record(_GRAPH, _part_of(content, outputs, instead)))
        for number, content, raw in _fields(whole)
    ]
    return b"".join(raw for _, raw in fields)


def _part_of(graph: memoryview, outputs: Collection[str], instead: Mapping[str, str]) -> bytes:
    fields = list(_fields(graph))
    needed, kept = set(outputs), []
    for number, content, raw in reversed(fields):  # A value is written before it is read.
        if number != _NODE:
            continue
        read, written = _ends(content)
        if needed.isdisjoint(written):
            continue
        if instead.keys() & written:
            (value,) = written
            read = [instead[value]]
            raw = _record(_NODE, _same(instead[value], value))
        kept.append(raw)
        needed.update(read)
    nodes = b"".join(reversed(kept))
    # Inputs that nothing needs come last: OpenVINO's provider takes what follows them for them.
    fields.sort(key=lambda each: each[0] == _INPUT and _text(each[1], _NAME[_INPUT]) not in needed)
    rest = b"".join(
        raw
        for number, content, raw in fields
        if number != _NODE
        and (number not in (_WEIGHT, _SHAPE) or _text(content, _NAME[number]) in needed)
        and (number != _OUTPUT or _text(content, _NAME[number]) in outputs)
    )
    declared = {
        _text(content, _NAME[_OUTPUT]) for number, content, _ in fields if number == _OUTPUT
    }
    if missing := set(outputs) - declared:
        raise ValueError(f"it has no output {', '.join(sorted(missing))}")
    return nodes + rest


def _same(source: str, value: str) -> bytes:
    """A node: `value` is `source`."""
    parts = ((_INPUT_OF, source), (_OUTPUT_OF, value), (_KIND, "Identity"))
    return b"".join(_record(number, text.encode()) for number, text in parts)


def _ends(node: memoryview) -> tuple[list[str], set[str]]:
    """Names that a node reads and writes."""
    read, written = [], set()
    for number, content, _ in _fields(node):
        if number == _INPUT_OF:
            read.append(str(content, "utf-8"))
        elif number == _OUTPUT_OF:
            written.add(str(content, "utf-8"))
    return read, written


def _text(message: memoryview, field: int) -> str:
    return next(
        (str(content, "utf-8") for number, content, _ in _fields(message) if number == field), ""
    )


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Number, content and the whole of every field; numbers have no content here."""
    place = 0
    while place < len(message):
        start = place
        tag, place = _varint(message, place)
        number, kind = tag >> 3, tag & 7
        content = place
        if kind == 0:
            _, place = _varint(message, place)
            content = place
        elif kind in (1, 5):
            content = place = place + (8 if kind == 1 else 4)
        elif kind == 2:
            length, content = _varint(message, place)
            place = content + length
        else:
            raise ValueError("it is no ONNX file")
        if place > len(message):
            raise ValueError("it ends too early")
        yield number, message[content:place], message[start:place]


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """The number at `place`, and the place after it."""
    value = shift = 0
    while place < len(message) and shift < 70:
        byte = message[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
    raise ValueError("it ends too early")


def _record(number: int, content: bytes) -> bytes:
    """A field with its number and length."""
    return _number(number << 3 | 2) + _number(len(content)) + content


def _number(value: int) -> bytes:
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes([*written, value])
