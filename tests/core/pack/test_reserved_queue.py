"""A pack that Asterisk could not serve is refused."""

from pathlib import Path

import pytest
import yaml

from core.pack import PackInvalid, load_pack

TANGSHAN = Path(__file__).parents[3] / "cities/tangshan"


def test_a_queue_called_general_is_refused_because_asterisk_would_never_make_it(tmp_path):
    for source in TANGSHAN.glob("*.yaml"):
        text = source.read_text(encoding="utf-8")
        (tmp_path / source.name).write_text(text.replace("common", "general"), encoding="utf-8")
    assert yaml.safe_load((tmp_path / "queues.yaml").read_text())[0]["key"] == "general"
    with pytest.raises(PackInvalid, match="general"):
        load_pack(tmp_path)
