"""The stage of every scene: a site on loopback with many agents, our processes beside Asterisk.

Our parts run in processes of their own, as in a city; the measuring is done from outside, over a
second AMI connection and over consoles like the agents'.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from pathlib import Path

import yaml

from asr.settings import AsrSettings
from core.errors import HotlineError
from core.transcript import STREAM_TRANSITIONS
from core.views import Event
from hotline.bench.ami_watch import AmiWatch, watch_ami
from hotline.bench.notes import Notes, read_notes
from hotline.console_client import ConsoleClient, open_console
from hotline.shipped import PROJECT
from hotline.site import AgentEntry, Site, load_site
from hotline.stage import Stage, open_stage, stage_site
from pbx.asterisk.locate import AsteriskInstall

FIRST_AGENT = 8001
CHIEF = "7999"
START_SECONDS = 60.0
END_SECONDS = 15.0
SETTLE_SECONDS = 30.0
LOG_INS_AT_ONCE = 4
# Agents are free again at once: a benchmark does not write tickets.
WRAP_UP_SECONDS = 1


class HouseFailed(HotlineError):
    """Our own process did not start, or ended."""

    error_id = "bench_house_failed"


def numbers(count: int) -> list[str]:
    """The agents' numbers."""
    return [str(FIRST_AGENT + n) for n in range(count)]


def bench_site(folder: Path, city: str, agents: Sequence[AgentEntry], asr: AsrSettings) -> Site:
    """A site as ``hotline init`` makes it, with short wrap-ups and room for many log-ins at once.

    Blocks. Raises like ``stage_site``.
    """
    chief = AgentEntry(number=CHIEF, name="班长席", role="supervisor", queues={})
    site = stage_site(folder, city, (*agents, chief), asr)
    _edit(folder / "site.yaml", attempts_per_address=10_000)
    queues = folder / site.settings.city / "queues.yaml"
    rows = yaml.safe_load(queues.read_text(encoding="utf-8"))
    for row in rows:
        row["wrap_up_seconds"] = WRAP_UP_SECONDS
    queues.write_text(yaml.safe_dump(rows, allow_unicode=True), encoding="utf-8")
    return load_site(folder)


def _edit(file: Path, **console: int) -> None:
    settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    settings["console"].update(console)
    file.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")


@dataclass(slots=True)
class House:
    """Our processes: the one we started and, below it, the speech process."""

    process: asyncio.subprocess.Process
    url: str

    @property
    def pid(self) -> int:
        return self.process.pid

    def children(self) -> list[int]:
        """Process ids of its children (Linux)."""
        listed = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(pid) for pid in listed.read_text(encoding="ascii").split()]


@asynccontextmanager
async def house(*arguments: str) -> AsyncIterator[House]:
    """Run ``python ARGUMENTS`` until the context ends; its first line ends with its address."""
    path = os.pathsep.join(filter(None, (str(PROJECT), os.environ.get("PYTHONPATH"))))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_SECONDS):
            words = (await process.stdout.readline()).decode().split()
        if not words:
            raise HouseFailed("our own process ended while starting")
        yield House(process, words[-1])
    finally:
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(END_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


@dataclass(slots=True)
class Crowd:
    """Everything is up and the agents are signed in."""

    stage: Stage
    house: House
    watch: AmiWatch
    consoles: dict[str, ConsoleClient]
    chief: ConsoleClient
    notes_file: Path
    engine: str = ""

    @property
    def dialled(self) -> str:
        """A line of the city pack that leads to a queue without asking for a key, if it has one."""
        pack = self.stage.site.pack
        return next(
            (line.numbers[0] for line in pack.lines if line.enterprise), pack.city.hotline_number
        )

    async def notes(self) -> Notes:
        return await asyncio.to_thread(read_notes, self.notes_file)

    async def settled(self) -> Notes:
        """The notes once every stream is over, or when that does not happen in a while."""
        deadline = now() + SETTLE_SECONDS
        while True:
            notes = await self.notes()
            if now() > deadline or not any(
                STREAM_TRANSITIONS[s.state] for s in notes.streams.values()
            ):
                return notes
            await asyncio.sleep(0.5)

    def seen(self) -> Iterable[tuple[str, float, Event]]:
        """Agent, monotonic seconds and event of everything that the agents' consoles showed."""
        for agent, console in self.consoles.items():
            for at, event in console.seen:
                yield agent, at, event


@asynccontextmanager
async def open_crowd(
    site: Site, install: AsteriskInstall, agents: Sequence[str], *, witness: bool = True
) -> AsyncIterator[Crowd]:
    """Start Asterisk and our processes, log the agents in and sign them in.

    Without ``witness`` it is plainly `hotline serve`, and there are no notes.
    """
    notes = site.folder / "notes.jsonl"
    serve = ["-m", "hotline", "serve", "--site", str(site.folder)]
    watched = ["-m", "hotline.bench.house", str(site.folder), str(notes)]
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(open_stage(site, install))
        home = await stack.enter_async_context(house(*(watched if witness else serve)))
        watch = await stack.enter_async_context(watch_ami(site.pbx.ami))
        chief = await stack.enter_async_context(_console(site, home.url, CHIEF))
        crowd = Crowd(stage, home, watch, {}, chief, notes)
        await chief.until(lambda: chief.system is not None and chief.system.ami == "up")
        await _engine(crowd)
        await _sign_in(crowd, stack, agents)
        with _uncollected():
            yield crowd


@contextmanager
def _uncollected() -> Iterator[None]:
    """Consoles here keep all they see; looking through that would stop their clocks by 0.3 s."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _console(site: Site, url: str, agent: str) -> AbstractAsyncContextManager[ConsoleClient]:
    return open_console(url, agent, site.secrets.agents[agent].console)


async def _engine(crowd: Crowd) -> None:
    """Wait for the recogniser, which may have to load a model, or for why there is none."""
    chief = crowd.chief
    await chief.until(
        lambda: chief.system is not None and (chief.system.engine or chief.system.engine_reason),
        seconds=150,
    )
    assert chief.system is not None
    crowd.engine = chief.system.engine or ""


async def _sign_in(crowd: Crowd, stack: AsyncExitStack, agents: Sequence[str]) -> None:
    turn = asyncio.Semaphore(LOG_INS_AT_ONCE)

    async def one(agent: str) -> None:
        async with turn:
            console = await stack.enter_async_context(
                _console(crowd.stage.site, crowd.house.url, agent)
            )
            await console.act("sign-in")
            crowd.consoles[agent] = console

    await asyncio.gather(*(one(agent) for agent in agents))


def now() -> float:
    """Monotonic seconds: on one machine the same in all processes."""
    return time.monotonic()
