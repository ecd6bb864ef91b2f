"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

SiteOption = Annotated[
    Path, typer.Option("--site", envvar="HOTLINE_SITE", help="The site's folder.")
]
MaybeSite = Annotated[
    Path | None,
    typer.Option(
        "--site",
        envvar="HOTLINE_SITE",
        help="The site's folder; default: ./site if there is one, else what is shipped.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
DEFAULT_SITE = Path("site")


def site_if_any(given: Path | None) -> Path | None:
    """For commands that work without a site: the one given, else the default if it is there."""
    if given is not None:
        return given
    return DEFAULT_SITE if (DEFAULT_SITE / "site.yaml").exists() else None
