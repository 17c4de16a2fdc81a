"""The C ABI from another language: plan_ctypes.py LIBRARY MODEL GPU."""

import ctypes
import json
import sys


class Library:
    def __init__(self, path):
        self.c = ctypes.CDLL(path)
        self.c.vrambudget_free.argtypes = [ctypes.c_void_p]
        self.c.vrambudget_close_model.argtypes = [ctypes.c_void_p]

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


def main(path, model_name, gpu):
    library = Library(path)
    model = library.ask("vrambudget_open_model", model_name.encode(), None)
    try:
        options = json.dumps({"gpu": gpu, "ctx_size": 8192, "cache_type_k": "q8_0", "cache_type_v": "q8_0"})
        plan = json.loads(library.take(library.ask("vrambudget_plan", model, options.encode())))
    finally:
        library.c.vrambudget_close_model(model)
    for device in plan["devices"]:
        for term in device["terms"]:
            print(f"{device['id']} {term['term']:<16} {term['bytes']:>14,} {term['basis']}")
    print("fits" if plan["fits"] else "does not fit")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
