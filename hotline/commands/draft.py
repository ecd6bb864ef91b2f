"""``hotline draft``: the draft rules on text, without a telephone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hotline.commands.options import DEFAULT_SITE, SiteOption


def draft(
    jsonl: Annotated[Path, typer.Option("--jsonl", help="Rows with id, call_time, utterance.")],
    site: SiteOption = DEFAULT_SITE,
) -> None:
    """Read one utterance a row, print one JSON line a row with the draft's fields."""
    from core.draft.jsonl import draft_rows

    from core.pack import load_pack
    from hotline.site import PROJECT, SiteInvalid

    # The rules need a city pack and nothing else of a site; without a site, the shipped one.
    own = site / "city"
    pack = load_pack(own if own.is_dir() else PROJECT / "cities" / "tangshan")
    try:
        with jsonl.open(encoding="utf-8") as rows:
            for line in draft_rows(pack, rows):
                sys.stdout.write(line + "\n")
    except OSError as error:
        raise SiteInvalid(f"{jsonl.name} cannot be read: {error.strerror}") from error
