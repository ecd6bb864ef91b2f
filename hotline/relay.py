"""What the recogniser says goes to the desk, and its streams' fate to the taps as well."""

from __future__ import annotations

from core.ports import TranscriptSink
from core.transcript import Segment, StreamReport
from pbx.bridge import Bridge


class TranscriptRelay:
    """A ``TranscriptSink``. The bridge comes later: it needs the recogniser, which needs us.

    A ``witness`` is told first and must not wait: benchmarks look at their clock there.
    """

    def __init__(self, desk: TranscriptSink, witness: TranscriptSink | None = None) -> None:
        self._desk = desk
        self._witness = witness
        self._bridge: Bridge | None = None

    def attach(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def segment(self, segment: Segment) -> None:
        if self._witness is not None:
            await self._witness.segment(segment)
        await self._desk.segment(segment)

    async def stream(self, report: StreamReport) -> None:
        if self._witness is not None:
            await self._witness.stream(report)
        if self._bridge is not None:  # first: a lost tap is placed again without waiting for SQL
            await self._bridge.stream(report)
        await self._desk.stream(report)

    async def engine(self, name: str | None, reason: str) -> None:
        if self._bridge is not None and name is not None:
            self._bridge.transcriber_up()
        await self._desk.engine(name, reason)
