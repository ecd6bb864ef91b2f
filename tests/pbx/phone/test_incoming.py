"""Calls that come to the phone, from a far end that plays by a script."""

import asyncio

import pytest

from pbx.phone import DECLINED, EndedBy, IncomingCall, Phone, PhoneCallState, PhoneSettings
from pbx.phone.call import Wish
from pbx.phone.errors import CallOver
from pbx.phone.message import SipMessage
from tests.pbx.phone.far_end import FarEnd


async def rings(phone: Phone, far_end: FarEnd, call_id: str = "c1") -> IncomingCall:
    far_end.peer = ("127.0.0.1", phone.port)
    far_end.ask("INVITE", call_id, 1, sdp=far_end.sdp())
    ringing = await far_end.next(180)
    assert ringing.contact == f"sip:line@127.0.0.1:{far_end.peer[1]}"
    return await asyncio.wait_for(anext(phone.incoming()), 5)


async def test_a_call_rings_until_it_is_answered(listener, far_end):
    call = await rings(listener, far_end)
    assert (call.state, call.caller) == (PhoneCallState.RINGING, "15400001234")
    answering = asyncio.create_task(call.answer())
    ok = await far_end.next(200)
    assert "RTP/AVP 0 101\r\n" in ok.sdp  # one law of those that were offered
    assert "a=fmtp:101 0-16\r\n" in ok.sdp
    far_end.ask("ACK", "c1", 1, to_tag=ok.tag("To"), branch="ack")
    await asyncio.wait_for(answering, 5)
    assert call.state is PhoneCallState.ANSWERED
    leaving = asyncio.create_task(call.hang_up())
    bye = await far_end.next("BYE")
    assert (bye.tag("From"), bye.tag("To")) == (ok.tag("To"), "far")
    far_end.reply(bye, 200)
    await leaving


async def test_the_answer_is_repeated_until_it_is_acknowledged(listener, far_end):
    call = await rings(listener, far_end)
    answering = asyncio.create_task(call.answer())
    first = await far_end.next(200)
    second = await far_end.next(200)
    assert far_end.texts[-1] == far_end.texts[-2]
    far_end.ask("ACK", "c1", 1, to_tag=first.tag("To"), branch="ack")
    await answering
    far_end.ask("BYE", "c1", 2, to_tag=second.tag("To"), branch="bye")
    await far_end.next(200)
    await asyncio.wait_for(call.ended.wait(), 5)
    assert call.ended_by is EndedBy.FAR_END


async def test_an_answer_that_nobody_acknowledges_is_ended(listener, far_end, monkeypatch):
    monkeypatch.setattr("pbx.phone.call.GIVE_UP", 0.6)
    call = await rings(listener, far_end)
    await call.answer()
    await far_end.next(200)
    await far_end.next(200)
    far_end.reply(await far_end.next("BYE"), 200)
    await asyncio.wait_for(call.ended.wait(), 5)
    assert call.ended_by is EndedBy.NETWORK


async def test_a_caller_who_gives_up_ends_the_ringing(listener, far_end):
    call = await rings(listener, far_end)
    far_end.ask("CANCEL", "c1", 1)
    ok = await far_end.next(200)
    assert ok.cseq_method == "CANCEL"
    terminated = await far_end.next(487)
    assert terminated.cseq_method == "INVITE"
    far_end.ask("ACK", "c1", 1, to_tag=terminated.tag("To"))
    await asyncio.wait_for(call.ended.wait(), 5)
    assert (call.code, call.ended_by) == (487, EndedBy.FAR_END)
    with pytest.raises(CallOver):
        await call.answer()


@pytest.mark.parametrize(("how", "code"), [("busy", 486), ("decline", 603), ("hang_up", 603)])
async def test_a_call_can_be_refused(listener, far_end, how, code):
    call = await rings(listener, far_end)
    wish = {
        "busy": call.decline,
        "decline": lambda: call.decline(DECLINED),
        "hang_up": call.hang_up,
    }
    refusing = asyncio.create_task(wish[how]())
    refusal = await far_end.next(code)
    again = await far_end.next(code)  # until it is acknowledged
    assert refusal.tag("To") == again.tag("To")
    far_end.ask("ACK", "c1", 1, to_tag=again.tag("To"))
    await asyncio.wait_for(refusing, 5)
    assert (call.code, call.ended_by) == (code, EndedBy.US)


async def test_a_repeated_invite_rings_once(listener, far_end):
    call = await rings(listener, far_end)
    far_end.ask("INVITE", "c1", 1, sdp=far_end.sdp())
    await far_end.next(180)
    assert listener.calls == [call]
    refusing = asyncio.create_task(call.decline())
    refusal = await far_end.next(486)
    far_end.ask("ACK", "c1", 1, to_tag=refusal.tag("To"))
    await refusing


async def test_a_phone_that_answers_by_itself(far_end):
    async with Phone(PhoneSettings(user="line", auto_answer_ms=50)) as phone:
        call = await rings(phone, far_end)
        ok = await far_end.next(200)
        far_end.ask("ACK", "c1", 1, to_tag=ok.tag("To"), branch="ack")
        await call.answered(5)
        assert call.times.answered - call.times.begun >= 0.05
        far_end.ask("BYE", "c1", 2, to_tag=ok.tag("To"), branch="bye")
        await far_end.next(200)


