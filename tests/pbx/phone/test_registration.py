"""An agent's phone and its registrar."""

import asyncio
import hashlib

import pytest

from pbx.phone import Phone, PhoneSettings
from pbx.phone.errors import PortTaken, RegistrationRefused
from tests.pbx.phone.far_end import FarEnd

CHALLENGE = 'Digest realm="asterisk",nonce="1700000000/abc",opaque="o",algorithm=MD5,qop="auth"'


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def settings(far_end: FarEnd, **more: object) -> PhoneSettings:
    return PhoneSettings(
        role="agent", user="8001", password="secret-8001", server_port=far_end.port, **more
    )


async def test_a_phone_registers_with_the_digest_and_withdraws(far_end):
    phone = Phone(settings(far_end))
    entering = asyncio.create_task(phone.__aenter__())
    first = await far_end.next("REGISTER")
    far_end.reply(first, 401, WWW_Authenticate=CHALLENGE)
    second = await far_end.next("REGISTER")
    digest = second.headers["Authorization"]
    who, what = md5("8001:asterisk:secret-8001"), md5(f"REGISTER:{digest['uri']}")
    assert digest["response"] == md5(f"{who}:1700000000/abc:{what}")  # RFC 2617, 3.2.2.1
    assert second.contact == f"sip:8001@127.0.0.1:{far_end.peer[1]};transport=UDP"
    assert (second.headers["Expires"], second.cseq) == ("120", first.cseq + 1)
    far_end.reply(second, 200)
    await entering
    assert phone.registration.registered.is_set()
    leaving = asyncio.create_task(phone.__aexit__(None, None, None))
    withdrawn = await far_end.next("REGISTER")
    assert withdrawn.headers["Expires"] == "0"
    far_end.reply(withdrawn, 200)
    await leaving


@pytest.mark.parametrize("code", [403, 404, 503])
async def test_a_refused_phone_says_so_and_leaves_nothing_behind(far_end, code):
    entering = asyncio.create_task(Phone(settings(far_end)).__aenter__())
    far_end.reply(await far_end.next("REGISTER"), code)
    with pytest.raises(RegistrationRefused) as refused:
        await entering
    assert refused.value.details == {"code": code}


async def test_a_wrong_password_is_not_tried_for_ever(far_end):
    entering = asyncio.create_task(Phone(settings(far_end)).__aenter__())
    for _ in range(3):
        far_end.reply(await far_end.next("REGISTER"), 401, WWW_Authenticate=CHALLENGE)
    with pytest.raises(RegistrationRefused) as refused:
        await entering
    assert refused.value.details == {"code": 401}


async def test_a_lost_request_is_repeated_again_and_again(far_end, monkeypatch):
    monkeypatch.setattr("pbx.phone.transport.T1", 0.01)
    entering = asyncio.create_task(Phone(settings(far_end)).__aenter__())
    for _ in range(5):
        last = await far_end.next("REGISTER")
    assert len(set(far_end.texts)) == 1
    far_end.reply(last, 404)
    with pytest.raises(RegistrationRefused):
        await entering


async def test_a_silent_registrar_is_given_up(far_end, monkeypatch):
    monkeypatch.setattr("pbx.phone.registration._PATIENCE", 0.3)
    with pytest.raises(RegistrationRefused) as refused:
        await Phone(settings(far_end)).__aenter__()
    assert refused.value.details == {"code": 408}


async def test_a_registration_is_renewed_and_comes_back_after_a_refusal(far_end, monkeypatch):
    monkeypatch.setattr("pbx.phone.registration._RENEW_AT", 0.002)
    monkeypatch.setattr("pbx.phone.registration._RETRY_FIRST", 0.01)
    phone = Phone(settings(far_end, registration_seconds=20))
    entering = asyncio.create_task(phone.__aenter__())
    far_end.reply(await far_end.next("REGISTER"), 200)
    await entering
    far_end.reply(await far_end.next("REGISTER"), 503)  # the renewal
    retried = await far_end.next("REGISTER")
    assert not phone.registration.registered.is_set()
    far_end.reply(retried, 200)
    await asyncio.wait_for(phone.registration.registered.wait(), 5)
    leaving = asyncio.create_task(phone.__aexit__(None, None, None))
    while (last := await far_end.next("REGISTER")).headers["Expires"] != "0":
        far_end.reply(last, 200)
    far_end.reply(last, 200)
    await leaving


async def test_a_taken_port_is_said_so(far_end):
    with pytest.raises(PortTaken) as taken:
        async with Phone(PhoneSettings(port=far_end.port)):
            pass
    assert taken.value.details == {"port": far_end.port}
