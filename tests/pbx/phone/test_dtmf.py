"""Keys by the bytes of RFC 4733."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.phone.dtmf import KEYS, KeyTiming, check_keys, key_ticks
from pbx.phone.errors import KeysInvalid

TICKS = st.builds(
    KeyTiming,
    st.integers(2, 400).map(lambda ticks: 20 * ticks),
    st.integers(2, 50).map(lambda ticks: 20 * ticks),
    st.integers(0, 63),
)


def test_a_key_is_one_event_with_a_growing_duration_and_three_ends():
    packets = list(key_ticks("2", KeyTiming(press_ms=80, gap_ms=100)))
    assert [packet and packet.payload.hex() for packet in packets] == [
        "020a00a0",  # event 2, not the end, volume 10, 160 samples
        "020a0140",
        "020a01e0",
        "028a0280",  # the end: 640 samples, 80 ms
        "028a0280",
        "028a0280",
        None,
        None,
        None,
    ]
    assert [packet.marker for packet in packets if packet] == [True, *[False] * 5]
    assert [packet.age for packet in packets if packet] == [0, 160, 320, 480, 640, 800]
    assert [packet.released for packet in packets if packet] == [*[False] * 3, True, False, False]


@pytest.mark.parametrize(("key", "code"), list(zip(KEYS, range(16), strict=True)))
def test_keys_have_the_codes_of_the_registry(key, code):
    first = next(key_ticks(key, KeyTiming()))
    assert first is not None
    assert first.payload[0] == code


@given(keys=st.text(KEYS, min_size=1, max_size=8), timing=TICKS)
def test_every_key_is_begun_once_and_ended_three_times_alike(keys, timing):
    ticks = list(key_ticks(keys, timing))
    assert len(ticks) * 20 == len(keys) * (timing.press_ms + timing.gap_ms)
    packets = [packet for packet in ticks if packet]
    begun = [KEYS[packet.payload[0]] for packet in packets if packet.marker]
    assert "".join(begun) == keys
    ends = [packet.payload for packet in packets if packet.payload[1] & 0x80]
    assert len(ends) == 3 * len(keys)
    for first, second, third in zip(ends[::3], ends[1::3], ends[2::3], strict=True):
        assert first == second == third
        assert int.from_bytes(first[2:]) == timing.press_ms * 8
    durations = [int.from_bytes(packet.payload[2:]) for packet in packets if packet.age]
    assert all(0 < duration <= timing.press_ms * 8 for duration in durations)
    # All packets of a key bear its beginning's time: tick and age go together.
    starts = [tick * 160 - packet.age for tick, packet in enumerate(ticks) if packet]
    assert sorted(set(starts)) == [
        number * (timing.press_ms + timing.gap_ms) * 8 for number in range(len(keys))
    ]


def test_letters_may_be_small():
    assert check_keys("1a#") == "1A#"


@pytest.mark.parametrize("keys", ["", "E", "1 2", "\u0661", "1\n"])
def test_keys_of_no_telephone_are_refused(keys):
    with pytest.raises(KeysInvalid):
        check_keys(keys)


@pytest.mark.parametrize(
    ("press_ms", "gap_ms", "volume"),
    [(20, 100, 10), (170, 100, 10), (8020, 100, 10), (160, 20, 10), (160, 110, 10), (160, 100, 64)],
)
def test_times_that_cannot_be_sent_are_refused(press_ms, gap_ms, volume):
    with pytest.raises(KeysInvalid):
        KeyTiming(press_ms, gap_ms, volume)
