"""The audio in a session description."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.phone.errors import SdpInvalid
from pbx.phone.g711 import Law
from pbx.phone.sdp import RemoteAudio, read_sdp

HEAD = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
PLAIN = HEAD + "c=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 0 101\r\n"
EVENTS = "a=rtpmap:101 telephone-event/8000\r\n"


def test_the_first_law_and_the_key_events_are_taken():
    assert read_sdp(PLAIN + EVENTS) == RemoteAudio("192.0.2.1", 4000, Law.A, 101)


def test_line_feeds_alone_will_do():
    assert read_sdp(PLAIN.replace("\r", "") + EVENTS).law is Law.A


def test_an_address_of_the_audio_goes_before_the_sessions():
    assert read_sdp(PLAIN + "c=IN IP4 192.0.2.9\r\n").host == "192.0.2.9"


def test_audio_is_found_beside_other_media():
    video = "m=video 5000 RTP/AVP 31\r\nc=IN IP4 192.0.2.7\r\na=rtpmap:101 H261/90000\r\n"
    after = PLAIN + EVENTS + "m=video 5000 RTP/AVP 31\r\nc=IN IP4 192.0.2.7\r\n"
    assert read_sdp(after) == RemoteAudio("192.0.2.1", 4000, Law.A, 101)
    before = HEAD + video + "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\n"
    assert read_sdp(before) == RemoteAudio("192.0.2.1", 4000, Law.MU, None)


def test_without_events_no_keys_are_taken():
    assert read_sdp(PLAIN).event_type is None
    assert read_sdp(PLAIN + EVENTS.replace("101", "99")).event_type is None  # not on the m= line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        HEAD + "c=IN IP4 192.0.2.1\r\nt=0 0\r\n",  # no media
        PLAIN.replace("4000", "0"),  # refused
        PLAIN.replace("4000", "70000"),
        PLAIN.replace("4000", "x"),
        PLAIN.replace("RTP/AVP", "RTP/SAVP"),
        PLAIN.replace("8 0 101", "9 18 101"),
        PLAIN.replace("8 0 101", "8") + "a=rtpmap:8 G729/8000\r\n",  # a law's number for another
        PLAIN.replace("IN IP4 192.0.2.1\r\nt", "\r\nt"),
        PLAIN.replace("c=IN IP4 192.0.2.1", "c=IN IP4 host.example"),
    ],
)
def test_what_has_no_audio_for_us_is_refused(text):
    with pytest.raises(SdpInvalid):
        read_sdp(text)


@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with pytest.raises(SdpInvalid):
        read_sdp(text)


@given(cut=st.integers(0, len(PLAIN + EVENTS)), value=st.text(max_size=10))
def test_a_damaged_description_is_read_or_refused(cut, value):
    whole = PLAIN + EVENTS
    with contextlib.suppress(SdpInvalid):
        assert 0 < read_sdp(whole[:cut] + value + whole[cut:]).port < 65536
