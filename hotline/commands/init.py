"""``hotline init``: make a site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    folder: Annotated[Path, typer.Argument(help="Where the site is made.")] = Path("site"),
    city: Annotated[str, typer.Option(help="The city pack to copy; default: the first.")] = "",
) -> None:
    """Make a site: settings, fresh secrets, and copies of the city pack and the flows."""
    from hotline.shipped import first_city
    from hotline.site import AgentEntry, SiteSettings, init_site

    agents = [AgentEntry(number=str(number), name=f"座席{number}") for number in range(1001, 1004)]
    chief = AgentEntry(number="1900", name="班长席", role="supervisor")
    site = init_site(folder, SiteSettings(agents=(*agents, chief)), city or first_city())
    print(f"{site.folder}: {site.pack.city.hotline_name}")
    print("next: edit site.yaml (agents, trunk), then")
    print(f"  hotline asterisk render --site {folder}")
    print(f"  hotline asterisk run --site {folder}    # or your own Asterisk, see README")
    print(f"  hotline serve --site {folder}")
    print(f"first passwords of the agents: {site.folder / 'secrets.yaml'}")
