"""The draft of one live call as it stands in memory: its rules' state and its next version."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from pydantic import JsonValue

from core.draft import DraftBuilder
from core.transcript import Segment
from core.views import DraftView, FieldView


class GrowingDraft:
    """Any thread; one change at a time. A version is given once, whatever becomes of its storing:
    who was shown a draft must not take the next one for an older.

    Cold, it has no rules' state: something was not stored, or changed in the rows, and
    ``warm`` has to bring it back from them.
    """

    def __init__(self, call_id: str) -> None:
        self._call_id = call_id
        self._lock = threading.Lock()
        self._builder: DraftBuilder | None = None
        self._version = 0

    def warm(self, restore: Callable[[], DraftBuilder], stored: int) -> bool:
        """Have the rules' state, if need be by ``restore``; returns whether there was need.

        ``stored`` is the version in the rows, 0 if there is none.
        """
        with self._lock:
            if self._builder is not None:
                return False
            self._builder = restore()
            self._version = max(self._version, stored)
            return True

    def cool(self) -> None:
        """What is in memory may differ from the rows."""
        with self._lock:
            self._builder = None

    def hear(self, segment: Segment, *, anyway: bool = False) -> DraftView | None:
        """The next version with what a final segment tells; None if cold, or if nothing changes.

        ``anyway``: also if nothing changes.
        """
        with self._lock:
            if self._builder is None or not (self._builder.add(segment) or anyway):
                return None
            return self._next(self._builder)

    def touch(self, field: str, value: JsonValue) -> DraftView:
        """The agent's value stands from now on. Only when warm.

        Raises ``DraftFieldUnknown``, ``DraftFieldInvalid``.
        """
        with self._lock:
            assert self._builder is not None
            self._builder.touch(field, value)
            return self._next(self._builder)

    def as_it_is(self) -> DraftView:
        """The next version, of what is known already. Only when warm."""
        with self._lock:
            assert self._builder is not None
            return self._next(self._builder)

    def _next(self, builder: DraftBuilder) -> DraftView:
        self._version += 1
        fields: Mapping[str, FieldView] = builder.fields()
        return DraftView(call_id=self._call_id, version=self._version, fields=dict(fields))
