#!/usr/bin/env python3
"""What a header of 250,000 tokens costs over HTTP on loopback: bytes, requests, seconds.

usage: loopback.py PROGRAM
"""
import json
import subprocess
import sys
import tempfile

from fault_server import Server
from gguf_file import Model

server, model = Server(), Model()
server.files["model.gguf"] = model
print("header {:,} bytes of {:,}".format(len(model.header), model.size))
for path, what in (("range", "a server that knows ranges"), ("whole", "one that does not"), ("range", "kept: by ETag")):
    runs = []
    for _ in range(5):
        with tempfile.TemporaryDirectory() as home:
            def fetch():
                return json.loads(subprocess.run(
                    [sys.argv[1], "inspect", "%s/%s/model.gguf" % (server.url, path), "--json"],
                    env={"HOME": home, "no_proxy": "*"}, capture_output=True, check=True).stdout)["transfer"]
            if what.startswith("kept"):
                fetch()
            runs.append(fetch())
    runs.sort(key=lambda t: t["seconds"])
    print("{:<28}{:>12,} bytes {:>3} requests {:>8.3f} s".format(
        what, runs[2]["bytes"], runs[2]["requests"], runs[2]["seconds"]))
