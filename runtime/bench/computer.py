"""What a machine is and how it fares: CPU, GPUs, versions. No host name, user or path."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from ..cuda.nvml import ask_driver
from .floor import usable_cores
from .schema import CpuState, Gpu, GpuState, Machine

PACKAGES = (
    "livedream", "onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "numpy",
    "numba", "opencv-python", "torch", "tensorrt-cu13", "cuda-core", "pycuda",
)  # fmt: skip

SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "acpitz")
"""What Linux calls the CPU's thermometers, the truest first."""


def versions(names: Iterable[str] = PACKAGES) -> dict[str, str]:
    """Of Python and of the packages that are installed."""
    found = {"python": platform.python_version()}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def machine() -> Machine:
    """This machine, now."""
    return Machine(
        cpu=cpu_name(),
        cores=usable_cores(),
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        system=f"{platform.system()} {platform.release()} {platform.machine()}",
        governor=_text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        before=cpu_state(),
        gpus=gpus(),
    )


def afterwards(before: Machine, others: float | None = None) -> Machine:
    """`before` with the state of now beside the one of then, and what else computed meanwhile."""
    now = gpus()
    both = [
        old.model_copy(update={"after": new.before})
        for old, new in zip(before.gpus, now, strict=False)
    ]
    facts = {"after": cpu_state(), "others": others, "gpus": both or before.gpus}
    return before.model_copy(update=facts)


def cpu_name() -> str:
    """The model, as the maker calls it."""
    if sys.platform == "darwin":
        done = subprocess.run(
            ["sysctl", "-n", "machdep.cpu.brand_string"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout.strip() or platform.machine()
    model = re.search(r"^model name\s*: (.+)$", _text("/proc/cpuinfo") or "", re.MULTILINE)
    return model[1] if model else platform.processor() or platform.machine()


class Others:
    """How much everything else on the machine computes, from now on."""

    def __init__(self) -> None:
        self._start = self._now()

    def cores(self) -> float | None:
        """Cores they used, mean since the beginning; None right after it.

        Children of this program count as its own once they were waited for.
        """
        wall, busy, own = (new - old for new, old in zip(self._now(), self._start, strict=True))
        return round(max(0.0, busy - own) / wall, 2) if wall > 0 else None

    @staticmethod
    def _now() -> tuple[float, float, float]:
        """Seconds: on the wall, of all cores at work, of them for this program."""
        own = os.times()
        return time.monotonic(), busy_seconds(psutil.cpu_times()._asdict()), sum(own[:4])


def busy_seconds(times: Mapping[str, float]) -> float:
    """Of all cores together, of psutil's `cpu_times`: all but idle and waiting for a disk. What
    another virtual machine took counts; what a guest took is in `user` already."""
    return sum(value for name, value in times.items() if name in _BUSY)


_BUSY = ("user", "nice", "system", "irq", "softirq", "steal", "interrupt", "dpc")
"""The last two are Windows'."""


def cpu_state() -> CpuState:
    """Clock, temperature and load, as far as the system tells."""
    frequency = psutil.cpu_freq()
    return CpuState(
        mhz=round(frequency.current) if frequency else None,
        celsius=celsius(),
        load=round(psutil.getloadavg()[0], 2),
    )


def celsius() -> float | None:
    """The hottest part of the CPU; None where the system does not tell."""
    sensors = getattr(psutil, "sensors_temperatures", dict)()
    for name in SENSORS:
        if sensors.get(name):
            return max(part.current for part in sensors[name])
    return None


def gpus() -> list[Gpu]:
    """NVIDIA's GPUs; none where its driver is not installed or does not answer."""
    driver = ask_driver()
    if driver is None:
        return []
    return [
        Gpu(
            name=card.name,
            driver=driver.version,
            memory_mib=card.memory_mib,
            power_limit_watts=card.power_limit_watts,
            max_sm_mhz=card.max_sm_mhz,
            before=GpuState(
                sm_mhz=card.sm_mhz,
                memory_mhz=card.memory_mhz,
                celsius=card.celsius,
                watts=card.watts,
                throttling=None if card.throttling is None else f"{card.throttling:#018x}",
            ),
        )
        for card in driver.cards
    ]


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
