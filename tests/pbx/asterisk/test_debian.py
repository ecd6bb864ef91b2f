"""The mirror is found in every form in which Debian writes its package sources."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbx.asterisk import AsteriskUnavailable
from pbx.asterisk.debian import KEYRING, find_mirror, read_sources


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    (tmp_path / "apt/sources.list.d").mkdir(parents=True)
    (tmp_path / "os-release").write_text("ID=debian\nVERSION_CODENAME=bookworm\n")
    return tmp_path


DEB822 = """\
Types: deb
# where it was taken from
URIs: http://mirror.invalid/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/other.gpg

Types: deb
URIs: http://mirror.invalid/debian-security
Suites: bookworm-security
Components: main
"""


def test_the_deb822_form(etc):
    (etc / "apt/sources.list.d/debian.sources").write_text(DEB822)
    mirror = find_mirror(etc)
    assert mirror.uris == ("http://mirror.invalid/debian",)
    assert mirror.keyring == Path("/usr/share/keyrings/other.gpg")


@pytest.mark.parametrize(
    ("line", "uri", "keyring"),
    [
        ("deb http://a.invalid/debian bookworm main contrib", "http://a.invalid/debian", KEYRING),
        ("deb http://a.invalid/debian stable main # x", "http://a.invalid/debian", KEYRING),
        (
            "deb [arch=amd64 signed-by=/k.gpg] http://a.invalid/debian sid main",
            "http://a.invalid/debian",
            Path("/k.gpg"),
        ),
        (
            "deb mirror+file:/etc/apt/mirrors/debian.list bookworm main",
            "mirror+file:/etc/apt/mirrors/debian.list",
            KEYRING,
        ),
    ],
)
def test_the_one_line_form(etc, line, uri, keyring):
    (etc / "apt/sources.list").write_text(
        "# deb http://no.invalid/debian bookworm main\n"
        "deb-src http://no.invalid/debian bookworm main\n"
        "deb http://no.invalid/security bookworm-security main\n"
        f"{line}\n"
    )
    assert find_mirror(etc).uris == (uri,)
    assert find_mirror(etc).keyring == keyring


@pytest.mark.parametrize(
    "text",
    [
        DEB822.replace("Types: deb\n", "Types: deb\nEnabled: no\n"),
        DEB822.replace("Types: deb\n", "Types: deb-src\n"),
        DEB822.replace("Components: main", "Components: contrib"),
        DEB822.replace("bookworm", "nodistro"),
        "",
        "\n\n: \n x\n",
    ],
    ids=["disabled", "sources only", "other component", "other suite", "empty", "garbage"],
)
def test_what_is_no_mirror_of_debian_is_not_taken(etc, text):
    (etc / "apt/sources.list.d/debian.sources").write_text(text)
    with pytest.raises(AsteriskUnavailable):
        find_mirror(etc)


def test_a_key_written_into_the_list_is_debian_s_own(etc):
    inline = DEB822.replace(
        "/usr/share/keyrings/other.gpg",
        "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n -----END PGP PUBLIC KEY BLOCK-----",
    )
    (etc / "apt/sources.list.d/debian.sources").write_text(inline)
    assert find_mirror(etc).keyring == KEYRING


def test_folded_fields_are_read_whole(etc):
    folded = DEB822.replace("Suites: bookworm ", "Suites:\n bookworm\n ")
    (etc / "apt/sources.list.d/debian.sources").write_text(folded)
    assert read_sources(etc / "apt")[0].suites == ("bookworm", "bookworm-updates")


@given(text=st.text(alphabet=st.sampled_from("deb [=] http:/sid main\n#:\t\x85Types")))
def test_no_text_stops_the_reading(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("apt")
    (folder / "sources.list.d").mkdir()
    (folder / "sources.list").write_text(text)
    (folder / "sources.list.d/x.sources").write_text(text)
    for source in read_sources(folder):
        assert isinstance(source.uris, tuple)
