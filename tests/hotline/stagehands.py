"""A small hotline for the tests of the whole road: its site, its people, and what they can tell.

Everything is real but the recogniser: Asterisk, telephones, console, database. Whoever speaks here
says a tone of his own, so that it is known who hears whom.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from math import pi, sin
from pathlib import Path

import pytest
import yaml

from asr.settings import AsrSettings, FakeSettings
from core.calls import CallState, Leg
from core.views import SegmentView
from hotline.console_client import ConsoleClient, open_console
from hotline.site import AgentEntry, Site, load_site
from hotline.stage import Stage, stage_site
from pbx.asterisk import AsteriskInstall, AsteriskUnavailable, ensure_asterisk
from pbx.phone import Phone
from pbx.phone.call import Call
from pbx.phone.errors import CallOver
from pbx.phone.g711 import SAMPLE_RATE
from pbx.phone.incoming import IncomingCall
from pbx.phone.outgoing import OutgoingCall
from pbx.phone.wav import read_wav, write_wav

PROJECT = Path(__file__).parents[2]
FIRST, SECOND, CHIEF = "801", "802", "900"
AGENTS = (
    AgentEntry(number=FIRST, name="座席一"),
    AgentEntry(number=SECOND, name="座席二"),
    AgentEntry(number=CHIEF, name="班长", role="supervisor"),
)
CITIZEN_HZ, AGENT_HZ = 700, 1100
NUMBER = "15400000001"
WRAP_UP_SECONDS = 2
# What the recogniser of these tests "hears", whoever speaks.
WORDS = ("我在路北区，路灯不亮。", "电话幺五四，零零零零，九九九九。", "就这些。")
FAKE = AsrSettings(engines=("fake",), fake=FakeSettings(texts=WORDS))


def installed() -> AsteriskInstall:
    """Skips only where no Asterisk can be had at all; a failing download is a failure."""
    try:
        return ensure_asterisk(PROJECT / ".cache/asterisk")
    except AsteriskUnavailable as unavailable:
        pytest.skip(str(unavailable))


def small_site(folder: Path, asr: AsrSettings = FAKE) -> Site:
    """A site with two agents and a supervisor; greeting and wrap-up do not hold up the tests."""
    site = stage_site(folder, "tangshan", AGENTS, asr)
    file = folder / site.settings.city / "queues.yaml"
    queues = yaml.safe_load(file.read_text(encoding="utf-8"))
    for queue in queues:
        queue["wrap_up_seconds"] = WRAP_UP_SECONDS
    file.write_text(yaml.safe_dump(queues, allow_unicode=True), encoding="utf-8")
    greeting = site.prompts / "greeting.wav"
    write_wav(greeting, read_wav(greeting)[: 2 * SAMPLE_RATE])  # its first second
    return load_site(folder)


def with_speech(site: Site, asr: AsrSettings) -> Site:
    """The same site with another recogniser."""
    return replace(site, settings=site.settings.model_copy(update={"asr": asr}))


def tone(hz: int, seconds: float) -> bytes:
    """A sine of a quarter of full scale."""
    turn = 2 * pi * hz / SAMPLE_RATE
    count = round(seconds * SAMPLE_RATE)
    return struct.pack(f"<{count}h", *(round(8000 * sin(turn * n)) for n in range(count)))


def utterance(hz: int) -> bytes:
    """What the recogniser of these tests takes for one utterance: sound, and a pause after it."""
    return tone(hz, 0.6) + bytes(2 * SAMPLE_RATE * 6 // 10)


@asynccontextmanager
async def speaking(call: Call, hz: int) -> AsyncIterator[None]:
    """Say a tone while the context is open; a call that ends meanwhile is no error of this."""
    sound = tone(hz, 60)

    async def speak() -> None:
        try:
            while True:
                await call.play(sound)
        except CallOver:
            return

    task = asyncio.create_task(speak())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Talk:
    """Two telephones that are connected."""

    call_id: str
    citizen: OutgoingCall
    agent: IncomingCall

    async def carries_sound(self, seconds: float = 10.0) -> None:
        """Return when each hears the other, from now on. Raises ``NotInTime``, ``CallOver``."""
        async with speaking(self.citizen, CITIZEN_HZ), speaking(self.agent, AGENT_HZ):
            await self.each_hears(seconds)

    async def each_hears(self, seconds: float = 10.0) -> None:
        """The same, for two who are speaking already."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.citizen.hears_tone(AGENT_HZ, seconds))
            group.create_task(self.agent.hears_tone(CITIZEN_HZ, seconds))


