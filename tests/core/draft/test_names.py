"""Who the caller says he is."""

from __future__ import annotations

import pytest

from core.draft.names import caller_name
from core.draft.speech import speech_of


@pytest.fixture
def name(spoken):
    return lambda *turns: caller_name(speech_of(spoken(*turns)))


@pytest.mark.parametrize(
    ("words", "who"),
    [
        ("我姓孟，电话", "孟"),
        ("我姓王我的电话15400000002", "王"),
        ("我姓王俺的电话15400000002", "王"),
        ("免贵姓欧阳", "欧阳"),
        ("我叫牛振海，你记一下", "牛振海"),
        ("我姓王，叫王大海", "王大海"),
        ("联系人姓郝，", "郝"),
        ("我的名字叫贾世勋。", "贾世勋"),
    ],
)
def test_a_name_is_taken_as_it_is_said(name, words, who):
    field = name(f"caller: {words}")
    assert field.value == who
    assert field.confidence >= 0.7


@pytest.mark.parametrize(
    "words",
    [
        "有个姓王的把我打了",
        "那健身房叫燃动",
        "我姓王家的邻居",
        "我叫个车",
        "我叫你们来",
        "她叫什么我不知道",
        "我姓什么不能说",
    ],
)
def test_other_peoples_names_and_orders_are_not_his(name, words):
    assert name(f"caller: {words}").value is None


def test_the_answer_to_the_agents_question_is_the_name(name):
    assert name("agent: 请问您贵姓？", "caller: 柴。").value == "柴"
    assert name("agent: 您怎么称呼", "caller: 李建军").value == "李建军"
    assert name("agent: 请问是哪里", "caller: 白。").value is None


def test_a_name_that_is_no_surname_is_doubtful(name):
    field = name("caller: 我姓梦。")
    assert (field.value, field.confidence < 0.5) == ("梦", True)
