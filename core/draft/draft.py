"""The draft of one call as it grows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from core.draft.context import CallContext
from core.draft.extract import extract
from core.draft.speech import Said, speech_from
from core.errors import Invalid, NotFound
from core.pack import CityPack
from core.transcript import Segment
from core.views import Evidence, FieldView


class DraftFieldUnknown(NotFound):
    """The form has no field of that key."""

    error_id = "draft_field_unknown"


class DraftFieldInvalid(Invalid):
    """The value does not have the field's form, or is not in its list."""

    error_id = "draft_field_invalid"


class DraftBuilder:
    """Builds the fields of one call's draft; not thread-safe, no I/O, a few ms per segment.

    The fields depend on the set of segments and on the touched fields only, never on the order in
    which they came. A field that the agent touched keeps his value whatever is said later.
    """

    def __init__(
        self,
        pack: CityPack,
        context: CallContext,
        segments: Iterable[Segment] = (),
        touched: Iterable[tuple[str, JsonValue]] = (),
    ) -> None:
        self._pack = pack
        self._context = context
        self._said = {s.segment_id: Said.of(s) for s in segments if s.final}
        self._touched = {field: _by_agent(value) for field, value in touched}
        self._fields: dict[str, FieldView] = {}
        self._refresh()

    @classmethod
    def restore(
        cls,
        pack: CityPack,
        context: CallContext,
        segments: Iterable[Segment],
        touched: Mapping[str, JsonValue],
    ) -> DraftBuilder:
        """The draft again, from what was stored of it.

        What the agent set stays, even if the city has changed its form since.
        """
        return cls(pack, context, segments, touched.items())

    def add(self, segment: Segment) -> dict[str, FieldView]:
        """Take a final segment (a partial one changes nothing); returns the fields it changed.

        The same segment twice is one; a corrected one replaces the first.
        """
        said = Said.of(segment)
        if not segment.final or self._said.get(segment.segment_id) == said:
            return {}
        self._said[segment.segment_id] = said
        return self._refresh()

    def touch(self, field: str, value: JsonValue) -> FieldView:
        """The agent sets a field (None: he emptied it); rules never change it again.

        Fields that follow from it (the unit from the class) may change; see ``fields``.
        Raises ``DraftFieldUnknown``, and ``DraftFieldInvalid`` for a value outside the form's list.
        """
        form = self._pack.form.field(field)
        if form is None:
            raise DraftFieldUnknown("no such field", field=field)
        if not form.accepts(value):
            raise DraftFieldInvalid(f"not a value of {form.title}", field=field, kind=form.kind)
        self._touched[field] = _by_agent(value)
        self._refresh()
        return self._fields[field]

    def fields(self) -> dict[str, FieldView]:
        """All fields as they stand; of an unknown one the value is None and the confidence 0."""
        return dict(self._fields)

    def _refresh(self) -> dict[str, FieldView]:
        pinned = {field: view.value for field, view in self._touched.items()}
        speech = speech_from(self._said.values())
        fields = extract(self._pack, self._context, speech, pinned) | self._touched
        changed = {key: view for key, view in fields.items() if self._fields.get(key) != view}
        self._fields = fields
        return changed


def _by_agent(value: JsonValue) -> FieldView:
    return FieldView(
        value=value, confidence=1.0, evidence=(Evidence(source="agent"),), touched=True
    )