@dataclass(slots=True)
class Desk:
    """An agent at work: his telephone and his console."""

    number: str
    phone: Phone
    console: ConsoleClient

    async def signs_in(self) -> None:
        console = self.console
        await console.until(lambda: console.system is not None and console.system.ami == "up")
        await console.act("sign-in")
        await self.is_free()

    async def rings(self) -> IncomingCall:
        """The call that rings here next."""
        async with asyncio.timeout(30):
            return await anext(self.phone.incoming())

    async def is_free(self, seconds: float = 20.0) -> None:
        await self.is_in("free", seconds)

    async def is_in(self, state: str, seconds: float = 20.0) -> None:
        def so() -> bool:
            view = self.console.agents.get(self.number)
            return view is not None and view.state == state

        await self.console.until(so, seconds)


@asynccontextmanager
async def desk_of(stage: Stage, url: str, number: str) -> AsyncIterator[Desk]:
    """Agent ``number`` signs in and is free; signs out in the end."""
    async with (
        Phone(stage.agent_phone(number)) as phone,
        console_at(stage.site, url, number) as console,
    ):
        desk = Desk(number, phone, console)
        await desk.signs_in()
        try:
            yield desk
        finally:
            await console.act("sign-out")


def console_at(site: Site, url: str, number: str) -> AbstractAsyncContextManager[ConsoleClient]:
    """The console of ``number``, wherever it is served."""
    return open_console(url, number, site.secrets.agents[number].console)


async def goes_to_people(
    citizen: Phone, number: str | None = NUMBER, key: str = "0"
) -> OutgoingCall:
    """Dial the hotline and press ``key`` as soon as the greeting is heard."""
    call = await citizen.dial("12345", caller=number, withheld=number is None)
    await call.answered()
    await call.hears_sound(10)
    await call.press(key)
    return call


async def talks(citizen: Phone, desk: Desk, number: str | None = NUMBER) -> Talk:
    """A call, from dialling to the talk, as the agent's console shows it."""
    call = await goes_to_people(citizen, number)
    ringing = await desk.rings()
    call_id = await popped(desk)
    await ringing.answer()
    await stands(desk.console, call_id, CallState.CONNECTED)
    return Talk(call_id, call, ringing)


async def popped(desk: Desk) -> str:
    """The call that the agent's console shows as ringing at his telephone, with its draft."""
    console = desk.console

    def offered() -> str | None:
        for call in console.calls.values():
            mine = call.agent == desk.number and call.state is CallState.OFFERED
            if mine and call.call_id in console.drafts:
                return call.call_id
        return None

    return str(await console.until(offered))


async def stands(console: ConsoleClient, call_id: str, state: CallState) -> None:
    await console.until(lambda: call_id in console.calls and console.calls[call_id].state is state)


def said(console: ConsoleClient, call_id: str, leg: Leg) -> list[SegmentView]:
    """The final segments of one leg, as they lie in time."""
    mine = [s for s in console.segments.values() if s.call_id == call_id and s.leg is leg]
    return sorted(mine, key=lambda segment: segment.start_ms)


async def each_is_written(talk: Talk, console: ConsoleClient) -> None:
    """Both say an utterance, and both appear in the transcript."""
    before = {leg: len(said(console, talk.call_id, leg)) for leg in Leg}
    await asyncio.gather(
        talk.citizen.play(utterance(CITIZEN_HZ)), talk.agent.play(utterance(AGENT_HZ))
    )
    for leg in Leg:
        await console.until(lambda leg=leg: len(said(console, talk.call_id, leg)) > before[leg], 15)


async def is_silent(stage: Stage, seconds: float = 15.0) -> None:
    """Wait until Asterisk has no channel left: no caller, no agent, no tap, no queue entry."""

    async def nothing() -> bool:
        return "0 active channels" in await stage.asterisk.command("core show channels")

    await comes_true(nothing, seconds)


async def comes_true(true: Callable[[], Awaitable[bool]], seconds: float = 15.0) -> None:
    """Ask until it is true of something that tells nobody when it changes."""
    async with asyncio.timeout(seconds):
        while not await true():  # noqa: ASYNC110 - there is nothing to wait on
            await asyncio.sleep(0.1)
