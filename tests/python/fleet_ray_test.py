"""Fleets by Ray: a worker is killed, and the files are those of one process."""

import os
import sys
import tempfile
import unittest

try:
    import pyarrow  # noqa: F401
    import ray
except ImportError as e:
    print(f"skipped: {e}, pip install 'vrambudget[ray]'")
    sys.exit(77)

from fleet_cases import With, check_kill, undisturbed
from vrambudget import fleet


class Ray(unittest.TestCase):
    def test_a_worker_is_killed(self):
        with tempfile.TemporaryDirectory() as folder:
            want = undisturbed(os.path.join(folder, "alone"))
            inner = fleet.ray_executor(workers=2)
            try:
                check_kill(self, lambda by, *first: With(inner, by, *first), os.path.join(folder, "killed"), want)
            finally:
                ray.shutdown()


if __name__ == "__main__":
    unittest.main()
