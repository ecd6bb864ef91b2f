"""All checks in one go."""

from __future__ import annotations

from pathlib import Path

from core.errors import HotlineError
from hotline.doctor import machine, speech, telephone
from hotline.doctor.finding import Finding, broken, ok
from hotline.site import load_site


async def examine(folder: Path) -> list[Finding]:
    """Check a site from its files to its sound. Raises nothing that a site could cause."""
    try:
        site = load_site(folder)
    except HotlineError as wrong:
        return [
            broken("site", f"{wrong.error_id}: {wrong}", "mend the file; `hotline init` makes one")
        ]
    return [
        ok("site", f"{site.pack.city.hotline_name}, {len(site.settings.agents)} agents"),
        machine.disk(site),
        await machine.database(site),
        await machine.clock(),
        machine.flows(site),
        *await machine.ports(site),
        *speech.engines(site),
        telephone.installed(),
        *await telephone.examine_asterisk(site),
    ]
