"""RTP packets by their bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.phone.errors import RtpInvalid
from pbx.phone.rtp import RtpPacket

PACKETS = st.builds(
    RtpPacket,
    st.integers(0, 127).filter(lambda number: not 72 <= number <= 76),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    st.binary(max_size=200),
    st.booleans(),
)


def test_a_packet_is_laid_out_as_the_standard_says():
    packet = RtpPacket(101, 0x0203, 0x04050607, 0x08090A0B, b"\xaa\xbb", marker=True)
    assert packet.pack().hex() == "80e502030405060708090a0baabb"


@given(packet=PACKETS)
def test_a_packet_survives_both_ways(packet):
    assert RtpPacket.parse(packet.pack()) == packet


def test_what_may_stand_between_header_and_sound_is_skipped():
    head = bytes.fromhex("b200" + "0001" + "00000002" + "00000003")
    csrc = bytes(8)
    extension = bytes.fromhex("bede0001") + bytes(4)
    assert RtpPacket.parse(head + csrc + extension + b"sound" + b"\0\0\3").payload == b"sound"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes.fromhex("8000000100000002000000"),  # a byte short
        bytes.fromhex("4000000100000002000000033333"),  # version 1
        bytes.fromhex("8300000100000002000000030000"),  # three CSRC, none there
        bytes.fromhex("900000010000000200000003bede"),  # half an extension header
        bytes.fromhex("900000010000000200000003bede0009"),  # an extension longer than the packet
        bytes.fromhex("a00000010000000200000003ff00"),  # padding of no length
        bytes.fromhex("a00000010000000200000003ff20"),  # more padding than packet
        bytes.fromhex("80c80006000000020000000300000000"),  # an RTCP sender report
    ],
)
def test_what_is_no_packet_is_refused(data):
    with pytest.raises(RtpInvalid):
        RtpPacket.parse(data)


@given(data=st.binary(max_size=64))
def test_any_bytes_are_a_packet_or_refused(data):
    try:
        packet = RtpPacket.parse(data)
    except RtpInvalid:
        return
    assert len(packet.payload) <= len(data) - 12
