"""Answers of the shared library, a JSON line for each that is asked: what the module's are held against.

Reads {"name": MODEL, "options": {...}} lines and writes the plan's JSON, or the error as {"status", "error"}.
"""
import ctypes
import json
import sys


class Library:
    def __init__(self, path):
        self._lib = ctypes.CDLL(path)
        for name in ("open_model", "plan"):
            getattr(self._lib, "vrambudget_" + name).restype = ctypes.c_int

    def plan(self, name, options):
        model, text, error = ctypes.c_void_p(), ctypes.c_char_p(), ctypes.c_char_p()
        told = json.dumps(options).encode()
        status = self._lib.vrambudget_open_model(name.encode(), b"{}", ctypes.byref(model), ctypes.byref(error))
        if status == 0:
            status = self._lib.vrambudget_plan(model, told, ctypes.byref(text), ctypes.byref(error))
            self._lib.vrambudget_close_model(model)
        if status == 0:
            return text.value.decode()
        return json.dumps({"status": status, "error": error.value.decode()}, ensure_ascii=False, separators=(",", ":"))


def main():
    library = Library(sys.argv[1])
    for line in sys.stdin:
        asked = json.loads(line)
        answer = library.plan(asked["name"], asked["options"])
        print(json.dumps(answer), flush=True)


main()
