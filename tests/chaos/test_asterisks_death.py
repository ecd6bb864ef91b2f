"""Asterisk dies and is started again: members stay signed in, old calls have ended, new ones come."""

from __future__ import annotations

import pytest

from core.calls import CallState
from hotline.stage import Stage
from pbx.phone import Phone
from tests.chaos.backend import Backend, kill
from tests.hotline.stagehands import (
    FIRST,
    Desk,
    console_at,
    each_is_written,
    goes_to_people,
    is_silent,
    popped,
    stands,
    talks,
)

pytestmark = pytest.mark.real


async def test_after_asterisk_was_killed_the_same_agents_take_the_next_calls(
    stage: Stage, backend: Backend, citizen: Phone
) -> None:
    async with (
        Phone(stage.agent_phone(FIRST)) as phone,
        console_at(stage.site, backend.url, FIRST) as console,
    ):
        desk = Desk(FIRST, phone, console)
        await desk.signs_in()
        cut = await talks(citizen, desk)
        await each_is_written(cut, console)
        kill(stage.asterisk.pid)
        await console.until(lambda: console.system is not None and console.system.ami != "up")
        await stage.asterisk.stop()  # takes leave of the dead process
        await stage.asterisk.start()
        await console.until(lambda: console.system is not None and console.system.ami == "up", 40)
        await stands(console, cut.call_id, CallState.ENDED)
        assert console.calls[cut.call_id].recordings == ("agent", "caller")
        await desk.is_free()  # a member still; nobody signed him in again
        assert console.agents[FIRST].call_id is None
        assert console.agents[FIRST].queues
        ticket = await console.submit(cut.call_id)

        talk = await talks(citizen, desk, "15400000071")
        assert talk.call_id != cut.call_id
        await each_is_written(talk, console)
        await talk.citizen.hang_up()
        await stands(console, talk.call_id, CallState.ENDED)
        assert (await console.submit(talk.call_id)).number != ticket.number
        await is_silent(stage)


async def test_a_call_that_waits_when_asterisk_dies_has_ended_afterwards(
    stage: Stage, backend: Backend, citizen: Phone
) -> None:
    async with (
        Phone(stage.agent_phone(FIRST)) as phone,
        console_at(stage.site, backend.url, FIRST) as console,
    ):
        desk = Desk(FIRST, phone, console)
        await desk.signs_in()
        await goes_to_people(citizen)
        await desk.rings()
        waiting = await popped(desk)
        kill(stage.asterisk.pid)
        await stage.asterisk.stop()
        await stage.asterisk.start()
        await stands(console, waiting, CallState.ENDED)
        await desk.is_free()
