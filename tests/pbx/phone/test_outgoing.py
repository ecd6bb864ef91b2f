"""Calls that the phone places, against a far end that plays by a script."""

import asyncio

import pytest

from pbx.phone import Call, EndedBy, Phone, PhoneCallState, PhoneSettings
from pbx.phone.errors import CallOver, CallRefused, NotInTime, NumberInvalid
from pbx.phone.message import SipMessage
from tests.pbx.phone.far_end import FarEnd, tone


def header(text: str, name: str) -> str:
    return next(line for line in text.split("\r\n") if line.startswith(f"{name}: "))[
        len(name) + 2 :
    ]


async def answered(phone: Phone, far_end: FarEnd, **call: str) -> tuple[Call, SipMessage]:
    """A call in talk, and its INVITE."""
    dialled = await phone.dial("12345", **call)
    invite = await far_end.next("INVITE")
    far_end.reply(invite, 200, sdp=far_end.sdp())
    await far_end.next("ACK")
    await dialled.answered(5)
    return dialled, invite


async def test_the_line_is_dialled_as_a_trunk_does(phone, far_end):
    await phone.dial("12345", caller="15400001234", display='张 "三" \\')
    invite = await far_end.next("INVITE")
    text = far_end.texts[0]
    assert text.startswith("INVITE sip:12345@127.0.0.1 SIP/2.0\r\n")
    assert header(text, "From").startswith('"张 \\"三\\" \\\\" <sip:15400001234@127.0.0.1>;tag=')
    assert invite.contact == f"sip:citizen@127.0.0.1:{far_end.peer[1]}"
    assert "m=audio" in invite.sdp
    assert "RTP/AVP 0 8 101\r\n" in invite.sdp
    assert "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\n" in invite.sdp
    far_end.reply(invite, 486)
    await far_end.next("ACK")


async def test_a_withheld_number_is_nowhere_in_the_invite(phone, far_end):
    await phone.dial("12345", caller="15400001234", display="name", withheld=True)
    invite = await far_end.next("INVITE")
    assert "15400001234" not in far_end.texts[0]
    assert "name" not in far_end.texts[0]
    assert header(far_end.texts[0], "From").startswith(
        '"Anonymous" <sip:anonymous@anonymous.invalid>;tag='
    )
    assert header(far_end.texts[0], "Privacy") == "id"
    far_end.reply(invite, 486)
    await far_end.next("ACK")


async def test_a_forwarded_call_names_the_forwarding_number(phone, far_end):
    await phone.dial("12345", caller="15400001234", diverted_from="12333")
    invite = await far_end.next("INVITE")
    assert header(far_end.texts[0], "Diversion") == "<sip:12333@127.0.0.1>;reason=unconditional"
    far_end.reply(invite, 486)
    await far_end.next("ACK")


@pytest.mark.parametrize(
    "wrong",
    [
        {"caller": "154\r\nX: y"},
        {"caller": "a b"},
        {"caller": "a@b"},
        {"display": "a\r\nX: y"},
        {"display": "a" * 129},
        {"diverted_from": "1>2"},
    ],
)
async def test_what_would_break_a_header_is_not_sent(phone, far_end, wrong):
    with pytest.raises(NumberInvalid):
        await phone.dial("12345", **wrong)
    with pytest.raises(NumberInvalid):
        await phone.dial("1 2 3")
    assert far_end.texts == []
    assert phone.calls == []


async def test_an_answer_is_acknowledged_inside_its_dialog(phone, far_end):
    call = await phone.dial("12345")
    invite = await far_end.next("INVITE")
    far_end.reply(invite, 100)
    far_end.reply(invite, 180)
    far_end.reply(invite, 200, sdp=far_end.sdp(), tag="theirs")
    ack = await far_end.next("ACK")
    await call.answered(5)
    assert call.state is PhoneCallState.ANSWERED
    assert far_end.texts[-1].startswith(f"ACK sip:far@127.0.0.1:{far_end.port} SIP/2.0\r\n")
    assert (ack.tag("From"), ack.tag("To")) == (invite.tag("From"), "theirs")
    assert ack.cseq == invite.cseq
    assert ack.branch != invite.branch
    times = call.times
    assert times.begun <= times.ringing <= times.answered


async def test_a_repeated_answer_is_acknowledged_again(phone, far_end):
    _, invite = await answered(phone, far_end)
    far_end.reply(invite, 200, sdp=far_end.sdp())
    await far_end.next("ACK")
    assert far_end.texts[-1] == far_end.texts[-2]


