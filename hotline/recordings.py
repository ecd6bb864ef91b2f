"""Whether calls are being recorded: said on every console before anybody misses a recording.

Asterisk records by itself and carries a talk on when it cannot, so nothing else would tell.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from pathlib import Path

from core.bus import Overrun
from core.calls import CallState, Leg
from core.desk import HotlineDesk
from core.errors import HotlineError
from core.ports import Viewer
from core.views import CallView

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
LEAST_FREE = 2 << 30  # bytes; some 18 hours of one talk
FOLDER_CLOSED = "recording_folder_closed"
DISK_LOW = "recording_disk_low"
MISSING = "recording_missing"

_EVERYTHING = Viewer(agent="", name="", role="supervisor")


def folder_fault(folder: Path) -> str:
    """Why nothing (more) can be written to ``folder``; empty if it can. Blocks for a moment."""
    try:
        if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            return FOLDER_CLOSED
        return DISK_LOW if shutil.disk_usage(folder).free < LEAST_FREE else ""
    except OSError:
        return FOLDER_CLOSED


class RecordingWatch:
    """Looks at the folder again and again, and at each call that ended. Own its ``run``."""

    def __init__(self, desk: HotlineDesk, folder: Path) -> None:
        self._desk = desk
        self._folder = folder
        self._of_folder = ""
        self._of_call = ""

    @property
    def fault(self) -> str:
        """A stable id of what is wrong, empty if nothing is; the folder's comes first."""
        return self._of_folder or self._of_call

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._look())
            group.create_task(self._follow())

    async def _look(self) -> None:
        while True:
            self._of_folder = await asyncio.to_thread(folder_fault, self._folder)
            await self._tell()
            await asyncio.sleep(LOOK_SECONDS)

    async def _follow(self) -> None:
        while True:
            try:
                async for event in self._desk.follow(_EVERYTHING):
                    if event.call is not None and event.call.state is CallState.ENDED:
                        await self._ended(event.call)
            except Overrun:
                log.warning("recordings: events were missed")

    async def _ended(self, call: CallView) -> None:
        lacking = sorted({leg.value for leg in Leg} - {*call.recordings})
        if lacking:
            log.error("%s: call %s, leg %s", MISSING, call.call_id, ", ".join(lacking))
        self._of_call = MISSING if lacking else ""
        await self._tell()

    async def _tell(self) -> None:
        try:
            await self._desk.recorder(self.fault)
        except HotlineError as error:  # told again at the next look
            log.warning("state of the recordings not told (%s)", error.error_id)
