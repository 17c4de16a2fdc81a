"""llama-server on the GPU: found or built, run on one model with one prompt, its memory read at each step."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

TERM_OF = {"model": "weights", "KV": "kv_cache", "RS": "recurrent_state", "compute": "compute_buffer"}
BUFFER_LINE = re.compile(r"(CUDA\d+) +(model|KV|RS|compute) buffer size = +([0-9.]+) MiB")
NO_MEMORY = re.compile(r"out of memory|cudaMalloc failed|failed to allocate")
PATIENCE_S = 1800  # a full-length prompt of a large model


class EngineMissing(Exception):
    pass


def find(folder):
    """llama-server in `folder`; built with its CUDA backend where `folder` is a source tree."""
    for place in ("", "bin", "build/bin", "build-cuda/bin"):
        program = os.path.join(folder, place, "llama-server")
        if os.access(program, os.X_OK) and os.path.isfile(program):
            return os.path.abspath(program)
    if not os.path.exists(os.path.join(folder, "CMakeLists.txt")):
        raise EngineMissing(f"{folder}: no llama-server and no sources to build it from")
    for tool in ("nvcc", "cmake"):
        if not shutil.which(tool):
            raise EngineMissing(f"{folder}: has no llama-server, and without {tool} it cannot be built")
    build = os.path.join(folder, "build-cuda")
    for command in (["cmake", "-S", folder, "-B", build, "-DGGML_CUDA=ON", "-DCMAKE_BUILD_TYPE=Release",
                     "-DLLAMA_USE_PREBUILT_UI=OFF", "-DLLAMA_OPENSSL=OFF"],
                    ["cmake", "--build", build, "--target", "llama-server", "-j", str(os.cpu_count() or 1)]):
        print("  " + " ".join(command), flush=True)
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
            raise EngineMissing(f"{folder}: the engine does not build: {' '.join(command)}")
    return os.path.join(build, "bin", "llama-server")


def version(program):
    """What it says of itself: "version: 9999 (0123abc)"; None: nothing."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"version: *(.+)", done.stdout + done.stderr)
    return found.group(1).strip() if found else None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """One llama-server. Ends with the `with` block, however that ends."""

    def __init__(self, program, model, run, log):
        self.port, self.log_path = free_port(), log
        self.command = [program, "-m", model, *run.split(), "-fit", "off", "-lv", "4",
                        "--host", "127.0.0.1", "--port", str(self.port)]
        self.log = open(log, "w")
        try:
            self.process = subprocess.Popen(self.command, stdout=self.log, stderr=subprocess.STDOUT)
        except OSError as e:
            self.log.close()
            raise EngineMissing(f"{program}: {e.strerror}") from e

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()

    def ask(self, path, body=None):
        """The answer; None: it is not there or not ready."""
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data,
                                         {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return json.load(answer)
        except (urllib.error.URLError, OSError, ValueError):
            return None

    def is_loaded(self):
        """Waits until the model is loaded; false: the program ended first."""
        until = time.monotonic() + PATIENCE_S
        while self.process.poll() is None and time.monotonic() < until:
            if (self.ask("/health") or {}).get("status") == "ok":
                return True
            time.sleep(0.05)
        return False

    def prompt(self, n_tokens):
        """Whether a prompt of that many tokens is computed."""
        answer = self.ask("/completion", {"prompt": [i % 250 + 2 for i in range(n_tokens)], "n_predict": 1})
        if answer is None:  # a program that dies closes its connection a little earlier
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                pass
        return answer is not None and self.process.poll() is None

    def lines(self):
        with open(self.log_path, errors="replace") as f:
            return f.read().splitlines()


def buffers_in(lines):
    """{device: {term: (MiB, number of lines)}} as the engine printed them."""
    found = {}
    for line in lines:
        if match := BUFFER_LINE.search(line):
            device, kind, mib = match.groups()
            terms = found.setdefault(device, {})
            before, n = terms.get(TERM_OF[kind], (0.0, 0))
            terms[TERM_OF[kind]] = (round(before + float(mib), 2), n + 1)
    return found


def last_error(lines):
    bad = [line for line in lines if re.search(r"error|failed|abort", line, re.IGNORECASE)]
    return (bad or lines or ["no output"])[-1].strip()


def measure(program, model, run, n_tokens, free_memory, log):
    """Runs the engine once: what it printed, and free memory at start, when loaded, after the prompt."""
    facts = {"prompt_tokens": n_tokens, "outcome": "ran"}

    def read(step):
        if (free := free_memory()) is not None:
            facts[f"free_{step}_bytes"] = free

    read("at_start")
    with Server(program, model, run, log) as server:
        facts["command"] = " ".join(os.path.basename(a) for a in server.command[:3]) + " " + \
            " ".join(server.command[3:-4])
        if server.is_loaded():
            read("loaded")
            if server.prompt(n_tokens):
                read("prompted")
            else:
                facts["outcome"] = "failed in the prompt"
        else:
            facts["outcome"] = "failed to load"
        ended = server.process.poll()
    lines = server.lines()
    if facts["outcome"] != "ran":
        facts["error"] = last_error(lines) + ("" if ended is None else f" (exit status {ended})")
        if any(NO_MEMORY.search(line) for line in lines):
            facts["outcome"] = "out of memory"
    return facts, buffers_in(lines)
