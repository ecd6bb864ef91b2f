"""Somebody hangs up, at every stage of a call: the call has ended, the agent is free, no trace."""

from __future__ import annotations

import pytest

from core.calls import CallState
from hotline.app import Hotline
from hotline.console_client import ConsoleClient
from hotline.stage import Stage
from pbx.phone import Phone
from tests.hotline.stagehands import (
    Desk,
    comes_true,
    goes_to_people,
    is_silent,
    popped,
    stands,
    talks,
)

pytestmark = [pytest.mark.real, pytest.mark.asyncio(loop_scope="module")]


async def arrives(chief: ConsoleClient, known: set[str]) -> str:
    """The call that the supervisor sees and had not seen before."""
    return str(
        await chief.until(lambda: next((call for call in chief.calls if call not in known), None))
    )


async def leaves_no_trace(stage: Stage, hotline: Hotline, chief: ConsoleClient, call: str) -> None:
    await stands(chief, call, CallState.ENDED)
    await is_silent(stage)
    assert chief.calls[call].ended_at is not None

    async def no_streams() -> bool:
        return hotline.speech.health.streams == 0

    await comes_true(no_streams)
    assert "No Callers" in await stage.asterisk.command("queue show common")


async def is_free_again(stage: Stage, desk: Desk) -> None:
    """For his console and for Asterisk."""
    await desk.is_free()

    async def takes_calls() -> bool:
        told = await stage.asterisk.command("queue show common")
        [member] = [line for line in told.splitlines() if f"PJSIP/{desk.number}" in line]
        return "(Not in use)" in member and "paused" not in member

    await comes_true(takes_calls)


async def test_in_the_greeting(
    stage: Stage, hotline: Hotline, chief: ConsoleClient, desk: Desk, citizen: Phone
) -> None:
    known = set(chief.calls)
    call = await citizen.dial("12345", caller="15400000011")
    await call.hears_sound(10)
    await call.hang_up()
    arrived = await arrives(chief, known)
    await leaves_no_trace(stage, hotline, chief, arrived)
    assert chief.calls[arrived].queued_at is None
    await is_free_again(stage, desk)


async def test_right_after_the_key(
    stage: Stage, hotline: Hotline, chief: ConsoleClient, desk: Desk, citizen: Phone
) -> None:
    known = set(chief.calls)
    call = await goes_to_people(citizen)
    await call.hang_up()
    await leaves_no_trace(stage, hotline, chief, await arrives(chief, known))
    await is_free_again(stage, desk)


async def test_in_the_queue(
    stage: Stage, hotline: Hotline, chief: ConsoleClient, citizen: Phone
) -> None:
    known = set(chief.calls)
    call = await goes_to_people(citizen)  # nobody has signed in
    arrived = await arrives(chief, known)
    await stands(chief, arrived, CallState.QUEUED)
    await call.hang_up()
    await leaves_no_trace(stage, hotline, chief, arrived)
    assert chief.calls[arrived].agent is None


async def test_while_the_agents_telephone_rings(
    stage: Stage, hotline: Hotline, chief: ConsoleClient, desk: Desk, citizen: Phone
) -> None:
    call = await goes_to_people(citizen)
    ringing = await desk.rings()
    offered = await popped(desk)
    await call.hang_up()
    await ringing.ended.wait()
    await leaves_no_trace(stage, hotline, chief, offered)
    assert chief.calls[offered].connected_at is None
    await is_free_again(stage, desk)


async def test_the_citizen_in_the_talk(
    stage: Stage, hotline: Hotline, chief: ConsoleClient, desk: Desk, citizen: Phone
) -> None:
    talk = await talks(citizen, desk)
    await talk.carries_sound()
    await talk.citizen.hang_up()
    await talk.agent.ended.wait()
    await leaves_no_trace(stage, hotline, chief, talk.call_id)
    await desk.is_in("wrap_up")
    ticket = await desk.console.submit(talk.call_id)
    assert ticket.call_id == talk.call_id
    await is_free_again(stage, desk)


async def test_the_agent_in_the_talk_and_the_citizen_in_the_rating(
    stage: Stage, hotline: Hotline, chief: ConsoleClient, desk: Desk, citizen: Phone
) -> None:
    talk = await talks(citizen, desk)
    await talk.carries_sound()
    await talk.agent.hang_up()
    await desk.is_in("wrap_up")
    await talk.citizen.hears_sound(10, from_now=True)  # he is asked for a rating
    assert not talk.citizen.ended.is_set()
    await talk.citizen.hang_up()
    await leaves_no_trace(stage, hotline, chief, talk.call_id)
    await is_free_again(stage, desk)  # by the time that wrap-up is allowed, nobody submitted
