"""What the phone says, packet by packet."""

import pytest

from pbx.phone.dtmf import KeyTiming
from pbx.phone.errors import KeysInvalid
from pbx.phone.g711 import Law, encode
from pbx.phone.rtp import RtpPacket
from pbx.phone.sender import Sender
from tests.pbx.phone.far_end import tone

SILENCE = encode(bytes(320), Law.MU)
SHORT = KeyTiming(press_ms=40, gap_ms=60)  # five ticks


class Said:
    """Runs a sender and keeps its packets."""

    def __init__(self, law: Law = Law.MU, event_type: int | None = 101) -> None:
        self.sender = Sender(law, event_type)
        self.packets: list[RtpPacket] = []
        self.done: list[str] = []

    def run(self, ticks: int) -> list[RtpPacket]:
        new = [RtpPacket.parse(self.sender.tick()) for _ in range(ticks)]
        self.packets += new
        return new

    def play(self, pcm: bytes, name: str = "played"):
        return self.sender.play(pcm, lambda: self.done.append(name))

    def press(self, keys: str, timing: KeyTiming = SHORT, name: str = "pressed"):
        return self.sender.press(keys, timing, lambda: self.done.append(name))


def test_the_line_is_never_quiet():
    said = Said()
    packets = said.run(3)
    assert [packet.payload for packet in packets] == [SILENCE] * 3
    assert [packet.marker for packet in packets] == [True, False, False]
    assert {packet.payload_type for packet in packets} == {0}


@pytest.mark.parametrize("law", Law)
def test_a_recording_is_said_whole_and_then_done(law):
    said = Said(law)
    pcm = tone(440, 0.05)  # two and a half packets
    said.play(pcm)
    packets = said.run(3)
    assert not said.done
    silence = encode(bytes(320), law)
    coded = encode(pcm, law)
    assert b"".join(packet.payload for packet in packets) == coded + silence[: 480 - len(coded)]
    assert said.run(1)[0].payload == silence
    assert said.done == ["played"]


def test_numbers_go_on_and_wrap_round():
    said = Said()
    said.run(70_000)
    for before, after in zip(said.packets, said.packets[1:], strict=False):
        assert after.sequence == (before.sequence + 1) % 2**16
        assert after.timestamp == (before.timestamp + 160) % 2**32
    assert len({packet.ssrc for packet in said.packets}) == 1


def test_sound_waits_while_a_key_is_pressed_and_nothing_of_it_is_lost():
    said = Said()
    pcm = tone(440, 0.1)
    said.play(pcm)
    said.run(2)
    said.press("5")
    said.run(9)
    events = [packet for packet in said.packets if packet.payload_type == 101]
    assert [packet.payload[0] for packet in events] == [5] * 4
    assert {packet.timestamp for packet in events} == {said.packets[2].timestamp}
    sound = b"".join(packet.payload for packet in said.packets if packet.payload_type == 0)
    assert sound.replace(SILENCE, b"") == encode(pcm, Law.MU)
    gap = said.packets[6]
    assert (gap.payload, gap.marker) == (SILENCE, True)  # a new spurt after the event


def test_a_key_is_done_when_it_is_let_go_and_its_end_still_comes_three_times():
    said = Said()
    said.press("9")
    said.run(1)
    assert said.done == []
    said.run(1)
    assert said.done == ["pressed"]
    said.press("8", name="next")
    said.run(8)
    ends = [p.payload[0] for p in said.packets if p.payload_type == 101 and p.payload[1] & 0x80]
    assert ends == [9, 9, 9, 8, 8, 8]
    assert said.done == ["pressed", "next"]


def test_stopped_sound_is_silent_at_once_and_never_done():
    said = Said()
    job = said.play(tone(440, 1))
    said.run(2)
    job.stopped = True
    assert said.run(1)[0].payload == SILENCE
    said.run(60)
    assert said.done == []


def test_a_key_once_begun_is_let_go_even_when_it_is_stopped():
    said = Said()
    job = said.press("1")
    said.run(1)
    job.stopped = True
    said.run(4)
    assert [p.payload[1] >> 7 for p in said.packets if p.payload_type == 101] == [0, 1, 1, 1]


def test_keys_stopped_before_they_began_are_not_pressed():
    said = Said()
    said.press("1").stopped = True
    assert {packet.payload_type for packet in said.run(10)} == {0}
    assert said.done == []


def test_keys_go_out_under_the_number_that_the_far_end_named():
    said = Said(event_type=96)
    said.press("1")
    assert said.run(1)[0].payload_type == 96


def test_a_far_end_that_takes_no_keys_is_said_so():
    said = Said(event_type=None)
    with pytest.raises(KeysInvalid):
        said.press("1")
    with pytest.raises(KeysInvalid):
        Said().press("x")
