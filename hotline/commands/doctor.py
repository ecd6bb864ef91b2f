"""``hotline doctor``."""

from __future__ import annotations

import asyncio
import json
import logging

import typer

from hotline.commands.options import DEFAULT_SITE, JsonOption, SiteOption

SIGNS = {"ok": "  ok     ", "warning": "  WARNING", "broken": "  BROKEN "}


def doctor(site: SiteOption = DEFAULT_SITE, as_json: JsonOption = False) -> None:
    """Check everything and say what to do. Exit status 0 well, 1 with warnings, 2 broken."""
    from hotline.doctor import Verdict, examine

    logging.getLogger().setLevel(logging.CRITICAL)  # what is wrong is in the findings
    findings = asyncio.run(examine(site))
    if as_json:
        print(json.dumps([found.model_dump() for found in findings], ensure_ascii=False, indent=2))
    else:
        for found in findings:
            print(f"{SIGNS[found.verdict]} {found.check:14} {' '.join(found.detail.split())}")
            if found.advice:
                print(f"{'':25}-> {found.advice}")
    verdicts = {found.verdict for found in findings}
    raise typer.Exit(2 if Verdict.BROKEN in verdicts else 1 if Verdict.WARNING in verdicts else 0)
