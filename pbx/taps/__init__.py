"""Taps: what is said in a talk goes to the recogniser, one leg each, outside the call path."""

from pbx.taps.taps import Taps

__all__ = ["Taps"]
