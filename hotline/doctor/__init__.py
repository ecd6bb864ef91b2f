"""``hotline doctor``: what works, what does not, and what to do about it."""

from hotline.doctor.examine import examine
from hotline.doctor.finding import Finding, Verdict

__all__ = ["Finding", "Verdict", "examine"]
