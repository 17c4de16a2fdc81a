"""Fleets by Dask: a worker is killed, and the files are those of one process."""

import os
import sys
import tempfile
import unittest

try:
    import pyarrow  # noqa: F401
    from dask.distributed import Client, LocalCluster
except ImportError as e:
    print(f"skipped: {e}, pip install 'vrambudget[dask]'")
    sys.exit(77)

from fleet_cases import With, check_kill, undisturbed


class Dask(unittest.TestCase):
    def test_a_worker_is_killed(self):
        with tempfile.TemporaryDirectory() as folder:
            want = undisturbed(os.path.join(folder, "alone"))
            with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True,
                              local_directory=folder) as cluster, Client(cluster) as client:
                def executor(by, *first):
                    return With(client.get_executor(pure=False), by, *first)

                check_kill(self, executor, os.path.join(folder, "killed"), want)


if __name__ == "__main__":
    unittest.main()
