"""Times as callers say them, from the time of the call."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.draft.moments import moments
from core.draft.speech import speech_of
from core.draft.times import occurred_at

CITY = ZoneInfo("Asia/Shanghai")
# A Wednesday.
CALL = datetime(2026, 3, 18, 16, 20, tzinfo=CITY)


@pytest.mark.parametrize(
    ("words", "at"),
    [
        ("昨天就坏了", "2026-03-17"),
        ("前儿下雨冲的", "2026-03-16"),
        ("大前天", "2026-03-15"),
        ("上礼拜三停的", "2026-03-11"),
        ("上上周五", "2026-03-06"),
        ("周一就报了", "2026-03-16"),
        ("星期天晚上八点", "2026-03-15T20:00"),
        ("昨儿黑夜十一点半还打呢", "2026-03-17T23:30"),
        ("昨天夜里两点", "2026-03-18T02:00"),
        ("前天夜里", "2026-03-17T00:00"),
        ("今天早上七点多停的水", "2026-03-18T07:00"),
        ("从三点多就没电", "2026-03-18T15:00"),
        ("昨天下午三点一刻", "2026-03-17T15:15"),
        ("昨天 14:05 左右", "2026-03-17T14:05"),
        ("三月二号那天", "2026-03-02"),
        ("去年十月办的卡", "2025-10"),
        ("十二月份", "2025-12"),
        ("2025年12月3日", "2025-12-03"),
        ("上个月十五号", "2026-02-15"),
        ("上个月", "2026-02"),
        ("元旦那会儿", "2026-01-01"),
        ("从去年九月干到十一月底", "2025-09/2025-11"),
        ("坏了一个多月了", "2026-02"),
        ("三天前", "2026-03-15"),
        ("两个小时前", "2026-03-18T14:20"),
    ],
)
def test_a_time_in_words_becomes_a_moment(words, at):
    assert [moment.at for moment in moments(words.replace(" ", ""), CALL)] == [at]


@pytest.mark.parametrize(
    "words",
    [
        "今天晚上再干我就堵门去",
        "每天晚上十点",
        "末班车七点四十就没了",
        "好几天了",
        "三号窗口",
        "六号楼二单元",
        "下个月",
        "明天上午",
        "没有时间",
    ],
)
def test_plans_habits_and_house_numbers_are_no_moments(words):
    assert moments(words, CALL) == []


@given(
    text=st.text(
        alphabet="零一二三四五六七八九十百半年月日号天点分从到去上前昨今夜里早晚礼拜周个了多以前的，",
        max_size=40,
    ),
    days=st.integers(0, 5000),
    minutes=st.integers(0, 1439),
)
def test_no_moment_lies_after_the_call_and_nothing_breaks(text, days, minutes):
    now = datetime(2020, 1, 1, tzinfo=CITY) + timedelta(days=days, minutes=minutes)
    for moment in moments(text, now):
        assert moment.at.split("/")[0] <= now.isoformat()
        assert text[moment.start : moment.end]


def test_an_emergency_happens_at_the_time_of_the_call(spoken):
    speech = speech_of(spoken("caller: 着火了快来人"))
    assert occurred_at(speech, CALL, happening_now=True).value == "2026-03-18T16:20"
    assert occurred_at(speech, CALL, happening_now=False).value is None


def test_what_he_called_about_before_happened_before_he_called(spoken):
    speech = speech_of(spoken("caller: 我前天打过电话，昨天又掉进去一个人"))
    assert occurred_at(speech, CALL, happening_now=False).value == "2026-03-16"
