"""G.711 both ways."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.phone.g711 import Law, decode, encode

SAMPLES = st.lists(st.integers(-32768, 32767), min_size=1, max_size=400)


def pcm(*samples: int) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


def samples(data: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(data) // 2}h", data)


@pytest.mark.parametrize(
    ("law", "code", "value"),
    [  # corners of the tables of ITU-T G.711 on the scale of 16 bits
        (Law.MU, 0x00, -32124),
        (Law.MU, 0x80, 32124),
        (Law.MU, 0xFF, 0),
        (Law.MU, 0x7F, 0),
        (Law.MU, 0xFE, 8),
        (Law.A, 0xD5, 8),
        (Law.A, 0x55, -8),
        (Law.A, 0xAA, 32256),
        (Law.A, 0x2A, -32256),
    ],
)
def test_codes_have_the_values_of_the_standard(law, code, value):
    assert samples(decode(bytes([code]), law)) == (value,)


@pytest.mark.parametrize("law", Law)
def test_every_code_survives_both_ways(law):
    codes = bytes(code for code in range(256) if (law, code) != (Law.MU, 0x7F))  # mu's second zero
    assert encode(decode(codes, law), law) == codes


def test_silence_is_the_usual_silence():
    assert encode(pcm(0, 0), Law.MU) == b"\xff\xff"


@pytest.mark.parametrize("law", Law)
@given(values=SAMPLES)
def test_a_sample_comes_back_within_half_a_step(law, values):
    for before, after in zip(values, samples(decode(encode(pcm(*values), law), law)), strict=True):
        # A step is at most a sixteenth of the segment it lies in, 16 at the bottom; above the
        # highest code everything is clipped.
        assert abs(before - after) <= max(16, abs(before) / 32 + 8, abs(before) - 32124)
