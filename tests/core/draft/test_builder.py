"""The draft as it grows: what never changes, whatever comes in which order."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.draft import DraftBuilder, DraftFieldInvalid, DraftFieldUnknown
from core.draft.extract import extract
from core.draft.speech import speech_of

TALK = [
    "agent: 您好，唐山12345，工号零二六为您服务，请问有什么可以帮您？",
    "caller: 你好，我是开平区洼里镇的，我们村口的路灯",
    "caller: 从上礼拜五就没亮过，接孩子黑灯瞎火的",
    "agent: 好的，请问您贵姓，电话多少？",
    "caller: 我姓卢，电话是幺五四六，二零幺，八八三四。哎不对，说错了",
    "caller: 是幺五四六，二零七，九幺三五。",
    "agent: 跟您核对一下，幺五四六，二零七，九幺三五，对吗？",
    "caller: 对对。",
]


def test_without_a_word_the_call_itself_fills_what_it_can(pack, drafted):
    fields = drafted(dialled="12333").fields()
    assert fields["caller_number"].value == "15400000001"
    assert fields["caller_number"].evidence[0].source == "caller_id"
    assert fields["source_line"].value == pack.line_for("12333").name
    assert fields["channel"].value == pack.rules.channel
    assert fields["title"].value is None
    assert fields["contact_phone"].value is None


@pytest.mark.parametrize("turns", [[], ["caller: 嗯嗯"], ["agent: 您好，请问有什么可以帮您？"]])
def test_nothing_is_accepted_before_a_matter_is_known(drafted, spoken, turns):
    builder = drafted(*turns)
    for field in ("verdict", "follow_up", "decided_by"):
        view = builder.fields()[field]
        assert (view.value, view.confidence) == (None, 0.0)
    builder.add(spoken(*turns, "caller: 路北区路灯不亮")[-1])
    fields = builder.fields()
    assert fields["verdict"].value == "受理派单"
    assert fields["follow_up"].value is True
    assert fields["decided_by"].value


def test_the_agents_verdict_brings_its_articles_without_a_matter(drafted):
    builder = drafted()
    builder.touch("verdict", "受理派单")
    assert "第十条" in builder.fields()["decided_by"].value


def test_a_withheld_number_is_no_number(drafted):
    assert drafted(number=None).fields()["caller_number"].value is None


def test_the_enterprise_key_is_known_before_anything_is_said(drafted):
    field = drafted(keys="2", enterprise=True).fields()["is_enterprise"]
    assert field.value is True
    assert field.evidence[0].source == "keys"


def test_every_field_of_the_draft_is_on_the_form_and_has_its_kind(pack, drafted):
    for turns in ([], TALK, ["caller: 着火了，快来人"]):
        for key, view in drafted(*turns).fields().items():
            form = pack.form.field(key)
            assert form is not None, key
            assert form.accepts(view.value), (key, view.value)


def test_the_caller_s_words_fill_the_form(drafted):
    fields = drafted(*TALK).fields()
    assert fields["district"].value == "开平区"
    assert fields["town"].value == "洼里镇"
    assert fields["category"].value == ["城市管理", "市政设施", "路灯"]
    assert fields["occurred_at"].value == "2026-01-09"
    assert fields["caller_name"].value == "卢"
    assert fields["contact_phone"].value == "15462079135"
    assert fields["caller_number"].value == "15400000001"


def test_evidence_quotes_the_transcript_as_it_stands(drafted, spoken):
    segments = {segment.segment_id: segment for segment in spoken(*TALK)}
    for key, view in drafted(*TALK).fields().items():
        for evidence in view.evidence:
            if evidence.source == "segment":
                assert evidence.words, key
                assert evidence.words in segments[evidence.segment_id].text, key


def test_a_touched_field_is_never_overwritten(pack, context, spoken):
    builder = DraftBuilder(pack, context())
    builder.add(spoken("caller: 我在路北区")[0])
    assert builder.touch("district", "古冶区").touched
    for segment in spoken("caller: 路北区", "caller: 就是路北区的", "agent: 路北区对吧"):
        assert "district" not in builder.add(segment)
    assert builder.fields()["district"].value == "古冶区"


def test_an_emptied_field_stays_empty(drafted, spoken):
    builder = drafted("caller: 我姓王，")
    builder.touch("caller_name", None)
    builder.add(spoken("caller: x", "caller: 我姓王，叫王大海")[1])
    assert builder.fields()["caller_name"].value is None


def test_what_follows_from_a_touched_field_follows_the_agent(drafted):
    builder = drafted("caller: 路北区这边路灯不亮")
    before = builder.fields()["unit"].value
    builder.touch("category", ["公用事业", "供电", "停电"])
    after = builder.fields()
    assert after["unit"].value == "国网冀北唐山供电公司" != before
    builder.touch("district", "迁安市")
    assert "路北区人民政府" not in builder.fields()["unit_alternatives"].value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("type", "乱写"),
        ("district", "海淀区"),
        ("confidential", "yes"),
        ("title", 7),
        ("flags", "x"),
    ],
)
def test_a_value_outside_the_form_is_refused_and_changes_nothing(drafted, field, value):
    builder = drafted("caller: 路北区路灯不亮")
    before = builder.fields()
    with pytest.raises(DraftFieldInvalid) as refused:
        builder.touch(field, value)
    assert refused.value.error_id == "draft_field_invalid"
    assert builder.fields() == before


def test_a_field_that_is_not_on_the_form_is_refused(drafted):
    with pytest.raises(DraftFieldUnknown):
        drafted().touch("favourite_colour", "red")


def test_partial_segments_change_nothing(pack, context, spoken):
    builder = DraftBuilder(pack, context())
    partial = replace(spoken("caller: 路北区")[0], final=False)
    assert builder.add(partial) == {}
    assert builder.fields()["district"].value is None


def test_add_tells_exactly_what_changed(pack, context, spoken):
    builder = DraftBuilder(pack, context())
    for segment in spoken(*TALK):
        before = builder.fields()
        changed = builder.add(segment)
        after = builder.fields()
        assert changed == {key: view for key, view in after.items() if before[key] != view}


def test_a_segment_told_twice_is_one(pack, context, spoken):
    builder = DraftBuilder(pack, context())
    segment = spoken("caller: 路北区路灯不亮")[0]
    assert builder.add(segment)
    assert builder.add(segment) == {}


@given(seed=st.integers(0, 1000))
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_segments_in_any_order_and_a_restored_draft_give_the_same(pack, context, seed, spoken):
    segments = spoken(*TALK)
    whole = extract(pack, context(), speech_of(segments), {})
    shuffled = segments.copy()
    random.Random(seed).shuffle(shuffled)
    cut = seed % len(segments)
    builder = DraftBuilder(pack, context())
    for segment in shuffled[:cut]:
        builder.add(segment)
    builder = DraftBuilder.restore(pack, context(), shuffled[:cut], {})
    for segment in shuffled[cut:]:
        builder.add(segment)
    assert builder.fields() == whole


def test_a_restored_draft_keeps_what_the_agent_set_even_if_the_form_has_changed(
    pack, context, spoken
):
    touched = {"title": "班长改的", "district": "早已撤销的县"}
    builder = DraftBuilder.restore(pack, context(), spoken(*TALK), touched)
    fields = builder.fields()
    assert (fields["title"].value, fields["title"].touched) == ("班长改的", True)
    assert (fields["district"].value, fields["district"].touched) == ("早已撤销的县", True)


@given(
    text=st.text(
        alphabet=st.one_of(
            st.characters(codec="utf-8"),
            st.sampled_from(
                "零幺二三四五六七八九十百个点半，。？！路北区镇村年月日号昨前天上礼拜从到姓叫不对"
            ),
        ),
        max_size=120,
    )
)
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_text_whatever_breaks_a_draft(pack, context, text, spoken):
    builder = DraftBuilder(pack, context())
    builder.add(spoken("caller: " + text)[0])
    builder.add(spoken("caller: x", "agent: " + text)[1])
    for key, view in builder.fields().items():
        assert pack.form.field(key).accepts(view.value), (key, view.value)
        assert 0 <= view.confidence <= 1
