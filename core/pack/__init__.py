"""The city pack: everything that is a city's own, read from ``cities/<name>/`` and checked."""

from core.pack.load import PackInvalid, load_pack
from core.pack.model import CityPack, Line, QueueSpec

__all__ = ["CityPack", "Line", "PackInvalid", "QueueSpec", "load_pack"]
