"""The phone on a real Asterisk."""

import asyncio
from pathlib import Path

import pytest

from pbx.phone import (
    Call,
    EndedBy,
    IncomingCall,
    Phone,
    PhoneCallState,
    PhoneSettings,
    ProbeSettings,
    SoundKind,
    probe,
)
from pbx.phone.errors import CallRefused, RegistrationRefused
from pbx.phone.g711 import Law, decode, encode
from pbx.phone.listen import find
from pbx.phone.wav import read_wav
from tests.pbx.phone.conftest import Lab
from tests.pbx.phone.far_end import tone

pytestmark = pytest.mark.real
PROMPTS = Path(__file__).parents[3] / "ivr_flows/prompts/zh"


def citizen(lab: Lab) -> Phone:
    return Phone(PhoneSettings(server_port=lab.sip_port))


def agent(lab: Lab, number: str = "8001", **more: object) -> Phone:
    return Phone(
        PhoneSettings(
            role="agent",
            user=number,
            password=f"secret-{number}",
            server_port=lab.sip_port,
            **more,
        )
    )


async def to_agent(caller: Phone, desk: Phone) -> tuple[Call, IncomingCall]:
    call = await caller.dial("lab-agent", caller="15400001234")
    return call, await asyncio.wait_for(anext(desk.incoming()), 5)


async def test_what_is_said_comes_back_from_the_echo_unharmed(lab):
    said = read_wav(PROMPTS / "greeting.wav")[: 2 * 8000 * 6]
    async with citizen(lab) as phone:
        call = await phone.dial("lab-echo", caller="15400001234")
        await call.answered(10)
        await call.play(said)
        await call.sound.until(lambda: find(said, call.heard).score > 0.9 or None, 5)
        law = call.sound.reception().law
        assert law is not None
        match = find(said, call.heard)
        start = round(match.at_ms * 8) * 2
        assert call.heard[start : start + len(said)] == decode(encode(said, law), law)
        assert call.sound.reception().lost == 0
        print(call.sound.pacing(), call.sound.reception(), match)
        await call.hang_up()
    assert (call.code, call.ended_by) == (200, EndedBy.US)


@pytest.mark.parametrize("keys", ["2", "0", "13", "1122*9AD"])
async def test_asterisk_hears_exactly_the_keys_that_were_pressed(lab, keys):
    async with citizen(lab) as phone:
        call = await phone.dial("lab-keys")
        await call.answered(10)
        playing = asyncio.create_task(call.play(tone(440, 20)))  # speech does not hide them
        await call.press(keys)
        await call.press("#")
        await asyncio.wait_for(call.ended.wait(), 10)
        playing.cancel()
        await asyncio.wait([playing])
    assert call.ended_by is EndedBy.FAR_END
    assert lab.variable("PRESSED") == keys


@pytest.mark.parametrize(("press_ms", "gap_ms"), [(60, 60), (400, 200)])
async def test_fast_and_slow_fingers_are_both_understood(lab, press_ms, gap_ms):
    settings = PhoneSettings(server_port=lab.sip_port, key_ms=press_ms, key_gap_ms=gap_ms)
    async with Phone(settings) as phone:
        call = await phone.dial("lab-keys")
        await call.answered(10)
        await call.press("1357#")
        await asyncio.wait_for(call.ended.wait(), 10)
    assert lab.variable("PRESSED") == "1357"


@pytest.mark.parametrize(
    ("caller", "seen", "more"),
    [
        ({"caller": "15400001234"}, "15400001234/", "allowed_not_screened/"),
        ({"caller": "15400001234", "display": "张三😀"}, "15400001234/张三😀", "allowed"),
        ({"withheld": True}, "anonymous/Anonymous", ""),
        ({"caller": "15400001234", "diverted_from": "12333"}, "15400001234/", "12333"),
    ],
)
async def test_asterisk_sees_the_caller_that_is_shown(lab, caller, seen, more):
    async with citizen(lab) as phone:
        call = await phone.dial("lab-caller", **caller)
        await asyncio.wait_for(call.ended.wait(), 10)
    assert lab.variable("SEEN") == seen
    assert more in lab.variable("SEEN_MORE")


@pytest.mark.parametrize(("number", "code"), [("lab-busy", 486), ("lab-decline", 403)])
async def test_a_refusal_of_asterisk_is_told(lab, number, code):
    async with citizen(lab) as phone:
        call = await phone.dial(number)
        with pytest.raises(CallRefused) as refused:
            await call.answered(10)
    assert refused.value.details == {"code": code}