async def test_an_unanswered_invite_is_repeated_until_it_is_heard(phone, far_end):
    await phone.dial("12345")
    first = await far_end.next("INVITE")
    second = await far_end.next("INVITE")
    assert far_end.texts[0] == far_end.texts[1]
    far_end.reply(second, 486)
    await far_end.next("ACK")
    assert first.branch == second.branch


@pytest.mark.parametrize("code", [300, 403, 404, 480, 486, 488, 500, 503, 599, 603])
async def test_a_refusal_is_acknowledged_and_told(phone, far_end, code):
    call = await phone.dial("12345")
    invite = await far_end.next("INVITE")
    far_end.reply(invite, code, tag="no")
    ack = await far_end.next("ACK")
    # The ACK of a refusal belongs to the INVITE's own transaction.
    assert (ack.branch, ack.cseq, ack.tag("To")) == (invite.branch, invite.cseq, "no")
    with pytest.raises(CallRefused) as refused:
        await call.answered(5)
    assert refused.value.details == {"code": code}
    assert (call.state, call.code, call.ended_by) == (
        PhoneCallState.ENDED,
        code,
        EndedBy.FAR_END,
    )


async def test_a_repeated_refusal_is_acknowledged_again(phone, far_end):
    call = await phone.dial("12345")
    invite = await far_end.next("INVITE")
    far_end.reply(invite, 486)
    await far_end.next("ACK")
    await asyncio.wait_for(call.ended.wait(), 5)
    far_end.reply(invite, 486)
    await far_end.next("ACK")


async def test_hanging_up_while_it_rings_cancels(phone, far_end):
    call = await phone.dial("12345")
    invite = await far_end.next("INVITE")
    far_end.reply(invite, 180)
    leaving = asyncio.create_task(call.hang_up())
    cancel = await far_end.next("CANCEL")
    assert (cancel.branch, cancel.cseq, cancel.tag("From")) == (
        invite.branch,
        invite.cseq,
        invite.tag("From"),
    )
    assert not cancel.tag("To")
    far_end.reply(cancel, 200)
    far_end.reply(invite, 487)
    await far_end.next("ACK")
    await asyncio.wait_for(leaving, 5)
    assert (call.code, call.ended_by) == (487, EndedBy.US)


async def test_nothing_is_cancelled_before_the_far_end_has_spoken(phone, far_end):
    call = await phone.dial("12345")
    leaving = asyncio.create_task(call.hang_up())
    invite = await far_end.next("INVITE")
    await far_end.next("INVITE")  # repeated, not cancelled
    far_end.reply(invite, 100)
    cancel = await far_end.next("CANCEL")
    far_end.reply(cancel, 200)
    far_end.reply(invite, 487)
    await far_end.next("ACK")
    await asyncio.wait_for(leaving, 5)


async def test_a_lost_cancel_is_repeated(phone, far_end):
    call = await phone.dial("12345")
    invite = await far_end.next("INVITE")
    far_end.reply(invite, 180)
    leaving = asyncio.create_task(call.hang_up())
    await far_end.next("CANCEL")
    await far_end.next("CANCEL")
    far_end.reply(invite, 487)
    await far_end.next("ACK")
    await asyncio.wait_for(leaving, 5)


async def test_an_answer_that_crosses_the_cancel_is_hung_up(phone, far_end):
    call = await phone.dial("12345")
    invite = await far_end.next("INVITE")
    far_end.reply(invite, 180)
    leaving = asyncio.create_task(call.hang_up())
    await far_end.next("CANCEL")
    far_end.reply(invite, 200, sdp=far_end.sdp())
    await far_end.next("ACK")
    far_end.reply(await far_end.next("BYE"), 200)
    await asyncio.wait_for(leaving, 5)
    with pytest.raises(CallRefused):
        await call.answered(1)


async def test_hanging_up_ends_the_dialog_by_its_own_transaction(phone, far_end):
    call, invite = await answered(phone, far_end)
    leaving = asyncio.create_task(call.hang_up())
    bye = await far_end.next("BYE")
    assert far_end.texts[-1].startswith(f"BYE sip:far@127.0.0.1:{far_end.port} SIP/2.0\r\n")
    assert (bye.tag("From"), bye.tag("To")) == (invite.tag("From"), "far")
    assert bye.cseq > invite.cseq
    assert bye.branch != invite.branch
    again = await far_end.next("BYE")  # ours was lost
    assert again.branch == bye.branch
    far_end.reply(again, 200)
    await asyncio.wait_for(leaving, 5)
    assert call.ended_by is EndedBy.US
    await call.hang_up()  # twice is once


