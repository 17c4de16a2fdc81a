"""The README's C++ and C compile, its Python runs where the module is built.

usage: snippets.py SOURCE CXX CC [PYTHON FOLDER_OF_THE_MODULE]
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pages import blocks

root, cxx, cc = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
python = sys.argv[4:]
snippets = {b.language: b.text for b in blocks(root / "README.md")}


def function_of(text: str) -> str:
    """The snippet with a main around what follows its includes and names."""
    lines = text.splitlines()
    outside = [line for line in lines if line.startswith(("#include", "namespace"))]
    inside = [line for line in lines if line not in outside]
    return "\n".join([*outside, "int main() {", *inside, "}", ""])


def compiles(compiler: list[str], text: str, suffix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "snippet" + suffix)
        file.write_text(function_of(text))
        subprocess.run([*compiler, "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused-variable", str(file)], check=True)


compiles([cxx, "-std=c++20", f"-I{root}/include"], snippets["cpp"], ".cpp")
compiles([cc, "-std=c11", f"-I{root}/bindings/c/include"], snippets["c"], ".c")
if python:
    interpreter, folder = python
    subprocess.run([interpreter, "-B", "-c", snippets["python"]], env={**os.environ, "PYTHONPATH": folder}, check=True)
