"""Telling what was heard."""

import numpy as np
import pytest

from pbx.phone.g711 import Law, decode, encode
from pbx.phone.listen import (
    SILENCE_DBFS,
    find,
    first_sound_ms,
    level_dbfs,
    strongest_tone_share,
    tone_share,
)
from tests.pbx.phone.far_end import tone

QUIET = bytes(1600)  # 100 ms


def noise(seconds: float, seed: int, level: float = 0.1) -> bytes:
    draw = np.random.default_rng(seed).normal(0, level * 32767, int(8000 * seconds))
    return np.clip(draw, -32768, 32767).astype("<i2").tobytes()


def test_level_of_a_full_sine_is_three_decibels_under_full_scale():
    assert level_dbfs(tone(1000, 1, level=1.0)) == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize("pcm", [b"", QUIET])
def test_silence_and_nothing_have_a_level(pcm):
    assert level_dbfs(pcm) == SILENCE_DBFS
    assert tone_share(pcm, 700) == 0.0
    assert strongest_tone_share(pcm, -45) == 0.0
    assert first_sound_ms(pcm, -45) is None


def test_a_tone_is_told_from_another_and_from_noise():
    assert tone_share(tone(700, 0.2), 700) > 0.99
    assert tone_share(tone(700, 0.2), 1100) < 0.01
    assert tone_share(noise(0.2, 1), 700) < 0.05
    assert strongest_tone_share(tone(455, 1), -45) > 0.99
    assert strongest_tone_share(noise(1, 2), -45) < 0.2


def test_silence_around_a_tone_does_not_hide_it():
    ringing = (tone(450, 1) + bytes(4 * 16000)) * 2
    assert strongest_tone_share(ringing, -45) > 0.99


def test_the_first_sound_is_where_it_begins_to_last():
    click = tone(1000, 0.02)
    pcm = QUIET + click + QUIET + tone(500, 0.3)
    assert first_sound_ms(pcm, -45) == 220
    assert first_sound_ms(pcm, -45, lasting_ms=20) == 100
    assert first_sound_ms(pcm, -5) is None


def test_a_recording_is_found_where_it_begins_whatever_its_loudness():
    recording = noise(0.5, 3)
    quiet = (np.frombuffer(recording, "<i2") // 8).astype("<i2").tobytes()
    heard = noise(0.25, 4) + decode(encode(quiet, Law.MU), Law.MU) + noise(0.25, 5)
    match = find(recording, heard)
    assert match.score > 0.95
    assert match.at_ms == pytest.approx(250, abs=0.2)


def test_another_recording_is_not_found():
    assert find(noise(0.5, 6), noise(2, 7)).score < 0.3


@pytest.mark.parametrize(
    ("recording", "heard"),
    [
        (b"", noise(0.1, 8)),
        (QUIET, noise(1, 8)),
        (noise(1, 8), noise(0.1, 8)),
        (noise(0.1, 8), bytes(16000)),
    ],
)
def test_what_cannot_match_scores_nothing(recording, heard):
    assert find(recording, heard).score == pytest.approx(0, abs=1e-6)
