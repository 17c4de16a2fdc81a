"""The C ABI from another language: plan_ctypes.py LIBRARY MODEL GPU."""

import ctypes
import json
import sys


class Library:
    def __init__(self, path):
        self.c = ctypes.CDLL(path)
        self.c.vrambudget_free.argtypes = [ctypes.c_void_p]
        self.c.vrambudget_close_model.argtypes = [ctypes.c_void_p]
        self.c.vrambudget_close_table.argtypes = [ctypes.c_void_p]

    def ask(self, function, *arguments):
        """Calls a function whose last arguments are the answer and the error; gives the answer."""
        answer, error = ctypes.c_void_p(), ctypes.c_void_p()
        status = getattr(self.c, function)(*arguments, ctypes.byref(answer), ctypes.byref(error))
        if status != 0:
            raise RuntimeError(f"{self.take(error)} (status {status})")
        return answer

    def take(self, pointer):
        text = ctypes.string_at(pointer).decode()
        self.c.vrambudget_free(pointer)
        return text

    def sweep(self, model, grid):
        """All columns that are wanted here, as lists."""
        models = (ctypes.c_void_p * 1)(model)
        grid = json.dumps(grid).encode()
        table = self.ask("vrambudget_sweep", models, ctypes.c_uint64(1), grid, None, None, None)
        try:
            return {name: self.column(table, name) for name in ("n_ctx", "used", "fits")}
        finally:
            self.c.vrambudget_close_table(table)

    def column(self, table, name):
        values, n, error = ctypes.POINTER(ctypes.c_int64)(), ctypes.c_uint64(), ctypes.c_void_p()
        where = ctypes.byref(values), ctypes.byref(n), ctypes.byref(error)
        if self.c.vrambudget_table_column(table, name.encode(), *where) != 0:
            raise RuntimeError(self.take(error))
        return values[: n.value]  # a copy: the table owns the memory


def main(path, model_name, gpu):
    library = Library(path)
    model = library.ask("vrambudget_open_model", model_name.encode(), None)
    try:
        options = json.dumps({"gpu": gpu, "ctx_size": 8192, "cache_type_k": "q8_0", "cache_type_v": "q8_0"})
        plan = json.loads(library.take(library.ask("vrambudget_plan", model, options.encode())))
        contexts = {"first": 2048, "last": 32768, "step": 2048}
        rows = library.sweep(model, {"gpus": [gpu], "n_ctx": contexts, "cache_types": ["q8_0"]})
    finally:
        library.c.vrambudget_close_model(model)
    for device in plan["devices"]:
        for term in device["terms"]:
            print(f"{device['id']} {term['term']:<16} {term['bytes']:>14,} {term['basis']}")
    print("fits" if plan["fits"] else "does not fit")
    for n_ctx, used, fits in zip(rows["n_ctx"], rows["used"], rows["fits"]):
        print(f"{n_ctx:>6,} tokens {used:>14,} {'fits' if fits else 'does not fit'}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
