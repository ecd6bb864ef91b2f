"""``hotline asterisk``: get, configure and run Asterisk."""

from __future__ import annotations

import asyncio

import typer

from hotline.commands.options import DEFAULT_SITE, SiteOption
from hotline.commands.told import until_told

app = typer.Typer(help="Get, configure and run Asterisk.", no_args_is_help=True)


@app.command()
def install() -> None:
    """Find an installed Asterisk, or unpack one without root into the cache."""
    from hotline.progress import say
    from pbx.asterisk.install import ensure_asterisk

    print(f"Asterisk {ensure_asterisk(progress=say).version}")


@app.command()
def render(site: SiteOption = DEFAULT_SITE) -> None:
    """Write Asterisk's complete configuration from the site's settings and city pack."""
    from hotline.progress import say
    from hotline.site import load_site
    from pbx.asterisk.install import ensure_asterisk
    from pbx.asterisk.render import render as write

    loaded = load_site(site)
    write(loaded.pbx, loaded.pack, ensure_asterisk(progress=say), loaded.asterisk)
    print(f"{loaded.asterisk}/etc written")


@app.command()
def run(site: SiteOption = DEFAULT_SITE) -> None:
    """Render, then run a private Asterisk until Ctrl-C. Calls live here: not in `hotline serve`."""
    from hotline.progress import say
    from hotline.site import load_site
    from pbx.asterisk.install import ensure_asterisk
    from pbx.asterisk.render import render as write
    from pbx.asterisk.server import AsteriskServer

    loaded = load_site(site)
    found = ensure_asterisk(progress=say)
    write(loaded.pbx, loaded.pack, found, loaded.asterisk)

    async def keep() -> None:
        async with AsteriskServer(found, loaded.asterisk, loaded.pbx.ami) as server:
            print(f"Asterisk runs: SIP {loaded.pbx.sip.host}:{loaded.pbx.sip.port}", flush=True)
            await server.wait()

    asyncio.run(until_told(keep()))
