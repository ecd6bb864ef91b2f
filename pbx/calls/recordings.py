"""Where the dialplan's MixMonitor put a call's recording.

``<folder>/<YYYY-MM-DD>/<call id>.<leg>.wav``, the day being that of the answer in UTC.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from core.calls import Leg


class Recordings:
    """Looks for files, off the event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def of(self, call_id: str, answered: float | None) -> list[tuple[Leg, str]]:
        """The legs that exist, each with its file relative to the folder.

        ``answered`` (seconds since the epoch) names the day; without it all days are looked at.
        """
        return await asyncio.to_thread(self._find, call_id, answered)

    def _find(self, call_id: str, answered: float | None) -> list[tuple[Leg, str]]:
        if answered is None:
            days = sorted(path.name for path in self._folder.glob("????-??-??"))[::-1]
        else:
            days = [datetime.fromtimestamp(answered, UTC).date().isoformat()]
        for day in days:
            files = [(leg, f"{day}/{call_id}.{leg.value}.wav") for leg in Leg]
            kept = [(leg, file) for leg, file in files if (self._folder / file).is_file()]
            if kept:
                return kept
        return []
