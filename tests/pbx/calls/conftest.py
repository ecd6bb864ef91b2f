"""A tracker between a scripted AMI and a sink that keeps the facts."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.pack import CityPack
from pbx.calls import CallTracker
from tests.pbx.scripted import Facts, FakeAmi, FakeClock


class Desk:
    """All that the tracker talks to. ``open`` is what the desk believes to be open."""

    def __init__(self, pack: CityPack, recordings: Path) -> None:
        self.ami = FakeAmi()
        self.facts = Facts()
        self.clock = FakeClock()
        self.recordings = recordings
        self.open: list[str] = []
        self._pack = pack
        self.tracker = self.restart()

    def restart(self) -> CallTracker:
        """Our process begins anew: a tracker that remembers nothing."""
        self.tracker = CallTracker(
            self.ami, self.facts, self._pack, self.recordings, self._open_calls, self.clock
        )
        return self.tracker

    async def _open_calls(self) -> list[str]:
        return self.open


@pytest.fixture
def desk(pack: CityPack, tmp_path: Path) -> Desk:
    return Desk(pack, tmp_path)
