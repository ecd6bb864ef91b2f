"""Actions: one answer each, in time or not at all, and never sent twice."""

from __future__ import annotations

import asyncio

import pytest

from pbx.ami.api import AmiInjection, AmiRefused, AmiTimeout, AmiUnavailable, LinkState
from pbx.ami.states import LinkFault
from tests.pbx.ami.fake_ami import FakeAmi, Fields, Peer, Recorder
from tests.pbx.ami.running_link import MakeLink, StartLink

SHORT = 0.05


def ignore(peer: Peer, action: Fields) -> None:
    """Never answer."""


async def test_each_answer_goes_to_its_own_action_whatever_their_order(
    fake: FakeAmi, start_link: StartLink
) -> None:
    waiting: list[Fields] = []

    def answer_both_backwards(peer: Peer, action: Fields) -> None:
        waiting.append(action)
        if len(waiting) == 2:
            for one in reversed(waiting):
                peer.reply(one, "Success", ("Value", one["Variable"]))

    fake.answers["Getvar"] = answer_both_backwards
    running = await start_link()
    first, second = await asyncio.gather(
        running.link.action("Getvar", {"Variable": "A"}),
        running.link.action("Getvar", {"Variable": "B"}),
    )
    assert (first.name, first.get("Value"), second.get("Value")) == ("Response", "A", "B")


async def test_a_late_answer_is_never_taken_for_another_actions(
    fake: FakeAmi, start_link: StartLink
) -> None:
    late: list[Fields] = []

    def answer_the_one_before(peer: Peer, action: Fields) -> None:
        late.append(action)
        if len(late) == 2:
            peer.reply(late[0], "Success", ("Value", "late"))
            peer.reply(late[1], "Success", ("Value", "own"))

    fake.answers["Getvar"] = answer_the_one_before
    running = await start_link()
    with pytest.raises(AmiTimeout) as timed_out:
        await running.link.action("Getvar", {"Variable": "A"}, deadline=SHORT)
    assert timed_out.value.details == {"action": "Getvar", "reason": "deadline"}
    assert (await running.link.action("Getvar", {"Variable": "B"})).get("Value") == "own"
    assert running.link.stats.late_replies == 1
    assert running.link.state is LinkState.UP


async def test_items_of_a_listing_that_nobody_waits_for_are_not_events(
    fake: FakeAmi, start_link: StartLink
) -> None:
    fake.answers["Status"] = ignore
    recorder = Recorder()
    running = await start_link(recorder)
    with pytest.raises(AmiTimeout):
        await running.link.listing("Status", deadline=SHORT)
    fake.peer.items(
        fake.sent("Status")[0], [("Status", {"Channel": "PJSIP/8001-1"})], "StatusComplete"
    )
    fake.peer.event("Marker")
    await recorder.until(lambda: recorder.events("Marker"))
    assert recorder.told == ["snapshot", "FullyBooted", "Marker"]


async def test_a_refusal_carries_what_asterisk_said(fake: FakeAmi, start_link: StartLink) -> None:
    message = "Unable to add interface: Already there"
    fake.answers["QueueAdd"] = lambda peer, action: peer.reply(
        action, "Error", ("Message", message)
    )
    running = await start_link()
    with pytest.raises(AmiRefused) as refused:
        await running.link.action("QueueAdd", {"Queue": "common", "Interface": "PJSIP/8001"})
    assert refused.value.details == {"action": "QueueAdd", "asterisk": message}


async def test_queue_add_resolves_with_its_one_reply(fake: FakeAmi, start_link: StartLink) -> None:
    added = ("Message", "Added interface to queue")
    fake.answers["QueueAdd"] = lambda peer, action: peer.reply(action, "Success", added)
    running = await start_link()
    reply = await running.link.action("QueueAdd", {"Queue": "common", "Interface": "PJSIP/8001"})
    assert reply.get("Message") == "Added interface to queue"


