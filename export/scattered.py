"""The form for CUDA's provider alone: `Plain`, but for max pools.

Their adjoint sends each window's gradient to the place that the pool's own indices name; those that
meet add up. As plain operators that is some thirty passes over memory a pool, here a few. TensorRT
takes neither the indices nor the sums.
"""

from __future__ import annotations

from .builder import Builder
from .plain import Plain
from .tape import MaxPool


class Scattered(Plain):
    """See `forms.Form`."""

    def max_pool(
        self, builder: Builder, gradient: str, before: str, after: str, pool: MaxPool, channels: int
    ) -> str:
        indices = builder.pool_indices(
            before, kernel_shape=[pool.kernel] * 2, strides=[pool.stride] * 2,
            pads=[pool.padding] * 4, ceil_mode=int(pool.ceil and pool.stride > 1),
        )  # fmt: skip
        # Indices count through channels, rows and columns of one image.
        flat = builder.ints(-1)
        size = builder.op("Reshape", builder.op("Size", before), builder.ints(1))
        added = builder.op(
            "ScatterElements", builder.op("Expand", builder.weight(0), size),
            builder.op("Reshape", indices, flat), builder.op("Reshape", gradient, flat),
            axis=0, reduction="add",
        )  # fmt: skip
        return builder.op("Reshape", added, builder.op("Shape", before))
