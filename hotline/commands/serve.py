"""``hotline serve``: the lot."""

from __future__ import annotations

import asyncio
import logging
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.commands.options import DEFAULT_SITE, SiteOption
from hotline.commands.told import told_to_stop

if TYPE_CHECKING:
    from hotline.site import Site


def serve(
    site: SiteOption = DEFAULT_SITE,
    verbose: Annotated[bool, typer.Option("--verbose", "-v")] = False,
) -> None:
    """Serve a site until Ctrl-C: IVR, queues, transcript, console. Calls in progress go on.

    SIGHUP takes the city's rules (policy/) as they then are, if `hotline policy check` finds no
    error in them.
    """
    from hotline.site import load_site

    logging.getLogger().setLevel(logging.INFO if verbose else logging.WARNING)
    asyncio.run(_until_told(load_site(site)))


async def _until_told(site: Site) -> None:
    from hotline.app import Hotline

    with told_to_stop() as stop:
        hotline = Hotline(site)
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, hotline.reloader.ask)
        started = asyncio.Event()

        async def announce() -> None:
            await started.wait()
            print(f"{site.pack.city.hotline_name}: {hotline.url}", flush=True)

        announcing = asyncio.create_task(announce())
        try:
            await hotline.run(stop, started)
        finally:
            announcing.cancel()
