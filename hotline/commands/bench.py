"""``hotline bench``: measured figures, printed with the machine they were measured on."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from hotline.shipped import PROJECT, first_city

app = typer.Typer(help="Measure.", no_args_is_help=True)

ENDED_BY_SIGTERM = 128 + signal.SIGTERM
SCENES = "pop,draft,load,speech,kill"
DIALOGUES = PROJECT / "tests" / "audio" / "dialogues"

JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]
Dialogues = Annotated[
    Path, typer.Option(help="Folder of NAME.caller.wav and NAME.agent.wav pairs.")
]


@app.command()
def call(
    calls: Annotated[int, typer.Option(min=1, max=200, help="Callers at once.")] = 50,
    seconds: Annotated[
        float, typer.Option(min=1, max=600, help="How long the full load is watched.")
    ] = 30,
    engine: Annotated[
        str, typer.Option(help="Recogniser of the speech scene: whisper, vosk, fake.")
    ] = "whisper",
    only: Annotated[
        str, typer.Option(help="Scenes, comma between: pop, tap, draft, speech, load, kill.")
    ] = SCENES,
    dialogues: Dialogues = DIALOGUES,
    city: Annotated[str, typer.Option(help="The city pack.")] = "",
    json_file: JsonFile = None,
) -> None:
    """Measure the road of a call on real parts. Exit status 1 when a goal is missed."""
    from hotline.bench import Plan, Scene, bench_call
    from hotline.bench.machine import this_machine
    from hotline.bench.report import lines
    from hotline.bench.run import Outcome
    from hotline.progress import say
    from pbx.asterisk.install import ensure_asterisk

    try:
        scenes = [Scene(name.strip()) for name in only.split(",")]
    except ValueError as unknown:
        raise typer.BadParameter(str(unknown), param_hint="--only") from unknown
    logging.getLogger().setLevel(logging.ERROR)
    install = ensure_asterisk(progress=say)
    machine = this_machine(install.version)
    with tempfile.TemporaryDirectory(prefix="hotline-bench-") as folder:
        plan = Plan(
            folder=Path(folder),
            install=install,
            calls=calls,
            seconds=seconds,
            engine=engine,
            dialogues=dialogues,
            city=city or first_city(),
        )

        async def until_told() -> Outcome:
            """SIGTERM ends it like Ctrl-C: what was started is stopped, Asterisk first of all."""
            task = asyncio.current_task()
            assert task is not None
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
            return await bench_call(plan, machine, scenes)

        try:
            outcome = asyncio.run(until_told())
        except asyncio.CancelledError:
            raise typer.Exit(ENDED_BY_SIGTERM) from None
    print("\n".join(lines(outcome)))
    _write(json_file, outcome.as_json())
    raise typer.Exit(1 if outcome.missed else 0)


@app.command()
def asr(
    engine: Annotated[str, typer.Option(help="vosk, whisper, fake.")] = "fake",
    legs: Annotated[int, typer.Option(min=1, max=400, help="Legs at once.")] = 2,
    seconds: Annotated[float, typer.Option(min=1, max=600)] = 20,
    dialogues: Dialogues = DIALOGUES,
    json_file: JsonFile = None,
) -> None:
    """Measure recognition alone: dialogues on so many legs in real time, Asterisk only played."""
    from asr.bench import measure
    from asr.settings import AsrSettings
    from core.clock import SystemClock
    from hotline.bench.machine import this_machine
    from hotline.bench.speech import read_dialogues

    logging.getLogger().setLevel(logging.ERROR)
    machine = this_machine("")
    audio = [leg for pair in read_dialogues(dialogues) for leg in pair]
    settings = AsrSettings(engines=(engine,))
    figures = asyncio.run(measure(settings, audio, legs, seconds, SystemClock()))
    result = {"machine": asdict(machine), "figures": asdict(figures)}
    print(json.dumps(result, ensure_ascii=False, indent=2))
    _write(json_file, result)


@app.command()
def tickets(
    tickets: Annotated[
        int, typer.Option(min=1000, max=20_000_000, help="Tickets of the year.")
    ] = 1_000_000,
    database: Annotated[
        str,
        typer.Option(help="sqlite, postgresql, both (of its own), or the URL of an empty one."),
    ] = "both",
    city: Annotated[str, typer.Option(help="The city pack.")] = "",
    json_file: JsonFile = None,
) -> None:
    """Measure the work-order engine over a city's year. Exit status 1 when a goal is missed."""
    from hotline.bench.machine import this_machine
    from hotline.bench.report import lines
    from hotline.bench.tickets import TicketsPlan, bench_tickets, stores_of

    logging.getLogger().setLevel(logging.ERROR)
    stores, url = stores_of(database)
    machine = this_machine("")
    outcome = bench_tickets(TicketsPlan(city or first_city(), tickets, stores, url), machine)
    print("\n".join(lines(outcome)))
    _write(json_file, outcome.as_json())
    raise typer.Exit(1 if outcome.missed else 0)


def _write(file: Path | None, result: Mapping[str, object]) -> None:
    if file is not None:
        file.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
