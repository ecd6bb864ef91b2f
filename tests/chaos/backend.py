"""`hotline serve` as a process of its own, to be killed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from hotline.site import Site
from tests.hotline.stagehands import PROJECT, comes_true

STARTS_WITHIN = 30.0


class Backend:
    """Entering starts it; leaving ends it, whatever became of it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.log = site.folder / "serve.log"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://{self.site.console.host}:{self.site.console.port}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._running.returncode is None:
            await self.end(signal.SIGKILL)
        print(self.log.read_text(encoding="utf-8"))  # pytest shows it when a test fails

    async def start(self) -> None:
        """Start it and return once it takes calls."""
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "hotline", "serve", "--site", str(self.site.folder)),
                cwd=PROJECT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        assert self._process.stdout is not None
        async with asyncio.timeout(STARTS_WITHIN):
            told = await self._process.stdout.readline()
        assert self.url in told.decode(), told

    async def end(self, by: signal.Signals) -> int:
        """Send ``by`` and wait for the end; returns the exit status (negative: the signal)."""
        self._running.send_signal(by)
        async with asyncio.timeout(20):
            return await self._running.wait()

    def send(self, what: signal.Signals) -> None:
        self._running.send_signal(what)

    def speech_process(self) -> int:
        """The pid of its one child, the speech process."""
        [child] = [pid for pid in _processes() if _parent(pid) == self._running.pid]
        return child

    @property
    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process


async def is_gone(pid: int, seconds: float = 10.0) -> None:
    """Wait until a process has ended; whoever has to may still have to read its status."""

    async def gone() -> bool:
        return _state(pid) in ("", "Z")

    await comes_true(gone, seconds)


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def _stat(pid: int) -> list[str]:
    """What /proc tells after the command's name: state, parent and more; empty when it is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def _state(pid: int) -> str:
    return next(iter(_stat(pid)), "")


def _parent(pid: int) -> int:
    stat = _stat(pid)
    return int(stat[1]) if stat else 0
