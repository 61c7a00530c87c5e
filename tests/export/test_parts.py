"""Expansions are computed some channels after the others, where a form says so, and nothing else
about them changes (that the gradient is autograd's is tested of every form)."""

from __future__ import annotations

import pytest

from .conftest import Loaded  # Skips where torch is not installed.

from livedream.export.compose import compose  # isort: skip
from livedream.export.forms import FORMS  # isort: skip
from livedream.export.rewrite import in_parts  # isort: skip
from livedream.export.tape import Add, Conv, Tape  # isort: skip
from livedream.export.trace import trace  # isort: skip

PARTS = {2: 32, 4: 48}
LAYERS = ("block2", "block5")


@pytest.fixture(scope="module")
def tape(weighted: Loaded) -> Tape:
    source = weighted("efficientnet_lite0", LAYERS, "random")
    return trace(source.network, source.mean, source.std)


def widths(tape: Tape) -> list[int]:
    """Of the depthwise convolutions, in order."""
    return [op.groups for op in tape.operations if isinstance(op, Conv) and op.groups > 1]


def test_what_is_wide_where_the_picture_is_large_is_parted(tape: Tape) -> None:
    assert widths(tape) == [32, 96, 144, 144, 240]
    parted = in_parts(tape, PARTS)
    assert widths(parted) == [32, *[32] * 3, *[48] * 3, *[48] * 3, 240]
    assert parted.taps == tape.taps


def test_the_last_part_is_what_is_left(tape: Tape) -> None:
    parted = in_parts(tape, {2: 40})
    assert widths(parted) == [32, 40, 40, 16, 144, 144, 240]
    assert all(
        op.weight.shape[0] == parted.channels[op.output]
        for op in parted.operations
        if isinstance(op, Conv)
    )


def test_every_value_is_written_before_it_is_read(tape: Tape) -> None:
    known = {"image"}
    for op in in_parts(tape, PARTS).operations:
        assert known.issuperset(op.inputs), op.output
        assert op.output not in known
        known.add(op.output)


def test_a_bias_is_added_once(tape: Tape) -> None:
    joins = [
        op
        for op in in_parts(tape, PARTS).operations
        if isinstance(op, Conv) and op.output.startswith("block2__bn2")
    ]
    assert [op.bias is None for op in joins] == [False, True, True]


def test_what_somebody_else_reads_stays_whole(tape: Tape) -> None:
    """A value within an expansion that is tapped must exist."""
    within = next(op for op in tape.operations if isinstance(op, Conv) and op.groups == 96)
    tapped = Tape(tape.operations, tape.channels, {**tape.taps, "inside": within.output})
    assert 96 in widths(in_parts(tapped, PARTS))


def test_no_parts_change_nothing(tape: Tape) -> None:
    same = in_parts(tape, {}).operations
    assert len(same) == len(tape.operations)
    assert all(one is other for one, other in zip(same, tape.operations, strict=True))
    assert not any(FORMS[form]().parts for form in FORMS if form != "openvino")


def test_parts_are_not_put_together_again_on_the_way_back(tape: Tape) -> None:
    """1x1 convolutions that read one value are else transposed as one."""
    model = compose(tape, precision="fp32", form="openvino", metadata={})
    assert not any(
        node.op_type == "Concat" and node.attribute[0].i == 1 for node in model.graph.node
    )
    sums = [op for op in in_parts(tape, PARTS).operations if isinstance(op, Add)]
    assert len(sums) == 2 * 3 + 2
