"""New rules while the hotline runs: somebody asks, the shelf takes them or says why not."""

from __future__ import annotations

import asyncio
import logging

from core.errors import HotlineError
from core.policy.shelf import PolicyShelf

log = logging.getLogger(__name__)


class RulesReloader:
    """Own its ``run``; ``ask`` comes from a signal (SIGHUP)."""

    def __init__(self, shelf: PolicyShelf) -> None:
        self._shelf = shelf
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Asked twice before it happened is once."""
        self._asked.set()

    async def look(self) -> None:
        """At the start nobody can refuse: what tickets need and is not there is said."""
        for detail in self._shelf.years_missing():
            log.error("limits that reach so far cannot be dated: %s", detail)
        for version in await self._shelf.missing():
            log.error("open tickets are dated by rules that are gone: version %s", version)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                book = await self._shelf.reload()
            except HotlineError as refused:
                log.error("the rules stay as they were: %s %s", refused.error_id, refused.details)
            else:  # whoever asked looks for it, whatever the level
                log.warning("new rules: %s", ", ".join(one.version for one in book.versions))
