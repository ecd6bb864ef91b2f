"""``hotline demo``: one real call, from 12345 to a ticket."""

from __future__ import annotations

import asyncio
import logging
import signal
import tempfile
from pathlib import Path
from typing import Annotated

import typer

DEMO_AUDIO = Path(__file__).parents[1] / "demo" / "audio"


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
    city: Annotated[str, typer.Option("--city", help="The city pack.")] = "tangshan",
) -> None:
    """Real Asterisk, real telephones, real recognition: a citizen calls, an agent answers."""
    from hotline.demo.run import Wishes, run_demo

    logging.getLogger().setLevel(logging.ERROR)
    wishes = Wishes(
        caller=caller, dialled=dialled, keys=keys, number=number, engine=engine, city=city
    )

    async def until_told() -> None:
        told = asyncio.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(name, told.set)
        with tempfile.TemporaryDirectory(prefix="hotline-demo-") as folder:
            await run_demo(Path(folder), wishes, json_file, None if once else told)

    asyncio.run(until_told())
