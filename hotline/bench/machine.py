"""The machine on which figures were measured: without it they say nothing."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from asr.bench import cpu_seconds


@dataclass(frozen=True, slots=True)
class Machine:
    """``load`` is the load average (1, 5, 15 minutes) before anything was started."""

    cpu: str
    cores: int
    memory_gb: float
    kernel: str
    python: str
    asterisk: str
    load: tuple[float, float, float]
    command: str
    date: str


def this_machine(asterisk: str) -> Machine:
    return Machine(
        cpu=_field(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        kernel=platform.release(),
        python=platform.python_version(),
        asterisk=asterisk,
        load=os.getloadavg(),
        command=shlex.join(["hotline", *sys.argv[1:]]),
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


def _field(file: Path, name: str) -> str:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")


class CpuWatch:
    """How many cores some processes use between ``begin`` and ``end``."""

    def __init__(self, processes: dict[str, int]) -> None:
        self._processes = processes
        self._before: dict[str, float] = {}

    def begin(self) -> None:
        self._before = self._now()

    def end(self, seconds: float) -> dict[str, float]:
        """Cores per name, over the ``seconds`` that have passed."""
        after = self._now()
        return {
            name: round((after[name] - used) / seconds, 2)
            for name, used in self._before.items()
            if name in after
        }

    def _now(self) -> dict[str, float]:
        told = {name: cpu_seconds(pid) for name, pid in self._processes.items()}
        return {name: used for name, used in told.items() if used is not None}
