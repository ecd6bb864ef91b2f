from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from agent_console import messages
from agent_console.messages import (
    CLIENT_MESSAGE,
    CURSOR_MAX,
    SERVER_MESSAGE,
    EventMessage,
    Hello,
    Ping,
    SnapshotMessage,
)
from core.views import Event, SnapshotView, SystemView
from tests.agent_console.fakes import START, a_call, a_draft, a_segment

PUBLISHED = json.loads(
    (Path(messages.__file__).parent / "schema" / "messages.v1.json").read_text(encoding="utf-8")
)
CLIENT_SCHEMA, SERVER_SCHEMA = (
    Draft202012Validator({**PUBLISHED[side], "$defs": PUBLISHED["$defs"]})
    for side in ("client", "server")
)

numbers = st.integers(0, CURSOR_MAX)
client_messages = st.one_of(
    st.builds(Hello, version=numbers, resume_cursor=st.none() | numbers),
    st.builds(Ping, id=numbers),
)
junk = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def test_the_published_schema_is_in_step_with_the_code() -> None:
    """To renew it: ``python -m agent_console.messages > agent_console/schema/...``."""
    assert messages.schema() == PUBLISHED


@given(client_messages)
def test_a_client_message_comes_back_as_it_was_sent(message: Hello | Ping) -> None:
    sent = message.model_dump_json()
    assert CLIENT_MESSAGE.validate_json(sent) == message
    CLIENT_SCHEMA.validate(json.loads(sent))


@given(st.binary(max_size=200) | junk.map(lambda value: json.dumps(value).encode()))
def test_garbage_from_a_client_is_refused_and_nothing_else(data: bytes) -> None:
    try:
        message = CLIENT_MESSAGE.validate_json(data)
    except ValidationError:
        return
    assert isinstance(message, Hello | Ping)


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "hello"},
        {"type": "hello", "version": 1, "resume_cursor": -1},
        {"type": "hello", "version": 1, "resume_cursor": CURSOR_MAX + 1},
        {"type": "hello", "version": 1, "more": 1},
        {"type": "ping", "id": 1.5},
        {"type": "welcome"},
        {"version": 1},
        [],
    ],
)
def test_a_client_message_has_exactly_the_agreed_form(wrong: object) -> None:
    with pytest.raises(ValidationError):
        CLIENT_MESSAGE.validate_json(json.dumps(wrong))


def test_what_the_server_sends_satisfies_the_published_schema() -> None:
    event = Event(cursor=7, kind="call", at=START, call=a_call())
    snapshot = SnapshotView(
        cursor=7,
        calls=(a_call(),),
        segments=(a_segment(),),
        drafts=(a_draft(),),
        agents=(),
        system=SystemView(ami="up", engine=None, engine_reason="no model"),
    )
    for message in (
        EventMessage(cursor=7, previous=0, event=event),
        SnapshotMessage(snapshot=snapshot),
    ):
        sent = message.model_dump_json()
        SERVER_SCHEMA.validate(json.loads(sent))
        assert SERVER_MESSAGE.validate_json(sent) == message
