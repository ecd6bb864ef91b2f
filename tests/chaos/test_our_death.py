"""Our processes die, one or all, during a talk: the talk goes on, and nothing of it is lost."""

from __future__ import annotations

import signal
from contextlib import AsyncExitStack

import pytest

from core.calls import CallState, Leg
from hotline.console_client import ConsoleClient
from hotline.stage import Stage
from pbx.phone import Phone
from tests.chaos.backend import Backend, is_gone, kill
from tests.hotline.stagehands import (
    AGENT_HZ,
    CHIEF,
    CITIZEN_HZ,
    FIRST,
    SECOND,
    Desk,
    Talk,
    comes_true,
    console_at,
    each_is_written,
    goes_to_people,
    is_silent,
    said,
    speaking,
    stands,
    talks,
)

pytestmark = pytest.mark.real

GROWN = 64 * 1024  # bytes: four seconds of one leg, more than Asterisk holds back


async def test_a_talk_outlives_all_our_processes_and_so_do_new_callers(
    stage: Stage, backend: Backend, citizen: Phone
) -> None:
    site = stage.site
    async with AsyncExitStack() as phones:
        own = await phones.enter_async_context(Phone(stage.agent_phone(FIRST)))
        others = await phones.enter_async_context(Phone(stage.agent_phone(SECOND)))
        again = await phones.enter_async_context(Phone(stage.citizen()))
        async with (
            console_at(site, backend.url, FIRST) as console,
            console_at(site, backend.url, SECOND) as other,
        ):
            desk = Desk(FIRST, own, console)
            await desk.signs_in()
            talk = await talks(citizen, desk)
            await Desk(SECOND, others, other).signs_in()
            await each_is_written(talk, console)
            await console.set_field(talk.call_id, "title", "路灯不亮")
            speech = backend.speech_process()
            await backend.end(signal.SIGKILL)
            await is_gone(speech)

        # Everything of ours is dead. The two still hear each other, and are recorded.
        size = recorded(stage, talk.call_id)
        async with speaking(talk.citizen, CITIZEN_HZ), speaking(talk.agent, AGENT_HZ):
            await talk.each_hears()
            # Who dials now gets no flow, but a person.
            call = await again.dial("12345", caller="15400000061")
            await call.answered()
            ringing = await anext(others.incoming())
            await ringing.answer()
            unseen = Talk("", call, ringing)
            await unseen.carries_sound()

            async def grown() -> bool:
                return recorded(stage, talk.call_id) > size + GROWN

            await comes_true(grown)

        await backend.start()
        async with (
            console_at(site, backend.url, FIRST) as console,
            console_at(site, backend.url, SECOND) as other,
            console_at(site, backend.url, CHIEF) as chief,
        ):
            desk = Desk(FIRST, own, console)
            await desk.is_in("talking")
            assert console.calls[talk.call_id].state is CallState.CONNECTED
            assert console.drafts[talk.call_id].fields["title"].value == "路灯不亮"
            assert [len(said(console, talk.call_id, leg)) for leg in Leg] == [1, 1]
            await console.until(lambda: console.calls[talk.call_id].transcript == "live")
            await each_is_written(talk, console)
            # The call that came in our absence is on its agent's screen with a draft of its own.
            unseen_id = await taken(other)
            assert other.calls[unseen_id].caller_number == "15400000061"
            unseen = Talk(unseen_id, call, ringing)
            await other.until(lambda: other.calls[unseen_id].transcript == "live")
            await each_is_written(unseen, other)
            await other.until(lambda: other.drafts[unseen_id].fields["district"].value == "路北区")

            await talk.citizen.hang_up()
            await unseen.agent.hang_up()
            await desk.is_in("wrap_up")
            await stands(console, talk.call_id, CallState.ENDED)
            await call.hang_up()
            await stands(other, unseen_id, CallState.ENDED)
            tickets = [await console.submit(talk.call_id), await other.submit(unseen_id)]
            assert tickets[0].fields["title"] == "路灯不亮"
            assert tickets[1].fields["caller_number"] == "15400000061"
            assert len({ticket.number for ticket in tickets}) == 2
            for call_id, times in ((talk.call_id, 2), (unseen_id, 1)):
                assert [len(said(chief, call_id, leg)) for leg in Leg] == [times, times]
                assert chief.calls[call_id].recordings == ("agent", "caller")
            assert set(chief.calls) == {talk.call_id, unseen_id}
            await desk.is_free()
            await is_silent(stage)


async def taken(console: ConsoleClient) -> str:
    """The talk that the console shows, with its draft."""

    def connected() -> str | None:
        for call in console.calls.values():
            if call.state is CallState.CONNECTED and call.call_id in console.drafts:
                return call.call_id
        return None

    return str(await console.until(connected))


def recorded(stage: Stage, call_id: str) -> int:
    """How much of the caller is on disk."""
    [file] = stage.site.recordings.glob(f"*/{call_id}.caller.wav")
    return file.stat().st_size


