"""SIP messages as others write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.phone.errors import SipInvalid
from pbx.phone.message import SipMessage, uri_of

INVITE = (
    "INVITE sip:line@192.0.2.1 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 192.0.2.9:5060;rport;branch=z9hG4bKtop\r\n"
    "Via: SIP/2.0/UDP 192.0.2.8;branch=z9hG4bKbelow\r\n"
    'From: "张三" <sip:15400001234@192.0.2.9>;tag=abc\r\n'
    "To: <sip:line@192.0.2.1>\r\n"
    "Call-ID: one@192.0.2.9\r\n"
    "CSeq: 7 INVITE\r\n"
    "Contact: <sip:asterisk@192.0.2.9:5060;transport=udp>\r\n"
    "Record-Route: <sip:p1;lr>\r\n"
    "Record-Route: <sip:p2;lr>\r\n"
    "Content-Type: application/sdp\r\n"
    "Content-Length: 5\r\n"
    "\r\n"
    "v=0\r\n"
)
OK = INVITE.partition("\r\n")[2].partition("Content-Type")[0] + "Content-Length: 0\r\n\r\n"


def read(text: str) -> SipMessage:
    return SipMessage.read(text.encode())


def test_a_request_is_read():
    message = read(INVITE)
    assert (message.code, message.method, message.cseq, message.branch) == (
        0,
        "INVITE",
        7,
        "z9hG4bKtop",
    )
    assert message.call_id == "one@192.0.2.9"
    assert message.headers["From"]["number"] == "15400001234"
    assert (message.tag("From"), message.tag("To")) == ("abc", "")
    assert message.contact == "sip:asterisk@192.0.2.9:5060;transport=udp"
    assert len(message.via) == len(message.record_route) == 2
    assert message.sdp == "v=0\r\n"


@pytest.mark.parametrize(
    ("written", "code"), [("200 OK", 200), ("486 Busy Here", 486), ("200", 200), ("200 ", 200)]
)
def test_a_response_is_read(written, code):
    message = read(f"SIP/2.0 {written}\r\n{OK}")
    assert (message.code, message.cseq_method, message.method) == (code, "INVITE", "")


@pytest.mark.parametrize("code", [199, 299, 399, 499, 599, 699, 155])
def test_a_status_that_the_library_does_not_know_keeps_its_number(code):
    assert read(f"SIP/2.0 {code} New\r\n{OK}").code == code


def test_names_may_be_small_compact_or_spaced_and_lines_folded():
    text = (
        INVITE.replace("Via: SIP/2.0/UDP 192.0.2.9:5060;", "v:SIP/2.0/UDP 192.0.2.9:5060 ; ")
        .replace("From: ", "f :")
        .replace("To: ", "T:\r\n ")
        .replace("Call-ID: ", "CALL-ID:   ")
        .replace("CSeq: 7 ", "cseq:7\t ")
        .replace("Content-Type: application/sdp", "c: Application/SDP; charset=utf-8")
        .replace("Content-Length: ", "l:")
    )
    message = read(text)
    assert message.branch == "z9hG4bKtop"
    assert (message.tag("From"), message.cseq, message.call_id) == ("abc", 7, "one@192.0.2.9")
    assert message.cseq_method == "INVITE"
    assert message.sdp == "v=0\r\n"


def test_a_tag_ends_where_another_parameter_begins():
    assert read(INVITE.replace(";tag=abc", ";tag=abc;x=y")).tag("From") == "abc"


def test_every_method_is_read():
    for method in ("OPTIONS", "NOTIFY", "UPDATE", "REFER", "INFO", "PRACK"):
        assert read(INVITE.replace("INVITE", method)).method == method


def test_what_comes_after_the_body_does_not_belong_to_it():
    assert read(INVITE + "\r\n\r\nand more").sdp == "v=0\r\n"


def test_a_body_of_another_kind_is_no_session_description():
    assert read(INVITE.replace("application/sdp", "text/plain")).sdp == ""


def test_a_challenge_of_a_proxy_is_a_challenge():
    challenge = 'Proxy-Authenticate: Digest realm="asterisk",nonce="n/1",opaque="o"\r\n'
    message = read(f"SIP/2.0 407 Who\r\n{challenge}{OK}")
    assert message.authentication["realm"] == "asterisk"
    assert message.authentication["nonce"] == "n/1"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\r\n\r\n",
        "hello",
        "HELLO sip:line SIP/2.0\r\n" + OK,
        "SIP/2.0 99 Low\r\n" + OK,
        "SIP/2.0 abc\r\n" + OK,
        "SIP/3.0 200 OK\r\n" + OK,
        INVITE.replace("Via", "Vio"),
        INVITE.replace("CSeq: 7 INVITE", "CSeq: seven INVITE"),
        INVITE.replace("CSeq: 7 INVITE", "CSeq: 7"),
        INVITE.replace("Call-ID: one@192.0.2.9\r\n", ""),
        INVITE.replace("<sip:line@192.0.2.1>", "tel:12345"),
        INVITE.replace("Content-Length: 5", "Content-Length: 500"),
        INVITE.replace("Content-Length: 5", "Content-Length: -1"),
        INVITE.replace("Record-Route: <sip:p1;lr>", "Record-Route"),
    ],
)
def test_what_is_no_message_is_refused(text):
    with pytest.raises(SipInvalid):
        read(text)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(SipInvalid):
        SipMessage.read(INVITE.encode().replace(b"one@", b"\xff\xfe"))


@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused_and_nothing_else_happens(data):
    with pytest.raises(SipInvalid):
        SipMessage.read(data)


@given(at=st.integers(0, len(INVITE)), junk=st.text(max_size=12), cut=st.integers(0, 30))
def test_a_damaged_message_is_read_or_refused(at, junk, cut):
    try:
        message = read(INVITE[:at] + junk + INVITE[at + cut :])
    except SipInvalid:
        return
    assert message.via
    assert isinstance(message.cseq, int)


@pytest.mark.parametrize(
    ("value", "uri"),
    [
        ("<sip:a@b:5;transport=udp>;expires=3", "sip:a@b:5;transport=udp"),
        ('"A, B" <sips:a@b>', "sips:a@b"),
        ("sip:a@b;expires=3", "sip:a@b"),
        ("*", None),
        ("", None),
    ],
)
def test_the_address_in_a_header(value, uri):
    assert uri_of(value) == uri
