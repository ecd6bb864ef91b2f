"""``hotline policy``: a city's rules before they are in force."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from hotline.commands.options import JsonOption, MaybeSite, site_if_any

app = typer.Typer(help="Look after the rules of a city.", no_args_is_help=True)

SIGNS = {"error": "ERROR  ", "warning": "WARNING"}


@app.command()
def check(
    site: MaybeSite = None,
    pack: Annotated[
        Path | None, typer.Option(help="The folder of a city pack, without a site.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Prove that the rules are whole: units, classes, limits, dates, notices.

    Exit status 0 without errors (there may be warnings), 1 with errors, 2 if a file is unreadable.
    """
    from core.clock import SystemClock
    from core.pack import load_pack
    from core.policy.check import check_policies

    folder = pack or _folder(site)
    findings = check_policies(folder, load_pack(folder), SystemClock().now())
    if as_json:
        print(json.dumps([found.model_dump() for found in findings], ensure_ascii=False, indent=2))
    else:
        for found in findings:
            print(f"{SIGNS[found.level]} {found.rule}  {found.file}: {found.place}: {found.detail}")
            print(f"{'':7} -> {found.advice}")
        errors = sum(found.level == "error" for found in findings)
        print(f"{errors} errors, {len(findings) - errors} warnings")
    raise typer.Exit(any(found.level == "error" for found in findings))


@app.callback()
def policy() -> None:
    """Keeps ``check`` a word of its own while it is the only one."""


def _folder(site: Path | None) -> Path:
    """The pack of the site, else what is shipped."""
    from hotline.shipped import CITIES, first_city
    from hotline.site import city_folder

    found = site_if_any(site)
    return CITIES / first_city() if found is None else city_folder(found)
