"""Caller ids as they come, friendly or not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.calls.caller import MAX_NAME, caller_name, caller_number


@pytest.mark.parametrize("shown", ["", "anonymous", "Anonymous", "unknown", "<unknown>"])
def test_a_withheld_caller_is_none(shown):
    assert caller_number(shown) is None
    assert caller_name(shown) is None


@pytest.mark.parametrize("shown", ["15400000001", "+8615400000001", "12345"])
def test_a_number_is_kept(shown):
    assert caller_number(shown) == shown


@pytest.mark.parametrize("shown", ["1540000\r\nAction: Hangup", "sip:x@y", "１５４", "1" * 40])
def test_what_is_no_number_is_none(shown):
    assert caller_number(shown) is None


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("张三 😀", "张三 😀"),
        ("张\r\nAction: Hangup", "张 Action: Hangup"),
        ('张\\"三\\"\\\\', '张"三"\\'),
        ("张\\r\\n三", "张 三"),
        ("  a \t b ", "a b"),
        ("长" * 500, "长" * MAX_NAME),
    ],
)
def test_a_name_is_one_bounded_line_of_plain_text(shown, name):
    assert caller_name(shown) == name


@given(st.text())
def test_no_name_ever_holds_more_than_one_printable_line(shown):
    name = caller_name(shown)
    assert name is None or (name.isprintable() and name == name.strip() and len(name) <= MAX_NAME)
