"""Taps between a scripted AMI and a scripted recogniser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from core.transcript import StreamReport, StreamState, Tap
from pbx.ami.api import AmiEvent
from pbx.settings import TapSettings
from pbx.taps import Taps
from tests.pbx.scripted import FakeAmi, FakeClock, Transcript, Watched

QUICK = TapSettings(retry_first=0.01, retry_cap=0.02, retries=3, stable_seconds=10.0)


class FakeTranscriber(Watched):
    """Takes taps; ``error`` is raised instead when set."""

    def __init__(self) -> None:
        super().__init__()
        self.expected: list[Tap] = []
        self.forgotten: list[str] = []
        self.error: Exception | None = None

    async def expect(self, tap: Tap) -> tuple[str, int]:
        self.expected.append(tap)
        self.changed()
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return "127.0.0.1", 9092

    async def forget(self, call_id: str) -> None:
        self.forgotten.append(call_id)
        self.changed()
        if self.error is not None:
            raise self.error


class Studio:
    """The taps that run, and all they talk to."""

    def __init__(self) -> None:
        self.ami = FakeAmi()
        self.transcriber = FakeTranscriber()
        self.transcript = Transcript()
        self.clock = FakeClock()
        self._task: asyncio.Task[None] | None = None
        self.begin()

    def begin(self, settings: TapSettings = QUICK) -> Taps:
        """Our process begins (again): taps that remember nothing."""
        if self._task is not None:
            self._task.cancel()
        self.taps = Taps(self.ami, self.transcriber, self.transcript, settings, self.clock)
        self._task = asyncio.create_task(self.taps.run())
        return self.taps

    async def end(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def placed(self, number: int) -> list[dict[str, str]]:
        """The Originates, once there are so many."""
        await self.ami.until(lambda: len(self.ami.actions("Originate")) >= number)
        return self.ami.actions("Originate")

    async def quiet(self) -> None:
        """Long enough for a retry that should not be."""
        await asyncio.sleep(0.15)

    def tap(self, number: int) -> Tap:
        return self.transcriber.expected[number]

    async def report(self, number: int, state: StreamState) -> None:
        tap = self.tap(number)
        await self.taps.stream(StreamReport(tap.tap_id, tap.call_id, tap.leg, state, "test"))

    async def hang_up(self, number: int) -> None:
        """Asterisk says that the tap's channel is gone."""
        name = f"AudioSocket/127.0.0.1:9092-{self.tap(number).tap_id}"
        unique = {"Uniqueid": f"tap.{number}", "Linkedid": f"tap.{number}"}
        await self.taps.event(AmiEvent("Hangup", {"Channel": name, **unique}))


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    studio = Studio()
    yield studio
    await studio.end()
