"""Calls stay in the version of the flow they started with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.ivr.book import KEPT_VERSIONS, FlowBook, FlowVersion
from pbx.ivr.errors import FlowUnknown, ResumeTokenInvalid
from pbx.ivr.token import ResumeToken
from tests.pbx.ivr.flows import flow


def version(seconds: int) -> FlowVersion:
    """The test flow in a version of its own."""
    steps = "hello: {do: queue, queue: common, timeout_seconds: %d, after: {timeout: people}}"
    return FlowVersion.of(flow(steps % seconds))


def test_a_new_version_is_for_new_calls_only():
    old, new = version(10), version(20)
    book = FlowBook([old])
    book.publish([new])
    assert book.current("test") is new
    assert book.pinned("test", old.digest) is old


def test_publishing_without_a_flow_leaves_it_as_it_was():
    old = version(10)
    book = FlowBook([old])
    book.publish([])
    assert book.current("test") is old


def test_going_back_to_an_earlier_version_makes_it_current():
    old, new = version(10), version(20)
    book = FlowBook([old])
    book.publish([new])
    book.publish([version(10)])
    assert book.current("test").digest == old.digest
    assert book.pinned("test", new.digest) is new


def test_only_the_last_versions_are_kept():
    versions = [version(10 + number) for number in range(KEPT_VERSIONS + 1)]
    book = FlowBook()
    for one in versions:
        book.publish([one])
    assert book.pinned("test", versions[1].digest) is versions[1]
    with pytest.raises(FlowUnknown):
        book.pinned("test", versions[0].digest)


@pytest.mark.parametrize(("name", "digest"), [("other", "x"), ("test", "0" * 12)])
def test_an_unknown_flow_or_version_is_a_clear_error(name, digest):
    with pytest.raises(FlowUnknown):
        FlowBook([version(10)]).pinned(name, digest)
    with pytest.raises(FlowUnknown):
        FlowBook([version(10)]).current("other")


TOKENS = st.builds(
    ResumeToken,
    flow=st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True),
    digest=st.from_regex(r"[0-9a-f]{12}", fullmatch=True),
    step=st.from_regex(r"[a-z][a-z0-9_]{0,39}", fullmatch=True),
    enterprise=st.booleans(),
    keys=st.from_regex(r"[0-9*#]{0,32}", fullmatch=True),
    queues=st.integers(0, 10),
)


@given(TOKENS)
def test_a_token_comes_back_as_it_was(token):
    assert ResumeToken.decode(token.encode()) == token


@given(st.text(max_size=60) | TOKENS.map(lambda token: token.encode()[:-1] + "\n"))
def test_anything_else_is_no_token(text):
    try:
        assert ResumeToken.decode(text).encode() == text
    except ResumeTokenInvalid as refused:
        assert refused.error_id == "resume_token_invalid"
