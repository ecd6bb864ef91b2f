"""The bench measures the real way; the figures themselves are the machine's business."""

from __future__ import annotations

import pytest

from asr.bench import Spread, measure
from core.clock import SystemClock
from core.errors import Unavailable


async def test_a_short_run_counts_every_frame_and_final(quick_settings, tone):
    audio = bytes(8000) + tone(0.5) + bytes(8000)
    figures = await measure(quick_settings(), [audio], legs=4, seconds=3.0, clock=SystemClock())
    assert figures.engine == "fake"
    assert figures.frames_sent == figures.frames_taken == 4 * 150
    assert figures.frames_dropped == figures.streams_lost == 0
    assert figures.finals == figures.speech_to_final_ms.count == 8
    assert figures.partials > 0
    assert figures.speech_to_final_ms.p50 > 250  # the pause that ends an utterance is 300 ms
    assert figures.silence_gap_ms.count > 150
    assert figures.worst_lag_ms.count == 4
    assert figures.audio_to_engine_p99_ms >= figures.audio_to_engine_p50_ms > 0


async def test_no_engine_is_an_error_not_a_figure(quick_settings):
    with pytest.raises(Unavailable, match="nonsense"):
        await measure(quick_settings(engines=("nonsense",)), [b""], 1, 1.0, SystemClock())


def test_a_spread_of_nothing_invents_no_figure():
    assert Spread.of([]) == Spread(0, None, None, None, None)
    assert Spread.of([float(n) for n in range(100, 0, -1)]) == Spread(100, 51.0, 96.0, 100.0, 100.0)
