"""All checks in one go."""

from __future__ import annotations

import asyncio
from itertools import chain
from pathlib import Path

from core.errors import HotlineError
from hotline.doctor.finding import Finding, broken, ok
from hotline.doctor.listeners import listeners
from hotline.doctor.machine import machine
from hotline.doctor.speech import engines
from hotline.doctor.telephone import examine_asterisk
from hotline.site import load_site


async def examine(folder: Path) -> list[Finding]:
    """Check a site from its files to its sound. Raises nothing that a site could cause."""
    try:
        site = await asyncio.to_thread(load_site, folder)
    except HotlineError as wrong:
        advice = "mend the file, or make a site with `hotline init`"
        return [broken("site", f"{wrong.error_id}: {wrong}", advice)]
    async with asyncio.TaskGroup() as group:
        parts = [
            group.create_task(part)
            for part in (machine(site), listeners(site), engines(site), examine_asterisk(site))
        ]
    hello = ok("site", f"{site.pack.city.hotline_name}, {len(site.settings.agents)} agents")
    return [hello, *chain.from_iterable(part.result() for part in parts)]
