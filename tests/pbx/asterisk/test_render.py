"""What the renderer writes, refuses and leaves alone. No Asterisk is needed here."""

from __future__ import annotations

import re
import stat
import wave
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.pack import CityPack
from pbx.asterisk import AsteriskInstall, RenderInvalid, render
from pbx.asterisk.modules import BROWSER, OPUS, ROAD, SERVICES
from pbx.settings import PbxSettings
from tests.pbx.conftest import agent


@pytest.fixture
def install(tmp_path: Path) -> AsteriskInstall:
    """An Asterisk that has every module, as far as the renderer can see."""
    modules = tmp_path / "modules"
    modules.mkdir()
    for name in (*ROAD, *SERVICES, *BROWSER, OPUS[0]):
        (modules / f"{name}.so").touch()
    return AsteriskInstall("22.0.0", ("asterisk",), modules, tmp_path / "data", None)


def parse(path: Path) -> list[tuple[str, list[tuple[str, str]]]]:
    """Sections and their values as Asterisk's own reader sees them."""
    sections: list[tuple[str, list[tuple[str, str]]]] = []
    for raw in path.read_text(encoding="utf-8").split("\n"):
        line = re.sub(r"(?<!\\);.*", "", raw).strip()
        if found := re.match(r"\[([^\]]*)\]", line):
            sections.append((found.group(1), []))
        elif "=" in line:
            name, _, value = line.partition("=")
            sections[-1][1].append((name.strip(), value.removeprefix(">").strip()))
        else:
            assert not line
    return sections


def values(path: Path, section: str) -> dict[str, str]:
    """All values of the sections of one name."""
    return {k: v for name, pairs in parse(path) if name == section for k, v in pairs}


def test_every_queue_of_the_pack_is_there_and_nobody_is_thrown_out_of_it(
    make_settings, pack, install, short_path
):
    queues = render(make_settings(), pack, install, short_path)["queues.conf"]
    names = [name for name, _ in parse(queues)]
    assert names == ["general", "any-queue", *(queue.key for queue in pack.queues)]
    for queue in pack.queues:
        assert values(queues, queue.key)["timeout"] == str(queue.ring_seconds)
    assert values(queues, "general")["persistentmembers"] == "yes"
    shared = values(queues, "any-queue")
    assert (shared["joinempty"], shared["leavewhenempty"], shared["maxlen"]) == ("yes", "no", "0")


def test_without_a_decision_callers_go_to_the_main_line_s_queue(
    make_settings, pack, install, short_path
):
    dialplan = render(make_settings(), pack, install, short_path)["extensions.conf"].read_text()
    people = next(line for line in dialplan.splitlines() if "n(people)" in line)
    assert f"HOTLINE_QUEUE={pack.main_line.queue}," in people


def test_every_number_of_every_merged_line_counts_when_it_forwards(
    make_settings, pack, install, short_path
):
    dialplan = render(make_settings(), pack, install, short_path)["extensions.conf"].read_text()
    listed = re.search(r'REGEX\("\^\(([\d|]+)\)\$"', dialplan)
    assert listed is not None
    merged = {n for line in pack.lines if line.mode != "main" for n in line.numbers}
    assert set(listed.group(1).split("|")) == merged


def test_a_city_with_one_line_needs_no_such_list(make_settings, pack, install, short_path):
    alone = CityPack.model_construct(city=pack.city, queues=pack.queues, lines=(pack.main_line,))
    dialplan = render(make_settings(), alone, install, short_path)["extensions.conf"].read_text()
    assert "REGEX" not in dialplan


def test_nobody_but_the_owner_can_read_what_was_written(make_settings, pack, install, short_path):
    files = render(make_settings(), pack, install, short_path / "site")
    for path in files.values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (short_path / "site").iterdir():
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name for path in (short_path / "site/etc").iterdir()} == set(files)


