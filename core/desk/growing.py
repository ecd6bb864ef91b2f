"""The draft of one live call as it stands in memory: its rules' state and its next version."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from core.draft import DraftBuilder
from core.transcript import Segment
from core.views import DraftView, FieldView


@dataclass(frozen=True, slots=True)
class Kept:
    """What the rows have of a draft: how its state is restored, and its version, 0 if none."""

    restore: Callable[[], DraftBuilder]
    version: int


class GrowingDraft:
    """Any thread; one change at a time. A version is given once, whatever becomes of its storing:
    who was shown a draft must not take the next one for an older.

    Cold, it has no rules' state: something was not stored, or changed in the rows, and has to be
    brought back from them. Whoever works on another call of the caller may cool it at any time.
    """

    def __init__(self, call_id: str) -> None:
        self._call_id = call_id
        self._lock = threading.Lock()
        self._builder: DraftBuilder | None = None
        self._version = 0

    def cool(self) -> None:
        """What is in memory may differ from the rows."""
        with self._lock:
            self._builder = None

    def foretell(self, segment: Segment) -> DraftView | None:
        """The next version with what a final segment tells; None if cold, or if nothing changes."""
        with self._lock:
            if self._builder is None or not self._builder.add(segment):
                return None
            return self._next(self._builder)

    def hear(self, segment: Segment, kept: Kept) -> DraftView | None:
        """The same, warm in any case; what had to be restored is a next version anyway."""
        with self._lock:
            cold = self._builder is None
            builder = self._warm(kept)
            return self._next(builder) if builder.add(segment) or cold else None

    def touch(self, field: str, value: JsonValue, kept: Kept) -> DraftView:
        """The agent's value stands from now on.

        Raises ``DraftFieldUnknown``, ``DraftFieldInvalid``.
        """
        with self._lock:
            builder = self._warm(kept)
            builder.touch(field, value)
            return self._next(builder)

    def as_it_is(self, kept: Kept) -> DraftView:
        """The next version, of what is known already."""
        with self._lock:
            return self._next(self._warm(kept))

    def _warm(self, kept: Kept) -> DraftBuilder:
        if self._builder is None:
            self._builder = kept.restore()
            self._version = max(self._version, kept.version)
        return self._builder

    def _next(self, builder: DraftBuilder) -> DraftView:
        self._version += 1
        fields: Mapping[str, FieldView] = builder.fields()
        return DraftView(call_id=self._call_id, version=self._version, fields=dict(fields))
