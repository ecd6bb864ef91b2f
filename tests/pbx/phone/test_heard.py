"""What the phone hears, however the packets come."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.phone.g711 import Law, decode, encode
from pbx.phone.heard import Heard
from pbx.phone.rtp import RtpPacket
from tests.pbx.phone.far_end import tone

SOUND = decode(encode(tone(440, 1), Law.MU), Law.MU)  # 50 packets


def packet(number: int, *, at: int = 0, ssrc: int = 1, law: Law = Law.MU) -> RtpPacket:
    """The ``number``-th 20 ms of the sound; ``at`` is where its time stamps begin."""
    frame = SOUND[number % 50 * 320 :][:320]
    payload_type = 0 if law is Law.MU else 8
    return RtpPacket(
        payload_type, number & 0xFFFF, (at + 160 * number) & 0xFFFFFFFF, ssrc, encode(frame, law)
    )


def take(heard: Heard, *packets: tuple[RtpPacket, float]) -> None:
    for one, now in packets:
        heard.take(one, now)


@pytest.mark.parametrize("at", [0, 2**32 - 1600])  # the time stamp wraps round on the way
def test_packets_in_order_are_the_sound(at):
    heard = Heard(10)
    take(heard, *((packet(n, at=at), 100 + n * 0.02) for n in range(50)))
    assert heard.pcm() == SOUND
    assert heard.samples() == 8000
    assert heard.since(7840) == SOUND[-320:]
    assert heard.first_at == 100
    reception = heard.reception()
    assert (reception.packets, reception.lost, reception.out_of_order) == (50, 0, 0)
    assert reception.jitter_ms == pytest.approx(0, abs=1e-6)
    assert reception.law is Law.MU


def test_a_lost_packet_is_silence_in_its_place_and_counted():
    heard = Heard(10)
    take(heard, *((packet(n), n * 0.02) for n in range(50) if n not in {10, 11}))
    assert heard.pcm() == SOUND[:3200] + bytes(640) + SOUND[3840:]
    assert heard.reception().lost == 2
    assert heard.reception().loss == pytest.approx(0.04)


@given(seed=st.integers(0, 10_000))
def test_packets_out_of_order_are_put_in_their_place(seed):
    order = list(range(50))
    draw = random.Random(seed)
    for _ in range(10):
        place = draw.randrange(1, 48)
        order[place], order[place + 1] = order[place + 1], order[place]
    heard = Heard(10)
    take(heard, *((packet(n), index * 0.02) for index, n in enumerate(order)))
    assert heard.pcm() == SOUND
    assert heard.reception().lost == 0


def test_a_packet_that_comes_twice_is_heard_once():
    heard = Heard(10)
    take(heard, (packet(0), 0), (packet(0), 0.001), (packet(1), 0.02))
    assert heard.pcm() == SOUND[:640]


def test_a_line_without_packets_for_a_while_is_silent_for_as_long():
    heard = Heard(10)
    take(heard, *((packet(n), n * 0.02) for n in range(10)))
    # A new source, whose numbers have nothing to do with the first's, after two seconds.
    take(heard, *((packet(n, at=77_777, ssrc=2), 2 + n * 0.02) for n in range(10)))
    assert heard.pcm() == SOUND[:3200] + bytes(2 * (16000 - 1600)) + SOUND[:3200]
    assert heard.reception().lost == 0


def test_a_jump_of_the_time_stamps_does_not_tear_the_sound_apart():
    heard = Heard(10)
    take(heard, *((packet(n), n * 0.02) for n in range(10)))
    take(heard, *((packet(n, at=9_000_000), n * 0.02) for n in range(10, 20)))
    assert heard.pcm() == SOUND[:6400]


def test_jitter_is_measured():
    even, uneven = Heard(10), Heard(10)
    take(even, *((packet(n), n * 0.02) for n in range(50)))
    take(uneven, *((packet(n), n * 0.02 + 0.01 * (n % 2)) for n in range(50)))
    assert uneven.reception().jitter_ms > 5 > even.reception().jitter_ms
    assert uneven.reception().peak_jitter_ms >= uneven.reception().jitter_ms


def test_either_law_is_heard_and_nothing_else():
    heard = Heard(10)
    take(heard, (packet(0, law=Law.A), 0))
    assert heard.reception().law is Law.A
    take(heard, (RtpPacket(101, 5, 160, 1, b"\x02\x0a\x00\xa0"), 0.02))
    take(heard, (RtpPacket(0, 6, 160, 1, b""), 0.02))
    assert heard.reception().packets == 1


def test_what_is_kept_has_an_end():
    heard = Heard(0.5)
    take(heard, *((packet(n), n * 0.02) for n in range(50)))
    assert heard.pcm() == SOUND[:8000]
    assert heard.reception().packets == 50


def test_a_listener_is_told_of_each_packet():
    heard = Heard(1)
    told = []
    heard.on_change = lambda: told.append(heard.samples())
    take(heard, (packet(0), 0), (packet(1), 0.02))
    assert told == [160, 320]
