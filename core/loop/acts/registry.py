"""What an act is made of: its name, the form of what it is given, and what it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.loop.scene import Body, Outcome, Scene
from core.loop.states import Act


@dataclass(frozen=True, slots=True)
class ActDef:
    """``run`` changes the scene's ticket and says what came of it, or raises."""

    act: Act
    body: type[Body]
    run: Callable[[Scene, Any], Outcome]
