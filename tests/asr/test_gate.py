"""The voice gate on made audio, with a judge by loudness and with the real voice detector."""

from __future__ import annotations

import itertools
import json
import wave
from functools import partial
from pathlib import Path

import pytest
import webrtcvad
from hypothesis import given
from hypothesis import strategies as st

from asr.gate import Utterance, VoiceGate, loud
from asr.settings import GateSettings

RATE = 8000
DIALOGUES = Path(__file__).parents[1] / "audio" / "dialogues"


def cut(pcm: bytes, chunk: int = 320, **settings: object) -> list[Utterance]:
    gate = VoiceGate(loud(500), RATE, GateSettings.model_validate(settings))
    ended = []
    for at in range(0, len(pcm), chunk):
        ended += gate.push(pcm[at : at + chunk])
    return ended + gate.flush()


def quiet(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))


def test_speech_between_pauses_is_one_utterance_with_its_times(tone):
    pcm = quiet(1) + tone(0.5) + quiet(0.3) + tone(0.5) + quiet(1) + tone(0.4) + quiet(1)
    first, second = cut(pcm, pause_ms=500)
    assert first.start == pytest.approx(1.0 * RATE, abs=320)
    assert first.end == pytest.approx(2.3 * RATE, abs=320)
    assert second.start == pytest.approx(3.3 * RATE, abs=320)
    assert second.end == pytest.approx(3.7 * RATE, abs=320)


def test_an_utterance_carries_what_came_just_before_and_after_it(tone):
    (one,) = cut(quiet(1) + tone(0.5) + quiet(1), pre_roll_ms=240, pause_ms=500)
    seconds = len(one.pcm) / 2 / RATE
    assert seconds == pytest.approx(0.5 + 0.2 + 0.2, abs=0.06)


def test_a_click_opens_nothing_and_a_cough_is_dropped(tone):
    assert cut(quiet(0.5) + tone(0.03) + quiet(1)) == []
    assert cut(quiet(0.5) + tone(0.12) + quiet(1), min_speech_ms=180) == []


def test_a_long_speech_is_cut_at_its_quietest_place(tone):
    speech = tone(2.4, amplitude=8000) + tone(0.2, amplitude=1500) + tone(2.4, amplitude=8000)
    head, tail = cut(speech + quiet(1), max_utterance_seconds=3, pause_ms=500)
    assert head.end / RATE == pytest.approx(2.5, abs=0.1)
    assert tail.start / RATE == pytest.approx(2.5, abs=0.1)
    assert tail.end / RATE == pytest.approx(5.0, abs=0.1)


def test_speech_without_end_gives_bounded_utterances_and_loses_nothing(tone):
    ended = cut(tone(20), max_utterance_seconds=3)
    assert all(len(one.pcm) / 2 / RATE <= 3 for one in ended)
    assert sum(one.end - one.start for one in ended) == 20 * RATE


@given(st.lists(st.integers(1, 4000), min_size=1, max_size=12), st.data())
def test_chunks_of_any_size_give_the_same_utterances(sizes, data):
    loudness = data.draw(st.lists(st.sampled_from([0, 3000]), min_size=5, max_size=60))
    pcm = b"".join(amplitude.to_bytes(2, "little") * 640 for amplitude in loudness)
    settings = {"pause_ms": 160, "max_utterance_seconds": 2, "min_speech_ms": 60}
    gate = VoiceGate(loud(500), RATE, GateSettings.model_validate(settings))
    ended, at, turn = [], 0, 0
    while at < len(pcm):
        size = sizes[turn % len(sizes)]
        ended += gate.push(pcm[at : at + size])
        at, turn = at + size, turn + 1
    assert ended + gate.flush() == cut(pcm, **settings)
    assert all(a.end <= b.start for a, b in itertools.pairwise(ended))


@pytest.mark.parametrize("name", ["D1", "D2", "D3", "D4"])
@pytest.mark.parametrize("leg", ["caller", "agent"])
def test_no_turn_of_a_dialogue_is_missed(name, leg):
    with wave.open(str(DIALOGUES / f"{name}.{leg}.wav")) as recording:
        pcm = recording.readframes(recording.getnframes())
    settings = GateSettings()
    judge = partial(webrtcvad.Vad(settings.aggressiveness).is_speech, sample_rate=RATE)
    gate = VoiceGate(judge, RATE, settings)
    utterances = gate.push(pcm) + gate.flush()
    for turn in json.loads((DIALOGUES / f"{name}.json").read_text())["turns"]:
        if turn["speaker"] != leg:
            continue
        heard = sum(
            max(min(one.end / RATE, turn["end"]) - max(one.start / RATE, turn["start"]), 0)
            for one in utterances
        )
        assert heard > 0.75 * (turn["end"] - turn["start"]), turn["start"]
