"""The messages that the phone writes, read back by its own reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.phone.errors import NumberInvalid, SdpInvalid, SipInvalid
from pbx.phone.message import SipMessage
from pbx.phone.sdp import EVENT_TYPE, read_sdp
from pbx.phone.sip import Caller, SipWriter, callee_dialog
from tests.pbx.phone.far_end import SDP

BODY = SDP.format(port=40000, law=0)
INVITE = (
    "INVITE sip:8001@127.0.0.1:5070 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKone\r\n"
    'From: "A" <sip:15400001234@127.0.0.1>;tag=theirs\r\n'
    "To: <sip:8001@127.0.0.1>\r\n"
    "Call-ID: c1\r\n"
    "CSeq: 4 INVITE\r\n"
    "Contact: <sip:asterisk@127.0.0.1:5060>\r\n"
    "Record-Route: <sip:proxy;lr>\r\n"
    "Content-Type: application/sdp\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n{BODY}"
)
PRINTABLE = st.text(st.characters(exclude_categories=["C", "Zl", "Zp", "Zs"]), max_size=40)


def writer() -> SipWriter:
    return SipWriter(("127.0.0.1", 5060), "8001", "secret", "127.0.0.1", 5070)


def read(text: str) -> SipMessage:
    return SipMessage.read(text.encode())


@given(display=PRINTABLE, number=st.from_regex(r"[0-9+*#%]{1,20}", fullmatch=True))
def test_any_caller_is_written_so_that_it_is_read_back(display, number):
    if "#" in number:
        with pytest.raises(NumberInvalid):
            Caller(number, display)
        return
    invite = read(writer().offer("12345", Caller(number, display), "c1", 4000, "z9hG4bKx"))
    assert invite.headers["From"]["number"] == number
    assert read_sdp(invite.sdp).port == 4000
    assert read_sdp(invite.sdp).event_type == EVENT_TYPE


@given(text=st.text(min_size=1, max_size=20))
def test_no_caller_can_add_a_header(text):
    for make in (
        lambda: Caller(text),
        lambda: Caller("154", text),
        lambda: Caller("154", None, text),
    ):
        try:
            caller = make()
        except NumberInvalid:
            continue
        lines = writer().offer("12345", caller, "c1", 4000, "z9hG4bKx").split("\r\n")
        assert not any(line.strip() and ": " not in line for line in lines[1 : lines.index("")])


def test_a_proxys_challenge_is_answered_to_the_proxy():
    challenge = 'SIP/2.0 407 Who\r\nProxy-Authenticate: Digest realm="r",nonce="n"\r\n'
    refused = read(challenge + INVITE.partition("\r\n")[2].partition("Content-Type")[0] + "\r\n")
    one = writer()
    invite = one.offer("12345", Caller("8001"), "c1", 4000, "z9hG4bKx")
    again = one.offer_again(invite, refused, "z9hG4bKy")
    assert "\r\nProxy-Authorization: Digest " in again
    assert "\r\nAuthorization" not in again
    assert read(again).branch == "z9hG4bKy"


def test_an_answer_keeps_to_the_offer_and_its_route():
    one = writer()
    invite = read(INVITE)
    ringing = read(one.ringing(invite))
    answer = read(one.answer(invite, 4000, read_sdp(invite.sdp)))
    for reply in (ringing, answer):
        assert reply.contact == "sip:8001@127.0.0.1:5070"
        assert reply.record_route == ["<sip:proxy;lr>"]
        assert reply.branch == "z9hG4bKone"
        assert reply.tag("To") == ringing.tag("To")
    assert "m=audio 4000 RTP/AVP 0 101" in answer.sdp
    dialog = callee_dialog(one, invite, ("127.0.0.1", 5060))
    bye = one.within(dialog, "BYE", "z9hG4bKz")
    assert bye.startswith("BYE sip:asterisk@127.0.0.1:5060 SIP/2.0\r\n")
    assert "\r\nRoute: <sip:proxy;lr>\r\n" in bye
    assert (read(bye).tag("From"), read(bye).tag("To")) == (ringing.tag("To"), "theirs")


@given(at=st.integers(0, len(INVITE)), junk=st.text(max_size=12), cut=st.integers(0, 30))
def test_whatever_can_be_read_can_be_answered(at, junk, cut):
    try:
        invite = read(INVITE[:at] + junk + INVITE[at + cut :])
    except SipInvalid:
        return
    one = writer()
    assert one.reply(invite, 486, "Busy Here").startswith("SIP/2.0 486 ")
    if invite.contact is None or invite.method != "INVITE":
        return
    try:
        remote = read_sdp(invite.sdp)
    except SdpInvalid:
        return
    assert one.ringing(invite).startswith("SIP/2.0 180 ")
    assert one.answer(invite, 4000, remote).startswith("SIP/2.0 200 ")
    callee_dialog(one, invite, ("127.0.0.1", 5060))
