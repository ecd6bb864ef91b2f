"""Garbage, half messages and floods on every listener: the talk goes on, calls become tickets."""

from __future__ import annotations

import asyncio
import random
import re

import httpx
import pytest

from core.calls import CallState
from hotline.app import Hotline
from hotline.stage import Stage
from pbx.agi.server import AgiLimits
from pbx.phone import Phone
from pbx.phone.call import Call
from tests.hotline import floods
from tests.hotline.stagehands import (
    AGENT_HZ,
    CHIEF,
    CITIZEN_HZ,
    Desk,
    Talk,
    each_is_written,
    is_silent,
    popped,
    speaking,
    stands,
    talks,
)

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.parametrize("listener", ["agi", "audiosocket", "http", "websocket"])
async def test_a_flood_leaves_the_talk_and_the_next_call_alone(
    stage: Stage, hotline: Hotline, desk: Desk, citizen: Phone, listener: str
) -> None:
    talk = await talks(citizen, desk)
    await each_is_written(talk, desk.console)
    chance = random.Random(listener)
    speech_port, token = await port_of_taps(stage), await log_in(stage, hotline.url)
    flood = {
        "agi": lambda: floods.flood(stage.site.pbx.agi.port, floods.agi(chance)),
        "audiosocket": lambda: floods.flood(speech_port, floods.audiosocket(chance)),
        "http": lambda: floods.flood(stage.site.console.port, floods.http(chance)),
        "websocket": lambda: floods.websocket(hotline.url, token, chance),
    }[listener]()
    async with speaking(talk.citizen, CITIZEN_HZ), speaking(talk.agent, AGENT_HZ):
        flooding = asyncio.create_task(flood)
        while not flooding.done():
            await talk.each_hears(3.0)
        await flooding
    await each_is_written(talk, desk.console)
    assert desk.console.calls[talk.call_id].transcript == "live"
    await talk.citizen.hang_up()
    await stands(desk.console, talk.call_id, CallState.ENDED)
    first = await desk.console.submit(talk.call_id)
    await desk.is_free()

    talk = await talks(citizen, desk)
    assert desk.console.calls[talk.call_id].keys == "0"  # the flow still decides
    await each_is_written(talk, desk.console)
    await talk.citizen.hang_up()
    await stands(desk.console, talk.call_id, CallState.ENDED)
    second = await desk.console.submit(talk.call_id)
    assert first.number != second.number
    await is_silent(stage)


async def test_silent_peers_hold_the_flow_listener_and_a_caller_reaches_a_person_all_the_same(
    stage: Stage, desk: Desk, citizen: Phone
) -> None:
    async with floods.silent_peers(stage.site.pbx.agi.port, AgiLimits().sessions + 20):
        call = await citizen.dial("12345", caller="15400000021")
        await call.answered()
        # A place may have become free just then, and the flow is heard: the key skips it. In the
        # queue, where a caller without a place is at once, it means nothing.
        pressing = asyncio.create_task(keeps_pressing(call, "0"))
        try:
            ringing = await desk.rings()
        finally:
            pressing.cancel()
            await asyncio.gather(pressing, return_exceptions=True)
        call_id = await popped(desk)
        await ringing.answer()
        talk = Talk(call_id, call, ringing)
        await talk.carries_sound()
        await each_is_written(talk, desk.console)
    await call.hang_up()
    await stands(desk.console, call_id, CallState.ENDED)
    assert (await desk.console.submit(call_id)).fields["caller_number"] == "15400000021"


async def keeps_pressing(call: Call, key: str) -> None:
    while True:
        await call.press(key)
        await asyncio.sleep(0.5)


async def port_of_taps(stage: Stage) -> int:
    """Where the recogniser listens, from the names of the taps that stand."""
    told = await stage.asterisk.command("core show channels concise")
    found = re.search(r"AudioSocket/127\.0\.0\.1:([0-9]+)-", told)
    assert found is not None
    return int(found.group(1))


async def log_in(stage: Stage, url: str) -> str:
    """A session of the supervisor."""
    password = stage.site.secrets.agents[CHIEF].console
    async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
        answer = await http.post(
            "/api/sessions", json={"agent": CHIEF, "password": password, "bearer": True}
        )
    return str(answer.json()["token"])
