"""The notebooks of examples/ run from top to bottom."""

import glob
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

EXAMPLES = os.path.join(os.path.dirname(__file__), "..", "..", "examples")


class Notebooks(unittest.TestCase):
    def test_all_cells_run(self):
        found = glob.glob(os.path.join(EXAMPLES, "*.ipynb"))
        self.assertTrue(found)
        for path in found:
            with self.subTest(path=os.path.basename(path)), tempfile.TemporaryDirectory() as folder:
                notebook = nbformat.read(path, as_version=4)
                for cell in notebook.cells:
                    cell.pop("outputs", None)
                    if cell.cell_type == "code":
                        cell.outputs = []
                os.environ["IPYTHONDIR"] = folder
                os.environ.pop("MPLBACKEND", None)  # the kernel draws into the notebook
                NotebookClient(notebook, timeout=300, kernel_name="python3",
                               resources={"metadata": {"path": folder}}).execute()
                outputs = [o for c in notebook.cells if c.cell_type == "code" for o in c.outputs]
                self.assertFalse([o for o in outputs if o.output_type == "error"])
                kinds = {k for o in outputs if "data" in o for k in o["data"]}
                self.assertLessEqual({"image/png", "text/html"}, kinds)
                keep = os.environ.get("VRAMBUDGET_KEEP_NOTEBOOK")
                if keep:
                    nbformat.write(notebook, keep)


if __name__ == "__main__":
    unittest.main()
