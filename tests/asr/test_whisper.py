"""Whisper base on made telephone speech: the words, the times, and silence about noise."""

from __future__ import annotations

import csv
import re
import wave
from pathlib import Path

import numpy as np
import pytest

from asr.engines.whisper import WhisperEngine, _Reading, load, to_16k
from asr.settings import AsrSettings
from core.transcript import StreamState

pytestmark = pytest.mark.speech

ROOT = Path(__file__).parents[2]
CALLS = ROOT / "tests" / "audio" / "calls"
MODELS = ROOT / ".cache" / "models"
DIGITS = str.maketrans("零〇一二三四五六七八九幺两", "0012345678912")


def recording(name: str) -> bytes:
    with wave.open(str(CALLS / name)) as file:
        return file.readframes(file.getnframes())


def spoken(name: str) -> str:
    with (CALLS / "manifest.tsv").open(encoding="utf-8") as rows:
        return next(
            row["text"] for row in csv.DictReader(rows, delimiter="\t") if row["file"] == name
        )


def character_error(truth: str, heard: str) -> float:
    """Share of wrong characters, without punctuation, digits in one form."""
    a, b = (re.sub(r"\W", "", text.translate(DIGITS)) for text in (truth, heard))
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1] / len(a)


@pytest.fixture(scope="module")
def engine() -> WhisperEngine:
    return load(AsrSettings(models=MODELS))


async def test_calls_are_written_down_through_the_whole_way(
    serve, sink, connect, make_tap, quick_settings
):
    settings = quick_settings(
        engines=("whisper",), models=MODELS, supervision={"decoding_seconds": 60}
    )
    service = await serve(settings, wait=False)
    await sink.until(lambda s: s.engines, seconds=60)
    assert sink.engines[0] == ("whisper:base", "")
    errors = []
    for name in ("U02.wav", "U14.wav"):
        tap = make_tap(name)
        peer = await connect(await service.expect(tap))
        peer.identify(tap.tap_id)
        pcm = recording(name)
        peer.audio(pcm)
        peer.hang_up()
        await sink.until(
            lambda s, tap=tap: any(
                one.tap_id == tap.tap_id and one.state is StreamState.ENDED for one in s.reports
            ),
            seconds=120,
        )
        finals = [segment for segment in sink.finals if segment.call_id == name]
        assert len(finals) >= 2
        times = [time for one in finals for time in (one.start_ms, one.end_ms)]
        assert times == sorted(times)
        assert times[-1] - times[0] <= len(pcm) / 16
        assert {one.engine for one in finals} == {"whisper:base"}
        assert all(0 < one.confidence <= 1 for one in finals)
        errors.append(character_error(spoken(name), "".join(one.text for one in finals)))
    assert max(errors) < 0.4, errors
    assert not [segment for segment in sink.segments if not segment.final]


def test_nothing_is_written_over_noise(engine):
    noise = np.random.default_rng(12345).standard_normal(3 * 8000)
    bursts = noise * 3000 * (np.arange(len(noise)) % 16000 < 8000)
    for samples in (noise * 1000, bursts):
        recogniser = engine.recogniser(8000)
        pcm = np.clip(samples, -32000, 32000).astype("<i2").tobytes()
        assert recogniser.accept(pcm) + recogniser.finish() == []


def test_what_repeats_itself_is_decoded_again_with_the_whole_window(engine, monkeypatch):
    windows = []

    def decode(audio, window, beam):
        windows.append(window)
        if window < 30:
            return _Reading("好" * 60, -0.1, 0.0, 9.0)
        return _Reading("好的", -0.1, 0.0, 0.5)

    monkeypatch.setattr(engine, "_decode", decode)
    reading = engine.read(np.zeros(16000 * 3, dtype=np.float32))
    assert reading is not None
    assert reading.text == "好的"
    assert windows == [8, 30]


def test_a_loop_that_stays_a_loop_is_not_written(engine, monkeypatch):
    loop = _Reading("好" * 60, -0.1, 0.0, 9.0)
    monkeypatch.setattr(engine, "_decode", lambda audio, window, beam: loop)
    assert engine.read(np.zeros(16000, dtype=np.float32)) is None


@pytest.mark.parametrize("samples", [0, 1, 7, 160, 8001])
def test_telephone_audio_is_brought_to_sixteen_kilohertz(samples):
    wave_8k = np.sin(2 * np.pi * 440 * np.arange(samples) / 8000)
    audio = to_16k((wave_8k * 16384).astype("<i2").tobytes(), 8000)
    assert audio.dtype == np.float32
    assert len(audio) == 2 * samples
    if samples > 1000:
        middle = audio[samples // 2 : -samples // 2]
        assert np.abs(middle).max() == pytest.approx(0.5, abs=0.02)
        wanted = 0.5 * np.sin(2 * np.pi * 440 * np.arange(2 * samples) / 16000)
        assert np.allclose(middle, wanted[samples // 2 : -samples // 2], atol=0.01)