async def test_who_listens_to_the_flow_or_waits_when_all_of_us_die_is_served_in_turn(
    stage: Stage, backend: Backend, citizen: Phone
) -> None:
    async with (
        Phone(stage.agent_phone(FIRST)) as phone,
        Phone(stage.citizen()) as second,
        Phone(stage.citizen()) as third,
    ):
        async with (
            console_at(stage.site, backend.url, FIRST) as console,
            console_at(stage.site, backend.url, CHIEF) as chief,
        ):
            desk = Desk(FIRST, phone, console)
            await desk.signs_in()
            talk = await talks(citizen, desk)
            waits = await goes_to_people(second, "15400000063")
            listens = await third.dial("12345", caller="15400000064")
            await listens.hears_sound(10)
            await chief.until(lambda: CallState.QUEUED in states(chief))
            await backend.end(signal.SIGKILL)
        await talk.carries_sound()
        await talk.agent.hang_up()
        await talk.citizen.ended.wait()  # there is no flow any more that asks for a rating
        for call in (waits, listens):
            ringing = await desk.rings()
            await ringing.answer()
            await Talk("", call, ringing).carries_sound()
            await ringing.hang_up()
            await call.ended.wait()
        await backend.start()
        async with console_at(stage.site, backend.url, FIRST) as console:
            await console.until(lambda: console.system is not None and console.system.ami == "up")
            await Desk(FIRST, phone, console).is_free()
            await stands(console, talk.call_id, CallState.ENDED)
            assert (await console.submit(talk.call_id)).call_id == talk.call_id
        await is_silent(stage)


def states(console: ConsoleClient) -> set[CallState]:
    return {call.state for call in console.calls.values()}


async def test_a_dead_speech_process_is_said_and_the_transcript_comes_back(
    stage: Stage, backend: Backend, citizen: Phone
) -> None:
    async with (
        Phone(stage.agent_phone(FIRST)) as phone,
        console_at(stage.site, backend.url, FIRST) as console,
    ):
        desk = Desk(FIRST, phone, console)
        await desk.signs_in()
        talk = await talks(citizen, desk)
        await each_is_written(talk, console)
        kill(backend.speech_process())
        await console.until(lambda: console.calls[talk.call_id].transcript == "lost")
        assert console.system is not None
        assert console.system.engine is None
        assert console.system.engine_reason.startswith("engine_died")
        await console.until(lambda: console.calls[talk.call_id].transcript == "live")
        await each_is_written(talk, console)
        assert console.system.engine == "fake"
        assert [len(said(console, talk.call_id, leg)) for leg in Leg] == [2, 2]


async def test_told_to_end_it_ends_in_order_and_the_talk_goes_on(
    stage: Stage, backend: Backend, citizen: Phone
) -> None:
    async with Phone(stage.agent_phone(FIRST)) as phone:
        async with console_at(stage.site, backend.url, FIRST) as console:
            desk = Desk(FIRST, phone, console)
            await desk.signs_in()
            talk = await talks(citizen, desk)
            await each_is_written(talk, console)
            speech = backend.speech_process()
            assert await backend.end(signal.SIGTERM) == 0
        await is_gone(speech)
        await talk.carries_sound()
        await talk.citizen.hang_up()
        await is_silent(stage)
        # It ended while nobody looked; the next start finds that out.
        await backend.start()
        async with console_at(stage.site, backend.url, FIRST) as console:
            await stands(console, talk.call_id, CallState.ENDED)
            assert console.calls[talk.call_id].recordings == ("agent", "caller")
            ticket = await console.submit(talk.call_id)
            assert ticket.fields["content"]


async def test_while_our_process_hangs_callers_reach_people_and_it_learns_of_them_afterwards(
    stage: Stage, backend: Backend, citizen: Phone
) -> None:
    async with (
        Phone(stage.agent_phone(FIRST)) as phone,
        console_at(stage.site, backend.url, FIRST) as console,
    ):
        desk = Desk(FIRST, phone, console)
        await desk.signs_in()
        backend.send(signal.SIGSTOP)
        try:
            call = await citizen.dial("12345", caller="15400000062")
            await call.answered()
            ringing = await desk.rings()  # the dialplan's watchdog has led him there
            await ringing.answer()
            talk = Talk("", call, ringing)
            await talk.carries_sound()
        finally:
            backend.send(signal.SIGCONT)
        talk = Talk(await taken(console), call, ringing)
        await console.until(lambda: console.calls[talk.call_id].transcript == "live")
        await each_is_written(talk, console)
        await call.hang_up()
        await stands(console, talk.call_id, CallState.ENDED)
        ticket = await console.submit(talk.call_id)
        assert ticket.fields["caller_number"] == "15400000062"
        await desk.is_free()
        await is_silent(stage)
