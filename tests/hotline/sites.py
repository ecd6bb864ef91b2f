"""Sites that differ from a given one in a point or two: what an administrator may get wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from hotline.site import Site


def altered(
    site: Site,
    *,
    folder: Path | None = None,
    pbx: dict[str, Any] | None = None,
    **settings: Any,
) -> Site:
    """The same site with other settings, without reading any file again.

    ``settings`` are fields of ``SiteSettings``, ``pbx`` of ``PbxSettings``; nothing is validated.
    """
    return replace(
        site,
        folder=folder or site.folder,
        settings=site.settings.model_copy(update=settings),
        pbx=site.pbx.model_copy(update=pbx or {}),
    )


def rewrite(file: Path, **changes: Any) -> None:
    """Change top-level entries of a YAML file."""
    content = yaml.safe_load(file.read_text(encoding="utf-8")) | changes
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
