"""Calls, queues, wrap-up and taps on a real Asterisk, with telephones that have each its tone."""

from __future__ import annotations

from contextlib import asynccontextmanager

import pytest

from core import calls
from core.calls import Leg
from core.errors import Conflict
from tests.pbx.conftest import agent
from tests.pbx.live_bridge import live_bridge
from tests.pbx.sip_peer import telephones

pytestmark = pytest.mark.real

CALLER, AGENT, OTHER = 700, 1100, 1500  # Hz


@pytest.fixture
def hotline(start_asterisk, pack):
    """``async with hotline(wrap_up=1) as (live, caller, phone, other)``: agents 8001 and 8002."""

    @asynccontextmanager
    async def start(wrap_up: int = 1):
        queues = [q.model_copy(update={"wrap_up_seconds": wrap_up}) for q in pack.queues]
        async with telephones(CALLER, AGENT, OTHER) as (caller, phone, other):
            asterisk = await start_asterisk(
                pack=pack.model_copy(update={"queues": tuple(queues)}),
                agents=[
                    agent("8001", contact=phone.contact, queues={"common": 0, "enterprise": 1}),
                    agent("8002", contact=other.contact),
                ],
            )
            async with live_bridge(asterisk) as live:
                yield live, caller, phone, other

    return start


async def dial(live, phone, number="12345", **more):
    return await phone.call(live.asterisk.settings.sip.port, number, **more)


async def talk(live, caller):
    """Sign 8001 in and connect a caller to him."""
    await live.bridge.switchboard.sign_in("8001")
    await live.agent_is("8001", "free")
    dialog = await dial(live, caller)
    return dialog, await live.told(calls.CallConnected)


async def test_a_call_from_sign_in_to_wrap_up(hotline):
    async with hotline() as (live, caller, _phone, _other):
        dialog, connected = await talk(live, caller)
        await live.agent_is("8001", "talking")
        await live.listener.hears("caller", Leg.CALLER, CALLER, AGENT)
        await live.listener.hears("8001", Leg.AGENT, AGENT, CALLER)
        await dialog.until_hears(AGENT)
        dialog.hang_up()
        ended = await live.told(calls.CallEnded)
        assert live.facts.kinds == [
            "CallArrived",
            "CallQueued",
            "CallOffered",
            "CallConnected",
            "TalkEnded",
            "RecordingKept",
            "RecordingKept",
            "CallEnded",
        ]
        arrived = live.facts.told[0]
        assert (arrived.dialled, arrived.source_line) == ("12345", "main")
        assert arrived.caller_number == "15400000001"
        assert {fact.call_id for fact in live.facts.told} == {arrived.call_id}
        assert ended.cause == 16
        recordings = live.asterisk.settings.recordings
        for kept in live.facts.told[-3:-1]:
            assert (recordings / kept.file).is_file()
        assert {heard.tap.call_id for heard in live.listener.taps.values()} == {connected.call_id}
        await live.agent_was("8001", "wrap_up")
        await live.agent_is("8001", "free")
        views = [(view.state, view.call_id) for view in live.agents.of("8001")]
        assert ("ringing", arrived.call_id) in views
        await live.listener.until(lambda: live.listener.forgotten == [arrived.call_id])
        assert not any(heard.open for heard in live.listener.taps.values())


async def test_a_name_in_chinese_with_emoji_and_a_withheld_number(hotline):
    async with hotline() as (live, caller, _phone, _other):
        named = '"张三 😀" <sip:15400000002@127.0.0.1>'
        first = await dial(live, caller, caller=named)
        arrived = await live.told(calls.CallArrived)
        first.hang_up()
        assert arrived.caller_number == "15400000002"
        assert arrived.caller_name == "张三 😀"
        anonymous = '"Anonymous" <sip:anonymous@anonymous.invalid>'
        second = await dial(live, caller, "12333", caller=anonymous)
        arrived = await live.told(calls.CallArrived, 2)
        second.hang_up()
        assert (arrived.caller_number, arrived.caller_name) == (None, None)
        assert arrived.source_line == "human_resources"
        await live.told(calls.CallEnded, 2)
        left = await live.told(calls.QueueLeft, 2)
        assert left.reason == "ABANDON"


async def test_an_agent_works_pauses_and_goes(hotline):
    async with hotline() as (live, _caller, _phone, _other):
        board = live.bridge.switchboard
        await live.agent_is("8001", "signed_out")
        with pytest.raises(Conflict):
            await board.pause("8001", "午餐")
        await board.sign_in("8001")
        await board.sign_in("8001")
        await live.agent_is("8001", "free")
        assert live.agents.of("8001")[-1].queues == ("common", "enterprise")
        assert live.bridge.mirror.queues()["common"].members == 1
        await board.pause("8001", "午餐")
        await live.agent_is("8001", "paused")
        assert live.agents.of("8001")[-1].reason == "午餐"
        await board.resume("8001")
        await live.agent_is("8001", "free")
        await board.sign_out("8001")
        await board.sign_out("8001")
        await live.agent_is("8001", "signed_out")