async def test_giving_up_while_it_rings(lab):
    async with citizen(lab) as phone:
        call = await phone.dial("lab-rings")
        while call.state is PhoneCallState.DIALLING:  # noqa: ASYNC110 - a state, not an event
            await asyncio.sleep(0.01)
        await asyncio.wait_for(call.hang_up(), 5)
    assert (call.code, call.ended_by) == (487, EndedBy.US)
    assert "0 active channels" in lab.cli("core show channels count")


async def test_a_goodbye_of_asterisk_is_seen(lab):
    async with citizen(lab) as phone:
        call = await phone.dial("lab-ends")
        await asyncio.wait_for(call.ended.wait(), 10)
    assert (call.code, call.ended_by) == (200, EndedBy.FAR_END)


async def test_a_wrong_secret_is_refused(lab):
    settings = PhoneSettings(role="agent", user="8001", password="x", server_port=lab.sip_port)
    with pytest.raises(RegistrationRefused) as refused:
        await Phone(settings).__aenter__()
    assert refused.value.details == {"code": 401}


async def test_a_caller_and_an_agent_speak_with_each_other(lab):
    async with agent(lab) as desk, citizen(lab) as phone:
        assert "sip:8001@" in lab.cli("pjsip show contacts")
        call, ring = await to_agent(phone, desk)
        assert ring.caller == "15400001234"
        assert call.state is not PhoneCallState.ANSWERED
        await ring.answer()
        await call.answered(5)
        async with asyncio.TaskGroup() as doing:
            doing.create_task(call.play(tone(700, 1)))
            doing.create_task(ring.play(tone(1100, 1)))
            doing.create_task(call.hears_tone(1100, 5))
            doing.create_task(ring.hears_tone(700, 5))
        await ring.hang_up()
        await asyncio.wait_for(call.ended.wait(), 5)
        assert call.ended_by is EndedBy.FAR_END
    assert "sip:8001@" not in lab.cli("pjsip show contacts")


async def test_an_agents_phone_that_answers_by_itself(lab):
    async with agent(lab, auto_answer_ms=30) as desk, citizen(lab) as phone:
        call, ring = await to_agent(phone, desk)
        await call.answered(5)
        await call.hang_up()
        await asyncio.wait_for(ring.ended.wait(), 5)
        assert ring.ended_by is EndedBy.FAR_END


async def test_the_agents_telephone_stops_ringing_when_the_caller_gives_up(lab):
    async with agent(lab) as desk, citizen(lab) as phone:
        call, ring = await to_agent(phone, desk)
        await call.hang_up()
        await asyncio.wait_for(ring.ended.wait(), 5)
        assert (ring.code, ring.ended_by) == (487, EndedBy.FAR_END)


async def test_an_agent_may_refuse(lab):
    async with agent(lab) as desk, citizen(lab) as phone:
        call, ring = await to_agent(phone, desk)
        await ring.decline()
        with pytest.raises(CallRefused) as refused:
            await call.answered(5)
    assert refused.value.details["code"] == 486


async def test_a_registered_phone_may_call(lab):
    async with agent(lab) as desk:
        call = await desk.dial("lab-echo")
        await call.answered(5)
        await call.play(tone(600, 0.5))
        await call.hears_tone(600, 5, from_now=False)
        await call.hang_up()


async def test_a_citizen_reaches_an_agent_over_the_line_with_a_dead_backend(lab):
    async with agent(lab, auto_answer_ms=50) as desk, citizen(lab) as phone:
        lab.cli("queue add member PJSIP/8001 to common penalty 0 as 8001")
        call = await phone.dial("12345", caller="15400001234")
        ring = await asyncio.wait_for(anext(desk.incoming()), 10)
        await ring.answered(5)
        playing = asyncio.create_task(ring.play(tone(900, 5)))
        await call.hears_tone(900, 5)
        await call.hang_up()
        await asyncio.wait([playing])
        assert ring.caller == "15400001234"
        lab.cli("queue remove member PJSIP/8001 from common")


async def test_the_probe_knows_the_prompt_that_asterisk_plays(lab):
    lab.cli(f"dialplan set global LAB_PROMPT {PROMPTS / 'greeting'}")
    result = await probe(
        ProbeSettings(
            phone=PhoneSettings(server_port=lab.sip_port),
            dialled="lab-prompt",
            prompts=(PROMPTS / "greeting.wav", PROMPTS / "rating.wav"),
        )
    )
    print(result)
    assert result.ok
    assert (result.heard, result.prompt) == (SoundKind.PROMPT, "greeting.wav")
    assert result.codec in list(Law)
    assert result.prompt_ms - result.answer_ms > 400


async def test_the_probe_tells_silence(lab):
    phone = PhoneSettings(server_port=lab.sip_port)
    settings = ProbeSettings(phone=phone, dialled="lab-silent", listen_seconds=1)
    result = await probe(settings)
    assert (result.ok, result.reason, result.sip_code) == (False, "no_sound", 200)
