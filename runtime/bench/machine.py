"""What a machine is and how it fares: CPU, GPUs, versions. No host name, user or path."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .floor import usable_cores
from .schema import CpuState, Gpu, GpuState, Machine

PACKAGES = (
    "livedream", "onnxruntime", "onnxruntime-gpu", "onnxruntime-openvino", "numpy",
    "opencv-python", "torch", "tensorrt-cu13", "cuda-core", "pycuda",
)  # fmt: skip

QUERY = (
    "name", "driver_version", "memory.total", "power.limit", "clocks.max.sm", "clocks.sm",
    "clocks.mem", "temperature.gpu", "power.draw",
)  # fmt: skip
"""What NVML is asked, through the tool that every NVIDIA driver brings."""

THROTTLING = ("clocks_event_reasons.active", "clocks_throttle_reasons.active")
"""The last question, as drivers from 535 on and before call it; a driver answers none of the
questions where it does not know one."""


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
        memory_gib=memory_gib(),
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
    facts = cpu_facts(_text("/proc/cpuinfo") or "")
    return facts.get("model name") or platform.processor() or platform.machine()


class Others:
    """How much everything else on the machine computes, from now on."""

    def __init__(self) -> None:
        self._start = self._now()

    def cores(self) -> float | None:
        """Cores they used, mean since the beginning; None where the system does not tell.

        Children of this program count as its own once they were waited for.
        """
        now = self._now()
        if now is None or self._start is None:
            return None
        wall, busy, own = (new - old for new, old in zip(now, self._start, strict=True))
        return round(max(0.0, busy - own) / wall, 2) if wall > 0 else None

    @staticmethod
    def _now() -> tuple[float, float, float] | None:
        """Seconds: on the wall, of all cores at work, of them for this program."""
        text = _text("/proc/stat")
        if text is None:
            return None
        own = os.times()
        busy = busy_ticks(text) / os.sysconf("SC_CLK_TCK")
        return time.monotonic(), busy, sum(own[:4])


def busy_ticks(stat: str) -> int:
    """Of all cores together since the start of the system, in the text of /proc/stat: all time but
    idle and waiting for a disk; what another virtual machine took counts."""
    values = [int(value) for value in stat.splitlines()[0].split()[1:9]]
    return sum(values) - values[3] - values[4]


def cpu_facts(cpuinfo: str) -> dict[str, str]:
    """The first core's lines of /proc/cpuinfo, and `mhz`, the mean over all cores."""
    facts: dict[str, str] = {}
    clocks = []
    for line in cpuinfo.splitlines():
        name, colon, value = line.partition(":")
        if colon:
            facts.setdefault(name.strip(), value.strip())
            if name.strip() == "cpu MHz":
                clocks.append(float(value))
    if clocks:
        facts["mhz"] = f"{sum(clocks) / len(clocks):.0f}"
    return facts


def cpu_state() -> CpuState:
    """Clock, temperature and load, as far as the system tells."""
    mhz = cpu_facts(_text("/proc/cpuinfo") or "").get("mhz")
    celsius = _text("/sys/class/thermal/thermal_zone0/temp")
    return CpuState(
        mhz=float(mhz) if mhz else None,
        celsius=int(celsius) / 1000 if celsius and celsius.lstrip("-").isdigit() else None,
        load=round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    )


def memory_gib() -> float | None:
    """Physical memory; None where the system does not tell."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)


def gpus() -> list[Gpu]:
    """NVIDIA's GPUs; none where its driver is not installed or does not answer."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    for throttling in THROTTLING:
        query = ",".join((*QUERY, throttling))
        try:
            done = subprocess.run(
                [tool, f"--query-gpu={query}", "--format=csv,noheader,nounits"],
                capture_output=True, text=True, check=False, timeout=20,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return []
        if done.returncode == 0:
            return parse_gpus(done.stdout)
    return []


def parse_gpus(text: str) -> list[Gpu]:
    """The lines that `QUERY` and `THROTTLING` are answered with, but those that lack a field."""
    found = []
    for line in text.splitlines():
        values = [value.strip() for value in line.split(",")]
        if len(values) != len(QUERY) + 1:
            continue
        name, driver, *numbers, throttling = values
        memory, limit, most, sm, clock, celsius, watts = map(_number, numbers)
        found.append(
            Gpu(
                name=name,
                driver=driver,
                memory_mib=memory,
                power_limit_watts=limit,
                max_sm_mhz=most,
                before=GpuState(
                    sm_mhz=sm,
                    memory_mhz=clock,
                    celsius=celsius,
                    watts=watts,
                    throttling=throttling if throttling.startswith("0x") else None,
                ),
            )
        )
    return found


def _number(text: str) -> float | None:
    """`[N/A]` and its like are None."""
    try:
        return float(text)
    except ValueError:
        return None


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None