async def test_his_own_pause_in_wrap_up_stays_and_submitting_ends_it(hotline):
    async with hotline(wrap_up=600) as (live, caller, _phone, _other):
        dialog, _ = await talk(live, caller)
        dialog.hang_up()
        await live.agent_was("8001", "wrap_up")
        await live.bridge.switchboard.pause("8001", "培训")
        await live.agent_is("8001", "paused")
        await live.bridge.switchboard.resume("8001")
        await live.agent_is("8001", "free")


async def test_a_broken_recogniser_touches_no_call_and_the_taps_come_back(hotline):
    async with hotline() as (live, caller, _phone, _other):
        dialog, _ = await talk(live, caller)
        await live.listener.hears("8001", Leg.AGENT, AGENT, CALLER)
        live.listener.cut()
        await live.listener.until(lambda: len(live.listener.of("8001")) == 2)
        await live.listener.hears("caller", Leg.CALLER, CALLER, AGENT)
        await live.listener.hears("8001", Leg.AGENT, AGENT, CALLER)
        assert len(live.listener.taps) == 4
        assert not dialog.over.is_set()
        await live.listener.stop()  # now for good: taps are refused
        await live.transcript.until(lambda: bool(live.transcript.reports))
        await dialog.until_hears(AGENT)
        assert not dialog.over.is_set()


async def test_whoever_takes_the_call_over_is_tapped_too(hotline):
    async with hotline() as (live, caller, _phone, other):
        dialog, connected = await talk(live, caller)
        await live.listener.hears("caller", Leg.CALLER, CALLER, AGENT)
        arrived = live.facts.told[0]
        await live.bridge.link.action(
            "Originate",
            {
                "Channel": "PJSIP/8002",
                "Application": "Bridge",
                "Data": arrived.channel,
                "Variable": f"CALL_ID={connected.call_id}",
                "Async": "true",
            },
        )
        taken = await live.told(calls.CallConnected, 2)
        assert taken.agent == "8002"
        heard = await live.listener.hears("8002", Leg.AGENT, OTHER, CALLER)
        assert heard.tap.call_id == connected.call_id
        await dialog.until_hears(OTHER)
        assert len(live.listener.of("caller")) == 1  # the caller's own tap went on
        dialog.hang_up()
        await live.told(calls.CallEnded)
        # His own end may be seen before the caller's; the first agent's was never the talk's.
        ends = [fact.agent for fact in live.facts.told if isinstance(fact, calls.TalkEnded)]
        assert ends in ([], ["8002"])
        assert other.dialogs


# Both restarts.


async def test_our_restart_in_a_talk_loses_nothing(hotline):
    async with hotline() as (live, caller, _phone, _other):
        dialog, connected = await talk(live, caller)
        await live.listener.hears("8001", Leg.AGENT, AGENT, CALLER)
        gone = "00000000-0000-4000-8000-000000000001"
        await live.stop()
        live.open = [connected.call_id, gone]
        live.facts.told.clear()
        live.agents.told.clear()
        await live.start()
        ended = await live.told(calls.CallEnded)
        assert (ended.call_id, ended.cause) == (gone, 0)
        again = await live.told(calls.CallConnected)
        assert (again.call_id, again.agent_channel) == (connected.call_id, connected.agent_channel)
        await live.agent_is("8001", "talking")
        assert len(live.listener.taps) == 2  # the taps stood, so they were left alone
        await live.listener.hears("8001", Leg.AGENT, AGENT, CALLER)
        dialog.hang_up()
        await live.told(calls.TalkEnded)
        ended = await live.told(calls.CallEnded, 2)
        assert (ended.call_id, ended.cause) == (connected.call_id, 16)
        await live.agent_was("8001", "wrap_up")
        await live.agent_is("8001", "free")


async def test_a_call_and_a_wrap_up_that_end_while_we_are_away(hotline):
    async with hotline(wrap_up=2) as (live, caller, _phone, _other):
        dialog, connected = await talk(live, caller)
        dialog.hang_up()
        await live.agent_was("8001", "wrap_up")
        await live.told(calls.CallEnded)  # Asterisk has done with it
        await live.stop()
        second = await dial(live, caller)
        live.open = [connected.call_id]
        live.facts.told.clear()
        await live.start()
        arrived = await live.told(calls.CallArrived)  # dialled with our side dead
        assert arrived.call_id != connected.call_id
        await live.told(calls.CallConnected)  # 8001 is out of his wrap-up again
        second.hang_up()
        ends = {(await live.told(calls.CallEnded, n)).call_id for n in (1, 2)}
        assert ends == {arrived.call_id, connected.call_id}


async def test_a_restart_of_asterisk_ends_the_calls_and_keeps_the_agents(hotline):
    async with hotline() as (live, caller, _phone, _other):
        _, connected = await talk(live, caller)
        live.agents.links.clear()
        await live.asterisk.restart()
        await live.up()
        ended = await live.told(calls.CallEnded)
        assert ended.call_id == connected.call_id
        await live.agent_is("8001", "free")
        dialog = await dial(live, caller)
        again = await live.told(calls.CallConnected, 2)
        assert again.call_id != connected.call_id, live.facts.kinds
        await live.listener.hears("8001", Leg.AGENT, AGENT, CALLER)
        dialog.hang_up()
        await live.told(calls.CallEnded, 2)
        assert live.facts.kinds.count("CallEnded") == 2