async def test_the_far_ends_goodbye_is_seen_at_once(phone, far_end):
    call, invite = await answered(phone, far_end)
    far_end.ask("BYE", invite.call_id, 1, to_tag=invite.tag("From"))
    reply = await far_end.next(200)
    assert reply.tag("To") == invite.tag("From")
    await asyncio.wait_for(call.ended.wait(), 1)
    assert (call.ended_by, call.code) == (EndedBy.FAR_END, 200)
    with pytest.raises(CallOver):
        await call.play(tone(440, 0.1))
    with pytest.raises(CallOver):
        await call.press("1")


async def test_a_route_through_proxies_is_kept(phone, far_end):
    await phone.dial("12345")
    invite = await far_end.next("INVITE")
    far_end.reply(invite, 200, sdp=far_end.sdp(), Record_Route="<sip:outer;lr>, <sip:inner;lr>")
    await far_end.next("ACK")
    routes = [line for line in far_end.texts[-1].split("\r\n") if line.startswith("Route")]
    assert routes == ["Route: <sip:inner;lr>", "Route: <sip:outer;lr>"]


async def test_an_answer_without_sound_for_us_is_hung_up(phone, far_end):
    call = await phone.dial("12345")
    far_end.reply(await far_end.next("INVITE"), 200, sdp=far_end.sdp(law=18))
    await far_end.next("ACK")
    far_end.reply(await far_end.next("BYE"), 200)
    with pytest.raises(CallRefused) as refused:
        await call.answered(5)
    assert refused.value.details == {"code": 488}


async def test_a_far_end_that_never_speaks_is_given_up(phone, far_end, monkeypatch):
    monkeypatch.setattr("pbx.phone.outgoing.GIVE_UP", 0.8)
    call = await phone.dial("12345")
    with pytest.raises(CallRefused) as refused:
        await call.answered(5)
    assert refused.value.details == {"code": 408}
    assert call.ended_by is EndedBy.NETWORK


async def test_waiting_for_an_answer_has_an_end_and_the_call_goes_on(phone, far_end):
    call = await phone.dial("12345")
    invite = await far_end.next("INVITE")
    far_end.reply(invite, 180)
    with pytest.raises(NotInTime):
        await call.answered(0.05)
    far_end.reply(invite, 200, sdp=far_end.sdp())
    await far_end.next("ACK")
    await call.answered(5)


async def test_a_registered_phone_answers_the_challenge(far_end):
    settings = PhoneSettings(role="agent", user="8001", password="secret", server_port=far_end.port)
    entering = asyncio.create_task(Phone(settings).__aenter__())
    far_end.reply(await far_end.next("REGISTER"), 200)
    phone = await entering
    call = await phone.dial("500")
    first = await far_end.next("INVITE")
    far_end.reply(first, 401, WWW_Authenticate='Digest realm="asterisk",nonce="n1"')
    await far_end.next("ACK")
    second = await far_end.next("INVITE")
    assert second.cseq > first.cseq
    assert second.branch != first.branch
    assert second.call_id == first.call_id
    assert second.headers["Authorization"]["username"] == "8001"
    assert second.headers["Authorization"]["nonce"] == "n1"
    far_end.reply(second, 401, WWW_Authenticate='Digest realm="asterisk",nonce="n2"')
    await far_end.next("ACK")
    with pytest.raises(CallRefused) as refused:
        await call.answered(5)
    assert refused.value.details == {"code": 401}
    leaving = asyncio.create_task(phone.__aexit__(None, None, None))
    far_end.reply(await far_end.next("REGISTER"), 200)
    await leaving


async def test_leaving_the_phone_hangs_up(far_end):
    async with Phone(PhoneSettings(server_port=far_end.port)) as phone:
        call, _ = await answered(phone, far_end)
        hanging_up = asyncio.create_task(far_end.next("BYE"))
        hanging_up.add_done_callback(lambda task: far_end.reply(task.result(), 200))
    assert call.state is PhoneCallState.ENDED


async def test_leaving_the_phone_does_not_wait_for_ever(far_end, monkeypatch):
    monkeypatch.setattr("pbx.phone.phone._PARTING_SECONDS", 0.3)
    async with Phone(PhoneSettings(server_port=far_end.port)) as phone:
        call, _ = await answered(phone, far_end)
    assert call.ended.is_set()
    assert call.state is PhoneCallState.ENDED
