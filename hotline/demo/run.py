"""Sets the demo's stage, plays the call, shows it."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from rich.console import Console

from asr.settings import AsrSettings
from core.errors import HotlineError
from hotline.console_client import ConsoleClient
from hotline.demo.fast_clock import FastClock
from hotline.demo.loop import LoopDemo
from hotline.demo.play import Script, play
from hotline.demo.show import Show, check_writable, write_result
from hotline.progress import say
from hotline.site import AgentEntry, Site
from hotline.stage import console_of, open_stage, serving, stage_site
from pbx.asterisk.install import ensure_asterisk
from pbx.asterisk.locate import AsteriskInstall
from pbx.ivr.model import ALL_KEYS
from pbx.phone.wav import read_wav

AGENT = "026"
AGENTS = (AgentEntry(number=AGENT, name="演示座席"),)
OPENING = ("agent_opening_1", "num_0", "num_2", "num_6", "agent_opening_2")
QUESTION = Path(__file__).parent / "audio" / "agent_more.wav"


class KeysInvalid(HotlineError):
    """The keys of ``--keys`` are not all on a telephone."""

    error_id = "keys_invalid"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line asked for; ``dialled`` "" is the city's own number."""

    caller: Path
    dialled: str
    keys: str
    number: str
    engine: str
    city: str
    json_file: Path | None = None
    loop: bool = False  # after the call, the ticket's whole way to the archive


def prepare(wishes: Wishes) -> AsteriskInstall:
    """Look at what can be wrong before anything starts, then get Asterisk.

    Raises ``KeysInvalid``, ``ResultUnwritten``, and as ``read_wav`` and ``ensure_asterisk`` do.
    """
    if not set(wishes.keys) <= set(ALL_KEYS):
        raise KeysInvalid(f"--keys takes only {ALL_KEYS}")
    if wishes.json_file is not None:
        check_writable(wishes.json_file)
    read_wav(wishes.caller)
    Console().print("[bold]1[/bold] Asterisk")
    return ensure_asterisk(progress=say)


async def run_demo(
    folder: Path, install: AsteriskInstall, wishes: Wishes, played: asyncio.Event, *, stay: bool
) -> None:
    """Play one call in ``folder`` and set ``played``; with ``stay`` serve on until cancelled."""
    screen = Console()
    asr = AsrSettings(engines=(wishes.engine,)) if wishes.engine else AsrSettings()
    site = await asyncio.to_thread(stage_site, folder, wishes.city, AGENTS, asr)
    async with AsyncExitStack() as stack:
        screen.print(f"[bold]2[/bold] {site.pack.city.hotline_name} (Asterisk {install.version})")
        stage = await stack.enter_async_context(open_stage(site, install))
        clock = FastClock()
        hotline = await stack.enter_async_context(serving(site, clock))
        console = await stack.enter_async_context(console_of(hotline, AGENT))
        screen.print(f"[bold]3[/bold] {hotline.url}  工号 {AGENT}  密码 {_password(site)}")
        await _engine(screen, console)
        screen.print("[bold]4[/bold] 通话")
        show = Show(screen)
        following = asyncio.create_task(_follow(console, show))
        try:
            done = await play(stage, console, _script(site, wishes))
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        show.performance(done, site.pack)
        if wishes.loop:
            screen.print("[bold]5[/bold] 办理闭环（时钟加速）")
            people = LoopDemo(hotline, clock, screen, AGENT, _password(site))
            done = replace(done, steps=await people.play(done.ticket.number))
        if wishes.json_file is not None:
            await asyncio.to_thread(write_result, done, wishes.json_file)
        played.set()
        if stay:
            screen.print(f"{hotline.url} stays up until Ctrl-C")
            await asyncio.Event().wait()


def _password(site: Site) -> str:
    return site.secrets.agents[AGENT].console


async def _engine(screen: Console, console: ConsoleClient) -> None:
    """Say which recogniser listens, or why none does."""

    def known() -> bool:
        system = console.system
        return system is not None and bool(system.engine or system.engine_reason)

    await console.until(known, seconds=150)
    assert console.system is not None
    screen.print(f"  转写: {console.system.engine or '无'}", highlight=False)
    if console.system.engine_reason:
        screen.print(f"  [dim]{console.system.engine_reason}[/dim]", highlight=False)


async def _follow(console: ConsoleClient, show: Show) -> None:
    for number in itertools.count():
        await console.until(partial(_more_than, console, number), seconds=3600)
        show.event(console.seen[number][1])


def _more_than(console: ConsoleClient, number: int) -> bool:
    return len(console.seen) > number


def _script(site: Site, wishes: Wishes) -> Script:
    prompts = site.prompts
    return Script(
        agent=AGENT,
        caller=wishes.caller,
        dialled=wishes.dialled or site.pack.city.hotline_number,
        number=wishes.number,
        keys=wishes.keys,
        opening=tuple(prompts / f"{name}.wav" for name in OPENING),
        closing=(QUESTION,),
    )
