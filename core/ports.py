"""What one room needs of another: small Protocols that the owner implements and ``hotline/`` plugs in."""

from __future__ import annotations

from typing import Protocol

from core.calls import CallFact
from core.transcript import Segment, StreamReport, Tap


class FactSink(Protocol):
    """Takes the telephone's facts; the desk in ``core``, or a spool on disk."""

    async def record(self, fact: CallFact) -> None: ...


class TranscriptSink(Protocol):
    """Takes what the recogniser says."""

    async def segment(self, segment: Segment) -> None: ...

    async def stream(self, report: StreamReport) -> None: ...

    async def engine(self, name: str | None, reason: str) -> None:
        """The engine now in use, or None and why there is no transcript."""
        ...


class Transcriber(Protocol):
    """Implemented by ``asr``; used by ``pbx`` to place its taps."""

    async def expect(self, tap: Tap) -> tuple[str, int]:
        """Announce a tap; returns (host, port) of the AudioSocket server that will take it.

        Raises ``core.errors.Unavailable`` when no recogniser runs.
        """
        ...

    async def forget(self, call_id: str) -> None:
        """The call is over: its streams may be closed when their audio has been read."""
        ...


class Switchboard(Protocol):
    """Implemented by ``pbx``; used by the console. ``agent`` is the agent's number (工号).

    Every method raises ``core.errors.Unavailable`` while Asterisk is away and
    ``core.errors.Conflict`` when Asterisk refuses.
    """

    async def sign_in(self, agent: str) -> None: ...

    async def sign_out(self, agent: str) -> None: ...

    async def pause(self, agent: str, reason: str) -> None: ...

    async def resume(self, agent: str) -> None:
        """Back to work from a pause or from wrap-up."""
        ...
