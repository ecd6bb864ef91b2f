"""Asterisk, or only its AMI, dies and comes back: members stay, old calls have ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.calls import CallArrived, CallState
from hotline.app import Hotline
from hotline.site import Site
from hotline.stage import Stage, serving
from pbx.phone import Phone
from pbx.settings import AmiLinkSettings
from tests.chaos.backend import Backend, kill
from tests.hotline.stagehands import (
    CHIEF,
    FIRST,
    NUMBER,
    Desk,
    comes_true,
    console_at,
    each_is_written,
    goes_to_people,
    is_silent,
    popped,
    stands,
    talks,
)
from tests.pbx.ami.proxy import Proxy

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


async def test_a_call_that_came_and_went_without_ami_has_ended_when_ami_is_back(
    stage: Stage, citizen: Phone
) -> None:
    patience = AmiLinkSettings(
        ping_every=0.5, ping_deadline=0.5, login_deadline=0.5, backoff_base=0.1, backoff_cap=0.5
    )
    gone = "00000000-0000-4000-8000-000000000001"
    await leave_open(stage.site, gone)
    async with Proxy(stage.site.pbx.ami.port) as wire:
        ami = stage.site.pbx.ami.model_copy(update={"port": wire.port, "link": patience})
        pbx = stage.site.pbx.model_copy(update={"ami": ami})
        async with (
            serving(replace(stage.site, pbx=pbx)) as hotline,
            console_at(stage.site, hotline.url, CHIEF) as chief,
        ):

            async def nothing_open() -> bool:
                return not await hotline.desk.open_calls()

            await comes_true(nothing_open)  # our start has looked for such calls
            wire.freeze()
            await chief.until(lambda: chief.system is not None and chief.system.ami != "up")
            call = await citizen.dial("12345", caller=NUMBER)
            await call.hears_sound(10)
            arrived = await chief.until(  # by FastAGI
                lambda: next((call for call in chief.calls if call != gone), None)
            )
            await call.hang_up()
            await is_silent(stage)
            assert chief.calls[arrived].state is CallState.ARRIVED  # who could tell of its end?
            wire.thaw()
            await stands(chief, arrived, CallState.ENDED)


async def leave_open(site: Site, call_id: str) -> None:
    """A call of which only the arrival was told."""
    hotline = Hotline(site)
    await hotline.database.migrate()
    now = datetime.now(UTC)
    await hotline.desk.record(CallArrived(call_id, now, "12345", "main", None, None, "", ""))
    await hotline.database.close()
