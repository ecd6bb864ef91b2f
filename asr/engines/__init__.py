"""The engines by name, and loading one."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from asr.engine import Engine
from asr.errors import EngineUnavailable
from asr.settings import AsrSettings

_BUILT_IN = {
    "vosk": "asr.engines.vosk:load",
    "whisper": "asr.engines.whisper:load",
    "fake": "asr.engines.fake:load",
}


def load_engine(name: str, settings: AsrSettings) -> Engine:
    """Load an engine by its configured name; may take seconds.

    Raises ``EngineUnavailable`` (or a subclass) when it cannot be used here, whatever the cause.
    """
    place = _BUILT_IN.get(name, name)
    module, colon, function = place.partition(":")
    if not colon:
        raise EngineUnavailable(f"no engine is called {name!r}", engine=name)
    try:
        load = cast("Callable[[AsrSettings], Engine]", getattr(import_module(module), function))
        return load(settings)
    except EngineUnavailable:
        raise
    except Exception as problem:
        # A native library may raise anything while it loads.
        detail = f"{type(problem).__name__}: {problem}"
        raise EngineUnavailable(f"{name} does not load: {detail}", engine=name) from problem
