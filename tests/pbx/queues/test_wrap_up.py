"""After a talk an agent is paused at once, and nobody ever stays in wrap-up."""

import asyncio
from dataclasses import replace

import pytest

from pbx.ami.api import AmiEvent, AmiRefused, AmiUnavailable, Gap
from pbx.queues import AmiSwitchboard, WrapUp
from pbx.queues.locks import AgentLocks
from pbx.settings import AgentSettings
from tests.pbx.scripted import EMPTY, NOON, events, snapshots, tell

SECONDS = {"common": 30, "enterprise": 45}  # as the city pack says
WRAP_UP = {"common": "wrap-up", "enterprise": "wrap-up"}


class Room:
    """A wrap-up keeper that runs, beside a switchboard."""

    def __init__(self, ami, queues, clock, pack):
        self.ami, self.queues, self.clock, self.pack = ami, queues, clock, pack
        self.locks = AgentLocks()
        agent = AgentSettings(
            number="1001", name="张", secret="s", queues={"common": 0, "enterprise": 0}
        )
        self.board = AmiSwitchboard(ami, [agent], self.locks)
        self.task = None

    def start(self):
        """Our process begins (again)."""
        self.wrap_up = WrapUp(self.ami, self.pack, self.locks, self.clock, tick_seconds=0.005)
        self.task = asyncio.create_task(self.wrap_up.run())

    async def stop(self):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def talk(self, queue="common"):
        heard = events("answered_caller_hangs_up")
        for event in heard:
            if not event.name.startswith("QueueMember"):
                await tell(self.wrap_up, AmiEvent(event.name, {**event.fields, "Queue": queue}))

    async def until(self, true):
        """Wait for a state of the queues; what Asterisk says meanwhile is delivered."""
        async with asyncio.timeout(10):
            while not true():
                await self.queues.deliver(self.wrap_up)
                await asyncio.sleep(0.002)
        await self.queues.deliver(self.wrap_up)

    async def quiet(self):
        """Let everything that is going to happen now happen."""
        for _ in range(20):
            await self.queues.deliver(self.wrap_up)
            await asyncio.sleep(0.002)


@pytest.fixture
async def room(ami, queues, clock, pack):
    assert {key: pack.queue(key).wrap_up_seconds for key in SECONDS} == SECONDS
    room = Room(ami, queues, clock, pack)
    room.start()
    await room.board.sign_in("1001")
    await queues.deliver(room.wrap_up)
    yield room
    await room.stop()


async def test_a_talk_is_followed_by_a_wrap_up_that_ends_by_itself(room):
    await room.talk()
    await room.until(lambda: room.queues.paused("1001") == WRAP_UP)
    room.clock.go(SECONDS["common"] - 1)
    await room.quiet()
    assert room.queues.paused("1001") == WRAP_UP
    room.clock.go(1.1)
    await room.until(lambda: room.queues.paused("1001") == {})


async def test_the_queue_of_the_talk_says_how_long(room):
    await room.talk("enterprise")
    await room.until(lambda: room.queues.paused("1001") == WRAP_UP)
    room.clock.go(SECONDS["common"] + 1)
    await room.quiet()
    assert room.queues.paused("1001") == WRAP_UP
    room.clock.go(SECONDS["enterprise"] - SECONDS["common"])
    await room.until(lambda: room.queues.paused("1001") == {})


async def test_submitting_the_ticket_ends_it(room):
    await room.talk()
    await room.until(lambda: room.queues.paused("1001") == WRAP_UP)
    await room.board.resume("1001")
    await room.quiet()
    assert room.queues.paused("1001") == {}
    room.clock.go(100)
    sent = len(room.ami.sent)
    await room.quiet()
    assert len(room.ami.sent) == sent  # nothing is left to do


async def test_his_own_pause_during_wrap_up_stays(room):
    await room.talk()
    await room.until(lambda: room.queues.paused("1001") == WRAP_UP)
    await room.board.pause("1001", "午餐")
    room.clock.go(1000)  # the time is over before the pause's event has come
    await asyncio.sleep(0.05)
    await room.quiet()
    assert room.queues.paused("1001") == {"common": "午餐", "enterprise": "午餐"}


async def test_his_own_pause_during_the_talk_stays(room):
    await room.board.pause("1001", "培训")
    await room.talk()  # the pause's event comes only after the talk
    await room.quiet()
    room.clock.go(1000)
    await room.quiet()
    assert room.queues.paused("1001") == {"common": "培训", "enterprise": "培训"}


async def test_a_queue_without_wrap_up_time_pauses_nobody(ami, queues, clock, pack):
    spec = [queue.model_copy(update={"wrap_up_seconds": 0}) for queue in pack.queues]
    room = Room(ami, queues, clock, pack.model_copy(update={"queues": tuple(spec)}))
    room.start()
    await room.board.sign_in("1001")
    await room.talk()
    await room.quiet()
    assert ami.actions("QueuePause") == []
    await room.stop()


async def test_it_goes_on_over_our_restart(room):
    await room.talk()
    await room.until(lambda: room.queues.paused("1001") == WRAP_UP)
    await room.stop()
    room.clock.go(20)
    room.start()
    await tell(room.wrap_up, room.queues.snapshot())
    await room.quiet()
    assert room.queues.paused("1001") == WRAP_UP
    room.clock.go(26)  # whichever queue it was, the longest time has passed
    await room.until(lambda: room.queues.paused("1001") == {})


