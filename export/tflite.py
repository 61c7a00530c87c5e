"""From a small .tflite network to ONNX: the float networks that find people and faces.

Pictures lie in memory as NHWC there and as NCHW here: every value of rank 4 is transposed once,
constants while they are read. Only the operators of those networks are known.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .errors import ExportError
from .flatbuffer import Table

OPSET, IR = 17, 8
LARGEST = 64_000_000
"""Bytes of a file that is converted at all."""

_TYPES = {0: np.float32, 1: np.float16, 2: np.int32}
_RELU, _RELU6 = 1, 3
_NCHW = (0, 3, 1, 2)
_AXES = {0: 0, 1: 2, 2: 3, 3: 1}
_SAME = 0
_TRANSPOSED = "Convolution2DTransposeBias"
"""MediaPipe's own operator."""


def convert(content: bytes) -> bytes:
    """The bytes of an ONNX file that computes what the .tflite file `content` does.

    Its input `image` is float32 [1, 3, height, width]; outputs are `output0` and so on, those of
    rank 4 [1, channels, height, width]. Raises ExportError for what is no such file, is damaged, or
    has operators that are not known here.
    """
    if len(content) > LARGEST:
        raise ExportError(f"The file has {len(content) / 1e6:.0f} MB; it is no small network.")
    try:
        model = _Conversion(content).model()
        onnx.checker.check_model(model, full_check=True)
    except (ValueError, IndexError, KeyError, OverflowError, struct.error) as error:
        raise ExportError(f"The file is damaged, or of an unknown kind ({error}).") from error
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = str(error).split("\n")[0][:200]
        raise ExportError(f"The file holds a network that fits nowhere ({reason}).") from error
    return model.SerializeToString()


