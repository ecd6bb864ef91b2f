"""Small helpers by which the rules hand over what they found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.views import Evidence, FieldView

NOTHING = FieldView(value=None, confidence=0.0)


def found(
    value: str | bool | Sequence[str] | None, confidence: float, evidence: Iterable[Evidence] = ()
) -> FieldView:
    """A field's value with its confidence (cut to 0..1, two decimals) and where it comes from."""
    return FieldView(
        value=value if value is None or isinstance(value, str | bool) else [*value],
        confidence=round(min(max(confidence, 0.0), 1.0), 2),
        evidence=tuple(evidence),
    )


def by_rule(words: str) -> Evidence:
    """Evidence that a value follows from a rule of the pack, named by ``words``."""
    return Evidence(source="rule", words=words)