async def test_who_was_left_in_it_long_ago_is_resumed_at_once(room):
    await room.talk()
    await room.until(lambda: room.queues.paused("1001") == WRAP_UP)
    await room.stop()
    room.clock.go(3600)
    room.start()
    await tell(room.wrap_up, room.queues.snapshot())
    await room.until(lambda: room.queues.paused("1001") == {})


@pytest.mark.parametrize("began", ["0", str(int(NOON.timestamp()) + 9999), "x"])
async def test_a_beginning_that_cannot_be_right_still_has_an_end(room, began):
    await room.stop()
    await room.ami.action(
        "QueuePause", {"Interface": "PJSIP/1001", "Paused": "true", "Reason": "wrap-up"}
    )
    for member in room.queues.members.values():
        member["LastPause"] = began
    room.start()
    await tell(room.wrap_up, room.queues.snapshot())
    room.clock.go(46)
    await room.until(lambda: room.queues.paused("1001") == {})


async def test_a_failing_resume_is_tried_again(room, ami):
    await room.talk()
    await room.until(lambda: room.queues.paused("1001") == WRAP_UP)
    works = ami.answers["QueuePause"]

    def refuse(_):
        raise AmiUnavailable(action="QueuePause", reason="ami_lost")

    ami.answers["QueuePause"] = refuse
    room.clock.go(31)
    sent = len(ami.sent)
    await room.until(lambda: len(ami.sent) > sent)
    ami.answers["QueuePause"] = works
    room.clock.go(4)
    await room.until(lambda: room.queues.paused("1001") == {})


async def test_a_refused_pause_harms_nobody_else(room, ami):
    works = ami.answers["QueuePause"]
    answers = [AmiRefused(asterisk="no"), None, None]

    def once(sent):
        error = answers.pop(0)
        if error:
            raise error
        return works(sent)

    ami.answers["QueuePause"] = once
    await room.talk()
    await room.quiet()
    assert room.queues.paused("1001") == {}
    await room.talk()
    await room.until(lambda: room.queues.paused("1001") == WRAP_UP)


async def test_a_new_queue_during_wrap_up_does_not_hide_it(room):
    await room.talk()
    await room.until(lambda: room.queues.paused("1001") == WRAP_UP)
    await room.ami.action(
        "QueuePause", {"Interface": "PJSIP/1001", "Queue": "enterprise", "Paused": "false"}
    )
    await room.quiet()
    room.clock.go(31)
    await room.until(lambda: room.queues.paused("1001") == {})


async def test_signing_out_ends_it(room):
    await room.talk()
    await room.until(lambda: room.queues.paused("1001") == WRAP_UP)
    await room.board.sign_out("1001")
    await room.quiet()
    room.clock.go(100)
    sent = len(room.ami.sent)
    await room.quiet()
    assert len(room.ami.sent) == sent


async def test_after_a_transfer_wrap_up_begins_when_his_own_channel_ends(room):
    heard = events("transferred")
    gone = next(
        i
        for i, event in enumerate(heard)
        if event.name == "Hangup" and event.get("Channel").startswith("PJSIP/1001")
    )
    calls_only = [event for event in heard if not event.name.startswith("QueueMember")]
    await tell(room.wrap_up, *[e for e in heard[: gone + 1] if e in calls_only])
    await room.until(lambda: room.queues.paused("1001") == WRAP_UP)
    await room.board.resume("1001")
    await tell(room.wrap_up, *[e for e in heard[gone + 1 :] if e in calls_only])
    await room.quiet()
    assert room.queues.paused("1001") == {}  # the queue's late AgentComplete pauses him no more


def the_end_of(name):
    """A recording's events from the first end of a channel or talk on, none of members."""
    heard = events(name)
    ends = next(i for i, e in enumerate(heard) if e.name in ("AgentComplete", "Hangup"))
    return [event for event in heard[ends:] if not event.name.startswith("QueueMember")]


async def test_a_talk_that_outlives_a_gap_has_its_wrap_up(room):
    talking = snapshots("answered_caller_hangs_up")[1]
    members = room.queues.snapshot().queue_members
    await tell(room.wrap_up, Gap(0, 1, "ami_lost"), replace(talking, queue_members=members))
    await tell(room.wrap_up, *the_end_of("answered_caller_hangs_up"))
    await room.until(lambda: room.queues.paused("1001") == WRAP_UP)


async def test_who_took_a_call_over_without_a_queue_has_no_wrap_up(room):
    taken_over = snapshots("transferred")[1]
    assert any(channel.get("Channel").startswith("PJSIP/1002") for channel in taken_over.channels)
    await room.ami.action(
        "QueueAdd",
        {"Queue": "common", "Interface": "PJSIP/1002", "MemberName": "1002", "Penalty": "0"},
    )
    members = room.queues.snapshot().queue_members
    await tell(room.wrap_up, replace(taken_over, queue_members=members))
    await tell(room.wrap_up, *the_end_of("transferred"))
    await room.quiet()
    assert room.queues.paused("1002") == {}


async def test_a_talk_that_ended_in_a_gap_pauses_nobody(room):
    heard = events("answered_caller_hangs_up")
    connect = next(event for event in heard if event.name == "AgentConnect")
    complete = next(event for event in heard if event.name == "AgentComplete")
    await tell(room.wrap_up, connect, Gap(0, 1, "ami_lost"), EMPTY, complete)
    await room.quiet()
    assert room.ami.actions("QueuePause") == []