async def test_a_line_break_in_a_name_sends_nothing(fake: FakeAmi, start_link: StartLink) -> None:
    running = await start_link()
    before = len(fake.actions)
    with pytest.raises(AmiInjection):
        await running.link.action(
            "Originate", {"CallerID": "x\r\n\r\nAction: Command\r\nCommand: core stop now"}
        )
    await running.link.action("Marker")
    assert fake.names()[before:] == ["Marker"]


async def test_nothing_is_kept_for_later_while_the_link_is_down(
    fake: FakeAmi, make_link: MakeLink
) -> None:
    running = make_link()
    with pytest.raises(AmiUnavailable):
        await running.link.action("Originate", {"Channel": "PJSIP/8001"})
    running.start()
    await running.up()
    await fake.stop()
    await running.fault(LinkFault.UNREACHABLE)
    with pytest.raises(AmiUnavailable):
        await running.link.action("Originate", {"Channel": "PJSIP/8001"})
    with pytest.raises(AmiUnavailable):
        await running.link.listing("QueueStatus")
    await fake.start()
    await running.up(times=2)
    await running.link.action("Marker")
    assert "Originate" not in fake.names()


async def test_an_unanswered_action_fails_with_its_link_and_is_not_sent_again(
    fake: FakeAmi, start_link: StartLink
) -> None:
    fake.answers["Originate"] = ignore
    fake.answers["Status"] = ignore
    running = await start_link()
    originate = asyncio.create_task(
        running.link.action("Originate", {"Channel": "PJSIP/8001", "Async": "true"}, deadline=60)
    )
    listing = asyncio.create_task(running.link.listing("Status", deadline=60))
    await fake.until(lambda: fake.sent("Originate") and fake.sent("Status"))
    fake.peer.close()
    for task in (originate, listing):
        with pytest.raises(AmiTimeout) as unknown:
            await task
        assert unknown.value.details["reason"] == "link_lost"
    await running.up(times=2)
    await running.link.action("Marker")
    assert len(fake.sent("Originate")) == len(fake.sent("Status")) == 1


async def test_an_async_originate_is_answered_at_once_and_its_outcome_is_an_event(
    fake: FakeAmi, start_link: StartLink
) -> None:
    recorder = Recorder()
    running = await start_link(recorder)
    reply = await running.link.action("Originate", {"Channel": "PJSIP/8001", "Async": "true"})
    assert reply.get("Response") == "Success"
    mark = ("ActionID", fake.sent("Originate")[0]["ActionID"])
    fake.peer.event("OriginateResponse", mark, ("Response", "Failure"), ("Reason", "5"))
    await recorder.until(lambda: recorder.events("OriginateResponse"))


async def test_an_originate_without_async_waits_for_the_call_and_blocks_nobody(
    fake: FakeAmi, start_link: StartLink
) -> None:
    recorder = Recorder()
    running = await start_link(recorder)
    originate = asyncio.create_task(running.link.action("Originate", {"Channel": "PJSIP/8001"}))
    await fake.until(lambda: fake.sent("Originate"))
    (sent,) = fake.sent("Originate")
    assert sent["Async"] == "true"
    await running.link.action("Marker")
    assert not originate.done()
    outcome = (("ActionID", sent["ActionID"]), ("Response", "Success"), ("Uniqueid", "17.1"))
    fake.peer.event("OriginateResponse", *outcome)
    reply = await originate
    assert (reply.name, reply.get("Uniqueid")) == ("Response", "17.1")
    await recorder.until(lambda: recorder.events("OriginateResponse"))


async def test_an_originate_without_async_that_nobody_answers_is_refused(
    fake: FakeAmi, start_link: StartLink
) -> None:
    def not_answered(peer: Peer, action: Fields) -> None:
        peer.reply(action, "Success", ("Message", "Originate successfully queued"))
        mark = ("ActionID", action["ActionID"])
        peer.event("OriginateResponse", mark, ("Response", "Failure"), ("Reason", "3"))

    fake.answers["Originate"] = not_answered
    running = await start_link()
    with pytest.raises(AmiRefused) as refused:
        await running.link.action("Originate", {"Channel": "PJSIP/8001", "Async": "false"})
    assert refused.value.details["asterisk"] == "OriginateResponse, reason 3"


