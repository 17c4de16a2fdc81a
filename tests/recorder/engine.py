#!/usr/bin/env python3
"""Builds the recorder's programs for an engine, in build/recorder.

    engine.py                    the pinned one, with llama.cpp's prebuilt libraries; needs npm, git, cmake, ninja, g++
    engine.py NAME SOURCE        another one, compiled from its source without nvcc; needs clang 19 or newer, too.
                                 SOURCE: crate:NAME@VERSION, pypi:NAME==VERSION (packages with llama.cpp in them),
                                 or a folder
"""
import argparse
import os
import pathlib
import shutil

import kernel_registers
import packages
from packages import BUILD, PINNED, EngineFailed, command

HERE = pathlib.Path(__file__).resolve().parent
KERNELS = BUILD / "kernels.tsv"


def build(name):
    """Brings an engine's programs up to date; gives their folder."""
    folder = BUILD / name
    if not (folder / "build.ninja").exists():
        raise EngineFailed("there is no engine %s: engine.py %s SOURCE builds it" % (name, name))
    command("cmake", "--build", folder, "--target", "run", "tensors", "types", "quantize")
    return folder


def configure(name, source, *more):
    if not (BUILD / name / "build.ninja").exists():
        command("cmake", "-S", HERE, "-B", BUILD / name, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_C_FLAGS=-O1",
                "-DCMAKE_CXX_FLAGS=-O1", "-DENGINE_SOURCE=%s" % source, *more)


def fetch_kernels():
    """The table of the pinned engine's kernels, by which those of all engines are looked up."""
    if not KERNELS.exists():
        unfinished = KERNELS.with_suffix(".part")
        kernel_registers.write_table(packages.prebuilt_libraries() / "libggml-cuda.so", unfinished)
        unfinished.rename(KERNELS)


def pinned():
    fetch_kernels()
    configure(PINNED, packages.fetch_source(), "-DENGINE=%s" % packages.prebuilt_libraries())
    return build(PINNED)


def build_projector(name):
    """The program for projectors, which takes three minutes of a core the first time."""
    command("cmake", "--build", BUILD / name, "--target", "projector")


def build_tests(folder, *targets):
    """The project's own comparisons; gives where they lie."""
    folder = folder.resolve()
    if not (folder / "CMakeCache.txt").exists():
        command("cmake", "--preset", "release", "-B", folder, cwd=HERE.parent.parent)
    command("cmake", "--build", folder, "--target", *targets)
    return folder / "tests" / "truth"


def clang():
    for version in ("-22", "-21", "-20", "-19", ""):
        if shutil.which("clang++" + version):
            return "clang" + version, "clang++" + version
    raise EngineFailed("clang 19 or newer is needed (Debian: clang-19)")


def from_source(name, told):
    fetch_kernels()
    c, cxx = clang()
    configure(name, packages.find_source(name, told), "-DCMAKE_C_COMPILER=" + c, "-DCMAKE_CXX_COMPILER=" + cxx,
              "-DCUDA_HEADERS=%s" % packages.fetch_cuda_headers())
    packages.say("compiling, which takes twenty minutes of a core")
    build(name)
    packages.say("%s is built" % name)


class Engine:
    """The programs of one engine."""

    def __init__(self, name=PINNED):
        self.name = name
        self.folder = pinned() if name == PINNED else build(name)

    def environment(self, cards=()):
        """`cards`: rows of tests/truth/devices.json."""
        lines = ["\t".join("%s=%s" % pair for pair in card.items()) for card in cards]
        return dict(os.environ, STAND_IN_CARDS="\n".join(lines), STAND_IN_KERNELS=str(KERNELS))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("name", nargs="?")
    ap.add_argument("source", nargs="?")
    o = ap.parse_args()
    try:
        if o.source:
            from_source(o.name, o.source)
        else:
            pinned()
    except EngineFailed as e:
        raise SystemExit("engine: %s" % e)


if __name__ == "__main__":
    main()
