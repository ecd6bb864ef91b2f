"""``hotline models``: which speech models there are here, and fetching them."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.commands.options import JsonOption, MaybeSite, site_if_any

if TYPE_CHECKING:
    from asr.models import ShelvedModel
    from asr.settings import AsrSettings

app = typer.Typer(help="Speech models: which are here, and fetching them.", no_args_is_help=True)

MEGABYTE = 1_000_000


@app.command(name="list")
def list_models(site: MaybeSite = None, as_json: JsonOption = False) -> None:
    """Say which models are here, whole, broken or missing, and how each would be checked."""
    from asr.models import shelf

    settings = _settings(site)
    models = shelf(settings)
    if as_json:
        print(json.dumps([asdict(model) for model in models], ensure_ascii=False, indent=2))
        return
    print(f"models are kept in {settings.models}")
    for model in models:
        size = f"{model.size // MEGABYTE} MB" if model.size else ""
        print(f"  {model.name:26} {model.state:8} {size:>8}  {_checksum(model)}")
        print(f"  {'':26} {model.detail}")


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="For example vosk-model-small-cn-0.22.")],
    site: MaybeSite = None,
    sha256: Annotated[str, typer.Option(help="What the archive's checksum must be.")] = "",
    mirror: Annotated[
        str, typer.Option("--from", help="Web address of a folder that holds NAME.zip.")
    ] = "",
) -> None:
    """Fetch a model to where the hotline looks for it. What is here already is only checked."""
    from asr.models import fetch_model

    progress = _Progress(name)
    try:
        fetched = fetch_model(
            name,
            _settings(site).models,
            progress.show,
            sha256=sha256.lower(),
            site=f"{mirror.rstrip('/')}/" if mirror else None,
        )
    finally:
        progress.end()
    print(f"{name}: {fetched.folder}")
    if fetched.verified:
        print("  checked against the known checksum")
    elif fetched.sha256:
        print(f"  sha256 of what came: {fetched.sha256}")
        print("  the known checksum is empty (nobody has computed one): compared with nothing")
    else:
        print("  was here already and has the files that it must have; no checksum was compared")


def _settings(site: Path | None) -> AsrSettings:
    """The site's; without a site, what is set when nothing is set."""
    folder = site_if_any(site)
    if folder is None:
        from asr.settings import AsrSettings

        return AsrSettings()
    from hotline.site import load_site

    return load_site(folder).settings.asr


def _checksum(model: ShelvedModel) -> str:
    if model.checksum is None:
        return "each file has its checksum"
    return f"sha256 {model.checksum}" if model.checksum else "checksum empty: nobody computed one"


class _Progress:
    """How much has come, on standard error: rewritten on a terminal, else a line now and then."""

    STEP = 10 * MEGABYTE

    def __init__(self, name: str) -> None:
        self._name = name
        self._terminal = sys.stderr.isatty()
        self._shown = 0
        self._open_line = False

    def show(self, came: int, total: int | None) -> None:
        if not self._terminal and came - self._shown < self.STEP and came != total:
            return
        self._shown = came
        share = f" of {total / MEGABYTE:.1f} MB, {came / total:4.0%}" if total else " MB"
        end = "\r" if self._terminal else "\n"
        self._open_line = self._terminal
        print(f"  {self._name}: {came / MEGABYTE:.1f}{share}", end=end, file=sys.stderr, flush=True)

    def end(self) -> None:
        """So that what follows begins a line of its own."""
        if self._open_line:
            print(file=sys.stderr)
