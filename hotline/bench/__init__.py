"""The benchmarks of one call: the real road on this machine, measured from outside where it can be.

Every scene sets its own stage on loopback (``crowd``), plays a bounded number of calls, and returns
figures with the goals they are held to (``goals``).
"""

from hotline.bench.plan import Plan
from hotline.bench.run import Scene, bench_call

__all__ = ["Plan", "Scene", "bench_call"]
