"""``hotline draft``: the draft rules on text, without a telephone."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from hotline.commands.options import MaybeSite, site_if_any

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from core.pack import CityPack


def draft(
    jsonl: Annotated[
        Path, typer.Option("--jsonl", help="Rows with utterance, id, call_time; - is stdin.")
    ],
    site: MaybeSite = None,
) -> None:
    """Read one utterance a row, print one JSON line a row with the draft's fields.

    A row that is none gets a line with its number and the error. Exit status 1 if there was one.
    """
    from core.clock import SystemClock
    from core.draft.jsonl import draft_lines

    pack = _pack(site)
    bad = 0
    with _opened(jsonl) as rows:
        for answer in draft_lines(pack, rows, SystemClock().now()):
            bad += "error" in answer
            # A lone surrogate has no UTF-8 form; as an escape it is JSON again.
            line = json.dumps(answer, ensure_ascii=False).encode(errors="backslashreplace")
            sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
    if bad:
        print(f"hotline: {bad} rows could not be read", file=sys.stderr)
        raise typer.Exit(1)


def _pack(site: Path | None) -> CityPack:
    """The rules need a city pack and nothing else of a site, so without one they work, too."""
    folder = site_if_any(site)
    if folder is None:
        from core.pack import load_pack
        from hotline.shipped import CITIES, first_city

        return load_pack(CITIES / first_city())
    from hotline.site import load_site

    return load_site(folder).pack


def _opened(jsonl: Path) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if str(jsonl) == "-" else jsonl.open("rb")
