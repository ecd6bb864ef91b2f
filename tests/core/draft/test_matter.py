"""What a call is about, how pressing it is and where it goes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core.draft import OpenTicket

LIGHT = ("城市管理", "市政设施", "路灯")


def values(builder):
    return {key: view.value for key, view in builder.fields().items()}


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("我家着火了", ["119"]),
        ("着火了，屋里还有人没出来", ["119", "120"]),
        ("有人拿刀砍人", ["110"]),
        ("打起来了，脑袋都流血了", ["110", "120"]),
        ("我妈晕倒了叫不醒", ["120"]),
        ("孩子掉河里了", ["110", "119", "120"]),
        ("我不想活了", ["110", "119", "120"]),
        ("要是再不给钱我就跳楼", ["110", "119", "120"]),
        ("两辆车追尾了", ["122"]),
        ("撞车了，人躺地上起不来", ["120", "122"]),
        ("屋里一股煤气味儿", ["119", "燃气抢修"]),
        ("我被困在电梯里了", ["119"]),
        ("车间氨气泄漏了，有人晕了", ["119", "120"]),
    ],
)
def test_an_emergency_is_handed_over_at_once(pack, drafted, words, lines):
    fields = drafted(f"caller: 喂，{words}！").fields()
    assert fields["emergency_transfer"].value == lines
    assert fields["verdict"].value == "即转紧急"
    assert fields["urgency"].value in pack.rules.urgencies[1:]
    assert fields["emergency_transfer"].evidence[0].segment_id == "c1-0"


@pytest.mark.parametrize(
    "words",
    [
        "楼道里堆着电动车，万一着火了怎么办",
        "去年着火烧过一次",
        "昨天晚上打架的事处理了吗",
        "怕孩子掉河里，能不能加个护栏",
        "路面坑太大，差点追尾",
        "两家单位的说法打架",
        "唐山火车站怎么走",
    ],
)
def test_a_fear_or_a_memory_is_no_emergency(drafted, words):
    fields = values(drafted(f"caller: {words}"))
    assert fields["emergency_transfer"] == []
    assert fields["verdict"] != "即转紧急"


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("没有着火，也没人受伤，就是想问消防验收", []),
        ("不是着火，是邻居烧垃圾冒烟", []),
        ("燃气没有泄漏，就是想改管道", []),
        ("我们没打架，就是想问个事", []),
        ("两车追尾了，没有人员受伤", ["122"]),
        ("着火了，屋里没有人", ["119"]),
    ],
)
def test_what_the_caller_denies_is_not_handed_over(drafted, words, lines):
    assert values(drafted(f"caller: {words}"))["emergency_transfer"] == lines


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("燃气没有泄漏，但是味儿很大", ["119", "燃气抢修"]),
        ("没有爆炸，但是着火了", ["119"]),
        ("是不是着火了，好多烟", ["119"]),
        ("这不是着火了吗", ["119"]),
        ("没人救火，全是大火", ["119"]),
        ("家里没人老人不行了", ["120"]),
        ("没来救护车", ["120"]),
        ("船沉没落水了", ["110", "119", "120"]),
        ("我爸叫不醒", ["120"]),
        ("老人没气了", ["120"]),
        ("我爸没有呼吸", ["120"]),
        ("老人没有脉搏", ["120"]),
        ("喘不上气", ["120"]),
        ("我不是想死，就是太难受", ["110", "119", "120"]),
        ("房子塌了，压着人了", ["119", "120"]),
    ],
)
def test_what_only_looks_like_a_denial_is_handed_over(drafted, words, lines):
    assert values(drafted(f"caller: {words}"))["emergency_transfer"] == lines


def test_a_pressed_matter_is_no_pressed_person(drafted):
    pressed = "caller: 有人拿刀砍人，派出所一直压着不管"
    assert "人员被困" not in values(drafted(pressed))["flags"]
    assert "人员被困" in values(drafted("caller: 房子塌了，压着人了"))["flags"]


@given(digits=st.text(alphabet="0123456789零幺一二三四五六七八九十", min_size=1, max_size=40))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@example(digits="15490718029")
def test_digits_alone_tell_neither_class_nor_type(pack, drafted, digits):
    fields = values(drafted(f"caller: 我的电话{digits}"))
    assert fields["category"] is None
    assert fields["type"] in (None, pack.rules.nothing)


def test_an_outage_goes_to_the_public_service_and_not_to_the_police(drafted):
    fields = values(drafted("caller: 遵化这边从早上就停电了"))
    assert fields["emergency_transfer"] == ["95598"]
    assert fields["verdict"] == "转公共事业"
    assert fields["unit"] == "国网冀北唐山供电公司"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("我要投诉路北区的路灯", "投诉"),
        ("我不是投诉，我想问一下路灯归谁管", "咨询"),
        ("我举报有个厂偷排污水", "举报"),
        ("我要表扬窗口的小王", "表扬"),
        ("我提个建议，多加几盏路灯", "建议"),
        ("路灯坏了，给派人修修", "求助"),
        ("嗯嗯", "其他"),
    ],
)
def test_the_type_is_what_the_caller_says_he_wants(drafted, words, kind):
    assert drafted(f"caller: {words}").fields()["type"].value == kind


def test_a_class_for_enterprises_is_only_for_enterprises(drafted):
    words = "caller: 这个月检查来了好几拨，罚款也没个依据"
    citizen, enterprise = drafted(words), drafted(words, keys="2", enterprise=True)
    assert values(enterprise)["category"][0] == "企业服务"
    assert values(enterprise)["verdict"] == "受理移交执法监督"
    assert (values(citizen)["category"] or [""])[0] != "企业服务"
    citizen.touch("is_enterprise", True)
    assert values(citizen)["category"][0] == "企业服务"


def test_who_is_owed_wages_by_a_firm_is_no_enterprise(drafted):
    fields = values(drafted("caller: 我们公司拖欠我三个月工资"))
    assert fields["is_enterprise"] is False
    assert fields["category"] == ["劳动社保", "劳动报酬", "欠薪"]


def test_the_government_of_the_district_is_a_unit_only_when_the_district_is_known(drafted):
    assert values(drafted("caller: 路灯不亮"))["unit_alternatives"] == []
    assert values(drafted("caller: 滦州路灯不亮"))["unit_alternatives"] == ["滦州市人民政府"]
    zone = values(drafted("caller: 高新区路灯不亮"))
    assert zone["unit_alternatives"] == ["高新技术产业开发区管委会"]


@pytest.mark.parametrize(
    "words", ["别说是我说的", "你们给我保密", "别把我号码给他", "我匿名", "我怕他们报复"]
)
def test_a_wish_for_secrecy_is_heard(drafted, words):
    field = drafted(f"caller: 有个厂偷排污水，{words}").fields()["confidential"]
    assert field.value is True
    assert field.evidence[0].words


def test_a_state_secret_is_written_down_nowhere(drafted):
    builder = drafted("caller: 我知道部队那个型号一年的产量，我叫王大海，在路北区开平道三号")
    for view in builder.fields().values():
        assert "型号" not in str(view.value)
        assert "王大海" not in str(view.value)
        assert all("型号" not in evidence.words for evidence in view.evidence)
    assert values(builder)["verdict"] == "不予受理解释"


def test_an_angry_caller_with_a_matter_is_not_turned_away(drafted):
    angry = values(drafted("caller: 你们这帮废物，路北区的路灯坏了仨月没人修"))
    assert angry["verdict"] == "受理派单"
    assert angry["category"] == list(LIGHT)
    assert values(drafted("caller: 你们这帮废物，就想骂你"))["verdict"] == "劝阻警示"


def test_a_refused_matter_tells_its_article_and_what_the_caller_is_told(drafted):
    fields = values(drafted("caller: 法院判我输，我不服，你们让法院重判"))
    assert fields["verdict"] == "不予受理告知途径"
    assert "第十一条" in fields["decided_by"]
    assert fields["unit"].startswith("(告知")
    assert fields["follow_up"] is False


def test_a_neighbouring_citys_matter_goes_to_its_line(drafted):
    fields = values(drafted("caller: 天津的公积金，你们能给我转到天津的热线不"))
    assert fields["verdict"] == "转京津冀"
    assert fields["emergency_transfer"] == ["022-12345"]


def ticket(number: str = "TS2026011200617", district: str = "路北区") -> OpenTicket:
    at = datetime(2026, 1, 12, tzinfo=UTC)
    return OpenTicket(number, "路灯", LIGHT, district, None, at)


def test_an_open_ticket_of_the_same_matter_and_district_is_urged_not_doubled(drafted):
    words = "caller: 路北区这边路灯不亮"
    fields = drafted(words, history=(ticket(),)).fields()
    assert fields["verdict"].value == "并单催办"
    assert fields["related_ticket"].value == "TS2026011200617"
    assert fields["related_ticket"].evidence[0].source == "history"
    assert values(drafted(words, history=(ticket(district="迁安市"),)))["verdict"] == "受理派单"
    assert values(drafted(words))["related_ticket"] is None


def test_the_read_ending_of_a_ticket_number_finds_the_ticket(drafted):
    words = "caller: 我上次报的，工单尾号零六幺七，咋还没人来修路灯"
    found = drafted(words, history=(ticket(),)).fields()["related_ticket"]
    assert (found.value, found.confidence) == ("TS2026011200617", 0.95)
    alone = drafted(words).fields()["related_ticket"]
    assert (alone.value, alone.confidence < 0.5) == ("0617", True)


def test_the_agents_questions_are_not_the_callers_matter(drafted):
    assert values(drafted("agent: 是路灯不亮，还是停电，还是着火了？"))["category"] is None


def test_a_lamp_is_no_road_in_the_title(drafted):
    title = values(drafted("caller: 路北区小区门口的路灯不亮了"))["title"]
    assert title == "路北区小区门口路灯不亮"


def test_a_greeting_with_the_hotlines_number_is_left_out_but_no_other_number(drafted):
    assert values(drafted("caller: 喂，12345吗，路灯坏了"))["content"] == "路灯坏了"
    assert values(drafted("caller: 95598停电没人接"))["content"] == "95598停电没人接"


def test_content_leaves_greetings_and_assent_out(drafted):
    turns = ["caller: 喂，你好，路灯坏了", "caller: 嗯", "caller: 对对", "caller: 好的"]
    assert values(drafted(*turns))["content"] == "路灯坏了"