def test_rendering_again_takes_over_new_settings(make_settings, pack, install, short_path):
    render(make_settings(), pack, install, short_path)
    files = render(make_settings(agents=[agent("8009")]), pack, install, short_path)
    assert [name for name, _ in parse(files["pjsip.conf"]) if name.isdigit()] == ["8009"] * 3


def test_only_what_is_used_is_opened(make_settings, pack, install, short_path):
    files = render(make_settings(), pack, install, short_path)
    assert values(files["http.conf"], "general") == {"enabled": "no"}
    assert "websocket" not in files["modules.conf"].read_text()
    assert values(files["modules.conf"], "modules")["autoload"] == "no"
    assert values(files["asterisk.conf"], "options")["live_dangerously"] == "no"
    assert values(files["manager.conf"], "general")["webenabled"] == "no"
    granted = values(files["manager.conf"], "hotline")
    assert granted["permit"] == "127.0.0.1/255.255.255.255"
    assert not {"all", "command", "config", "dialplan"} & set(granted["write"].split(","))


def test_no_dialplan_leads_out(make_settings, pack, install, short_path):
    dialplan = render(make_settings(), pack, install, short_path)["extensions.conf"].read_text()
    applications = set(re.findall(r"(?:,\d+|n(?:\(\w+\))?),(\w+)\(", dialplan))
    assert not applications & {"Dial", "Originate", "System", "TrySystem", "DISA", "Transfer"}
    assert "exten" not in dialplan.partition("[agents]")[2]


def test_a_browser_agent_brings_what_browsers_need(make_settings, pack, install, short_path):
    files = render(make_settings(agents=[agent("8003", browser=True)]), pack, install, short_path)
    assert values(files["http.conf"], "general")["enabled"] == "yes"
    assert values(files["rtp.conf"], "general")["icesupport"] == "yes"
    assert values(files["pjsip.conf"], "browser-telephone")["webrtc"] == "yes"
    assert "res_pjsip_transport_websocket" in files["modules.conf"].read_text()
    assert OPUS[0] in files["modules.conf"].read_text()


def test_the_address_is_asked_first_unless_trunk_and_telephones_share_one(
    make_settings, pack, install, short_path
):
    shared = render(make_settings(), pack, install, short_path)["pjsip.conf"]
    assert values(shared, "global-settings")["endpoint_identifier_order"] == "username,ip"
    trunk = {"name": "carrier", "match": ["192.0.2.0/24"]}
    apart = render(make_settings(trunks=[trunk]), pack, install, short_path)["pjsip.conf"]
    assert values(apart, "global-settings")["endpoint_identifier_order"] == "ip,username"
    assert values(apart, "carrier")["match"] == "192.0.2.0/24"


def test_a_trunk_with_a_contact_is_watched(make_settings, pack, install, short_path):
    trunk = {"name": "carrier", "match": ["192.0.2.1"], "contact": "sip:192.0.2.1:5060"}
    pjsip = render(make_settings(trunks=[trunk]), pack, install, short_path)["pjsip.conf"]
    assert values(pjsip, "carrier")["contact"] == "sip:192.0.2.1:5060"
    assert values(pjsip, "carrier")["qualify_frequency"] == "30"


def test_waiting_sounds(make_settings, pack, install, short_path):
    render(make_settings(), pack, install, short_path)
    with wave.open(str(short_path / "moh/comfort.wav")) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        heard = memoryview(sound.readframes(sound.getnframes())).cast("h")
    assert 500 < max(heard) < 16000
    assert abs(heard[0]) < 50 > abs(heard[-1])  # the loop closes without a click
    seconds = [max(heard[start : start + 8000]) for start in range(0, len(heard), 8000)]
    assert min(seconds) > 100  # at no time does the line seem dead


