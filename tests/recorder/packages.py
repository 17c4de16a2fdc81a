"""What the recorder takes from package registries: engines from npm, crates.io and PyPI, NVIDIA's headers from PyPI."""
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "recorder"


def pinned_release():
    """The engine that the library reproduces: "v0.5.0"."""
    header = ROOT / "include" / "vrambudget" / "engine" / "llama_cpp.hpp"
    return re.search(r'engine_name = "llama.cpp (\S+)"', header.read_text(encoding="utf-8")).group(1)


PINNED = pinned_release()
# node-llama-cpp's packages of this version have that engine: its libraries, and its source as a git bundle.
PACKAGE_VERSION = "3.22.1"
LIBRARIES, SOURCE = "@node-llama-cpp/linux-x64-cuda", "node-llama-cpp"
CUDA = "13.1"  # whose headers those libraries were compiled with
BEGIN, SILENCE_S = time.monotonic(), 15


class EngineFailed(Exception):
    pass


def command(*words, cwd=None):
    """Runs a command. Tells how far it is if ninja counts its steps, "[12/345]", and its last words if it fails."""
    said, told = "", time.monotonic()
    with subprocess.Popen([str(w) for w in words], cwd=cwd, text=True, errors="replace", stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as running:
        for line in running.stdout:
            said = (said + line)[-4000:]
            steps = re.match(r"\[(\d+)/(\d+)\]", line)
            if steps and time.monotonic() - told > SILENCE_S:
                say("%s of %s steps" % steps.groups())
                told = time.monotonic()
    if running.returncode != 0:
        raise EngineFailed("%s: exit status %d\n%s" % (words[0], running.returncode, said))


def say(words):
    minutes, seconds = divmod(int(time.monotonic() - BEGIN), 60)
    print("engine: %d:%02d %s" % (minutes, seconds, words), file=sys.stderr, flush=True)


def fetch_package(name):
    """An npm package, unpacked."""
    folder = BUILD / "packages" / ("%s-%s" % (name.split("/")[-1], PACKAGE_VERSION))
    if folder.exists():
        return folder
    say("fetching %s@%s with npm" % (name, PACKAGE_VERSION))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        command("npm", "pack", "--silent", "%s@%s" % (name, PACKAGE_VERSION), cwd=scratch)
        archive = next(pathlib.Path(scratch).glob("*.tgz"))
        with tarfile.open(archive) as t:
            t.extractall(scratch)
        (pathlib.Path(scratch) / "package").rename(folder)
    return folder


def fetch_source():
    folder = BUILD / ("llama.cpp-" + PINNED)
    if not folder.exists():
        unfinished = folder.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        command("git", "clone", "--quiet", fetch_package(SOURCE) / "llama" / "gitRelease.bundle", unfinished)
        unfinished.rename(folder)
    return folder


def prebuilt_libraries():
    folder = fetch_package(LIBRARIES) / "bins" / "linux-x64-cuda"
    if not list(folder.glob("libllama.*%s.so" % PINNED)):
        raise EngineFailed("%s@%s does not have llama.cpp %s" % (LIBRARIES, PACKAGE_VERSION, PINNED))
    return folder


def unpack_crate(name, version, folder):
    """cargo leaves the package's files in folder."""
    project = folder / "project"
    (project / "src").mkdir(parents=True)
    (project / "src" / "lib.rs").write_text("")
    (project / "Cargo.toml").write_text('[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n'
                                        '[dependencies]\n%s = "=%s"\n' % (name, version))
    command("cargo", "vendor", "--quiet", folder / "vendor", cwd=project)


def unpack_python(requirement, folder):
    command(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:", requirement, cwd=folder)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as t:
        t.extractall(folder)


def find_source(name, told):
    """llama.cpp's source: a folder, or from a package that has it in it."""
    kind, _, package = told.partition(":")
    if kind not in ("crate", "pypi"):
        return pathlib.Path(told).resolve()
    source = BUILD / ("llama.cpp-" + name)
    if source.exists():
        return source
    say("fetching " + package)
    BUILD.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
        folder = pathlib.Path(scratch)
        if kind == "crate":
            unpack_crate(*package.split("@"), folder)
        else:
            unpack_python(package, folder)
        found = min(folder.rglob("llama.cpp/ggml/src/ggml-cuda"), key=lambda p: len(p.parts), default=None)
        if not found:
            raise EngineFailed("there is no llama.cpp with ggml-cuda in " + package)
        found.parents[2].rename(source)
    return source


def fetch_cuda_headers():
    """NVIDIA's headers from PyPI; the version decides sizes of CUB's temporary memory."""
    folder = BUILD / ("cuda-headers-" + CUDA)
    if not folder.exists():
        say("fetching CUDA's headers with pip")
        with tempfile.TemporaryDirectory(dir=BUILD) as scratch:
            for package in ("nvidia-cuda-runtime", "nvidia-cuda-crt", "nvidia-cuda-cccl"):
                command(sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", scratch, "%s==%s.*" % (package, CUDA))
            for wheel in pathlib.Path(scratch).glob("*.whl"):
                shutil.unpack_archive(wheel, pathlib.Path(scratch) / "all", "zip")
            (pathlib.Path(scratch) / "all" / "nvidia" / "cu13" / "bin").mkdir()  # where clang expects ptxas
            (pathlib.Path(scratch) / "all").rename(folder)
    return folder / "nvidia" / "cu13"
