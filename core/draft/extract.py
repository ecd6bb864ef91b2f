"""All rules in their order: from context and speech to the fields of a draft.

A pure function, so that a draft built segment by segment equals one built at once. ``pinned`` are
the fields that the agent has set: rules that build on a field see the agent's value.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from core.draft.context import CallContext
from core.draft.finding import NOTHING, found
from core.draft.speech import Speech
from core.pack import CityPack
from core.views import Evidence, FieldView


def extract(
    pack: CityPack,
    context: CallContext,
    speech: Speech,
    pinned: Mapping[str, JsonValue],
) -> dict[str, FieldView]:
    """Every field that can be drafted; those of which nothing is known have the value None."""
    return {
        "source_line": found(
            context.line.key, 1.0, [Evidence(source="dialled", words=context.dialled)]
        ),
        "channel": found("电话", 1.0, [Evidence(source="dialled", words=context.dialled)]),
        "caller_number": _caller_number(context),
        "is_enterprise": _is_enterprise(context),
        "content": _content(speech),
    }


def _caller_number(context: CallContext) -> FieldView:
    if context.caller_number is None:
        return NOTHING
    return found(
        context.caller_number, 1.0, [Evidence(source="caller_id", words=context.caller_number)]
    )


def _is_enterprise(context: CallContext) -> FieldView:
    if context.enterprise:
        return found(True, 0.9, [Evidence(source="keys", words=context.keys)])
    return found(False, 0.5)


def _content(speech: Speech) -> FieldView:
    text = speech.caller.text
    if not text:
        return NOTHING
    return found(text, 0.6, speech.caller.evidence(0, len(text)))
