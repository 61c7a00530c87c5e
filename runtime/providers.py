"""The execution providers that livedream knows: names, forms of graph, how to install them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Provider:
    """A provider under the name of `--provider`.

    ep: onnxruntime's name. form: the form of graph it runs best (see `livedream export`).
    install: the command that brings it. precisions: what its graphs or options offer.
    """

    name: str
    ep: str
    form: str
    install: str
    precisions: tuple[str, ...] = ("fp32",)
    options: dict[str, str] = field(default_factory=dict)


PROVIDERS = {
    provider.name: provider
    for provider in (
        Provider(
            "tensorrt",
            "TensorrtExecutionProvider",
            "gpu",
            'pip install "livedream[gpu,tensorrt]"',
            ("fp32", "fp16"),
        ),
        Provider(
            "cuda",
            "CUDAExecutionProvider",
            "gpu",
            'pip install "livedream[gpu]"',
            ("fp32", "fp16"),
        ),
        Provider(
            "openvino",
            "OpenVINOExecutionProvider",
            "openvino",
            'pip uninstall onnxruntime && pip install "livedream[openvino]"',
            ("fp32", "bf16"),
            {"device_type": "CPU"},
        ),
        Provider("cpu", "CPUExecutionProvider", "cpu", 'pip install "livedream[cpu]"'),
    )
}
"""In the order in which `auto` tries them."""