async def test_the_far_end_may_move_its_sound(listener, far_end):
    call = await rings(listener, far_end)
    answering = asyncio.create_task(call.answer())
    ok = await far_end.next(200)
    tag = ok.tag("To")
    far_end.ask("ACK", "c1", 1, to_tag=tag, branch="ack")
    await answering
    loop = asyncio.get_running_loop()
    ear: asyncio.Future[bytes] = loop.create_future()

    class Ear(asyncio.DatagramProtocol):
        def datagram_received(self, data, addr):
            if not ear.done():
                ear.set_result(data)

    transport, _ = await loop.create_datagram_endpoint(Ear, local_addr=("127.0.0.1", 0))
    moved = transport.get_extra_info("sockname")[1]
    far_end.ask("INVITE", "c1", 2, to_tag=tag, sdp=far_end.sdp(port=moved), branch="move")
    again = await far_end.next(200)
    assert again.tag("To") == tag
    far_end.ask("ACK", "c1", 2, to_tag=tag, branch="ack2")
    assert (await asyncio.wait_for(ear, 5))[0] == 0x80
    transport.close()
    far_end.ask("INVITE", "c1", 3, to_tag=tag, branch="nonsense")
    await far_end.next(488)
    far_end.ask("ACK", "c1", 3, to_tag=tag, branch="nonsense")
    far_end.ask("BYE", "c1", 4, to_tag=tag, branch="bye")
    await far_end.next(200)
    await asyncio.wait_for(call.ended.wait(), 5)


async def test_what_cannot_be_spoken_is_refused(listener, far_end):
    far_end.ask("INVITE", "c1", 1)
    await far_end.next(488)
    far_end.ask("INVITE", "c2", 1, sdp=far_end.sdp(law=9))
    await far_end.next(488)
    assert listener.calls == []


async def test_questions_outside_calls_are_answered(listener, far_end):
    far_end.ask("OPTIONS", "o1", 1)
    reply = await far_end.next(200)
    assert reply.headers["Allow"] == ["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS"]
    assert reply.tag("To")
    far_end.ask("BYE", "nobody", 1, to_tag="x")
    await far_end.next(481)
    far_end.ask("CANCEL", "nobody", 1)
    await far_end.next(481)
    far_end.ask("INVITE", "nobody", 1, to_tag="x", sdp=far_end.sdp())
    await far_end.next(481)
    far_end.ask("NOTIFY", "nobody", 1)
    await far_end.next(405)


async def test_garbage_is_ignored_and_the_phone_goes_on(listener, far_end):
    for data in (b"\r\n\r\n", b"\xff" * 100, b"INVITE sip:x SIP/2.0\r\n\r\n", b"A" * 9000):
        far_end.send(data)
    far_end.ask("OPTIONS", "o1", 1)
    await far_end.next(200)
    assert listener.transport.ignored == 4


async def test_calls_that_nobody_takes_are_told_that_it_is_busy(far_end, monkeypatch):
    monkeypatch.setattr("pbx.phone.phone._WAITING_CALLS", 2)
    async with Phone(PhoneSettings(user="line")) as phone:
        far_end.peer = ("127.0.0.1", phone.port)
        for name in ("c1", "c2"):
            far_end.ask("INVITE", name, 1, sdp=far_end.sdp(), branch=name)
            await far_end.next(180)
        far_end.ask("INVITE", "c3", 1, sdp=far_end.sdp(), branch="c3")
        await far_end.next(486)
        # The first caller leaves: his place is free for another.
        far_end.ask("CANCEL", "c1", 1, branch="c1")
        await far_end.next(200)
        over = await far_end.next(487)
        far_end.ask("ACK", "c1", 1, to_tag=over.tag("To"), branch="c1")
        first = await asyncio.wait_for(anext(phone.incoming()), 5)
        await asyncio.wait_for(first.ended.wait(), 5)
        far_end.ask("INVITE", "c4", 1, sdp=far_end.sdp(), branch="c4")
        await far_end.next(180)
        for name in ("c2", "c4"):  # be done with them before the phone parts
            far_end.ask("CANCEL", name, 1, branch=name)
            await far_end.next(200)
            over = await far_end.next(487)
            far_end.ask("ACK", name, 1, to_tag=over.tag("To"), branch=name)


async def test_a_call_for_whose_sound_there_is_no_port_is_refused(listener, far_end, monkeypatch):
    def full(*_: object) -> None:
        raise OSError("too many open files")

    monkeypatch.setattr("pbx.phone.sound.MediaStream", full)
    far_end.ask("INVITE", "c1", 1, sdp=far_end.sdp())
    await far_end.next(503)
    assert listener.calls == []


async def test_a_flood_of_messages_does_not_drown_the_wish_to_hang_up(listener, far_end):
    call = await rings(listener, far_end)
    ringing = SipMessage.read(far_end.texts[-1].encode())
    for _ in range(500):
        call.take(ringing, far_end.peer)
    call.wish(Wish.HANG_UP)
    refusal = await far_end.next(603)
    far_end.ask("ACK", "c1", 1, to_tag=refusal.tag("To"))
    await asyncio.wait_for(call.ended.wait(), 5)