async def test_a_listing_gives_its_items_and_an_empty_one_gives_none(
    fake: FakeAmi, start_link: StartLink
) -> None:
    recorder = Recorder()
    running = await start_link(recorder)
    assert await running.link.listing("QueueStatus") == []
    fake.queues = [("QueueParams", {"Queue": "common"}), ("QueueMember", {"Name": "8001"})]
    items = await running.link.listing("QueueStatus")
    assert [item.name for item in items] == ["QueueParams", "QueueMember"]
    assert recorder.events("QueueMember") == []


async def test_a_listing_that_asterisk_refuses_ends_and_the_link_stays_in_step(
    fake: FakeAmi, start_link: StartLink
) -> None:
    def nothing_there(peer: Peer, action: Fields) -> None:
        # With the stray line feed and the empty line that Asterisk 22 really sends.
        peer.reply(action, "Error", ("Message", "No Contacts found\n"))
        peer.send(b"\r\n")

    fake.answers["PJSIPShowContacts"] = nothing_there
    running = await start_link()
    with pytest.raises(AmiRefused) as refused:
        await running.link.listing("PJSIPShowContacts")
    assert refused.value.details["asterisk"] == "No Contacts found"
    assert (await running.link.action("Ping")).get("Response") == "Success"
    assert running.faults == []


async def test_a_listing_that_stops_half_way_times_out(
    fake: FakeAmi, start_link: StartLink
) -> None:
    fake.answers["Status"] = lambda peer, action: peer.reply(
        action, "Success", ("EventList", "start")
    )
    running = await start_link()
    with pytest.raises(AmiTimeout):
        await running.link.listing("Status", deadline=SHORT)


async def test_an_action_answered_with_a_list_keeps_the_list_from_the_listeners(
    fake: FakeAmi, start_link: StartLink
) -> None:
    fake.queues = [("QueueMember", {"Name": "8001"})]
    recorder = Recorder()
    running = await start_link(recorder)
    reply = await running.link.action("QueueStatus")
    assert reply.get("EventList") == "start"
    fake.peer.event("Marker")
    await recorder.until(lambda: recorder.events("Marker"))
    assert recorder.events("QueueMember") == []


async def test_an_event_that_carries_our_action_id_still_reaches_the_listeners(
    fake: FakeAmi, start_link: StartLink
) -> None:
    def event_before_reply(peer: Peer, action: Fields) -> None:
        peer.event("UserEvent", ("UserEvent", "X"), ("ActionID", action["ActionID"]))
        peer.reply(action, "Success", ("Message", "Event Sent"))

    fake.answers["UserEvent"] = event_before_reply
    recorder = Recorder()
    running = await start_link(recorder)
    reply = await running.link.action("UserEvent", {"UserEvent": "X"})
    assert reply.get("Message") == "Event Sent"
    await recorder.until(lambda: recorder.events("UserEvent"))


async def test_an_action_whose_caller_gave_up_leaves_nothing_behind(
    fake: FakeAmi, start_link: StartLink
) -> None:
    running = await start_link(max_pending=1)
    for name in ("Slow", "Slow again", "Slow once more"):
        fake.answers[name] = ignore
        slow = asyncio.create_task(running.link.action(name, deadline=60))
        await fake.until(lambda name=name: fake.sent(name))
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
    assert (await running.link.action("Marker")).get("Response") == "Success"


async def test_more_unanswered_actions_than_allowed_are_refused_unsent(
    fake: FakeAmi, start_link: StartLink
) -> None:
    fake.answers["Slow"] = ignore
    running = await start_link(max_pending=2)
    async with asyncio.TaskGroup() as group:
        slow = [group.create_task(running.link.action("Slow", deadline=60)) for _ in range(2)]
        await fake.until(lambda: len(fake.sent("Slow")) == 2)
        with pytest.raises(AmiUnavailable) as refused:
            await running.link.action("Slow")
        assert refused.value.details["reason"] == "too_many_pending"
        for action in fake.sent("Slow"):
            fake.peer.reply(action)
    assert [task.result().get("Response") for task in slow] == ["Success"] * 2
    assert len(fake.sent("Slow")) == 2