class _Conversion:
    def __init__(self, content: bytes) -> None:
        root = Table.root(content, b"TFL3")
        codes = [
            (max(each.number(0, "<b"), each.number(3)), each.text(1)) for each in root.tables(1)
        ]
        graphs, buffers = root.tables(2), root.tables(4)
        self.tensors = graphs[0].tables(0)
        self.shapes = [tuple(map(int, each.array(0, np.int32))) for each in self.tensors]
        self.inputs, self.outputs = (
            [int(each) for each in graphs[0].array(field, np.int32)] for field in (1, 2)
        )
        self.constants = {
            index: data
            for index, each in enumerate(self.tensors)
            if len(data := self._data(index, buffers[each.number(2, "<I")]))
        }
        self.nodes: list[onnx.NodeProto] = []
        self.values: list[onnx.TensorProto] = []
        for operator in graphs[0].tables(3):
            self._convert(operator, *codes[operator.number(0, "<I")])

    def model(self) -> onnx.ModelProto:
        (first,) = self.inputs
        shape = self._shape(first)
        if len(shape) != 4 or shape[:2] != (1, 3) or self.tensors[first].number(1, "<b"):
            raise ExportError(f"The network reads {shape} values, and not one colour picture.")
        for number, index in enumerate(self.outputs):
            self._add("Identity", [self._name(index)], f"output{number}")
        for node in self.nodes:
            node.input[:] = ["image" if name == self._name(first) else name for name in node.input]
        graph = helper.make_graph(
            self.nodes,
            "small",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
            [
                helper.make_tensor_value_info(
                    f"output{number}", TensorProto.FLOAT, self._shape(each)
                )
                for number, each in enumerate(self.outputs)
            ],
            self.values,
        )
        opset = [helper.make_opsetid("", OPSET)]
        return helper.make_model(
            graph, opset_imports=opset, ir_version=IR, producer_name="livedream"
        )

    def _data(self, index: int, buffer: Table) -> np.ndarray:
        kind = self.tensors[index].number(1, "<b")
        raw = buffer.array(0, np.uint8)
        if not len(raw):
            return raw
        return np.frombuffer(raw.tobytes(), _TYPES[kind]).reshape(self.shapes[index])

    def _name(self, index: int) -> str:
        return f"t{index}"

    def _shape(self, index: int) -> tuple[int, ...]:
        shape = self.shapes[index]
        return tuple(shape[axis] for axis in _NCHW) if len(shape) == 4 else shape

    def _add(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def _value(self, array: np.ndarray) -> str:
        name = f"c{len(self.values)}"
        self.values.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def _weights(self, index: int) -> np.ndarray:
        return self.constants[index].astype(np.float32)

    def _operand(self, index: int, rank: int) -> str:
        """A value's name; that of a constant beside one of `rank`."""
        if index not in self.constants:
            return self._name(index)
        array = self._weights(index)
        if array.ndim == 4:
            array = array.transpose(_NCHW)
        elif array.ndim == 1 and rank == 4:
            array = array.reshape(1, -1, 1, 1)
        return self._value(array)

    def _convert(self, operator: Table, code: int, custom: str) -> None:
        inputs = [int(each) for each in operator.array(1, np.int32)]
        (output,) = (int(each) for each in operator.array(2, np.int32))
        options = operator.table(4)
        if code == 32 and custom == _TRANSPOSED:
            self._transposed(inputs, output, operator.array(5, np.uint8).tobytes())
        elif code in _OPERATORS:
            _OPERATORS[code](self, inputs, output, options)
        else:
            raise ExportError(f"The network has an operator ({custom or code}) not known here.")

    def _activated(self, kind: int, name: str, output: int) -> None:
        if kind == 0:
            self._add("Identity", [name], self._name(output))
        elif kind == _RELU:
            self._add("Relu", [name], self._name(output))
        elif kind == _RELU6:
            limits = [self._value(np.array(each, np.float32)) for each in (0, 6)]
            self._add("Clip", [name, *limits], self._name(output))
        else:
            raise ExportError(f"The network has an activation ({kind}) that is not known here.")

    def _padding(
        self, padding: int, index: int, output: int, *windows: tuple[int, int, int]
    ) -> list[int]:
        """[top, left, bottom, right]. windows: (size, stride, dilation) of rows and of columns."""
        if padding != _SAME:
            return [0, 0, 0, 0]
        totals = [
            max((self.shapes[output][1 + axis] - 1) * stride + (size - 1) * dilation + 1
                - self.shapes[index][1 + axis], 0)
            for axis, (size, stride, dilation) in enumerate(windows)
        ]  # fmt: skip
        return [each // 2 for each in totals] + [each - each // 2 for each in totals]

    def _convolution(
        self, inputs: list[int], output: int, options: Table | None, depthwise: bool
    ) -> None:
        assert options
        more = int(depthwise)  # The multiplier of depths stands between.
        strides = options.number(2), options.number(1)
        dilations = options.number(5 + more, default=1), options.number(4 + more, default=1)
        weights = self._weights(inputs[1])
        _, high, wide, channels = weights.shape
        windows = zip((high, wide), strides, dilations, strict=True)
        pads = self._padding(options.number(0, "<b"), inputs[0], output, *windows)
        order = (3, 0, 1, 2) if depthwise else (0, 3, 1, 2)
        operands = [self._value(weights.transpose(order))]
        operands += [self._value(self._weights(each)) for each in inputs[2:] if each >= 0]
        made = self._add(
            "Conv", [self._name(inputs[0]), *operands], f"{self._name(output)}.conv",
            strides=strides, dilations=dilations, pads=pads, kernel_shape=(high, wide),
            group=channels if depthwise else 1,
        )  # fmt: skip
        self._activated(options.number(3 + more, "<b"), made, output)

    def _transposed(self, inputs: list[int], output: int, options: bytes) -> None:
        _, stride_x, stride_y = struct.unpack("<iii", options[:12])
        weights = self._weights(inputs[1])
        _, high, wide, _ = weights.shape
        before, after = self.shapes[inputs[0]], self.shapes[output]
        totals = [
            max((before[1] - 1) * stride_y + high - after[1], 0),
            max((before[2] - 1) * stride_x + wide - after[2], 0),
        ]
        pads = [each // 2 for each in totals] + [each - each // 2 for each in totals]
        operands = [weights.transpose(3, 0, 1, 2), self._weights(inputs[2]).reshape(-1)]
        self._add(
            "ConvTranspose", [self._name(inputs[0]), *map(self._value, operands)],
            self._name(output), strides=(stride_y, stride_x), kernel_shape=(high, wide), pads=pads,
        )  # fmt: skip

    def _pool(self, inputs: list[int], output: int, options: Table | None, kind: str) -> None:
        assert options
        strides, kernel = (
            (options.number(2), options.number(1)), (options.number(4), options.number(3)),
        )  # fmt: skip
        windows = [(size, stride, 1) for size, stride in zip(kernel, strides, strict=True)]
        pads = self._padding(options.number(0, "<b"), inputs[0], output, *windows)
        made = self._add(
            kind, [self._name(inputs[0])], f"{self._name(output)}.pool",
            kernel_shape=kernel, strides=strides, pads=pads,
        )  # fmt: skip
        self._activated(options.number(5, "<b"), made, output)

    def _pair(self, inputs: list[int], output: int, options: Table | None, kind: str) -> None:
        rank = len(self.shapes[output])
        names = [self._operand(each, rank) for each in inputs]
        made = self._add(kind, names, f"{self._name(output)}.pair")
        self._activated(options.number(0, "<b") if options else 0, made, output)

    def _single(self, inputs: list[int], output: int, kind: str) -> None:
        self._add(kind, [self._name(inputs[0])], self._name(output))

    def _dequantize(self, inputs: list[int], output: int, options: Table | None) -> None:
        self.constants[output] = self._weights(inputs[0])  # From float16.

    def _mean(self, inputs: list[int], output: int, options: Table | None) -> None:
        axes = sorted(int(each) for each in self.constants[inputs[1]].ravel())
        if axes != [1, 2] or len(self.shapes[output]) != 4:
            raise ExportError(f"The network has a mean over {axes}, which is not known here.")
        self._single(inputs, output, "GlobalAveragePool")

    def _pad(self, inputs: list[int], output: int, options: Table | None) -> None:
        ways = self.constants[inputs[1]][list(_NCHW)].astype(np.int64)
        pads = self._value(np.concatenate((ways[:, 0], ways[:, 1])))
        self._add("Pad", [self._name(inputs[0]), pads], self._name(output))

    def _concatenate(self, inputs: list[int], output: int, options: Table | None) -> None:
        assert options
        rank = len(self.shapes[output])
        axis = options.number(0) % rank
        made = self._add(
            "Concat", [self._operand(each, rank) for each in inputs],
            f"{self._name(output)}.concat", axis=_AXES[axis] if rank == 4 else axis,
        )  # fmt: skip
        self._activated(options.number(1, "<b"), made, output)

    def _reshape(self, inputs: list[int], output: int, options: Table | None) -> None:
        name, there = self._name(inputs[0]), self._name(output)
        if len(self.shapes[inputs[0]]) == 4:
            name = self._add("Transpose", [name], f"{there}.nhwc", perm=(0, 2, 3, 1))
        shape = self._value(np.array(self.shapes[output], np.int64))
        if len(self.shapes[output]) == 4:
            name = self._add("Reshape", [name, shape], f"{there}.shaped")
            self._add("Transpose", [name], there, perm=_NCHW)
        else:
            self._add("Reshape", [name, shape], there)

    def _resize(self, inputs: list[int], output: int, options: Table | None) -> None:
        assert options
        half, corners = options.number(3, "<b"), options.number(2, "<b")
        mode = "align_corners" if corners else "half_pixel" if half else "asymmetric"
        size = self._value(np.array(self._shape(output), np.int64))
        self._add(
            "Resize", [self._name(inputs[0]), "", "", size], self._name(output), mode="linear",
            coordinate_transformation_mode=mode,
        )  # fmt: skip


Operator = Callable[[_Conversion, list[int], int, "Table | None"], None]

_OPERATORS: dict[int, Operator] = {
    0: lambda c, i, o, p: c._pair(i, o, p, "Add"),
    1: lambda c, i, o, p: c._pool(i, o, p, "AveragePool"),
    2: _Conversion._concatenate,
    3: lambda c, i, o, p: c._convolution(i, o, p, depthwise=False),
    4: lambda c, i, o, p: c._convolution(i, o, p, depthwise=True),
    6: _Conversion._dequantize,
    14: lambda c, i, o, p: c._single(i, o, "Sigmoid"),
    17: lambda c, i, o, p: c._pool(i, o, p, "MaxPool"),
    18: lambda c, i, o, p: c._pair(i, o, p, "Mul"),
    19: lambda c, i, o, p: c._single(i, o, "Relu"),
    22: _Conversion._reshape,
    23: _Conversion._resize,
    34: _Conversion._pad,
    40: _Conversion._mean,
    117: lambda c, i, o, p: c._single(i, o, "HardSwish"),
}
"""By the numbers of tflite's schema."""
