"""Many callers and many agents at once, by SIPp: for load and for what happens when things die.

One process of the Debian package ``sip-tester`` for all callers and one for all agents, each in a
folder of its own, on loopback, with a time limit that it cannot exceed. SIPp says a tone but does
not listen: who must know what is heard adds a ``Phone`` to the crowd.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import math
import shutil
import signal
import socket
import struct
import tempfile
from dataclasses import dataclass
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Self

from core.errors import Unavailable
from pbx.phone.crowd_scenarios import AGENT, CALLER
from pbx.phone.errors import NotInTime
from pbx.phone.g711 import SAMPLE_RATE, Law, encode

_HOST = "127.0.0.1"
_POLL_SECONDS = 0.1
_PARTING_SECONDS = 5.0
_ERRORS_SHOWN = 2000
_LAST_COLUMN = "CallLengthStDev(C)"


class SippMissing(Unavailable):
    """SIPp is not installed (Debian: ``sip-tester``)."""

    error_id = "sipp_missing"


class SippFailed(Unavailable):
    """SIPp ended on its own account: wrong port, broken scenario, no right to run."""

    error_id = "sipp_failed"


@dataclass(frozen=True, slots=True)
class CrowdCounts:
    """Calls so far. (SIPp's own response times are too coarse on loopback to be told.)"""

    created: int = 0
    current: int = 0
    succeeded: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Sound:
    """What a crowd says again and again: a tone of ``hz``, then silence; whole frames of 20 ms."""

    hz: int
    tone_ms: int = 1000
    pause_ms: int = 0

    def mulaw(self) -> bytes:
        """One round of it as mu-law without header."""
        turn = 2 * math.pi * self.hz / SAMPLE_RATE
        count = SAMPLE_RATE * self.tone_ms // 1000
        samples = [round(8000 * math.sin(turn * n)) for n in range(count)]
        silence = bytes(2 * (SAMPLE_RATE * self.pause_ms // 1000))
        return encode(struct.pack(f"<{count}h", *samples) + silence, Law.MU)


class _Sipp:
    """One SIPp process. Entering starts it, leaving ends it, whatever it is doing."""

    def __init__(
        self, name: str, scenario: str, sound: Sound, arguments: list[str], seconds: float
    ) -> None:
        self._name = name
        self._scenario = scenario
        self._sound = sound
        self._arguments = arguments
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    async def __aenter__(self) -> Self:
        binary = shutil.which("sipp")
        if binary is None:
            raise SippMissing("SIPp is not installed (Debian: sip-tester)")
        self._folder = tempfile.TemporaryDirectory(prefix=f"sipp-{self._name}-")
        folder = Path(self._folder.name)
        (folder / "scenario.xml").write_text(self._scenario, encoding="utf-8")
        (folder / "tone.ulaw").write_bytes(self._sound.mulaw())
        with (folder / "screen").open("wb") as screen:
            self._process = await asyncio.create_subprocess_exec(
                binary,
                *("-sf", "scenario.xml", "-nostdin", "-aa"),
                *("-i", _HOST, "-mi", _HOST, "-ci", _HOST, "-mp", str(_free_port())),
                *("-trace_stat", "-stf", "stat.csv", "-fd", "250ms", "-stat_delimiter", ";"),
                *("-trace_err", "-error_file", "errors.log"),
                # A dead line is given up after seconds, not after half a minute.
                *("-max_invite_retrans", "3", "-max_non_invite_retrans", "3"),
                *("-timeout", f"{math.ceil(self._seconds)}s", *self._arguments),
                cwd=folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=screen,
                stderr=asyncio.subprocess.STDOUT,
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await self.stop()
        finally:
            if self._folder is not None:
                self._folder.cleanup()

    async def stop(self) -> CrowdCounts:
        """End it: no new calls, running ones are cut after a few seconds. Harmless when over."""
        process = self._running
        for ending in (signal.SIGUSR1, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(ending)
            try:
                async with asyncio.timeout(_PARTING_SECONDS):
                    await process.wait()
                break
            except TimeoutError:
                continue
        return self.counts()

    def counts(self) -> CrowdCounts:
        """What SIPp has counted, at most a second ago; all zero before its first report."""
        assert self._folder is not None
        try:
            with (Path(self._folder.name) / "stat.csv").open(encoding="utf-8") as file:
                rows = [
                    row for row in csv.DictReader(file, delimiter=";") if row.get("ElapsedTime(C)")
                ]
        except FileNotFoundError:
            return CrowdCounts()
        if not rows:
            return CrowdCounts()
        last = rows[-1]
        return CrowdCounts(
            created=int(last["TotalCallCreated"]),
            current=int(last["CurrentCall"]),
            succeeded=int(last["SuccessfulCall(C)"]),
            failed=int(last["FailedCall(C)"]),
        )

    async def until(self, current: int, timeout: float) -> CrowdCounts:
        """Wait until so many calls are going on. Raises ``NotInTime``, ``SippFailed``."""
        try:
            async with asyncio.timeout(timeout):
                # SIPp tells by writing a file once a second; there is nothing to wait on.
                while (counts := self.counts()).current < current:
                    if self._running.returncode is not None:
                        raise SippFailed(self.errors() or "SIPp has ended", **self._status)
                    await asyncio.sleep(_POLL_SECONDS)
        except TimeoutError:
            raise NotInTime("too few calls", wanted=current, current=counts.current) from None
        return counts

    async def finished(self, timeout: float) -> CrowdCounts:
        """Wait until all calls are over. Raises ``NotInTime``, ``SippFailed``."""
        try:
            async with asyncio.timeout(timeout):
                status = await self._running.wait()
        except TimeoutError:
            raise NotInTime("SIPp's calls are not over", seconds=timeout) from None
        counts = self.counts()
        # 1 stands for failed calls, which the counts tell, and for SIPp not even starting.
        if status not in {0, 1} or (status == 1 and not counts.created):
            raise SippFailed(self.errors() or "SIPp failed", **self._status)
        return counts

    def errors(self) -> str:
        """The end of what SIPp complained of."""
        assert self._folder is not None
        folder = Path(self._folder.name)
        for name in ("errors.log", "screen"):
            with contextlib.suppress(FileNotFoundError):
                if text := (folder / name).read_text(encoding="utf-8", errors="replace").strip():
                    return text[-_ERRORS_SHOWN:]
        return ""

    @property
    def _running(self) -> asyncio.subprocess.Process:
        assert self._process is not None
        return self._process

    @property
    def _status(self) -> dict[str, int | None]:
        return {"status": self._running.returncode}


CALLERS_SOUND = Sound(700)
AGENTS_SOUND = Sound(1100)


class SippCallers(_Sipp):
    """``count`` citizens who dial ``dialled``, ``rate`` a second, all of them at once in the end;
    with ``at_once``, so many at a time and the next when one has hung up.

    Each says ``sound`` and hangs up ``talk_ms`` after the answer unless the line does so first,
    which counts as success as well. Their numbers begin with ``prefix``. All is over after
    ``seconds``. Each queue call takes four of Asterisk's RTP ports; without one it says 488.
    """

    def __init__(
        self,
        count: int,
        rate: float,
        talk_ms: int,
        *,
        server_port: int,
        dialled: str,
        at_once: int | None = None,
        sound: Sound = CALLERS_SOUND,
        prefix: str = "1540",
        seconds: float = 120.0,
    ) -> None:
        scenario = Template(CALLER).substitute(tone="tone.ulaw", talk_ms=talk_ms, prefix=prefix)
        arguments = [f"{_HOST}:{server_port}", "-s", dialled, "-p", str(_free_port())]
        arguments += ["-m", str(count), "-l", str(at_once or count), "-r", f"{rate:g}"]
        super().__init__("callers", scenario, sound, arguments, seconds)


class SippAgents(_Sipp):
    """Agents' telephones, as many as there are calls: each call rings ``answer_ms`` long, is
    answered and hears ``sound`` until the far end hangs up.

    They do not register: give their endpoints the fixed ``contact``, which is known before they
    are started.
    """

    def __init__(
        self, *, answer_ms: int = 200, sound: Sound = AGENTS_SOUND, seconds: float = 120.0
    ) -> None:
        self.port = _free_port()
        scenario = Template(AGENT).substitute(tone="tone.ulaw", answer_ms=answer_ms)
        super().__init__("agents", scenario, sound, ["-p", str(self.port)], seconds)

    def contact(self, agent: str) -> str:
        """The SIP address at which this agent is called."""
        return f"sip:{agent}@{_HOST}:{self.port}"


def _free_port() -> int:
    """A UDP port that is free now; SIPp must be given one, and cannot say which it took."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])