def test_an_agent_s_unknown_queue_is_named(make_settings, pack, install, short_path):
    with pytest.raises(RenderInvalid) as refused:
        render(
            make_settings(agents=[agent("8001", queues={"fishing": 0})]),
            pack,
            install,
            short_path / "site",
        )
    assert refused.value.error_id == "render_invalid"
    assert refused.value.details == {"agent": "8001", "queue": "fishing"}
    assert not (short_path / "site").exists()


def test_a_missing_module_is_named(make_settings, pack, install, short_path):
    (install.modules / "app_queue.so").unlink()
    with pytest.raises(RenderInvalid, match="app_queue"):
        render(make_settings(), pack, install, short_path)


def test_a_path_too_long_for_the_control_socket_is_refused(
    make_settings, pack, install, short_path
):
    with pytest.raises(RenderInvalid, match="too long"):
        render(make_settings(), pack, install, short_path / ("x" * 100))


def test_a_folder_that_cannot_be_made_is_a_clear_error(make_settings, pack, install, short_path):
    (short_path / "file").touch()
    with pytest.raises(RenderInvalid, match="cannot be written"):
        render(make_settings(), pack, install, short_path / "file/site")


def test_a_section_of_asterisk_s_own_is_no_name_for_the_manager(
    make_settings, pack, install, short_path
):
    with pytest.raises(RenderInvalid, match="general"):
        render(
            make_settings(ami={"user": "general", "secret": "secret"}), pack, install, short_path
        )


@pytest.mark.parametrize("folder", ["a,b", "a)b", "a${EPOCH}", "a;b", "a\nb", 'a"b', "a&b"])
def test_a_recordings_folder_that_the_dialplan_would_interpret_is_refused(
    make_settings, pack, install, short_path, folder
):
    with pytest.raises(RenderInvalid):
        render(make_settings(recordings=short_path / folder), pack, install, short_path / "site")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "80 01"),
        ("number", "8001\n"),
        ("number", "80;01"),
        ("contact", "sip:a@127.0.0.1;x"),
        ("contact", "sip:a@127.0.0.1\ncontact=sip:b@192.0.2.1"),
        ("queues", {"a]b": 0}),
    ],
)
def test_names_and_addresses_have_one_form(make_settings, field, value):
    with pytest.raises(ValidationError):
        make_settings(agents=[agent("8001") | {field: value}])


def test_two_of_one_name_are_refused(make_settings):
    with pytest.raises(ValidationError, match="one name"):
        make_settings(agents=[agent("8001"), agent("8001")])


nasty = st.text(
    alphabet=st.one_of(st.sampled_from('\n\r;"\\[]<>=#${}, ('), st.characters()),
    min_size=1,
    max_size=20,
)


@given(name=nasty, secret=nasty, manager_secret=nasty)
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_value_is_written_as_it_is_or_refused(
    pack, install, short_path, name, secret, manager_secret
):
    try:
        chosen = PbxSettings.model_validate(
            {
                "ami": {"secret": manager_secret},
                "recordings": short_path / "recordings",
                "prompts": short_path,
                "agents": [agent("8001", name=name, secret=secret)],
            }
        )
        files = render(chosen, pack, install, short_path)
    except (RenderInvalid, ValidationError):
        assume(False)
    pjsip, manager = files["pjsip.conf"], files["manager.conf"]
    assert [section for section, _ in parse(pjsip)][-3:] == ["8001"] * 3
    written = values(pjsip, "8001")
    assert written["callerid"] == f'"{name}" <8001>'
    assert written["password"] == secret
    assert [section for section, _ in parse(manager)] == ["general", "hotline"]
    assert values(manager, "hotline")["secret"] == manager_secret


def test_settings_start_on_loopback_only():
    chosen = PbxSettings.model_validate(
        {"ami": {"secret": "secret"}, "recordings": "/r", "prompts": "/p"}
    )
    for part in (chosen.sip, chosen.ami, chosen.agi, chosen.http):
        assert part.host.is_loopback
    assert "secret" not in repr(chosen).replace("secret=SecretStr('**********')", "")
