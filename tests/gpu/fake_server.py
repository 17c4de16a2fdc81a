#!/usr/bin/env python3
"""A llama-server without an engine: takes what a recorded one took from the driver it is started with, prints
its lines, and answers /health and /completion. FAKE_ENGINE says what it does otherwise: "lost", the GPU goes
away in the prompt; "less", half a cache; "more", 256 MiB nobody planned; "spills", it goes on without memory."""
import argparse
import ctypes
import http.server
import json
import os
import signal
import sys

if "--version" in sys.argv:
    print("version: 0 (recorded)", file=sys.stderr)
    sys.exit(0)

p = argparse.ArgumentParser()
p.add_argument("-m")
p.add_argument("-c", type=int)
p.add_argument("--port", type=int)
o, _ = p.parse_known_args()
with open(o.m, "rb") as f:
    if f.read(4) != b"GGUF":
        sys.exit(f"error: {o.m} is no GGUF file")
with open(os.path.join(os.environ["FAKE_ENGINE_DATA"], "recorded_engine.json")) as f:
    low, high = json.load(f)["runs"]
otherwise = os.environ.get("FAKE_ENGINE")
cuda = ctypes.CDLL("libcuda.so.1")
context, taken = ctypes.c_void_p(), []


def between(a, b):
    """Sizes grow with the context on a line through the recorded two."""
    return a + (b - a) * (o.c - low["n_ctx"]) // (high["n_ctx"] - low["n_ctx"])


def end(status):
    for address in taken:
        cuda.cuMemFree_v2(address)
    cuda.cuDevicePrimaryCtxRelease_v2(0)
    os._exit(status)


def take(size):
    address = ctypes.c_uint64()
    if cuda.cuMemAlloc_v2(ctypes.byref(address), ctypes.c_size_t(size)) == 0:
        taken.append(address)
        return
    if otherwise == "spills":
        return
    print(f"ggml_backend_cuda_buffer_type_alloc_buffer: allocating {size / 2**20:.2f} MiB on device 0: "
          "cudaMalloc failed: out of memory", flush=True)
    end(1)


class Answers(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = b'{"status": "ok"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer()

    def do_POST(self):
        prompt = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["prompt"]
        if len(prompt) != o.c - 1:
            return self.send_error(400)
        if otherwise == "lost":
            print("CUDA error: unspecified launch failure", flush=True)
            end(134)
        for size in low["prompt"]:
            take(size)
        self.answer()

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, lambda *_: end(0))
if cuda.cuInit(0) != 0 or cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0) != 0:
    sys.exit("ggml_cuda_init: failed to initialize CUDA: out of memory")
cuda.cuCtxSetCurrent(context)
if otherwise == "more":
    take(256 << 20)
for part in ("load", "context"):
    for a, b in zip(low[part], high[part]):
        size = between(a["bytes"], b["bytes"])
        if otherwise == "less" and "KV" in a["line"]:
            size //= 2
        take(size)
        print(a["line"] % (size / 2**20), flush=True)
http.server.HTTPServer(("127.0.0.1", o.port), Answers).serve_forever()
