"""Deletes from the disk the recordings that nobody may keep (state secrets, article 39)."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from core.desk.shelf import Shelf
from core.store import DatabaseAway

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
BATCH = 50


class RecordingEraser:
    """Own its ``run``. A file is deleted once its call has ended: before, it is being written."""

    def __init__(self, shelf: Shelf, folder: Path) -> None:
        self._shelf = shelf
        self._folder = folder.resolve()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.erase_due()
            except DatabaseAway:
                log.warning("recordings wait to be erased: database away")
            await asyncio.sleep(LOOK_SECONDS)

    async def erase_due(self) -> int:
        """Delete what is marked; returns how many files are gone now. Raises ``DatabaseAway``."""
        gone = 0
        for call_id, leg, name in await self._shelf.to_erase(BATCH):
            if await asyncio.to_thread(self._delete, name):
                await self._shelf.erased(call_id, leg)
                gone += 1
        return gone

    def _delete(self, name: str) -> bool:
        """Whether the file is gone; one that lies outside the folder is not ours to delete."""
        file = (self._folder / name).resolve()
        if not file.is_relative_to(self._folder):
            log.error("a recording to erase lies outside the folder")
            return False
        try:
            file.unlink(missing_ok=True)
        except OSError as refused:
            log.error("a recording could not be erased: %s", refused.strerror)
            return False
        return True
