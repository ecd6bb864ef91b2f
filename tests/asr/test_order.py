"""The order of fall-back."""

from __future__ import annotations

from asr.order import EngineOrder


def test_an_engine_that_died_stands_last_until_its_time_is_over():
    order = EngineOrder(("vosk", "whisper", "fake"), bench_seconds=100)
    assert order.order(0) == ("vosk", "whisper", "fake")
    order.failed("vosk", 10)
    assert order.order(20) == ("whisper", "fake", "vosk")
    order.failed("whisper", 30)
    assert order.order(40) == ("fake", "vosk", "whisper")
    assert order.order(111) == ("vosk", "fake", "whisper")
    assert order.order(131) == ("vosk", "whisper", "fake")


def test_when_all_have_died_the_longest_rested_is_tried():
    order = EngineOrder(("vosk", "vosk", "whisper"), bench_seconds=100)
    order.failed("vosk", 5)
    order.failed("whisper", 6)
    assert order.order(7) == ("vosk", "whisper")
