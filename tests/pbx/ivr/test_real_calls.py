"""Calls on a real Asterisk: a telephone that presses keys, the flows, a desk that rings."""

from __future__ import annotations

import array
import asyncio
import logging
import math
import wave
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from core.calls import CallArrived, CallFact, CallRated, FlowTaken
from core.clock import SystemClock
from pbx.agi.server import AgiServer
from pbx.ivr.agi_runner import IvrRunner
from pbx.ivr.book import FlowBook
from pbx.ivr.load import load_flows
from pbx.ivr.prompts import PromptBook, load_prompts
from pbx.phone import EndedBy, Phone, PhoneSettings
from tests.pbx.conftest import RunningAsterisk, agent, free_ports
from tests.pbx.ivr.flows import FLOWS, PACK, PROMPTS
from tests.pbx.sip_peer import SipPeer

pytestmark = pytest.mark.real

DEADLINE = 15.0
NUMBER = "15400000001"
QUEUES = dict.fromkeys(("common", "enterprise", "human_resources"), 0)
TONES = {"greeting": 500, "emergency_hint": 700, "menu_2": 900, "menu_0": 1100, "rating": 1300}
NOTICE = 1700


@dataclass
class Facts:
    """Keeps facts, and lets a test wait for one of a kind."""

    kept: list[CallFact] = field(default_factory=list)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def record(self, fact: CallFact) -> None:
        async with self.changed:
            self.kept.append(fact)
            self.changed.notify_all()

    async def first(self, kind: type[CallFact]) -> CallFact:
        async with asyncio.timeout(DEADLINE), self.changed:
            await self.changed.wait_for(lambda: any(isinstance(f, kind) for f in self.kept))
        return next(fact for fact in self.kept if isinstance(fact, kind))


@dataclass
class Line:
    """A hotline with our FastAGI server, a citizen's telephone and a desk in every queue."""

    asterisk: RunningAsterisk
    server: AgiServer
    facts: Facts
    citizen: Phone
    desk: SipPeer

    async def offered(self):
        return await asyncio.wait_for(self.desk.calls.get(), DEADLINE)


def tone(path: Path, hz: int, seconds: float) -> None:
    wave_form = (
        round(9000 * math.sin(math.tau * hz * n / 8000)) for n in range(int(8000 * seconds))
    )
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(array.array("h", wave_form).tobytes())


def forget(prompts: PromptBook, name: str) -> None:
    """Delete a prompt's file behind the book's back."""
    Path(f"{prompts.find(name).path}.wav").unlink()


@pytest.fixture
def tones(tmp_path: Path) -> PromptBook:
    """Every prompt of the flows as a tone of 0.7 s; which one is heard is told by its pitch."""
    sheet = "".join(f"  {name}: 测试音\n" for name in TONES)
    (tmp_path / "prompts.yaml").write_text(f"source: 测试\nprompts:\n{sheet}", encoding="utf-8")
    for name, hz in TONES.items():
        tone(tmp_path / f"{name}.wav", hz, 0.7)
    return load_prompts(tmp_path)


@pytest.fixture
def open_line(start_asterisk, tones):
    """``async with open_line() as line``; keywords are settings of the Asterisk."""

    @asynccontextmanager
    async def opened(prompts: PromptBook = tones, **overrides):
        async with SipPeer(tone=440) as desk:
            members = [agent("8001", contact=desk.contact, queues=QUEUES)]
            asterisk = await start_asterisk(agents=members, **overrides)
            for queue in QUEUES:
                await asterisk.cli(f"queue add member PJSIP/8001 to {queue} penalty 0 as 8001")
            facts = Facts()
            flows = load_flows(FLOWS, PACK, prompts)
            assert flows.issues == ()
            watchdog = asterisk.settings.agi.watchdog_seconds
            runner = IvrRunner(FlowBook(flows.flows), PACK, prompts, facts, SystemClock(), watchdog)
            citizen = PhoneSettings(server_port=asterisk.settings.sip.port, user=NUMBER)
            async with (
                AgiServer(runner, "127.0.0.1", asterisk.settings.agi.port) as server,
                Phone(citizen) as phone,
            ):
                yield Line(asterisk, server, facts, phone, desk)

    return opened


