"""``hotline demo``: one real call, from 12345 to a ticket."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from hotline.commands.told import until_told

DEMO_AUDIO = Path(__file__).parents[1] / "demo" / "audio"
INTERRUPTED = 130  # what a shell expects of a command that Ctrl-C ended


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the call.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result.")] = None,
    caller: Annotated[
        Path, typer.Option("--caller", help="WAV of what the citizen says.")
    ] = DEMO_AUDIO / "caller.wav",
    dialled: Annotated[str, typer.Option("--dialled", help="The number he dials.")] = "",
    keys: Annotated[
        str, typer.Option("--keys", help="Keys he presses: 0 a person, 2 firms.")
    ] = "0",
    number: Annotated[str, typer.Option("--from", help="His own number.")] = "15400010001",
    engine: Annotated[
        str, typer.Option("--engine", help="Only this engine (vosk, whisper, fake).")
    ] = "",
    loop: Annotated[
        bool, typer.Option("--loop", help="Then the ticket's way to the archive, on a fast clock.")
    ] = False,
    city: Annotated[str, typer.Option("--city", help="The city pack; default: the first.")] = "",
) -> None:
    """Real Asterisk, real telephones, real recognition: a citizen calls, an agent answers."""
    from hotline.demo.run import Wishes, prepare, run_demo
    from hotline.shipped import first_city

    logging.getLogger().setLevel(logging.ERROR)
    wishes = Wishes(
        caller=caller,
        dialled=dialled,
        keys=keys,
        number=number,
        engine=engine,
        city=city or first_city(),
        json_file=json_file,
        loop=loop,
    )
    install = prepare(wishes)
    played = asyncio.Event()
    # Outside the loop: its end waits for threads that may still write there.
    with tempfile.TemporaryDirectory(prefix="hotline-demo-") as folder:
        asyncio.run(
            until_told(run_demo(Path(folder), install, wishes, played, stay=not once)),
        )
    if not played.is_set():
        raise typer.Exit(INTERRUPTED)
