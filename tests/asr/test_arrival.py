"""Audio that was left out against audio that is only late."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.arrival import Action, Arrival, Audio, Hole, Pause

RATE = 8000
FRAME = b"\x01\x00" * 160


def play(arrival: Arrival, sent: list[tuple[float, int]], until: float) -> list[Action]:
    """``sent``: (when, how many 20 ms frames); a tick every 20 ms."""
    actions: list[Action] = []
    waiting = sorted(sent)
    for tick in range(round(until / 0.02) + 1):
        now = tick * 0.02
        while waiting and waiting[0][0] <= now:
            at, frames = waiting.pop(0)
            for _ in range(frames):
                actions += arrival.audio(FRAME, at)
        actions += arrival.tick(now)
    return actions


def steady(first: float, last: float) -> list[tuple[float, int]]:
    return [(first + n * 0.02, 1) for n in range(round((last - first) / 0.02))]


def length(actions: list[Action]) -> float:
    """Seconds on the stream's own clock."""
    return sum(
        len(one.pcm) / 2 if isinstance(one, Audio) else one.samples
        for one in actions
        if not isinstance(one, Pause)
    ) / RATE  # fmt: skip


def test_steady_audio_passes_untouched():
    actions = play(Arrival(RATE, 0.6, 0.0), steady(0, 3), 3)
    assert actions == [Audio(FRAME)] * 150


def test_a_pause_between_words_that_was_not_sent_becomes_silence():
    actions = play(Arrival(RATE, 0.6, 0.0), steady(0, 1) + steady(1.4, 2), 2)
    assert Pause() not in actions
    assert not any(isinstance(one, Hole) for one in actions)
    assert sum(one == Audio(FRAME) for one in actions) == 80
    assert length(actions) == pytest.approx(2.0, abs=0.05)


def test_a_mute_ends_what_was_said_and_leaves_a_hole():
    actions = play(Arrival(RATE, 0.6, 0.0), steady(0, 1) + steady(4, 5), 5)
    (hole,) = [one for one in actions if isinstance(one, Hole)]
    assert hole.samples / RATE == pytest.approx(3.0, abs=0.05)
    assert actions.count(Pause()) == 1
    assert actions.index(Pause()) < actions.index(hole)
    assert length(actions) == pytest.approx(5.0, abs=0.05)


@pytest.mark.parametrize("stall", [0.3, 2.0])
def test_audio_that_was_late_is_not_stretched(stall):
    late = [*steady(0, 1), (1 + stall, round(stall / 0.02)), *steady(1 + stall, 4)]
    actions = play(Arrival(RATE, 0.6, 0.0), late, 4)
    audio = [one for one in actions if isinstance(one, Audio)]
    assert audio == [Audio(FRAME)] * 200
    assert not any(isinstance(one, Hole) for one in actions)


def test_many_short_gaps_do_not_add_up_to_a_shift():
    words = [frame for n in range(20) for frame in steady(n * 0.5, n * 0.5 + 0.3)]
    actions = play(Arrival(RATE, 0.6, 0.0), words, 10)
    assert length(actions) == pytest.approx(9.8, abs=0.15)


@given(st.lists(st.tuples(st.floats(0, 20), st.integers(1, 60)), max_size=40))
def test_no_audio_is_lost_whatever_its_timing(sent):
    arrival = Arrival(RATE, 0.6, 0.0)
    actions = play(arrival, sent, 21)
    actions += arrival.settle(21)
    assert sum(one == Audio(FRAME) for one in actions) == sum(frames for _, frames in sent)
    assert all(one.samples > 0 for one in actions if isinstance(one, Hole))