@pytest.fixture
def notice(tones) -> PromptBook:
    """The prompts, with a greeting of 1.4 s of one tone and 1.4 s of another: the notice."""
    greeting = Path(tones.find("greeting").path).with_suffix(".wav")
    tone(greeting, TONES["greeting"], 1.4)
    with wave.open(str(greeting), "rb") as sound:
        first = sound.readframes(sound.getnframes())
    tone(greeting, NOTICE, 1.4)
    with wave.open(str(greeting), "rb") as sound:
        form, second = sound.getparams(), sound.readframes(sound.getnframes())
    with wave.open(str(greeting), "wb") as sound:
        sound.setparams(form)
        sound.writeframes(first + second)
    return load_prompts(greeting.parent)


@pytest.mark.parametrize("key", ["0", "2"])
async def test_a_key_during_the_greeting_acts_once_the_notice_was_heard(open_line, notice, key):
    async with open_line(notice) as line:
        call = await line.citizen.dial("12345")
        await call.answered()
        await call.hears_tone(TONES["greeting"], DEADLINE)
        await call.press(key)
        await line.offered()
        heard = np.frombuffer(call.heard, dtype="<i2").astype(float)
        assert seconds_of(heard, TONES["greeting"]) == pytest.approx(1.4, abs=0.15)
        assert seconds_of(heard, NOTICE) == pytest.approx(1.4, abs=0.15)
        for skipped in ("emergency_hint", "menu_2", "menu_0"):
            assert seconds_of(heard, TONES[skipped]) < 0.1
        taken = await line.facts.first(FlowTaken)
        assert taken.keys == key


