"""The rules of a city as data: limits, grounds, the decision table, the ladder; by version.

No deadline, ground or number of a city is written in Python: the mechanism is here, the figures are
in ``cities/<city>/policy/<version>/`` with their source.
"""

from core.policy.book import Policy, PolicyBook, load_policies

__all__ = ["Policy", "PolicyBook", "load_policies"]
