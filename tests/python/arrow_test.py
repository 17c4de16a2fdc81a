"""Sweeps as Arrow tables and Parquet files, in the libraries that are there."""

import importlib.util
import os
import pickle
import tempfile
import unittest

import vrambudget as vb

CONTEXTS = range(4096, 32769, 256)


def needs(*names):
    missing = [n for n in names if importlib.util.find_spec(n) is None]
    return unittest.skipIf(missing, f"no {', '.join(missing)}")


def swept(**more):
    asked = {"cache_types": ["f16", "q8_0", ("q8_0", "q4_0")], **more}
    return vb.sweep(["Qwen3-8B", "gemma-3-4b"], ["3090", "2x3060"], CONTEXTS, **asked)


def address(array):
    return array.__array_interface__["data"][0]


class Stream(unittest.TestCase):
    @needs("pyarrow", "numpy")
    def test_every_value_is_the_columns(self):
        import pyarrow as pa

        s = swept(n_parallel=[1, 3])
        table = pa.table(s)
        self.assertEqual(table.column_names, list(s))
        table.validate(full=True)
        for name in s:
            self.assertTrue(table[name].to_pylist() == list(s[name]), name)

    @needs("pyarrow", "numpy")
    def test_numbers_are_the_memory_itself_and_outlive_the_sweep(self):
        import pyarrow as pa

        s = swept()
        table = pa.table(s)
        for name in ("used", "spare", "n_ctx"):
            (chunk,) = table[name].chunks
            self.assertEqual(chunk.buffers()[1].address, address(s[name]), name)
        used = list(s["used"])
        del s
        self.assertTrue(table["used"].to_pylist() == used)

    @needs("pyarrow", "numpy")
    def test_labels_are_dictionaries_with_each_word_once(self):
        import pyarrow as pa

        model = vb.open_model("Qwen3-8B")
        s = vb.sweep([model, model], ["3090"], [4096], cache_types=["q8_0", ("q8_0", "q4_0")])
        table = pa.table(s)
        self.assertEqual(table["model"].chunk(0).dictionary.to_pylist(), [model.name])
        self.assertEqual(table["type_k"].chunk(0).dictionary.to_pylist(), ["q8_0"])
        self.assertEqual(table["type_v"].to_pylist(), ["q8_0", "q4_0"] * 2)
        self.assertEqual(table["basis"].chunk(0).dictionary.to_pylist(), ["exact", "bound", "fitted", "assumed"])

    @needs("pyarrow")
    def test_flags_of_any_number_of_rows_are_bits(self):
        import pyarrow as pa

        for n in (1, 7, 8, 9, 63, 64, 65):
            s = vb.sweep("Qwen3-8B", ["3090"], range(40960, 40960 + n * 4096, 4096))
            table = pa.table(s)
            self.assertEqual(table["fits"].to_pylist(), [bool(v) for v in s["fits"]], n)
            self.assertEqual(table["interpolated"].to_pylist(), [bool(v) for v in s["interpolated"]], n)
        self.assertEqual(len(set(s["fits"])), 2)  # or they would say little

    @needs("pyarrow")
    def test_a_sweep_that_is_all_refused_has_no_rows(self):
        import pyarrow as pa

        s = vb.sweep("Qwen3-8B", "3090", [4096], cache_types="q8_0", flash_attn=False)
        self.assertEqual(pa.table(s).num_rows, 0)

    @needs("pyarrow")
    def test_what_nobody_takes_is_released(self):
        s = swept()
        for _ in range(3):
            s.__arrow_c_stream__()
        self.assertEqual(len(s["used"]), 2 * 2 * 3 * len(CONTEXTS))

    @needs("polars")
    def test_polars_takes_it(self):
        import polars as pl

        s = swept()
        frame = pl.DataFrame(s)
        self.assertEqual(frame.columns, list(s))
        self.assertTrue(frame["used"].to_list() == [int(v) for v in s["used"]])
        self.assertTrue(frame["gpu"].cast(pl.String).to_list() == list(s["gpu"]))

    @needs("duckdb")
    def test_duckdb_queries_it(self):
        import duckdb

        s = swept()
        got = duckdb.sql("select gpu, type_v, max(n_ctx) filter (where fits) from s group by all order by all").fetchall()
        want = {}
        for gpu, v, n, fits in zip(s["gpu"], s["type_v"], s["n_ctx"], s["fits"]):
            if fits:
                want[gpu, v] = max(want.get((gpu, v), 0), int(n))
        self.assertEqual(got, sorted((g, v, n) for (g, v), n in want.items()))

    @needs("pandas", "numpy")
    def test_pandas_takes_it(self):
        s = swept()
        frame = s.to_pandas()
        self.assertEqual(list(frame.columns), list(s))
        for name in ("model", "type_k", "used"):
            self.assertTrue(frame[name].tolist() == list(s[name]), name)

    @needs("pandas")
    def test_who_takes_it_for_a_list_is_told(self):
        import pandas

        with self.assertRaisesRegex(TypeError, "to_pandas"):
            pandas.DataFrame(swept())


class Parquet(unittest.TestCase):
    @needs("pyarrow")
    def test_what_is_read_is_what_was_written(self):
        import pyarrow as pa
        import pyarrow.parquet as pq

        s = swept()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rows.parquet")
            s.to_parquet(path)
            self.assertEqual(os.listdir(folder), ["rows.parquet"])
            back = pq.read_table(path)
            of_used = pq.ParquetFile(path).metadata.row_group(0).column(list(s).index("used"))
        table = pa.table(s)
        for name in s:
            self.assertTrue(back[name].equals(table[name]), name)
        self.assertIn("DELTA_BINARY_PACKED", of_used.encodings)

    @needs("pyarrow")
    def test_a_row_takes_less_than_a_byte(self):
        s = vb.sweep("Qwen3-8B", ["3090", "3060"], range(256, 131073, 256), cache_types=["f16", "q8_0"])
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rows.parquet")
            s.to_parquet(path)
            # a file's own part, the schema and an index of 21 columns, is 10 kB
            self.assertLess(os.path.getsize(path), len(s["used"]) + 20000)

    @needs("pyarrow")
    def test_a_folder_that_is_none_leaves_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(OSError):
                swept().to_parquet(os.path.join(folder, "no", "rows.parquet"))
            self.assertEqual(os.listdir(folder), [])


class Pickled(unittest.TestCase):
    def test_a_sweep_is_the_same_elsewhere(self):
        s = swept(flash_attn=False)
        t = pickle.loads(pickle.dumps(s))
        self.assertGreater(len(s.refused), 0)
        self.assertEqual((t.refused, t.n_budgets, list(t)), (s.refused, s.n_budgets, list(s)))
        for name in s:
            self.assertTrue(list(t[name]) == list(s[name]), name)

    def test_a_column_is_the_same_elsewhere(self):
        column = swept()._table.columns["used"]
        again = pickle.loads(pickle.dumps(column))
        self.assertTrue(memoryview(again).tolist() == memoryview(column).tolist())
        self.assertEqual(memoryview(again).format, memoryview(column).format)


if __name__ == "__main__":
    unittest.main(verbosity=2)  # says what is skipped, and for what
