"""Engines that go wrong, for the speech process of the supervision tests."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

from asr.engine import Engine, Hypothesis
from asr.engines.fake import FakeEngine
from asr.settings import AsrSettings


class _Faulty:
    threads = None

    def __init__(self, name: str) -> None:
        self.name = name

    def recogniser(self, sample_rate: int) -> _Faulty:
        return self

    def accept(self, pcm: bytes) -> list[Hypothesis]:
        if self.name == "raising":
            raise RuntimeError("some words of a caller")
        if self.name == "crashing":
            os.kill(os.getpid(), signal.SIGSEGV)
        threading.Event().wait()  # hanging
        return []

    def finish(self) -> list[Hypothesis]:
        return []


def raising(settings: AsrSettings) -> Engine:
    return _Faulty("raising")


def crashing(settings: AsrSettings) -> Engine:
    return _Faulty("crashing")


def hanging(settings: AsrSettings) -> Engine:
    return _Faulty("hanging")


def crashing_load(settings: AsrSettings) -> Engine:
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError


def hanging_load(settings: AsrSettings) -> Engine:
    threading.Event().wait()
    raise AssertionError


def raising_load(settings: AsrSettings) -> Engine:
    raise RuntimeError("no such library")


def second(settings: AsrSettings) -> Engine:
    """The fake engine under another name."""
    engine = FakeEngine(settings)
    engine.name = "second"  # type: ignore[misc]
    return engine


def appearing(settings: AsrSettings) -> Engine:
    """Loads only when the models folder exists."""
    if not Path(settings.models).is_dir():
        raise RuntimeError("no models folder")
    return FakeEngine(settings)
