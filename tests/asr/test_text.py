"""Tidying of recognised text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.text import tidy


@pytest.mark.parametrize(
    ("raw", "tidied"),
    [
        ("我 家 住 在 路北区", "我家住在路北区"),
        ("我要反映的問題是電話沒有人接聽", "我要反映的问题是电话没有人接听"),
        ("電話是１５４ ０３１５", "电话是154 0315"),
        ("ＡＢ座３楼", "AB座3楼"),
        ("您好, 我要投诉. 对吗?", "您好，我要投诉。对吗？"),
        ("温度是 3.5 度", "温度是3.5度"),
        ("登录 wifi network 不行", "登录wifi network不行"),
        ("  好的　 ", "好的"),
        ("", ""),
    ],
)
def test_what_engines_write_becomes_what_people_read(raw, tidied):
    assert tidy(raw) == tidied


@given(st.text(alphabet=st.sampled_from("我你問電 ,.?!，。a1１Ａ　\t:;（"), max_size=30))
def test_tidying_twice_changes_nothing(text):
    once = tidy(text)
    assert tidy(once) == once
    assert once == once.strip()
