"""The annotated piece for an Asterisk that already runs: ``asterisk.conf.example``.

It is made of the same templates as the complete configuration. To write it again:
``python -m pbx.asterisk.example cities/tangshan > asterisk.conf.example``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from core.pack import CityPack, load_pack
from pbx.asterisk.modules import OPUS, in_use
from pbx.asterisk.render import environment, template_values
from pbx.settings import PbxSettings

# Addresses and numbers that belong to nobody (RFC 5737), secrets that have to be replaced.
EXAMPLE = PbxSettings.model_validate(
    {
        "sip": {"host": "192.0.2.1"},
        "ami": {"secret": "change-this"},
        "recordings": "/var/spool/hotline/recordings",
        "prompts": "/usr/local/share/hotline/prompts",
        "agents": [
            {"number": "8001", "name": "座席8001", "secret": "change-this", "queues": {}},
            {
                "number": "8002",
                "name": "座席8002",
                "secret": "change-this",
                "queues": {},
                "browser": True,
            },
        ],
        "trunks": [{"name": "carrier", "match": ["192.0.2.10/32"]}],
    }
)
FOLDER = Path("/usr/local/share/hotline")


def example(settings: PbxSettings, pack: CityPack, folder: Path) -> str:
    """The piece for these settings; ``folder`` holds ``moh/``. Raises ``RenderInvalid``."""
    values = template_values(settings, pack, folder)
    modules = in_use(bool(values["browser"]), lambda name: name in OPUS)
    template = environment().get_template("asterisk.conf.example.j2")
    return template.render(values | {"modules": modules})


if __name__ == "__main__":
    sys.stdout.write(example(EXAMPLE, load_pack(Path(sys.argv[1])), FOLDER))