def seconds_of(heard: np.ndarray, hz: int) -> float:
    """How long a tone was heard, in steps of 20 ms."""
    frames = heard[: len(heard) // 160 * 160].reshape(-1, 160)
    wave_form = np.exp(-1j * math.tau * hz * np.arange(160) / 8000)
    loud = np.abs(frames @ wave_form) / 80 > 4500  # of 9000
    return float(loud.sum()) * 0.02


async def test_a_key_during_the_greeting_rings_the_enterprise_desk(open_line):
    async with open_line() as line:
        call = await line.citizen.dial("12345")
        await call.answered()
        await call.hears_tone(TONES["greeting"], DEADLINE)
        await call.press("2")
        await line.offered()
        await call.hears_tone(440, DEADLINE)
        taken = await line.facts.first(FlowTaken)
        assert (taken.flow, taken.keys, taken.queue) == ("main", "2", "enterprise")
        assert taken.enterprise


async def test_a_silent_caller_hears_everything_and_reaches_a_person(open_line):
    async with open_line() as line:
        call = await line.citizen.dial("12345")
        for prompt in ("greeting", "emergency_hint", "menu_2", "menu_0"):
            await call.hears_tone(TONES[prompt], DEADLINE)
        await line.offered()
        await call.hears_tone(440, DEADLINE)
        taken = await line.facts.first(FlowTaken)
        assert (taken.keys, taken.queue) == ("", PACK.main_line.queue)


async def test_a_merged_hotline_rings_its_own_desk_and_its_facts_say_who_called(open_line):
    async with open_line() as line:
        call = await line.citizen.dial("12333", display="张三")
        arrived = await line.facts.first(CallArrived)
        assert (arrived.dialled, arrived.source_line) == ("12333", "human_resources")
        assert (arrived.caller_number, arrived.caller_name) == (NUMBER, "张三")
        assert arrived.channel.startswith("PJSIP/")
        await line.offered()
        assert (await line.facts.first(FlowTaken)).queue == "human_resources"
        shown = await line.asterisk.cli("core show channels concise")
        assert arrived.channel in shown
        assert arrived.linkedid in await line.asterisk.cli(f"core show channel {arrived.channel}")
        await call.hang_up()


async def test_a_withheld_number_is_none_and_the_call_goes_on(open_line):
    async with open_line() as line:
        call = await line.citizen.dial("12345", withheld=True)
        await call.answered()
        arrived = await line.facts.first(CallArrived)
        assert (arrived.caller_number, arrived.caller_name) == (None, None)
        await call.press("0")
        await line.offered()


async def test_after_the_talk_the_caller_is_asked_rates_and_the_call_ends(open_line):
    async with open_line() as line:
        call = await line.citizen.dial("12345")
        await call.answered()
        await call.press("0")
        talk = await line.offered()
        await call.hears_tone(440, DEADLINE)
        talk.hang_up()
        await call.hears_tone(TONES["rating"], DEADLINE)
        await call.press("4")
        rated = await line.facts.first(CallRated)
        assert rated.key == "4"
        await asyncio.wait_for(call.ended.wait(), DEADLINE)
        assert call.ended_by is EndedBy.FAR_END


async def test_a_caller_who_hangs_up_in_the_greeting_leaves_nothing_behind(open_line, caplog):
    caplog.set_level(logging.INFO, "pbx")
    async with open_line() as line:
        call = await line.citizen.dial("12345")
        await call.hears_tone(TONES["greeting"], DEADLINE)
        await call.hang_up()
        await line.facts.first(CallArrived)
        await asyncio.wait_for(line.server.close(), DEADLINE)
        assert not any(isinstance(fact, FlowTaken) for fact in line.facts.kept)
    ours = [record for record in caplog.records if record.name.startswith(("pbx.ivr", "pbx.agi"))]
    assert [record.levelname for record in ours] == ["INFO"]
    assert ours[0].getMessage().endswith("left during its flow")


async def test_a_prompt_longer_than_the_watchdog_is_heard_to_its_end(open_line, tones):
    greeting = Path(tones.find("greeting").path)
    tone(greeting.with_suffix(".wav"), TONES["greeting"], 3.0)
    prompts = load_prompts(greeting.parent)
    async with open_line(prompts, agi={"port": free_ports(1)[0], "watchdog_seconds": 2}) as line:
        call = await line.citizen.dial("12345")
        await call.hears_tone(TONES["emergency_hint"], DEADLINE)
        await call.press("2")
        await line.offered()
        assert (await line.facts.first(FlowTaken)).queue == "enterprise"


async def test_a_prompt_that_is_gone_costs_only_itself(open_line, tones, caplog):
    forget(tones, "greeting")
    async with open_line() as line:
        call = await line.citizen.dial("12345")
        await call.hears_tone(TONES["emergency_hint"], DEADLINE)
        await call.press("2")
        await line.offered()
    assert "prompt_missing: Asterisk cannot play greeting" in caplog.text


async def test_a_caller_in_the_greeting_reaches_a_person_when_the_server_stops(open_line):
    async with open_line() as line:
        call = await line.citizen.dial("12345")
        await call.hears_tone(TONES["greeting"], DEADLINE)
        await asyncio.wait_for(line.server.close(), DEADLINE)
        await line.offered()
        await call.hears_tone(440, DEADLINE)


async def test_the_shipped_prompts_play_in_asterisk(open_line):
    played = {}

    async def play(session):
        for name in ("beep", "num_2", "unit_wei"):
            prompt = PROMPTS.find(name)
            played[name] = await session.stream_file(prompt.path, "", longest=prompt.seconds)

    async with open_line() as line:
        await line.server.close()
        async with AgiServer(play, "127.0.0.1", line.asterisk.settings.agi.port):
            call = await line.citizen.dial("12345")
            await call.hears_tone(1000, DEADLINE)  # the beep
            await line.offered()
    assert [heard.unplayable for heard in played.values()] == [False] * 3


@pytest.mark.parametrize(
    ("caller", "number"),
    [
        ('"🙂 张三 \\"x\\"" <sip:15400000001@127.0.0.1>', NUMBER),
        ('"x%0d%0aagi_arg_1: forged" <sip:15400000001@127.0.0.1>', NUMBER),
        ("<sip:15400000001%0d%0aagi_arg_1%3a%20forged@127.0.0.1>", None),
        ("<sip:%0a%0a200%20result=1@127.0.0.1>", None),
        ("<sip:anonymous@anonymous.invalid>", None),
        ("<sip:" + "1" * 200 + "@127.0.0.1>", None),
    ],
)
async def test_a_hostile_caller_is_served_and_forges_nothing(open_line, caller, number):
    async with open_line() as line, SipPeer(tone=440) as carrier:
        await carrier.call(line.asterisk.settings.sip.port, "12333", caller)
        await line.offered()
        arrived = await line.facts.first(CallArrived)
        assert arrived.call_id != "forged"
        assert arrived.source_line == "human_resources"
        if number:
            assert arrived.caller_number == number
        assert (await line.facts.first(FlowTaken)).queue == "human_resources"
