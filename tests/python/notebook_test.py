"""A notebook of examples/ runs from top to bottom, if what it needs is there.

usage: notebook_test.py NAME
"""

import importlib.util
import os
import sys
import tempfile
import unittest

try:
    import matplotlib  # noqa: F401
    import nbformat
    import pandas  # noqa: F401
    from nbclient import NotebookClient
except ImportError as e:
    print(f"skipped: {e}, apt-get install python3-nbclient python3-ipykernel python3-matplotlib "
          "python3-pandas")
    sys.exit(77)

PATH = os.path.join(os.path.dirname(__file__), "..", "..", "examples", sys.argv.pop(1) + ".ipynb")
NOTEBOOK = nbformat.read(PATH, as_version=4)
MISSING = [n for n in NOTEBOOK.metadata.get("vrambudget_needs", []) if importlib.util.find_spec(n) is None]
if MISSING:
    print(f"skipped: no {', '.join(MISSING)}, pip install 'vrambudget[fleet]'")
    sys.exit(77)


class Notebooks(unittest.TestCase):
    def test_all_cells_run(self):
        with tempfile.TemporaryDirectory() as folder:
            for cell in NOTEBOOK.cells:
                cell.pop("outputs", None)
                if cell.cell_type == "code":
                    cell.outputs = []
            os.environ["IPYTHONDIR"] = folder
            os.environ.pop("MPLBACKEND", None)  # the kernel draws into the notebook
            NotebookClient(NOTEBOOK, timeout=300, kernel_name="python3",
                           resources={"metadata": {"path": folder}}).execute()
            outputs = [o for c in NOTEBOOK.cells if c.cell_type == "code" for o in c.outputs]
            self.assertFalse([o for o in outputs if o.output_type == "error"])
            kinds = {k for o in outputs if "data" in o for k in o["data"]}
            self.assertLessEqual({"image/png", "text/html"}, kinds)
            keep = os.environ.get("VRAMBUDGET_KEEP_NOTEBOOK")
            if keep:
                nbformat.write(NOTEBOOK, keep)


if __name__ == "__main__":
    unittest.main()
