"""The exchange format: one line in, one line out, and a bad line harms no other."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.draft.jsonl import RowInvalid, draft_lines, draft_row

NOW = datetime(2026, 1, 15, 8, 30, tzinfo=UTC)
KEYS = {
    *("id", "type", "title", "category", "district", "address", "occurred_at", "department"),
    *("department_alt", "urgency", "subject", "is_enterprise", "enterprise_name", "caller_name"),
    *("callback_phone", "confidential", "transfer", "verdict", "decided_by", "article_basis"),
    *("open_follow_up_ticket", "flags"),
}


def lines(pack, *given_lines):
    return list(draft_lines(pack, given_lines, NOW))


def test_a_row_has_all_keys_and_can_be_written_as_json(pack):
    (row,) = lines(pack, '{"id": "U1", "utterance": "路北区路灯不亮"}')
    assert set(row) == KEYS
    assert row["id"] == "U1"
    assert row["district"] == "路北区"
    assert json.loads(json.dumps(row, ensure_ascii=False)) == row


def test_bad_lines_are_told_by_number_and_the_others_go_on(pack):
    answers = lines(
        pack,
        '{"id": 1, "utterance": "路灯不亮"}',
        "",
        "{broken",
        '["a list"]',
        '{"id": "x"}',
        '{"id": "y", "utterance": 7}',
        '{"utterance": "停电了", "call_time": "yesterday"}',
        b"\xff\xfe",
        '{"id": 2, "utterance": "停电了", "more": {"unknown": true}}',
    )
    assert [answer.get("line") for answer in answers] == [None, 3, 4, 5, 6, 7, 8, None]
    assert [answer["id"] for answer in answers] == [1, None, None, "x", "y", None, None, 2]
    wrong = [answer["error"] for answer in answers if "error" in answer]
    assert {error["error_id"] for error in wrong} == {"draft_row_invalid"}


def test_an_error_does_not_repeat_the_callers_words(pack):
    (answer,) = lines(pack, '{"id": "x", "utterance": ["我叫王大海"]}')
    assert "王大海" not in json.dumps(answer, ensure_ascii=False)


def test_a_time_without_a_zone_is_the_citys(pack):
    row = {"utterance": "昨天停的电", "call_time": "2026-01-15T00:30:00"}
    assert draft_row(pack, row, NOW)["occurred_at"] == "2026-01-14"
    assert draft_row(pack, row | {"call_time": "2026-01-14T16:30:00Z"}, NOW)["occurred_at"] == (
        "2026-01-14"
    )


def test_a_number_that_was_not_understood_is_left_out(pack):
    row = draft_row(pack, {"utterance": "我电话幺五四零三幺五八八二"}, NOW)
    assert row["callback_phone"] is None


def test_a_row_without_words_is_refused(pack):
    with pytest.raises(RowInvalid):
        draft_row(pack, {"id": "x", "utterance": None}, NOW)


@given(line=st.one_of(st.text(max_size=60), st.binary(max_size=60)))
@settings(max_examples=100, deadline=None)
def test_no_line_whatever_stops_the_others(pack, line):
    assert len(lines(pack, line, '{"utterance": "停电"}')) in (1, 2)
